// SPDX-License-Identifier: GPL-2.0
/*
 * mh: the client's address selects a slot of a table that the destinations
 * have filled by Maglev's method (Eisenbud et al., NSDI 2016, 3.4): each goes
 * through the slots in an order of its own, which only depends on its address
 * and port, and in turns, as many at once as its weight says, they take the
 * next that is free. So a destination that comes or goes moves few clients
 * between the others, and directors with the same destinations, added in the
 * same order, agree.
 *
 * One of weight 0 keeps the slots of the last weight it had, and refuses.
 */
#include <linux/gcd.h>
#include <linux/mm.h>
#include <linux/siphash.h>
#include <linux/slab.h>

#include "sched/impl.h"

/* The kernel's choice of sizes, and which of them is its default. */
#ifndef CONFIG_IP_VS_MH_TAB_INDEX
#define CONFIG_IP_VS_MH_TAB_INDEX	12
#endif

static const u32 primes[] = {
	251, 509, 1021, 2039, 4093, 8191, 16381, 32749, 65521, 131071
};

#define SIZE	primes[CONFIG_IP_VS_MH_TAB_INDEX - 8]
#define TURN_BITS	(CONFIG_IP_VS_MH_TAB_INDEX / 2)
#define FREE	U32_MAX

/* The same on all directors. */
static const hsiphash_key_t slot_key = {{ 2654435761UL, 2654435761UL }};
static const hsiphash_key_t step_key = {{ 2654446892UL, 2654446892UL }};

/* A destination's way through the table. */
struct way {
	u32 slot;
	u32 step;
	u32 turns;		/* slots taken at once */
};

static u32 hash(u32 v, const hsiphash_key_t *key)
{
	return hsiphash(&v, sizeof(v), key);
}

static bool any_usable(const struct vs_snap *snap)
{
	u32 i;

	for (i = 0; i < snap->n; i++)
		if (vs_target_usable(&snap->target[i]))
			return true;
	return false;
}

static struct vs_dest *pick_other(const struct vs_snap *snap, u32 v, u32 slot)
{
	const u32 *target = snap->table;
	const struct vs_target *t;
	u32 i;

	if (!any_usable(snap))
		return NULL;
	for (i = 0; i < SIZE; i++) {
		u32 offset = (slot + i) % SIZE;

		t = &snap->target[target[hash(v + offset, &slot_key) % SIZE]];
		if (vs_target_usable(t))
			return t->dest;
	}
	return NULL;
}

struct vs_dest *vs_mh_pick(const struct vs_snap *snap,
			   const struct vs_flow *flow)
{
	const u32 *target = snap->table;
	const struct vs_target *t;
	u32 v, slot;

	if (!target)
		return NULL;
	v = vs_flow_port(snap, flow) + vs_addr_fold(flow->af, flow->saddr);
	slot = hash(v, &slot_key) % SIZE;
	t = &snap->target[target[slot]];
	if (vs_target_usable(t))
		return t->dest;
	if (!vs_has_flag(snap, VS_SCHED_F_FALLBACK))
		return NULL;
	return pick_other(snap, v, slot);
}

/* Weights as turns: in the smallest whole numbers, halved until they are below
 * 2^TURN_BITS. */
static void set_turns(const struct vs_snap *snap, u32 first, struct way *way)
{
	u32 divisor = 0, most = 0, i;
	int shift;

	for (i = first; i < snap->n; i++) {
		u32 weight = snap->target[i].dest->last_weight;

		if (weight)
			divisor = divisor ? gcd(weight, divisor) : weight;
		most = max(most, weight);
	}
	if (!most)
		return;
	shift = max(fls(most / divisor) - TURN_BITS, 0);
	for (i = first; i < snap->n; i++) {
		u32 weight = snap->target[i].dest->last_weight;

		way[i].turns = max(weight / divisor >> shift, (u32)!!weight);
	}
}

static void set_ways(const struct vs_snap *snap, u32 first, struct way *way)
{
	u32 i;

	for (i = first; i < snap->n; i++) {
		const struct vs_dest_key *key = &snap->target[i].dest->key;
		u32 v = vs_addr_fold(snap->af, &key->addr) + ntohs(key->port);

		way[i].slot = hash(v, &slot_key) % SIZE;
		way[i].step = hash(v, &step_key) % (SIZE - 1) + 1;
	}
}

static void take_slot(u32 *target, struct way *way, u32 i)
{
	while (target[way->slot] != FREE)
		way->slot = (way->slot + way->step) % SIZE;
	target[way->slot] = i;
}

/* Somebody has a turn. */
static void fill(const struct vs_snap *snap, u32 first, struct way *way,
		 u32 *target)
{
	u32 left = SIZE;
	u32 i, k;

	memset(target, 0xff, SIZE * sizeof(*target));
	for (;;) {
		for (i = first; i < snap->n; i++) {
			for (k = way[i].turns; k; k--) {
				take_slot(target, &way[i], i);
				if (!--left)
					return;
			}
		}
	}
}

static bool any_turn(const struct vs_snap *snap, const struct way *way)
{
	u32 i;

	for (i = 0; i < snap->n; i++)
		if (way[i].turns)
			return true;
	return false;
}

/* Those that came when there were as many destinations as slots get none. */
int vs_mh_init(struct vs_snap *snap)
{
	u32 first = snap->n > SIZE ? snap->n - SIZE : 0;
	struct way *way;
	u32 *target;

	if (!snap->n)
		return 0;
	way = kvcalloc(snap->n, sizeof(*way), GFP_KERNEL);
	if (!way)
		return -ENOMEM;
	set_turns(snap, first, way);
	if (!any_turn(snap, way)) {
		kvfree(way);
		return 0;
	}
	target = kvcalloc(SIZE, sizeof(*target), GFP_KERNEL);
	if (target) {
		set_ways(snap, first, way);
		fill(snap, first, way, target);
	}
	kvfree(way);
	snap->table = target;
	return target ? 0 : -ENOMEM;
}
