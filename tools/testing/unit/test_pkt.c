// SPDX-License-Identifier: GPL-2.0
/*
 * kernel/path/pkt.c on whole, truncated, paged, damaged and random packets. The
 * buffer is as long as the packet, so that the address sanitizer catches reads
 * beyond its end.
 */
#include "frame.h"
#include "net.h"
#include "path/pkt.h"
#include "unit.h"

static enum vs_parse parse(struct vs_pkt *p, const u8 *data, unsigned int len,
			   unsigned int linear, u8 af, unsigned int l3)
{
	struct sk_buff skb = {};
	enum vs_parse ret;

	skb_load(&skb, data, len, linear);
	memset(p, 0xa5, sizeof(*p));
	p->skb = &skb;
	p->af = af;
	p->hook = 1;
	ret = vs_pkt_parse(p, l3);
	skb_unload(&skb);
	return ret;
}

static unsigned int needed(const struct frame *f)
{
	switch (f->proto) {
	case IPPROTO_TCP:
		return f->l4 + sizeof(struct tcphdr);
	case IPPROTO_UDP:
		return f->l4 + sizeof(struct udphdr);
	default:
		return f->l4;
	}
}

static void check_fields(const struct frame *f, const struct vs_pkt *p)
{
	const u8 *l4 = f->data + f->l4;
	const void *saddr, *daddr;
	unsigned int size;

	if (f->af == AF_INET6) {
		saddr = &((const struct ipv6hdr *)f->data)->saddr;
		daddr = &((const struct ipv6hdr *)f->data)->daddr;
		size = 16;
	} else {
		saddr = &((const struct iphdr *)f->data)->saddr;
		daddr = &((const struct iphdr *)f->data)->daddr;
		size = 4;
		CHECK(!p->saddr.all[1] && !p->saddr.all[2] && !p->saddr.all[3]);
		CHECK(!p->daddr.all[1] && !p->daddr.all[2] && !p->daddr.all[3]);
	}
	CHECK(!memcmp(&p->saddr, saddr, size));
	CHECK(!memcmp(&p->daddr, daddr, size));
	CHECK(p->proto == f->proto && p->l4 == f->l4 && p->l3 == 0);
	CHECK(p->frag == f->has_frag && !p->nonfirst_frag);
	CHECK(p->tcp == f->flags);
	if (f->proto == IPPROTO_TCP || f->proto == IPPROTO_UDP) {
		CHECK(!memcmp(&p->sport, l4, 2));
		CHECK(!memcmp(&p->dport, l4 + 2, 2));
	} else {
		CHECK(!p->sport && !p->dport);
	}
}

/* Whole packets are parsed; each truncation is rejected or marked. */
static void check_frame(const struct frame *f)
{
	enum vs_parse want, ret;
	unsigned int len;
	struct vs_pkt p;

	want = f->proto == IPPROTO_TCP || f->proto == IPPROTO_UDP ?
	       VS_PARSE_OK : VS_PARSE_ICMP;
	for (len = 0; len <= f->len; len++) {
		ret = parse(&p, f->data, len, rnd(len + 1), f->af, 0);
		if (len >= needed(f)) {
			if (ret != want || p.truncated)
				FAIL("family %d protocol %d, %u of %u bytes: %d",
				     f->af, f->proto, len, f->len, ret);
			check_fields(f, &p);
		} else if (ret == VS_PARSE_OK && !p.truncated) {
			FAIL("family %d protocol %d: %u of %u bytes suffice",
			     f->af, f->proto, len, needed(f));
		}
	}
}

static void whole_and_truncated(void)
{
	static const struct {
		u8 af, proto;
	} kinds[] = {
		{ AF_INET, IPPROTO_TCP }, { AF_INET, IPPROTO_UDP },
		{ AF_INET, IPPROTO_ICMP }, { AF_INET6, IPPROTO_TCP },
		{ AF_INET6, IPPROTO_UDP }, { AF_INET6, IPPROTO_ICMPV6 },
	};
	static struct frame f;
	unsigned int i, k;

	for (i = 0; i < 100; i++) {
		for (k = 0; k < ARRAY_SIZE(kinds); k++) {
			frame_random(&f, kinds[k].af, kinds[k].proto);
			check_frame(&f);
		}
	}
}

static void put_ip6(u8 *at, u8 nexthdr)
{
	memset(at, 0, sizeof(struct ipv6hdr));
	at[0] = 0x60;
	at[6] = nexthdr;
}

static void put_later6(u8 *at, u8 proto)
{
	put_ip6(at, IPPROTO_FRAGMENT);
	at[40] = proto;
	at[42] = 185 >> 5;
	at[43] = (185 << 3 | 1) & 0xff;
}

/* Non-first fragments have no transport header. */
static void later_fragments(void)
{
	static struct frame f;
	struct vs_pkt p;

	frame_random(&f, AF_INET, IPPROTO_TCP);
	((struct iphdr *)f.data)->frag_off = htons(IP_MF | 185);
	CHECK(parse(&p, f.data, f.len, f.len, AF_INET, 0) != VS_PARSE_BAD);
	CHECK(p.frag && p.nonfirst_frag && !p.sport && !p.dport && !p.tcp);

	memset(f.data, 0, sizeof(f.data));
	put_later6(f.data, IPPROTO_TCP);
	f.data[48] = 0x11;
	CHECK(parse(&p, f.data, 60, 60, AF_INET6, 0) != VS_PARSE_BAD);
	CHECK(p.frag && p.nonfirst_frag && !p.sport && !p.dport && !p.tcp);
}

/* IPsec fragments are parsed as OK, and @l4 must not be before the end of the
 * IP header: NAT makes the bytes up to @l4 writable. */
static void later_fragments_of_ipsec(void)
{
	unsigned int l3;
	u8 data[128] = {};
	struct vs_pkt p;

	for (l3 = 0; l3 <= 48; l3 += 48) {
		struct iphdr *iph = (void *)(data + l3);

		*iph = (struct iphdr){ .version = 4, .ihl = 5,
			.protocol = IPPROTO_ESP, .frag_off = htons(185) };
		CHECK(parse(&p, data, sizeof(data), l3, AF_INET, l3) ==
		      VS_PARSE_OK);
		CHECK(p.nonfirst_frag && p.l4 == l3 + sizeof(*iph));

		put_later6(data + l3, IPPROTO_ESP);
		CHECK(parse(&p, data, sizeof(data), l3, AF_INET6, l3) ==
		      VS_PARSE_OK);
		CHECK(p.nonfirst_frag && p.l4 >= l3 + sizeof(struct ipv6hdr));
	}
}

/* A reassembled packet has up to 65575 bytes: header offsets exceed 16 bits. */
static void far_headers(void)
{
	static u8 data[U16_MAX + 200];
	unsigned int l3;
	struct vs_pkt p;

	for (l3 = U16_MAX - 100; l3 <= U16_MAX + 10; l3++) {
		put_ip6(data + l3, IPPROTO_TCP);
		CHECK(parse(&p, data, sizeof(data), rnd(l3), AF_INET6, l3) ==
		      VS_PARSE_OK);
		CHECK(p.l3 == l3 && p.l4 == l3 + 40);
		put_ip6(data + l3, IPPROTO_DSTOPTS);
		data[l3 + 40] = IPPROTO_UDP;
		CHECK(parse(&p, data, sizeof(data), rnd(l3), AF_INET6, l3) ==
		      VS_PARSE_OK);
		CHECK(p.l3 == l3 && p.l4 == l3 + 48);
		memset(data + l3, 0, 60);
		data[l3] = 0x4f;
		data[l3 + 9] = IPPROTO_TCP;
		CHECK(parse(&p, data, sizeof(data), rnd(l3), AF_INET, l3) ==
		      VS_PARSE_OK);
		CHECK(p.l3 == l3 && p.l4 == l3 + 60);
	}
}

static void wrong_versions(void)
{
	static struct frame f;
	unsigned int version;
	struct vs_pkt p;

	for (version = 0; version < 16; version++) {
		frame_random(&f, AF_INET, IPPROTO_TCP);
		f.data[0] = version << 4 | 5;
		if (version != 4)
			CHECK(parse(&p, f.data, f.len, f.len, AF_INET, 0) ==
			      VS_PARSE_OTHER);
		frame_random(&f, AF_INET6, IPPROTO_TCP);
		f.data[0] = version << 4;
		if (version != 6)
			CHECK(parse(&p, f.data, f.len, f.len, AF_INET6, 0) ==
			      VS_PARSE_OTHER);
	}
	for (version = 0; version < 5; version++) {	/* header length */
		frame_random(&f, AF_INET, IPPROTO_TCP);
		f.data[0] = 0x40 | version;
		CHECK(parse(&p, f.data, f.len, f.len, AF_INET, 0) ==
		      VS_PARSE_OTHER);
	}
}

/* Packets embedded in an ICMP error: at an offset, with 8 bytes of transport
 * header. */
static void quoted(void)
{
	static u8 data[2100];
	static struct frame f;
	unsigned int i, l3;
	struct vs_pkt p;
	u8 af;

	for (i = 0; i < 2000; i++) {
		af = i & 1 ? AF_INET : AF_INET6;
		frame_random(&f, af, i & 2 ? IPPROTO_TCP : IPPROTO_UDP);
		l3 = 8 + rnd(100);
		rnd_bytes(data, l3);
		memcpy(data + l3, f.data, f.l4 + 8);
		CHECK(parse(&p, data, l3 + f.l4 + 8, rnd(l3), af, l3) ==
		      VS_PARSE_OK);
		CHECK(p.l3 == l3 && p.l4 == l3 + f.l4 && !p.tcp);
		CHECK(!memcmp(&p.sport, f.data + f.l4, 2));
		CHECK(!memcmp(&p.dport, f.data + f.l4 + 2, 2));
		CHECK(parse(&p, data, l3 + f.l4 + 3, l3, af, l3) ==
		      VS_PARSE_BAD);
	}
}

/* The first SCTP chunk decides, or an ABORT that follows a cookie chunk. */
static void sctp_chunks(void)
{
	static const struct {
		u8 first, len, second, want;
	} rows[] = {
		{ SCTP_CID_INIT, 20, SCTP_CID_ABORT, SCTP_CID_INIT },
		{ SCTP_CID_COOKIE_ECHO, 4, SCTP_CID_ABORT, SCTP_CID_ABORT },
		{ SCTP_CID_COOKIE_ECHO, 5, SCTP_CID_ABORT, SCTP_CID_ABORT },
		{ SCTP_CID_COOKIE_ACK, 4, SCTP_CID_DATA, SCTP_CID_COOKIE_ACK },
		{ SCTP_CID_COOKIE_ACK, 3, SCTP_CID_ABORT, SCTP_CID_COOKIE_ACK },
		{ SCTP_CID_COOKIE_ECHO, 200, SCTP_CID_ABORT,
		  SCTP_CID_COOKIE_ECHO },
		{ 200, 4, SCTP_CID_ABORT, 200 },
	};
	unsigned int i, len;
	struct vs_pkt p;
	u8 data[80];

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		struct iphdr *iph = memset(data, 0, sizeof(data));
		u8 *chunk = data + 32;

		iph->version = 4;
		iph->ihl = 5;
		iph->protocol = IPPROTO_SCTP;
		chunk[0] = rows[i].first;
		chunk[3] = rows[i].len;
		if (ALIGN(rows[i].len, 4) < 40)
			chunk[ALIGN(rows[i].len, 4)] = rows[i].second;
		CHECK(parse(&p, data, sizeof(data), rnd(sizeof(data) + 1),
			    AF_INET, 0) == VS_PARSE_OK);
		CHECK(p.chunk == rows[i].want && !p.truncated);
		CHECK(vs_pkt_opens(&p) == (rows[i].want == SCTP_CID_INIT));
	}
	for (len = 32; len < 36; len++) {
		CHECK(parse(&p, data, len, len, AF_INET, 0) == VS_PARSE_OK);
		CHECK(p.truncated);
	}
}

/* Random bytes: the parser returns, with offsets within the packet. */
static void damaged_and_random(void)
{
	static struct frame f;
	unsigned int i, n;
	struct vs_pkt p;
	u8 af;

	for (i = 0; i < 200000; i++) {
		af = rnd(2) ? AF_INET : AF_INET6;
		frame_random(&f, af, rnd(2) ? IPPROTO_TCP : rnd(256));
		for (n = 1 + rnd(4); n; n--)
			f.data[rnd(rnd(2) ? 8 : f.len)] = rnd(256);
		f.len = rnd(f.len + 1);
		if (parse(&p, f.data, f.len, rnd(f.len + 1), af, 0) ==
		    VS_PARSE_OK && p.proto != IPPROTO_ESP &&
		    p.proto != IPPROTO_AH)
			CHECK(p.l4 + 4u <= f.len && p.l4 >= 20);
	}
}

const struct unit_test pkt_tests[] = {
	{ "pkt_whole_and_truncated", whole_and_truncated },
	{ "pkt_later_fragments", later_fragments },
	{ "pkt_later_fragments_of_ipsec", later_fragments_of_ipsec },
	{ "pkt_far_headers", far_headers },
	{ "pkt_wrong_versions", wrong_versions },
	{ "pkt_quoted", quoted },
	{ "pkt_sctp_chunks", sctp_chunks },
	{ "pkt_damaged_and_random", damaged_and_random },
	{}
};
