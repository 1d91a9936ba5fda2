// SPDX-License-Identifier: GPL-2.0
/* Sends packets to the director, in every form of buffer a process can make. */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "send.h"

#ifndef IPV6_HDRINCL
#define IPV6_HDRINCL	36
#endif
#ifndef IFF_NAPI
#define IFF_NAPI	0x0010
#define IFF_NAPI_FRAGS	0x0020
#endif
#define PAGES		15

struct way_count way_counts[WAYS];
const char *const way_names[WAYS] = { "frags", "tap", "veth", "local" };

static int fds[WAYS];
static int raw6;
/* front of the director and of the client, see topology.sh */
static const uint8_t director_mac[6] = { 2, 0, 0, 0, 0x0a, 1 };
static const uint8_t client_mac[6] = { 2, 0, 0, 0, 0x0a, 2 };
static uint8_t macs[WAYS][6];

static void enter(const char *ns)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/run/netns/%s", ns);
	fd = open(path, O_RDONLY);
	if (fd < 0 || setns(fd, CLONE_NEWNET))
		err(1, "%s", path);
	close(fd);
}

static int open_tap(const char *name, short flags, uint8_t *mac)
{
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK);
	int sock = socket(AF_INET, SOCK_DGRAM, 0);
	struct ifreq r = { .ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR | flags };

	strcpy(r.ifr_name, name);
	if (fd < 0 || ioctl(fd, TUNSETIFF, &r))
		err(1, "tap device %s", name);
	if (ioctl(sock, SIOCGIFHWADDR, &r))
		err(1, "address of %s", name);
	memcpy(mac, r.ifr_hwaddr.sa_data, 6);
	r.ifr_flags = IFF_UP | IFF_RUNNING;
	if (ioctl(sock, SIOCSIFFLAGS, &r))
		err(1, "%s up", name);
	close(sock);
	return fd;
}

static int open_packet(const char *dev)
{
	int fd = socket(AF_PACKET, SOCK_RAW, 0), one = 1;
	struct sockaddr_ll to = {
		.sll_family = AF_PACKET, .sll_ifindex = if_nametoindex(dev),
	};

	if (fd < 0 || bind(fd, (void *)&to, sizeof(to)) ||
	    setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &one, sizeof(one)))
		err(1, "packet socket on %s", dev);
	return fd;
}

void ways_open(void)
{
	int one = 1;

	enter("client");
	fds[WAY_VETH] = open_packet("front");
	memcpy(macs[WAY_VETH], director_mac, 6);
	enter("director");
	fds[WAY_FRAGS] = open_tap("fuzz0", IFF_NAPI | IFF_NAPI_FRAGS,
				  macs[WAY_FRAGS]);
	fds[WAY_TAP] = open_tap("fuzz1", 0, macs[WAY_TAP]);
	fds[WAY_LOCAL] = socket(AF_INET, SOCK_RAW, IPPROTO_RAW);
	raw6 = socket(AF_INET6, SOCK_RAW, IPPROTO_RAW);
	if (fds[WAY_LOCAL] < 0 || raw6 < 0 ||
	    setsockopt(raw6, IPPROTO_IPV6, IPV6_HDRINCL, &one, sizeof(one)))
		err(1, "raw sockets");
}

/*
 * The lowest csum_start to use: not before the first header with a checksum.
 * The kernel overwrites skb->csum, which holds the device's csum_start, when it
 * verifies such a header. If the header was a tunnel's, transmitting the inner
 * packet then causes a warning about an invalid offset.
 */
static unsigned int any_start(struct fuzz *f)
{
	unsigned int from = 0, i;

	for (i = 0; i < f->num_layers; i++)
		if (f->layers[i].kind != FUZZ_IP4 &&
		    f->layers[i].kind != FUZZ_IP6) {
			from = 14 + f->layers[i].off;
			break;
		}
	if (from >= f->len + 14)
		from = 0;
	return from + fuzz_below(f, f->len + 14 - from);
}

/* The virtio header: checksum and segments, consistent or random. */
static void describe(struct fuzz *f, struct virtio_net_hdr *h)
{
	const struct fuzz_layer *l = fuzz_transport(f);
	bool tcp = l && l->kind == FUZZ_TCP;

	memset(h, 0, sizeof(*h));
	switch (fuzz_below(f, 8)) {
	case 0:
		h->flags = VIRTIO_NET_HDR_F_DATA_VALID;
		return;
	case 1 ... 3:
		break;
	case 4:
		h->flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
		h->csum_start = any_start(f);
		h->csum_offset = fuzz_below(f, 20);
		if (fuzz_once_in(f, 2)) {
			h->gso_type = fuzz_below(f, 6);
			h->gso_size = fuzz_below(f, 3000);
			h->hdr_len = fuzz_below(f, 200);
		}
		return;
	default:
		return;
	}
	if (!l || l->off + 20 > f->len)
		return;
	fuzz_partial(f, l);
	h->flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	h->csum_start = 14 + l->off;
	h->csum_offset = fuzz_check_offset(l->kind);
	if (f->len < 120 || fuzz_once_in(f, 2))
		return;
	h->gso_type = !tcp ? 5 : f->af == 4 ? VIRTIO_NET_HDR_GSO_TCPV4 :
					      VIRTIO_NET_HDR_GSO_TCPV6;
	if (tcp && fuzz_once_in(f, 16))
		h->gso_type |= VIRTIO_NET_HDR_GSO_ECN;
	h->gso_size = 8 + fuzz_below(f, 1450);
	h->hdr_len = h->csum_start + (tcp ? 20 : 8);
}

/* The packet in pieces of random length, at most a page each. */
static int cut(struct fuzz *f, struct iovec *v, int max)
{
	uint8_t *p = f->data;
	size_t left = f->len, n, room;
	int i = 0;

	while (left) {
		room = (max - 1 - i) * 4096;
		n = fuzz_once_in(f, 3) ? left :
		    1 + fuzz_below(f, left < 80 ? left : 80);
		if (left > room && n < left - room)
			n = left - room;
		if (n > 4096)
			n = 4096;
		v[i++] = (struct iovec){ p, n };
		p += n;
		left -= n;
	}
	return i;
}

static void send_frame(struct fuzz *f, enum way way, bool offloads)
{
	struct virtio_net_hdr h = {};
	struct iovec v[PAGES + 3];
	uint8_t eth[14 + 64];
	unsigned int first;
	int n;

	if (offloads)
		describe(f, &h);
	memcpy(eth, macs[way], 6);
	memcpy(eth + 6, client_mac, 6);
	memcpy(eth + 12, f->af == 6 ? "\x86\xdd" : "\x08\x00", 2);
	v[0] = (struct iovec){ &h, sizeof(h) };
	v[1] = (struct iovec){ eth, 14 };
	if (way == WAY_FRAGS && f->len < 20000) {
		/* a random number of the first bytes is linear, or none */
		first = fuzz_once_in(f, 2) ? 0 : fuzz_below(f, 64);
		if (first > f->len)
			first = f->len;
		memcpy(eth + 14, f->data, first);
		v[1].iov_len += first;
		memmove(f->data, f->data + first, f->len - first);
		f->len -= first;
		n = 2 + cut(f, v + 2, PAGES);
	} else {
		v[2] = (struct iovec){ f->data, f->len };
		n = 3;
	}
	if (writev(fds[way], v, n) < 0)
		way_counts[way].refused++;
	else
		way_counts[way].sent++;
}

static void send_local(struct fuzz *f)
{
	struct sockaddr_in6 to6 = { .sin6_family = AF_INET6 };
	struct sockaddr_in to = { .sin_family = AF_INET };
	ssize_t n;

	memcpy(&to.sin_addr, f->data + 16, 4);
	memcpy(&to6.sin6_addr, f->data + 24, 16);
	if (f->af == 4)
		n = sendto(fds[WAY_LOCAL], f->data, f->len, MSG_DONTWAIT,
			   (void *)&to, sizeof(to));
	else
		n = sendto(raw6, f->data, f->len, MSG_DONTWAIT, (void *)&to6,
			   sizeof(to6));
	if (n < 0)
		way_counts[WAY_LOCAL].refused++;
	else
		way_counts[WAY_LOCAL].sent++;
}

void way_send(struct fuzz *f, enum way way, bool offloads)
{
	if (way == WAY_LOCAL)
		send_local(f);
	else
		send_frame(f, way == WAY_FRAGS && f->len >= 20000 ? WAY_TAP :
			   way, offloads);
}
