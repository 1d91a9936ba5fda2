// SPDX-License-Identifier: GPL-2.0
/*
 * kernel/path/nat.c: only addresses and ports change, and the incrementally
 * updated checksums equal those that are computed anew.
 */
#include "frame.h"
#include "net.h"
#include "path/nat.h"
#include "unit.h"

struct rewrite {
	struct frame f;
	struct vs_conn cp;
	struct sk_buff skb;
	struct vs_pkt p;
	bool in;
};

static void begin(struct rewrite *r, u8 af, u8 proto)
{
	memset(r, 0, sizeof(*r));
	frame_random(&r->f, af, proto);
	r->in = rnd(2);
	r->cp.af = af;
	r->cp.proto = proto;
	rnd_bytes(r->cp.a4, sizeof(r->cp.a4));
	rnd_bytes(r->cp.a6, sizeof(r->cp.a6));
	r->cp.cport = rnd(0x10000);
	r->cp.vport = rnd(0x10000);
	r->cp.dport = rnd(0x10000);
}

static void load(struct rewrite *r, u8 summed)
{
	skb_load(&r->skb, r->f.data, r->f.len, rnd(r->f.len + 1));
	r->skb.cloned = rnd(2);
	r->skb.ip_summed = summed;
	r->p.skb = &r->skb;
	r->p.af = r->f.af;
	CHECK(vs_pkt_parse(&r->p, 0) == VS_PARSE_OK);
	r->p.frag = false;	/* as if reassembled */
}

/* Rewrites the packet and linearizes it for inspection. */
static bool edit(struct rewrite *r)
{
	bool ok = r->in ? vs_nat_in(&r->p, &r->cp) :
			  vs_nat_out(&r->p, &r->cp);

	skb_flat(&r->skb);
	return ok;
}

/* Compares the packet with the expected one, except for checksums. */
static void check_fields(const struct rewrite *r)
{
	static struct frame want;
	const void *addr = vs_conn_addr(&r->cp, r->in ? VS_DADDR : VS_VADDR);
	u16 port = r->in ? r->cp.dport : r->cp.vport;
	u8 *l4 = want.data + r->f.l4;

	memcpy(&want, &r->f, sizeof(want));
	if (r->f.af == AF_INET6) {
		struct ipv6hdr *iph = (void *)want.data;

		memcpy(r->in ? &iph->daddr : &iph->saddr, addr, 16);
	} else {
		struct iphdr *iph = (void *)want.data;

		memcpy(r->in ? &iph->daddr : &iph->saddr, addr, 4);
		iph->check = ((struct iphdr *)r->skb.data)->check;
	}
	memcpy(l4 + (r->in ? 2 : 0), &port, 2);
	*frame_check_field(l4, r->f.proto) =
		*frame_check_field(r->skb.data + r->f.l4, r->f.proto);
	CHECK(r->skb.len == want.len);
	CHECK(!memcmp(r->skb.data, want.data, want.len));
}

static void check_sums(const struct rewrite *r)
{
	if (!frame_valid(r->skb.data, r->skb.len, r->f.af, r->f.proto, r->f.l4))
		FAIL("family %d protocol %d %s: wrong checksum", r->f.af,
		     r->f.proto, r->in ? "in" : "out");
	if (r->f.proto == IPPROTO_UDP)
		CHECK(*frame_check_field(r->skb.data + r->f.l4, IPPROTO_UDP));
}

static const u8 protos[] = { IPPROTO_TCP, IPPROTO_UDP };
static const u8 families[] = { AF_INET, AF_INET6 };

#define ROUNDS 20000

static void each(void (*one)(struct rewrite *r))
{
	static struct rewrite r;
	unsigned int i;

	for (i = 0; i < ROUNDS; i++) {
		begin(&r, families[i & 1], protos[i >> 1 & 1]);
		one(&r);
		skb_unload(&r.skb);
	}
}

static void one_plain(struct rewrite *r)
{
	load(r, rnd(2) ? CHECKSUM_NONE : CHECKSUM_UNNECESSARY);
	CHECK(edit(r));
	check_fields(r);
	check_sums(r);
}

static void plain(void)
{
	each(one_plain);
}

/* CHECKSUM_PARTIAL: the field holds the sum of the pseudo header. */
static void one_partial(struct rewrite *r)
{
	unsigned int len = r->f.len - r->f.l4;
	u16 *check = frame_check_field(r->f.data + r->f.l4, r->f.proto);

	*check = ~csum_fold(frame_pseudo(r->f.data, r->f.af, r->f.proto, len));
	load(r, CHECKSUM_PARTIAL);
	CHECK(edit(r));
	CHECK(r->skb.ip_summed == CHECKSUM_PARTIAL);
	check_fields(r);
	check = frame_check_field(r->skb.data + r->f.l4, r->f.proto);
	*check = csum_fold(csum_partial(r->skb.data + r->f.l4, len, 0));
	if (!*check)
		*check = 0xffff;
	check_sums(r);
}

static void partial(void)
{
	each(one_partial);
}

/* CHECKSUM_COMPLETE: skb->csum is updated, too. */
static void one_complete(struct rewrite *r)
{
	u16 sum, want;

	load(r, CHECKSUM_COMPLETE);
	r->skb.csum = csum_partial(r->f.data, r->f.len, 0);
	CHECK(edit(r));
	check_fields(r);
	check_sums(r);
	if (r->skb.ip_summed != CHECKSUM_COMPLETE)
		return;
	sum = csum_fold(r->skb.csum);
	want = csum_fold(csum_partial(r->skb.data, r->skb.len, 0));
	if (sum != want && !(sum == 0xffff && !want) && !(want == 0xffff && !sum))
		FAIL("family %d protocol %d: sum %#x, not %#x", r->f.af,
		     r->f.proto, sum, want);
}

static void complete(void)
{
	each(one_complete);
}

/* A datagram without a checksum gets a correct one. */
static void udp_without_checksum(void)
{
	static struct rewrite r;
	unsigned int i;

	for (i = 0; i < ROUNDS; i++) {
		begin(&r, AF_INET, IPPROTO_UDP);
		*frame_check_field(r.f.data + r.f.l4, IPPROTO_UDP) = 0;
		load(&r, CHECKSUM_NONE);
		CHECK(edit(&r));
		check_fields(&r);
		check_sums(&r);
		skb_unload(&r.skb);
	}
}

/* Checksums of 0 and 0xffff, the two zeros of one's complement. */
static void zero_sums(void)
{
	static struct rewrite r;
	unsigned int i, n = 0;
	u16 *word;

	for (i = 0; i < ROUNDS; i++) {
		begin(&r, families[i & 1], protos[i >> 1 & 1]);
		r.in = true;
		r.f.len = max(r.f.len, r.f.l4 + 24);
		if (r.f.proto == IPPROTO_UDP)
			((struct udphdr *)(r.f.data + r.f.l4))->len =
				htons(r.f.len - r.f.l4);
		/* pad so that the source port makes the new sum 0xffff */
		load(&r, CHECKSUM_NONE);
		CHECK(edit(&r));
		word = (u16 *)(r.f.data + r.f.l4);
		*word = csum_fold(csum_sub(~*frame_check_field(
			r.skb.data + r.f.l4, r.f.proto) & 0xffff, *word));
		skb_unload(&r.skb);
		frame_checksum(&r.f);
		load(&r, CHECKSUM_NONE);
		CHECK(edit(&r));
		check_fields(&r);
		check_sums(&r);
		n += *frame_check_field(r.skb.data + r.f.l4, r.f.proto) == 0xffff ||
		     *frame_check_field(r.skb.data + r.f.l4, r.f.proto) == 0;
		skb_unload(&r.skb);
	}
	CHECK(n > ROUNDS / 4);
}

static void no_memory(void)
{
	static struct rewrite r;
	unsigned int i;

	for (i = 0; i < 4; i++) {
		begin(&r, families[i & 1], protos[i >> 1 & 1]);
		load(&r, CHECKSUM_NONE);
		r.skb.no_memory = true;
		r.skb.cloned = true;
		CHECK(!edit(&r));
		CHECK(!memcmp(r.skb.data, r.f.data, r.f.len));
		skb_unload(&r.skb);
	}
}

/* ICMP errors that embed a part of a packet of the connection. */
static void make_error(struct frame *f, const struct frame *about)
{
	unsigned int quoted = about->l4 + 8 + rnd(about->len - about->l4 - 7);

	frame_random(f, about->af, about->af == AF_INET ? IPPROTO_ICMP :
							  IPPROTO_ICMPV6);
	f->len = f->l4 + 8 + quoted;
	memcpy(f->data + f->l4 + 8, about->data, quoted);
	if (f->af == AF_INET6)
		((struct ipv6hdr *)f->data)->payload_len = htons(f->len - 40);
	else
		((struct iphdr *)f->data)->tot_len = htons(f->len);
	frame_checksum(f);
}

static void check_address(const struct rewrite *r, unsigned int l3, bool src,
			  const void *addr)
{
	const u8 *hdr = r->skb.data + l3;

	if (r->f.af == AF_INET6)
		CHECK(!memcmp(hdr + (src ? 8 : 24), addr, 16));
	else
		CHECK(!memcmp(hdr + (src ? 12 : 16), addr, 4));
}

static void one_icmp(struct rewrite *r)
{
	enum vs_dir dir = r->in ? VS_DIR_IN : VS_DIR_OUT;
	const void *addr = vs_conn_addr(&r->cp, r->in ? VS_DADDR : VS_VADDR);
	u16 port = r->in ? r->cp.dport : r->cp.vport;
	static struct frame about;
	struct vs_pkt in;

	memcpy(&about, &r->f, sizeof(about));
	make_error(&r->f, &about);
	skb_load(&r->skb, r->f.data, r->f.len, rnd(r->f.len + 1));
	r->skb.cloned = rnd(2);
	r->p.skb = &r->skb;
	r->p.af = r->f.af;
	CHECK(vs_pkt_parse(&r->p, 0) == VS_PARSE_ICMP);
	in = r->p;
	CHECK(vs_pkt_parse(&in, r->p.l4 + 8) == VS_PARSE_OK);

	CHECK(vs_nat_icmp(&r->p, &in, &r->cp, dir));
	skb_flat(&r->skb);
	check_address(r, 0, !r->in, addr);
	check_address(r, in.l3, r->in, addr);
	CHECK(!memcmp(r->skb.data + in.l4 + (r->in ? 0 : 2), &port, 2));
	CHECK(frame_valid(r->skb.data, r->skb.len, r->f.af, r->f.proto,
			  r->f.l4));
	if (r->f.af == AF_INET)
		CHECK(!csum_fold(csum_partial(r->skb.data + in.l3,
					      in.l4 - in.l3, 0)));
}

static void icmp_error(void)
{
	each(one_icmp);
}

/* A correct CRC32c stays correct and a wrong one wrong. It is not written if
 * the port does not change, or if the device will compute it. */
static void sctp(void)
{
	static struct rewrite r;
	unsigned int i;

	for (i = 0; i < 2000; i++) {
		struct sctphdr *sh;
		bool right = rnd(2);
		__le32 before;

		begin(&r, families[i & 1], IPPROTO_UDP);
		r.f.len = r.f.l4 + 16 + rnd(300);
		*(r.f.af == AF_INET ? &((struct iphdr *)r.f.data)->protocol :
		  &((struct ipv6hdr *)r.f.data)->nexthdr) = IPPROTO_SCTP;
		if (r.f.af == AF_INET6)
			r.f.l4 = sizeof(struct ipv6hdr);
		r.f.proto = IPPROTO_SCTP;
		load(&r, CHECKSUM_NONE);
		sh = (void *)(r.f.data + r.f.l4);
		sh->checksum = sctp_compute_cksum(&r.skb, r.f.l4) ^ !right;
		skb_unload(&r.skb);
		load(&r, rnd(4) ? CHECKSUM_NONE : CHECKSUM_PARTIAL);
		before = sh->checksum;
		if (!rnd(4))
			*(r.in ? &r.cp.dport : &r.cp.vport) =
				r.in ? sh->dest : sh->source;
		CHECK(edit(&r));
		sh = (void *)(r.skb.data + r.f.l4);
		CHECK((r.in ? sh->dest : sh->source) ==
		      (r.in ? r.cp.dport : r.cp.vport));
		if (r.skb.ip_summed == CHECKSUM_PARTIAL)
			CHECK(sh->checksum == before);
		else
			CHECK((sh->checksum ==
			       sctp_compute_cksum(&r.skb, r.f.l4)) == right);
		skb_unload(&r.skb);
	}
}

const struct unit_test nat_tests[] = {
	{ "nat_plain", plain },
	{ "nat_checksum_partial", partial },
	{ "nat_checksum_complete", complete },
	{ "nat_udp_without_checksum", udp_without_checksum },
	{ "nat_zero_sums", zero_sums },
	{ "nat_no_memory", no_memory },
	{ "nat_sctp", sctp },
	{ "nat_icmp_error", icmp_error },
	{}
};
