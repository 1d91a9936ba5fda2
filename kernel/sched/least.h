/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_SCHED_LEAST_H
#define VS_SCHED_LEAST_H

#include "sched/impl.h"

/* The choice of the destination with the least load / weight. */

enum vs_least_rule {
	VS_LEAST_LC,
	VS_LEAST_WLC,
	VS_LEAST_SED,
	VS_LEAST_NQ,
};

/* wlc counts an active connection as this many inactive ones, plus one. */
#define VS_ACTIVE_WEIGHT	256

/**
 * vs_least_load() - a destination's load, by which lc, wlc, sed and nq differ
 * @rule:	the scheduler's rule
 * @dest:	the destination
 *
 * Products of loads and weights fit 64 bits with up to 2^24 active connections
 * per destination at the highest weight (2^31), with more at lower weights.
 */
static inline u64 vs_least_load(enum vs_least_rule rule,
				const struct vs_dest *dest)
{
	u32 active = atomic_read(&dest->active);

	switch (rule) {
	case VS_LEAST_SED:	/* expected delay: with the new connection */
		return active + 1ull;
	case VS_LEAST_NQ:	/* never queue: an idle one first, else sed */
		return active ? active + 1ull : 0;
	case VS_LEAST_LC:
	case VS_LEAST_WLC:
		break;
	}
	return (u64)active * VS_ACTIVE_WEIGHT +
	       (u32)atomic_read(&dest->total);
}

/* lc ignores weights but for 0. */
static inline u32 vs_least_weight(enum vs_least_rule rule,
				  const struct vs_target *t)
{
	return rule == VS_LEAST_LC ? 1 : t->weight;
}

/**
 * struct vs_least - state of lc, wlc, sed and nq; lblc and lblcr embed it
 * @tree:	NULL if there are few targets
 * @rule:	what load is
 */
struct vs_least {
	struct vs_tree *tree;
	enum vs_least_rule rule;
};

/* least.c: as the operations of struct vs_sched. */
int vs_least_init(struct vs_snap *snap, enum vs_least_rule rule);
void vs_least_publish(struct vs_snap *snap);
void vs_least_retire(struct vs_snap *snap);
void vs_least_release(struct vs_snap *snap);

/*
 * tree.c: finds the least loaded of many targets. From attach to detach the
 * tree watches the destinations' loads; it must not be freed before a grace
 * period has passed since. Detaching a tree that is not attached does nothing.
 */
struct vs_tree *vs_tree_new(struct vs_snap *snap, enum vs_least_rule rule);
void vs_tree_free(struct vs_tree *tree);
void vs_tree_attach(struct vs_tree *tree);
void vs_tree_detach(struct vs_tree *tree);
struct vs_dest *vs_tree_pick(struct vs_tree *tree);

#endif /* VS_SCHED_LEAST_H */
