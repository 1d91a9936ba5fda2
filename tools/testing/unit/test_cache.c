// SPDX-License-Identifier: GPL-2.0
/*
 * lblc, lblcr and their cache: sets that grow and shrink, garbage collection,
 * limits under a scan of addresses, removal of destinations.
 */
#include "sched/cache.h"
#include "sched/sched.h"
#include "service/dest.h"
#include "unit.h"

#define DESTS	4
#define MINUTE	(60 * HZ)

static struct vs_dest dests[DESTS];
static struct vs_snap *snap;
static int expiration;
static struct vs_cache_room room = { .max = INT_MAX };

static void publish(const char *name, int first)
{
	struct vs_snap *old = snap;
	struct list_head list;
	struct vs_snap_conf conf = {
		.sched = vs_sched_by_name(name),
		.dests = &list,
		.n = DESTS - first,
		.af = AF_INET6,
		.lblc_expiration = &expiration,
		.lblcr_expiration = &expiration,
		.room = &room,
	};
	int i;

	INIT_LIST_HEAD(&list);
	for (i = DESTS; i-- > first; )
		list_add(&dests[i].list, &list);
	snap = vs_snap_build(&conf, old);
	CHECK(snap);
	vs_snap_publish(snap);
	if (old)
		vs_snap_retire(old);
}

static void begin(const char *name)
{
	int i;

	memset(dests, 0, sizeof(dests));
	for (i = 0; i < DESTS; i++) {
		dests[i].weight = 10;
		dests[i].flags = VS_DEST_AVAILABLE;
	}
	expiration = 24 * 60 * MINUTE;
	publish(name, 0);
}

static void end(void)
{
	vs_snap_retire(snap);
	snap = NULL;
	CHECK(!room.used.counter);
}

static struct vs_cache *cache(void)
{
	return vs_snap_cache(snap);
}

/* Index of the destination chosen for a destination address, or -1. */
static int choice(u32 addr)
{
	union nf_inet_addr daddr = { .all = { addr, 0, 0, ~addr } };
	struct vs_flow flow = { .af = AF_INET6, .daddr = &daddr };
	struct vs_dest *dest = vs_sched_pick(snap, &flow);

	return dest ? dest - dests : -1;
}

static void load(int i, int active)
{
	dests[i].active.counter = active;
	dests[i].total.counter = active;
	vs_dest_load_changed(&dests[i]);
}

static void minutes(int n)
{
	while (n--) {
		jiffies += MINUTE;
		vs_cache_collect(cache());
	}
}

static void lblc_stays(void)
{
	begin("lblc");
	CHECK(choice(1) == 0);
	load(0, 5);
	CHECK(choice(1) == 0);		/* stays */
	CHECK(choice(2) == 1);		/* another address: as wlc */
	load(0, 11);
	CHECK(choice(1) == 1);		/* overrun, others idle: moves */
	load(0, 0);
	CHECK(choice(1) == 1);
	load(1, 11);
	load(2, 5);
	load(3, 5);
	load(0, 5);
	CHECK(choice(1) == 1);		/* overrun, none idle: stays */
	dests[1].flags |= VS_DEST_OVERLOAD;
	CHECK(choice(1) == 1);		/* lblc ignores thresholds */
	dests[1].weight = 0;
	publish("lblc", 0);
	CHECK(choice(1) == 0);
	end();
}

static void lblcr_grows_and_shrinks(void)
{
	begin("lblcr");
	CHECK(choice(1) == 0);
	load(0, 11);
	CHECK(choice(1) == 1);
	load(0, 3);
	load(1, 2);
	CHECK(choice(1) == 1);		/* the less loaded member */
	load(1, 4);
	CHECK(choice(1) == 0);
	expiration = 100;
	jiffies += 101;
	CHECK(choice(1) == 0);		/* the most loaded leaves */
	load(1, 0);
	CHECK(choice(1) == 0);
	CHECK(cache()->members == 1 && cache()->entries == 1);
	dests[0].flags |= VS_DEST_OVERLOAD;
	CHECK(choice(1) == 1);		/* lblcr respects thresholds */
	CHECK(cache()->members == 2);
	end();
}

static void removed_is_not_used(const char *name)
{
	begin(name);
	CHECK(choice(1) == 0);
	load(1, 1);
	load(2, 1);
	load(3, 1);
	dests[0].flags = 0;
	publish(name, 1);
	CHECK(choice(2) == 1);
	CHECK(choice(1) == 1);
	end();

	/* remembered when added again, until it is forgotten */
	begin(name);
	CHECK(choice(1) == 0);
	dests[0].flags = 0;
	publish(name, 1);
	dests[0].flags = VS_DEST_AVAILABLE;
	publish(name, 0);
	load(0, 1);
	CHECK(choice(1) == 0);
	dests[0].flags = 0;
	publish(name, 1);
	vs_snap_forget(snap);
	CHECK(!cache()->entries && !cache()->members);
	end();
}

static void removed_is_not_used_any_more(void)
{
	removed_is_not_used("lblc");
	removed_is_not_used("lblcr");
}

static void forget_keeps_the_rest(void)
{
	begin("lblcr");
	CHECK(choice(1) == 0);
	load(0, 11);
	CHECK(choice(1) == 1);
	CHECK(choice(2) == 1);
	CHECK(cache()->members == 3);
	dests[0].flags = 0;
	publish("lblcr", 1);
	vs_snap_forget(snap);
	CHECK(cache()->entries == 2 && cache()->members == 2);
	load(2, 1);
	CHECK(choice(1) == 1);
	end();
}

static void unused_entries_expire(void)
{
	int i;

	begin("lblc");
	expiration = 45 * MINUTE;
	for (i = 0; i < 100; i++)
		choice(i);
	minutes(30);
	CHECK(cache()->entries == 100);
	choice(7);
	minutes(29);			/* just before a full collection */
	CHECK(cache()->entries == 100);
	minutes(1);
	CHECK(cache()->entries == 1);
	minutes(30);
	CHECK(!cache()->entries);
	end();
}

static void bounded_under_a_scan(void)
{
	int i;

	begin("lblcr");
	for (i = 0; i < 30000; i++)
		CHECK(choice(i) >= 0);
	CHECK(cache()->entries == 24576);
	minutes(5);
	CHECK(cache()->entries == 24576);	/* all entries are too new */
	choice(3);
	minutes(1);
	CHECK(cache()->entries <= 16384 + 24);
	minutes(10);
	CHECK(cache()->entries <= 16384);
	end();
}

static void sets_are_bounded(void)
{
	int i, k;

	begin("lblcr");
	for (k = 0; k < DESTS; k++) {
		for (i = 0; i < 24000; i++)
			choice(i);
		load(k, 11);	/* the others are idle */
	}
	for (i = 0; i < 24000; i++)
		CHECK(choice(i) >= 0);
	CHECK(cache()->members <= 4 * 24576);
	end();
}

/* Across all services of a namespace; scheduling goes on without entries. */
static void bounded_together(void)
{
	int i;

	room.max = 1000;
	begin("lblcr");
	for (i = 0; i < 3000; i++)
		CHECK(choice(i) >= 0);
	CHECK(room.used.counter == 1000);
	CHECK(cache()->entries == 500 && cache()->members == 500);
	minutes(7 * 24 * 60);
	CHECK(!cache()->entries && !room.used.counter);
	choice(1);
	CHECK(cache()->entries == 1);
	end();
	room.max = INT_MAX;
}

const struct unit_test cache_tests[] = {
	{ "cache_lblc_stays", lblc_stays },
	{ "cache_lblcr_grows_and_shrinks", lblcr_grows_and_shrinks },
	{ "cache_removed_is_not_used", removed_is_not_used_any_more },
	{ "cache_forget_keeps_the_rest", forget_keeps_the_rest },
	{ "cache_unused_entries_expire", unused_entries_expire },
	{ "cache_bounded_under_a_scan", bounded_under_a_scan },
	{ "cache_sets_are_bounded", sets_are_bounded },
	{ "cache_bounded_together", bounded_together },
	{}
};
