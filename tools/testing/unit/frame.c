// SPDX-License-Identifier: GPL-2.0
#include "frame.h"
#include "unit.h"

static unsigned int add_extension(struct frame *f, u8 *chain, unsigned int off)
{
	static const u8 types[] = {
		IPPROTO_HOPOPTS, IPPROTO_DSTOPTS, IPPROTO_ROUTING,
		IPPROTO_FRAGMENT, IPPROTO_AH,
	};
	u8 type = types[rnd(ARRAY_SIZE(types))];
	unsigned int words = rnd(3), len = (words + 1) * 8;
	u8 *hdr = f->data + off;

	if (type == IPPROTO_FRAGMENT && f->has_frag)
		type = IPPROTO_DSTOPTS;
	*chain = type;
	if (type == IPPROTO_AH) {
		hdr[1] = words * 2;
	} else if (type == IPPROTO_FRAGMENT) {
		f->has_frag = true;
		hdr[1] = 0;
		f->frag = rnd(2);	/* first, or the only one */
		hdr[2] = 0;
		hdr[3] = f->frag;
		len = 8;
	} else {
		hdr[1] = words;
	}
	hdr[0] = 0;
	return len;
}

static void make_v6(struct frame *f)
{
	struct ipv6hdr *iph = (void *)f->data;
	u8 *chain = &iph->nexthdr;
	unsigned int n = rnd(2) ? rnd(5) : 0;
	unsigned int off = sizeof(*iph);

	iph->version = 6;
	while (n--) {
		unsigned int len = add_extension(f, chain, off);

		chain = f->data + off;
		off += len;
	}
	*chain = f->proto;
	f->l4 = off;
}

static void make_v4(struct frame *f)
{
	struct iphdr *iph = (void *)f->data;

	iph->version = 4;
	iph->ihl = 5 + (rnd(2) ? rnd(11) : 0);
	iph->protocol = f->proto;
	iph->frag_off = rnd(2) ? htons(0x4000) : 0;
	f->has_frag = !rnd(5);
	if (f->has_frag) {
		f->frag = IP_MF;
		iph->frag_off = htons(IP_MF);
	}
	f->l4 = iph->ihl * 4;
}

static unsigned int header_len(u8 proto)
{
	return proto == IPPROTO_TCP ? sizeof(struct tcphdr) : 8;
}

void frame_random(struct frame *f, u8 af, u8 proto)
{
	memset(f, 0, sizeof(*f));
	f->af = af;
	f->proto = proto;
	rnd_bytes(f->data, 600);
	if (af == AF_INET6)
		make_v6(f);
	else
		make_v4(f);
	f->len = f->l4 + header_len(proto) + (rnd(4) ? rnd(300) : 0);
	if (proto == IPPROTO_TCP)
		f->flags = f->data[f->l4 + 13] & 0x17;
	if (af == AF_INET6)
		((struct ipv6hdr *)f->data)->payload_len = htons(f->len - 40);
	else
		((struct iphdr *)f->data)->tot_len = htons(f->len);
	if (proto == IPPROTO_UDP)
		((struct udphdr *)(f->data + f->l4))->len = htons(f->len - f->l4);
	frame_checksum(f);
}

u16 *frame_check_field(u8 *l4, u8 proto)
{
	switch (proto) {
	case IPPROTO_TCP:
		return &((struct tcphdr *)l4)->check;
	case IPPROTO_UDP:
		return &((struct udphdr *)l4)->check;
	default:
		return &((struct icmphdr *)l4)->checksum;
	}
}

u32 frame_pseudo(const u8 *data, u8 af, u8 proto, unsigned int l4len)
{
	const struct ipv6hdr *iph6 = (const void *)data;
	const struct iphdr *iph = (const void *)data;
	u8 rest[8] = { [2] = l4len >> 8, [3] = l4len, [7] = proto };
	u32 sum;

	if (proto == IPPROTO_ICMP)
		return 0;
	if (af == AF_INET6)
		sum = csum_partial(&iph6->saddr, 32, 0);
	else
		sum = csum_partial(&iph->saddr, 8, 0);
	return csum_partial(rest, sizeof(rest), sum);
}

void frame_checksum(struct frame *f)
{
	u16 *check = frame_check_field(f->data + f->l4, f->proto);
	struct iphdr *iph = (void *)f->data;
	unsigned int len = f->len - f->l4;

	if (f->af == AF_INET) {
		iph->check = 0;
		iph->check = csum_fold(csum_partial(iph, iph->ihl * 4, 0));
	}
	*check = 0;
	*check = csum_fold(csum_partial(f->data + f->l4, len,
					frame_pseudo(f->data, f->af, f->proto,
						     len)));
	if (f->proto == IPPROTO_UDP && !*check)
		*check = 0xffff;
}

bool frame_valid(const u8 *data, unsigned int len, u8 af, u8 proto,
		 unsigned int l4)
{
	const struct iphdr *iph = (const void *)data;

	if (af == AF_INET && csum_fold(csum_partial(iph, iph->ihl * 4, 0)))
		return false;
	return !csum_fold(csum_partial(data + l4, len - l4,
				       frame_pseudo(data, af, proto, len - l4)));
}
