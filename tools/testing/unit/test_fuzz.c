// SPDX-License-Identifier: GPL-2.0
/*
 * Passes the fuzzer's packets to kernel/path/pkt.c and kernel/path/nat.c, as
 * the hooks do. A process that shares the pages of a packet may change their
 * bytes between two reads: here they change whenever they are copied. PACKETS=N
 * in the environment sets the number of packets.
 */
#include "../selftests/ipvs/hostile/fuzz/fuzz.h"
#include "net.h"
#include "path/nat.h"
#include "unit.h"

#define PACKETS	100000

struct trial {
	struct fuzz f;
	struct sk_buff skb;
	struct vs_conn cp;
	struct vs_pkt p;
	u8 before[FUZZ_MAX];
	u32 seen[4];		/* by the result of the parser */
	u32 rewritten;
};

/* The stack's checks before a hook sees the packet. It also trims the packet. */
static bool passes_stack(struct fuzz *f)
{
	unsigned int len;

	if (f->af == 4) {
		if (f->len < 20 || f->data[0] >> 4 != 4)
			return false;
		len = f->data[2] << 8 | f->data[3];
		if (len > f->len || len < (f->data[0] & 15) * 4u ||
		    (f->data[0] & 15) < 5)
			return false;
	} else {
		if (f->len < 40 || f->data[0] >> 4 != 6)
			return false;
		len = 40 + (f->data[4] << 8 | f->data[5]);
		if (len > f->len)
			return false;
	}
	f->len = len;
	return true;
}

static void load(struct trial *t)
{
	unsigned int head = t->f.af == 4 ? (t->f.data[0] & 15) * 4u : 40;

	memset(&t->skb, 0, sizeof(t->skb));
	skb_load(&t->skb, t->f.data, t->f.len,
		 head + rnd(t->f.len - head + 1));
	t->skb.cloned = rnd(2);
	t->skb.gso = !rnd(8);
	t->skb.ip_summed = rnd(4);
	memset(&t->p, 0xa5, sizeof(t->p));
	t->p.skb = &t->skb;
	t->p.af = t->f.af == 4 ? AF_INET : AF_INET6;
	t->cp.af = t->p.af;
}

static void keep(struct trial *t)
{
	skb_copy_bits(&t->skb, 0, t->before, t->skb.len);
}

/* Accepts changes to @n bytes at @off. */
static void forget(struct trial *t, unsigned int off, unsigned int n)
{
	CHECK(off + n <= t->skb.len);
	skb_copy_bits(&t->skb, off, t->before + off, n);
}

static void forget_addresses(struct trial *t, unsigned int l3)
{
	if (t->p.af == AF_INET)
		forget(t, l3 + 10, 10);
	else
		forget(t, l3 + 8, 32);
}

static void check_rest(struct trial *t)
{
	CHECK(!memcmp(t->before, skb_flat(&t->skb), t->skb.len));
	t->rewritten++;
}

static void forget_transport(struct trial *t)
{
	forget(t, t->p.l4, 4);
	if (t->p.proto == IPPROTO_TCP)
		forget(t, t->p.l4 + 16, 2);
	else if (t->p.proto == IPPROTO_UDP)
		forget(t, t->p.l4 + 6, 2);
	else
		forget(t, t->p.l4 + 8, 4);
}

static void rewrite(struct trial *t)
{
	keep(t);
	if (!(rnd(2) ? vs_nat_in : vs_nat_out)(&t->p, &t->cp))
		return;
	forget_addresses(t, 0);
	if (t->p.proto != IPPROTO_ESP && t->p.proto != IPPROTO_AH)
		forget_transport(t);
	check_rest(t);
}

static void rewrite_error(struct trial *t)
{
	struct vs_pkt in = t->p;

	if (t->p.nonfirst_frag || t->p.l4 + 8u > t->skb.len ||
	    vs_pkt_parse(&in, t->p.l4 + 8) != VS_PARSE_OK)
		return;
	keep(t);
	if (!vs_nat_icmp(&t->p, &in, &t->cp, rnd(2)))
		return;
	forget_addresses(t, 0);
	forget_addresses(t, in.l3);
	if (in.proto != IPPROTO_ESP && in.proto != IPPROTO_AH)
		forget(t, in.l4, 4);
	forget(t, t->p.l4 + 2, 2);
	check_rest(t);
}

static void one(struct trial *t, u64 seed, u64 number)
{
	enum vs_parse what;

	fuzz_build(&t->f, seed, number);
	fuzz_damage(&t->f);
	if (!passes_stack(&t->f))
		return;
	load(t);
	what = vs_pkt_parse(&t->p, 0);
	t->seen[what]++;
	if (what == VS_PARSE_OK && !t->p.truncated)
		rewrite(t);
	else if (what == VS_PARSE_ICMP)
		rewrite_error(t);
	skb_unload(&t->skb);
}

static struct trial t;

static void changed(const struct sk_buff *skb)
{
	keep(&t);
}

static void run(bool changing)
{
	const char *text = getenv("PACKETS");
	u64 seed = get_random_u64(), i, n = text ? strtoull(text, NULL, 0) :
						   PACKETS;
	memset(&t, 0, sizeof(t));
	rnd_bytes(t.cp.a6, sizeof(t.cp.a6));
	rnd_bytes(t.cp.a4, sizeof(t.cp.a4));
	t.cp.vport = rnd(0x10000);
	t.cp.dport = rnd(0x10000);
	skb_changed = changing ? changed : NULL;
	for (i = 0; i < n; i++)
		one(&t, seed, i);
	skb_changed = NULL;
	CHECK(t.seen[VS_PARSE_OK] > n / 10 && t.seen[VS_PARSE_ICMP] > n / 20);
	CHECK(t.seen[VS_PARSE_OTHER] && t.seen[VS_PARSE_BAD]);
	CHECK(t.rewritten > n / 10);
}

static void damaged(void)
{
	run(false);
}

static void changing(void)
{
	run(true);
}

const struct unit_test fuzz_tests[] = {
	{ "fuzz_damaged", damaged },
	{ "fuzz_changing", changing },
	{}
};
