// SPDX-License-Identifier: GPL-2.0
/*
 * dh, sh, mh and twos: shares of the destinations, and which clients move when
 * destinations change. The selftest sched_diff compares the choices with those
 * of the kernel's ip_vs.
 */
#include "sched/sched.h"
#include "service/dest.h"
#include "unit.h"

#define MAX_DESTS	20

static struct vs_dest *dests[MAX_DESTS];
static struct vs_snap *snap;

static void build(const char *name, u32 flags, const int *weights, int n)
{
	struct list_head list;
	struct vs_snap_conf conf = {
		.sched = vs_sched_by_name(name),
		.dests = &list,
		.n = n,
		.flags = flags,
		.af = AF_INET,
	};
	int i;

	INIT_LIST_HEAD(&list);
	for (i = n; i--; ) {
		if (!dests[i]) {
			dests[i] = aligned_alloc(64, sizeof(*dests[i]));
			memset(dests[i], 0, sizeof(*dests[i]));
			dests[i]->key.addr.ip = htonl(0x0a000001 + i);
			dests[i]->key.port = htons(80);
		}
		dests[i]->weight = weights[i];
		if (weights[i])
			dests[i]->last_weight = weights[i];
		list_add(&dests[i]->list, &list);
	}
	if (snap)
		vs_snap_retire(snap);
	snap = vs_snap_build(&conf, NULL);
	CHECK(snap);
	vs_snap_publish(snap);
}

static void clean(void)
{
	int i;

	if (snap)
		vs_snap_retire(snap);
	snap = NULL;
	for (i = 0; i < MAX_DESTS; i++) {
		free(dests[i]);
		dests[i] = NULL;
	}
}

/* Index of the destination chosen for a client, or -1. */
static int choice(u32 client, u16 port)
{
	union nf_inet_addr saddr = { .ip = htonl(client) };
	union nf_inet_addr daddr = { .ip = htonl(client) };
	struct vs_flow flow = {
		.af = AF_INET,
		.saddr = &saddr,
		.daddr = &daddr,
		.sport = htons(port),
	};
	struct vs_dest *dest = vs_sched_pick(snap, &flow);
	int i;

	for (i = 0; i < MAX_DESTS; i++)
		if (dest && dests[i] == dest)
			return i;
	return -1;
}

/* Test vectors of the kernel's own siphash test. */
static void siphash_is_right(void)
{
	static const siphash_key_t key = {{
		0x0706050403020100ull, 0x0f0e0d0c0b0a0908ull
	}};
	static const hsiphash_key_t hkey = {{
		0x0706050403020100ull, 0x0f0e0d0c0b0a0908ull
	}};
	u32 v = 0x03020100;

	CHECK(siphash_2u64(0x0706050403020100ull, 0x0f0e0d0c0b0a0908ull,
			   &key) == 0x3f2acc7f57c29bdbull);
	CHECK(hsiphash(&v, sizeof(v), &hkey) == 0x88d38328);
}

/* hash_32() of the address, modulo the number of destinations. */
static void dh(void)
{
	static const int weights[] = { 1, 1, 5, 1, 0 };
	u32 i;

	build("dh", 0, weights, 5);
	for (i = 0; i < 1000; i++) {
		u32 want = (i * 0x61c88647u >> 24) % 5;

		CHECK(choice(i, i) == (want == 4 ? -1 : (int)want));
	}
	dests[2]->flags = VS_DEST_OVERLOAD;
	for (i = 0; i < 1000; i++)
		CHECK(choice(i, i) != 2);
	clean();
}

static int bucket_owner(u32 bucket, const int *weights, int n)
{
	u32 at = 0;
	int i;

	for (i = 0; ; i = (i + 1) % n) {
		at += max(weights[i], 1);
		if (bucket < at)
			return i;
	}
}

static void sh(void)
{
	static const int weights[] = { 2, 0, 7, 1 };
	u32 i, bucket;
	int want;

	build("sh", 0, weights, 4);
	for (i = 0; i < 1000; i++) {
		want = bucket_owner(i * 0x61c88647u >> 24, weights, 4);
		CHECK(choice(i, 3) == (want == 1 ? -1 : want));
	}
	build("sh", VS_SCHED_F_PORT | VS_SCHED_F_FALLBACK, weights, 4);
	for (i = 0; i < 1000; i++) {
		bucket = (i + 3) * 0x61c88647u >> 24;
		want = bucket_owner(bucket, weights, 4);
		for (bucket *= 2; want == 1; bucket++)
			want = bucket_owner(bucket % 256, weights, 4);
		CHECK(choice(i, 3) == want);
	}
	clean();
}

static void mh_is_fair_and_steady(void)
{
	static int weights[] = { 1, 1, 4, 0, 2, 1, 1, 1, 1, 4 };
	int before[16000], count[10] = {};
	int i, now, moved = 0;

	build("mh", 0, weights, 10);
	for (i = 0; i < ARRAY_SIZE(before); i++) {
		before[i] = choice(i, 0);
		CHECK(before[i] >= 0 && before[i] != 3);
		count[before[i]]++;
	}
	for (i = 0; i < 10; i++)
		if (abs(count[i] - weights[i] * 1000) > weights[i] * 150)
			FAIL("%d: %d of 16000", i, count[i]);

	/* weight 0: only its own clients are refused, or move */
	weights[2] = 0;
	build("mh", 0, weights, 10);
	for (i = 0; i < ARRAY_SIZE(before); i++)
		CHECK(choice(i, 0) == (before[i] == 2 ? -1 : before[i]));
	build("mh", VS_SCHED_F_FALLBACK, weights, 10);
	for (i = 0; i < ARRAY_SIZE(before); i++) {
		now = choice(i, 0);
		CHECK(before[i] == 2 ? now >= 0 && now != 2 : now == before[i]);
	}

	/* removed: few other clients move */
	weights[2] = 4;
	build("mh", 0, weights, 9);
	for (i = 0; i < ARRAY_SIZE(before); i++)
		moved += before[i] != 9 && choice(i, 0) != before[i];
	if (moved > ARRAY_SIZE(before) / 5)
		FAIL("%d of 16000 moved", moved);
	clean();
}

static void mh_extremes(void)
{
	static const int one[] = { INT_MAX }, none[] = { 0, 0 };
	static const int far[] = { INT_MAX, 1, 0 };
	int i, light = 0;

	build("mh", 0, none, 0);
	CHECK(choice(1, 1) < 0);
	build("mh", VS_SCHED_F_FALLBACK, none, 2);
	CHECK(choice(1, 1) < 0);
	build("mh", 0, one, 1);
	CHECK(choice(1, 1) == 0);
	dests[0]->flags = VS_DEST_OVERLOAD;
	CHECK(choice(1, 1) < 0);
	dests[0]->flags = 0;
	build("mh", VS_SCHED_F_FALLBACK, far, 3);
	for (i = 0; i < 10000; i++)
		light += choice(i, 1) == 1;
	CHECK(light > 50 && light < 1000);
	clean();
}

static void twos(void)
{
	static const int weights[] = { 3, 0, 1, 4, 9 };
	int count[5] = {};
	int i, draws = 200000;

	/* all loads are 0: the first of the two draws wins */
	build("twos", 0, weights, 5);
	for (i = 0; i < draws; i++)
		count[choice(i, 0)]++;
	for (i = 0; i < 5; i++) {
		int w = weights[i] + (i == 0);	/* the extra number */
		int want = (s64)draws * w / 18;

		if (abs(count[i] - want) > draws / 200)
			FAIL("%d: %d, not %d", i, count[i], want);
	}

	/* overload the heaviest, then all but one, then that one */
	memset(count, 0, sizeof(count));
	dests[4]->flags = VS_DEST_OVERLOAD;
	for (i = 0; i < draws; i++)
		count[choice(i, 0)]++;
	for (i = 0; i < 5; i++) {
		int w = i == 4 ? 0 : weights[i] + (i == 0);
		int want = (s64)draws * w / 9;

		if (abs(count[i] - want) > draws / 200)
			FAIL("overload, %d: %d, not %d", i, count[i], want);
	}
	dests[0]->flags = VS_DEST_OVERLOAD;
	dests[3]->flags = VS_DEST_OVERLOAD;
	for (i = 0; i < 1000; i++)
		CHECK(choice(i, 0) == 2);
	dests[2]->flags = VS_DEST_OVERLOAD;
	CHECK(choice(i, 0) < 0);
	clean();
}

/* Of two equal destinations the loaded one must be drawn twice. */
static void twos_sees_load(void)
{
	static const int weights[] = { 1000, 1000 };
	int i, loaded = 0;

	build("twos", 0, weights, 2);
	dests[0]->active.counter = 1;
	dests[0]->total.counter = 1;
	for (i = 0; i < 100000; i++)
		loaded += choice(i, 0) == 0;
	CHECK(abs(loaded - 25000) < 1000);
	clean();
}

const struct unit_test hash_tests[] = {
	{ "hash_siphash", siphash_is_right },
	{ "hash_dh", dh },
	{ "hash_sh", sh },
	{ "hash_mh_is_fair_and_steady", mh_is_fair_and_steady },
	{ "hash_mh_extremes", mh_extremes },
	{ "hash_twos", twos },
	{ "hash_twos_sees_load", twos_sees_load },
	{}
};
