// SPDX-License-Identifier: GPL-2.0
/*
 * mh: Maglev hashing (Eisenbud et al., NSDI 2016, section 3.4). The hash of the
 * client's address selects a slot of a table. To fill the table, each
 * destination goes through the slots in an order that only depends on its own
 * address and port; the destinations take turns, and in its turn each takes as
 * many free slots as its weight. So adding or removing a destination moves few
 * clients between the others, and directors to which the same destinations were
 * added in the same order make the same choices.
 *
 * A destination of weight 0 keeps the slots of its last weight, but refuses.
 */
#include <linux/gcd.h>
#include <linux/mm.h>
#include <linux/siphash.h>
#include <linux/slab.h>

#include "sched/impl.h"

/* Without the in-tree ip_vs: the default of its Kconfig. */
#ifndef CONFIG_IP_VS_MH_TAB_INDEX
#define CONFIG_IP_VS_MH_TAB_INDEX	12
#endif

static const u32 mh_primes[] = {
	251, 509, 1021, 2039, 4093, 8191, 16381, 32749, 65521, 131071
};

#define MH_SIZE		mh_primes[CONFIG_IP_VS_MH_TAB_INDEX - 8]
#define MH_TURN_BITS	(CONFIG_IP_VS_MH_TAB_INDEX / 2)
#define MH_FREE		U32_MAX

/* ip_vs's constants: the same on all directors. */
static const hsiphash_key_t slot_key = {{ 2654435761UL, 2654435761UL }};
static const hsiphash_key_t step_key = {{ 2654446892UL, 2654446892UL }};

/**
 * struct mh_walk - a destination's walk through the table while it is filled
 * @slot:	next slot to try
 * @step:	distance to the slot after it
 * @turn:	slots to take in a turn
 */
struct mh_walk {
	u32 slot;
	u32 step;
	u32 turn;
};

static u32 mh_hash(u32 v, const hsiphash_key_t *key)
{
	return hsiphash(&v, sizeof(v), key);
}

static bool any_target_usable(const struct vs_snap *snap)
{
	u32 i;

	for (i = 0; i < snap->n; i++)
		if (vs_target_usable(&snap->target[i]))
			return true;
	return false;
}

/* With the fallback flag: rehash until a usable target is found, as ip_vs
 * does. */
static struct vs_dest *mh_fallback(const struct vs_snap *snap, u32 v, u32 slot)
{
	const u32 *target = snap->table;
	const struct vs_target *t;
	u32 i;

	if (!any_target_usable(snap))
		return NULL;
	for (i = 0; i < MH_SIZE; i++) {
		u32 offset = (slot + i) % MH_SIZE;

		t = &snap->target[target[mh_hash(v + offset, &slot_key) % MH_SIZE]];
		if (vs_target_usable(t))
			return t->dest;
	}
	return NULL;
}

struct vs_dest *vs_mh_pick(struct vs_snap *snap, const struct vs_flow *flow)
{
	const u32 *target = snap->table;
	const struct vs_target *t;
	u32 v, slot;

	if (!target)
		return NULL;
	v = vs_flow_port(snap, flow) + vs_addr_fold(flow->af, flow->saddr);
	slot = mh_hash(v, &slot_key) % MH_SIZE;
	t = &snap->target[target[slot]];
	if (vs_target_usable(t))
		return t->dest;
	if (!vs_snap_has_flag(snap, VS_SCHED_F_FALLBACK))
		return NULL;
	return mh_fallback(snap, v, slot);
}

/*
 * Weights as slots per turn: divided by their greatest common divisor, then
 * halved until they are below 2^MH_TURN_BITS.
 */
static void set_turns(const struct vs_snap *snap, u32 first,
		      struct mh_walk *walk)
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
	shift = max(fls(most / divisor) - MH_TURN_BITS, 0);
	for (i = first; i < snap->n; i++) {
		u32 weight = snap->target[i].dest->last_weight;

		walk[i].turn = max(weight / divisor >> shift, (u32)!!weight);
	}
}

static void set_walks(const struct vs_snap *snap, u32 first,
		      struct mh_walk *walk)
{
	u32 i;

	for (i = first; i < snap->n; i++) {
		const struct vs_dest_key *key = &snap->target[i].dest->key;
		u32 v = vs_addr_fold(snap->af, &key->addr) + ntohs(key->port);

		walk[i].slot = mh_hash(v, &slot_key) % MH_SIZE;
		walk[i].step = mh_hash(v, &step_key) % (MH_SIZE - 1) + 1;
	}
}

/* MH_SIZE is prime: the walk visits every slot before it repeats one. */
static void take_mh_slot(u32 *target, struct mh_walk *walk, u32 i)
{
	while (target[walk->slot] != MH_FREE)
		walk->slot = (walk->slot + walk->step) % MH_SIZE;
	target[walk->slot] = i;
}

/* At least one turn must not be 0. */
static void fill_mh_table(const struct vs_snap *snap, u32 first,
			  struct mh_walk *walk, u32 *target)
{
	u32 left = MH_SIZE;
	u32 i, k;

	memset(target, 0xff, MH_SIZE * sizeof(*target));	/* MH_FREE */
	for (;;) {
		for (i = first; i < snap->n; i++) {
			for (k = walk[i].turn; k; k--) {
				take_mh_slot(target, &walk[i], i);
				if (!--left)
					return;
			}
		}
	}
}

static bool any_turn(const struct vs_snap *snap, const struct mh_walk *walk)
{
	u32 i;

	for (i = 0; i < snap->n; i++)
		if (walk[i].turn)
			return true;
	return false;
}

/*
 * vs_snap.table: target by slot; NULL if no target has ever had a weight. With
 * more targets than slots the newest ones get no slots.
 */
static int mh_init(struct vs_snap *snap, struct vs_snap *old,
		   const struct vs_snap_conf *conf)
{
	u32 first = snap->n > MH_SIZE ? snap->n - MH_SIZE : 0;
	struct mh_walk *walk;
	u32 *target;

	if (!snap->n)
		return 0;
	walk = kvcalloc(snap->n, sizeof(*walk), VS_GFP_CONFIG);
	if (!walk)
		return -ENOMEM;
	set_turns(snap, first, walk);
	if (!any_turn(snap, walk)) {
		kvfree(walk);
		return 0;
	}
	target = kvcalloc(MH_SIZE, sizeof(*target), VS_GFP_CONFIG);
	if (target) {
		set_walks(snap, first, walk);
		fill_mh_table(snap, first, walk, target);
	}
	kvfree(walk);
	snap->table = target;
	return target ? 0 : -ENOMEM;
}

const struct vs_sched vs_sched_mh = {
	.name	= "mh",
	.init	= mh_init,
};
