// SPDX-License-Identifier: GPL-2.0
/*
 * Network address translation: the only code that edits addresses and ports.
 * Checksums are updated incrementally, without reading the payload; only the
 * checksum of an ICMP error, short and rare, is computed anew.
 */
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <net/checksum.h>
#include <net/ip6_checksum.h>
#include <net/udp.h>

#include "compat/sctp.h"
#include "path/nat.h"

/**
 * struct nat_edit - an address and a port to write into the headers
 * @addr:	new address, of the packet's family
 * @port:	new port
 * @src:	replace the source, else the destination
 */
struct nat_edit {
	const void *addr;
	__be16 port;
	bool src;
};

/* Writes @e's address into the network header at @l3. Returns the difference by
 * which a checksum over the pseudo header changes. */
static __wsum edit_addr(u8 af, void *l3, const struct nat_edit *e)
{
	__wsum diff;

	if (af == AF_INET6) {
		struct ipv6hdr *iph = l3;
		struct in6_addr *a = e->src ? &iph->saddr : &iph->daddr;

		diff = csum_sub(csum_partial(e->addr, sizeof(*a), 0),
				csum_partial(a, sizeof(*a), 0));
		memcpy(a, e->addr, sizeof(*a));
	} else {
		struct iphdr *iph = l3;
		__be32 *a = e->src ? &iph->saddr : &iph->daddr;
		__be32 to = *(const __be32 *)e->addr;

		diff = csum_sub((__force __wsum)to, (__force __wsum)*a);
		iph->check = csum_fold(csum_add(diff,
						~csum_unfold(iph->check)));
		*a = to;
	}
	return diff;
}

static __wsum edit_port(__be16 *ports, const struct nat_edit *e)
{
	__be16 *port = &ports[e->src ? 0 : 1];
	__wsum diff;

	diff = csum_sub((__force __wsum)(__force u32)e->port,
			(__force __wsum)(__force u32)*port);
	*port = e->port;
	return diff;
}

/*
 * Updates a transport checksum. With CHECKSUM_PARTIAL the field holds the
 * pseudo header's sum only, which has no ports. With CHECKSUM_COMPLETE
 * skb->csum covers the network header, too: for IPv6 the change of the address
 * and that of @check cancel out; for IPv4 the header checksum has absorbed the
 * change of the address, so that skb->csum has to follow @check.
 */
static void nat_update_check(struct sk_buff *skb, u8 af, __sum16 *check,
			     __wsum addr, __wsum port)
{
	if (skb->ip_summed == CHECKSUM_PARTIAL) {
		*check = ~csum_fold(csum_add(addr, csum_unfold(*check)));
		return;
	}
	if (skb->ip_summed == CHECKSUM_COMPLETE && af == AF_INET)
		skb->csum = csum_sub(skb->csum, addr);
	*check = csum_fold(csum_add(csum_add(addr, port),
				    ~csum_unfold(*check)));
}

/* As in the kernel's ip_vs, a datagram without a checksum gets one, except for
 * a GSO packet: its segments have none either. */
static void fill_udp_check(struct vs_pkt *p, struct udphdr *uh)
{
	struct sk_buff *skb = p->skb;
	unsigned int len = skb->len - p->l4;
	const struct iphdr *iph = (void *)(skb->data + p->l3);
	const struct ipv6hdr *iph6 = (void *)(skb->data + p->l3);
	__wsum sum;

	if (skb_is_gso(skb) || p->frag)
		return;
	sum = skb_checksum(skb, p->l4, len, 0);
	if (p->af == AF_INET6)
		uh->check = csum_ipv6_magic(&iph6->saddr, &iph6->daddr, len,
					    IPPROTO_UDP, sum);
	else
		uh->check = csum_tcpudp_magic(iph->saddr, iph->daddr, len,
					      IPPROTO_UDP, sum);
	if (!uh->check)
		uh->check = CSUM_MANGLED_0;
	skb->ip_summed = CHECKSUM_UNNECESSARY;
}

static void edit_udp(struct vs_pkt *p, const struct nat_edit *e, __wsum addr)
{
	struct udphdr *uh = vs_pkt_l4(p);
	__wsum port = edit_port(&uh->source, e);

	if (unlikely(!uh->check && p->skb->ip_summed != CHECKSUM_PARTIAL)) {
		fill_udp_check(p, uh);
		return;
	}
	nat_update_check(p->skb, p->af, &uh->check, addr, port);
	if (!uh->check && p->skb->ip_summed != CHECKSUM_PARTIAL)
		uh->check = CSUM_MANGLED_0;
}

/* SCTP's checksum (CRC32c) covers the ports but not the addresses. With
 * CHECKSUM_PARTIAL the device computes it later. A wrong checksum stays
 * wrong. */
static void edit_sctp(struct vs_pkt *p, const struct nat_edit *e)
{
	struct sctphdr *sh = vs_pkt_l4(p);
	__be16 *port = e->src ? &sh->source : &sh->dest;
	struct sk_buff *skb = p->skb;
	bool sound;

	if (*port == e->port)
		return;
	if (skb->ip_summed == CHECKSUM_PARTIAL || p->frag) {
		*port = e->port;
		return;
	}
	sound = skb_csum_unnecessary(skb) ||
		sctp_compute_cksum(skb, p->l4) == sh->checksum;
	*port = e->port;
	if (sound)
		sh->checksum = sctp_compute_cksum(skb, p->l4);
	skb->ip_summed = sound ? CHECKSUM_UNNECESSARY : CHECKSUM_NONE;
}

static bool edit_packet(struct vs_pkt *p, const struct nat_edit *e)
{
	unsigned int len = p->nonfirst_frag ? 0 : vs_pkt_l4_len(p->proto);
	__wsum addr;

	if (!vs_pkt_writable(p, p->l4 + len))
		return false;

	addr = edit_addr(p->af, p->skb->data + p->l3, e);
	if (unlikely(p->nonfirst_frag))
		return true;
	if (p->proto == IPPROTO_TCP) {
		struct tcphdr *th = vs_pkt_l4(p);
		__wsum port = edit_port(&th->source, e);

		nat_update_check(p->skb, p->af, &th->check, addr, port);
	} else if (p->proto == IPPROTO_UDP) {
		edit_udp(p, e, addr);
	} else if (vs_has_sctp() && p->proto == IPPROTO_SCTP) {
		edit_sctp(p, e);
	}
	return true;
}

bool vs_nat_in(struct vs_pkt *p, struct vs_conn *cp)
{
	const struct nat_edit e = {
		.addr = vs_conn_addr(cp, VS_DADDR),
		.port = cp->dport,
	};

	return edit_packet(p, &e);
}

bool vs_nat_out(struct vs_pkt *p, struct vs_conn *cp)
{
	const struct nat_edit e = {
		.addr = vs_conn_addr(cp, VS_VADDR),
		.port = cp->vport,
		.src = true,
	};

	return edit_packet(p, &e);
}

static void compute_icmp_check(struct vs_pkt *p)
{
	struct sk_buff *skb = p->skb;
	unsigned int len = skb->len - p->l4;

	if (p->af == AF_INET6) {
		const struct ipv6hdr *iph = (void *)skb->data;
		struct icmp6hdr *icmp = vs_pkt_l4(p);

		icmp->icmp6_cksum = 0;
		icmp->icmp6_cksum =
			csum_ipv6_magic(&iph->saddr, &iph->daddr, len,
					IPPROTO_ICMPV6,
					skb_checksum(skb, p->l4, len, 0));
	} else {
		struct icmphdr *icmp = vs_pkt_l4(p);

		icmp->checksum = 0;
		icmp->checksum = csum_fold(skb_checksum(skb, p->l4, len, 0));
	}
	skb->ip_summed = CHECKSUM_UNNECESSARY;
}

bool vs_nat_icmp(struct vs_pkt *p, const struct vs_pkt *in,
		 struct vs_conn *cp, enum vs_dir dir)
{
	struct nat_edit e = {
		.addr = vs_conn_addr(cp, dir == VS_DIR_IN ? VS_DADDR :
							    VS_VADDR),
		.port = dir == VS_DIR_IN ? cp->dport : cp->vport,
		.src = dir == VS_DIR_OUT,
	};
	bool ports = vs_pkt_l4_len(in->proto) && !in->nonfirst_frag;

	if (!vs_pkt_writable(p, in->l4 + (ports ? 2 * sizeof(__be16) : 0)))
		return false;
	edit_addr(p->af, p->skb->data, &e);
	/* the embedded packet travelled in the opposite direction */
	e.src = !e.src;
	edit_addr(p->af, p->skb->data + in->l3, &e);
	if (ports)
		edit_port((__be16 *)(p->skb->data + in->l4), &e);
	compute_icmp_check(p);
	return true;
}
