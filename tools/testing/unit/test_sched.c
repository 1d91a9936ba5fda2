// SPDX-License-Identifier: GPL-2.0
/*
 * Compares kernel/sched/ with plain models of ip_vs's schedulers over random
 * histories: between choices, destinations are added, removed, reweighted,
 * loaded and overloaded.
 */
#include "sched/list.h"
#include "sched/sched.h"
#include "service/dest.h"
#include "unit.h"

#define MAX_DESTS	200

/* The models' view of the service, newest destination first. */
static struct {
	struct vs_dest *dest[MAX_DESTS];
	int n;
	struct vs_dest *cursor;		/* rr, wrr; NULL: before the first */
	int cw;				/* wrr: threshold of the round */
} model;

static struct vs_snap *snap;
static const struct vs_sched *sched;
static int max_weight;

static bool overloaded(const struct vs_dest *d)
{
	return d->flags & VS_DEST_OVERLOAD;
}

static int index_of(const struct vs_dest *d)
{
	int i;

	for (i = 0; i < model.n; i++)
		if (model.dest[i] == d)
			return i;
	return -1;
}

static struct vs_dest *model_rr(void)
{
	int at = index_of(model.cursor);
	int k;

	for (k = 1; k <= model.n; k++) {
		struct vs_dest *d = model.dest[(at + k) % model.n];

		if (!overloaded(d) && d->weight > 0)
			return model.cursor = d;
	}
	return NULL;
}

static void weights(int *di, int *mw)
{
	int i, g = 0, m = 0;

	for (i = 0; i < model.n; i++) {
		int w = model.dest[i]->weight;

		if (w > 0)
			g = gcd(w, g);
		m = max(m, w);
	}
	*di = g ? g : 1;
	*mw = m - (*di - 1);
}

static void model_wrr_change(void)
{
	int di, mw;

	weights(&di, &mw);
	model.cursor = NULL;
	if (model.cw == 0 || model.cw > mw)
		model.cw = mw;
	else if (di > 1)
		model.cw = model.cw / di * di + 1;
}

/* Round after round, including the empty ones. */
static struct vs_dest *model_wrr(void)
{
	int start = index_of(model.cursor), at = start, stop = -1;
	bool restarted = false, final = false;
	int di, mw;

	weights(&di, &mw);
	if (mw == 0)
		return NULL;
	for (;;) {
		while (++at < model.n) {
			struct vs_dest *d = model.dest[at];

			if (!overloaded(d) && d->weight >= model.cw)
				return model.cursor = d;
			if (at == stop) {
				model.cursor = d;
				return NULL;
			}
		}
		at = -1;
		model.cw -= di;
		if (model.cw <= 0) {
			model.cw = mw;
			if (final || start < 0)
				break;
			restarted = true;
		}
		final = model.cw <= di;
		if (final && restarted)
			stop = start;
	}
	model.cursor = NULL;
	return NULL;
}

typedef unsigned __int128 u128;

static bool sched_is(const char *name)
{
	return !strcmp(sched->name, name);
}

static void cost_of(const struct vs_dest *d, u64 *load, u64 *weight)
{
	u64 active = d->active.counter;

	*weight = sched_is("lc") ? 1 : d->weight;
	if (sched_is("lc") || sched_is("wlc"))
		*load = active * 256 + d->total.counter;
	else
		*load = active + 1;
}

static struct vs_dest *model_least(void)
{
	struct vs_dest *best = NULL;
	u64 load, weight, l, w;
	int i;

	for (i = 0; i < model.n; i++) {
		struct vs_dest *d = model.dest[i];

		if (overloaded(d) || d->weight <= 0)
			continue;
		if (sched_is("nq") && !d->active.counter)
			return d;
		cost_of(d, &l, &w);
		if (!best || (u128)load * w > (u128)l * weight) {
			best = d;
			load = l;
			weight = w;
		}
	}
	return best;
}

static struct vs_dest *model_heaviest(void)
{
	struct vs_dest *best = NULL;
	int i;

	for (i = 0; i < model.n; i++) {
		struct vs_dest *d = model.dest[i];

		if (overloaded(d) || d->weight <= (best ? best->weight : 0))
			continue;
		if (sched_is("ovf") && d->active.counter > d->weight)
			continue;
		best = d;
	}
	return best;
}

static struct vs_dest *model_pick(void)
{
	if (sched_is("rr"))
		return model_rr();
	if (sched_is("wrr"))
		return model_wrr();
	if (sched_is("fo") || sched_is("ovf"))
		return model_heaviest();
	return model_least();
}

/* A snapshot of the model for @to, not published; NULL: no memory. */
static struct vs_snap *build(const struct vs_sched *to)
{
	static struct vs_cache_room room = { .max = INT_MAX };
	static const int expiration = 1000;
	struct list_head list;
	struct vs_snap_conf conf = {
		.sched = to,
		.dests = &list,
		.n = model.n,
		.lblc_expiration = &expiration,
		.lblcr_expiration = &expiration,
		.room = &room,
	};
	int i;

	INIT_LIST_HEAD(&list);
	for (i = model.n; i--; )
		list_add(&model.dest[i]->list, &list);
	return vs_snap_build(&conf, snap);
}

static void publish(void)
{
	struct vs_snap *old = snap;

	snap = build(sched);
	CHECK(snap);
	vs_snap_publish(snap);
	if (old)
		vs_snap_retire(old);
	if (sched_is("wrr"))
		model_wrr_change();
}

static int any_weight(void)
{
	static const int step[] = { 1, 1, 5, 10, 12 };
	int s = step[rnd(ARRAY_SIZE(step))];

	if (!rnd(6))
		return 0;
	return min(s * (int)rnd(1 + max_weight / s), max_weight);
}

static void add_dest(void)
{
	struct vs_dest *d = aligned_alloc(64, sizeof(*d));

	memset(d, 0, sizeof(*d));
	d->weight = any_weight();
	memmove(model.dest + 1, model.dest, model.n * sizeof(model.dest[0]));
	model.dest[0] = d;
	model.n++;
	publish();
}

static void del_dest(int i)
{
	struct vs_dest *d = model.dest[i];

	if (model.cursor == d)
		model.cursor = i ? model.dest[i - 1] : NULL;
	model.n--;
	memmove(model.dest + i, model.dest + i + 1,
		(model.n - i) * sizeof(model.dest[0]));
	publish();
	free(d);
}

static void change_load(void)
{
	struct vs_dest *d = model.dest[rnd(model.n)];
	u32 scale = 1 << rnd(24);

	d->active.counter = rnd(3) ? rnd(4) : rnd(scale);
	d->total.counter = d->active.counter + (rnd(3) ? rnd(4) : rnd(scale));
	vs_dest_load_changed(d);
}

static void set_overload(struct vs_dest *d, bool on)
{
	d->flags = on ? VS_DEST_OVERLOAD : 0;
	vs_dest_load_changed(d);
}

static void change_overload(bool all)
{
	struct vs_dest *d = model.dest[rnd(model.n)];
	bool on = rnd(2);
	int i;

	if (!all) {
		set_overload(d, !overloaded(d));
		return;
	}
	for (i = 0; i < model.n; i++)
		set_overload(model.dest[i], on);
}

static void pick(void)
{
	struct vs_flow flow = {};
	struct vs_dest *want = model_pick();
	struct vs_dest *got = vs_sched_pick(snap, &flow);

	if (got != want)
		FAIL("%s of %d (up to weight %d): %d, not %d", sched->name,
		     model.n, max_weight, index_of(got), index_of(want));
	if (got && rnd(2)) {
		got->active.counter++;
		got->total.counter++;
		vs_dest_load_changed(got);
	}
}

static void step(int limit)
{
	u32 dice = rnd(100);

	if (!model.n || (dice < 3 && model.n < limit))
		add_dest();
	else if (dice < 5)
		del_dest(rnd(model.n));
	else if (dice < 7) {
		model.dest[rnd(model.n)]->weight = any_weight();
		publish();
	} else if (dice < 25)
		change_load();
	else if (dice < 30)
		change_overload(rnd(8) == 0);
	else
		pick();
}

static void begin(const char *name)
{
	sched = vs_sched_by_name(name);
	CHECK(sched);
	model.n = 0;
	model.cursor = NULL;
	model.cw = 0;
	snap = NULL;
	publish();
}

static void end(void)
{
	while (model.n)
		del_dest(0);
	vs_snap_retire(snap);
	snap = NULL;
}

static void history(const char *name)
{
	static const int limits[] = { 1, 2, 3, 8, 40, 65, MAX_DESTS };
	static const int weights[] = { 1, 3, 100, 1000 };
	unsigned int l, w, i;

	for (l = 0; l < ARRAY_SIZE(limits); l++) {
		for (w = 0; w < ARRAY_SIZE(weights); w++) {
			max_weight = weights[w];
			begin(name);
			for (i = 0; i < 3 * limits[l] / 4; i++)
				add_dest();
			for (i = 0; i < 3000; i++)
				step(limits[l]);
			end();
		}
	}
}

static void rr(void)
{
	history("rr");
}

static void wrr(void)
{
	history("wrr");
}

static void lc(void)
{
	history("lc");
}

static void wlc(void)
{
	history("wlc");
}

static void sed(void)
{
	history("sed");
}

static void nq(void)
{
	history("nq");
}

static void fo(void)
{
	history("fo");
}

static void ovf(void)
{
	history("ovf");
}

/* In a whole cycle each destination gets as many connections as its weight. */
static void wrr_is_fair(void)
{
	unsigned int count[50] = {}, sum = 0, i;

	max_weight = 40;
	begin("wrr");
	for (i = 0; i < ARRAY_SIZE(count); i++) {
		add_dest();
		sum += model.dest[0]->weight;
	}
	for (i = 0; i < sum; i++) {
		struct vs_dest *d = vs_sched_pick(snap, NULL);

		CHECK(d);
		count[index_of(d)]++;
	}
	for (i = 0; i < ARRAY_SIZE(count); i++)
		CHECK(count[i] == model.dest[i]->weight);
	end();
}

/* Extreme weights and loads neither overflow nor take long. */
static void extremes(void)
{
	static const char *const names[] = {
		"rr", "wrr", "lc", "wlc", "sed", "nq", "fo", "twos"
	};
	unsigned int i;

	max_weight = INT_MAX - 1;
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		begin(names[i]);
		CHECK(!vs_sched_pick(snap, NULL));
		add_dest();
		add_dest();
		model.dest[0]->weight = INT_MAX;
		model.dest[1]->weight = 1;
		model.dest[0]->total.counter = 10000000;
		model.dest[0]->active.counter = 10000000;
		publish();
		CHECK(vs_sched_pick(snap, NULL));
		set_overload(model.dest[0], true);
		CHECK(vs_sched_pick(snap, NULL) == model.dest[1]);
		set_overload(model.dest[1], true);
		CHECK(!vs_sched_pick(snap, NULL));
		end();
	}
}

/*
 * Building a snapshot, whether it fails or succeeds, must not affect the
 * published one: its tree is still notified of every change of a load. The n-th
 * allocation fails, for n = 1, 2, ... until the snapshot is built.
 */
static void unpublished_snapshots(void)
{
	static const char *const names[] = {
		"rr", "wrr", "lc", "wlc", "sed", "nq", "fo", "ovf", "twos",
		"dh", "sh", "mh", "lblc", "lblcr"
	};
	unsigned int i, k;
	int fails;

	max_weight = 10;
	begin("wlc");
	while (model.n < 100)
		add_dest();
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		struct vs_snap *new = NULL;

		for (fails = 1; !new; fails++) {
			unit_alloc_fails = fails;
			new = build(vs_sched_by_name(names[i]));
			unit_alloc_fails = 0;
			for (k = 0; k < 10; k++) {
				change_load();
				pick();
			}
		}
		vs_snap_free(new);
		for (k = 0; k < 10; k++) {
			change_load();
			pick();
		}
	}
	end();
}

static void by_name(void)
{
	CHECK(!vs_sched_by_name("none"));
	CHECK(!vs_sched_by_name(""));
	CHECK(!vs_sched_by_name("rrr"));
	/* the name in the list, of which modprobe's aliases are made, is the row's */
#define CHECK_NAME(name, pick)	CHECK(vs_sched_by_name(#name) == &vs_sched_##name);
	VS_SCHEDS(CHECK_NAME)
#undef CHECK_NAME
}

const struct unit_test sched_tests[] = {
	{ "sched_by_name", by_name },
	{ "sched_rr", rr },
	{ "sched_wrr", wrr },
	{ "sched_wrr_is_fair", wrr_is_fair },
	{ "sched_lc", lc },
	{ "sched_wlc", wlc },
	{ "sched_sed", sed },
	{ "sched_nq", nq },
	{ "sched_fo", fo },
	{ "sched_ovf", ovf },
	{ "sched_extremes", extremes },
	{ "sched_unpublished_snapshots", unpublished_snapshots },
	{}
};
