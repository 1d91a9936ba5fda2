// SPDX-License-Identifier: GPL-2.0
/*
 * lc, wlc, sed, nq: the destination with the least load in relation to its
 * weight, the first of them in the order of the configuration. They differ in
 * what load is.
 */
#include "sched/impl.h"

/* Above this many targets a tree is faster than a walk. */
#define WALK_MAX	32

struct vs_dest *vs_least_pick(struct vs_snap *snap)
{
	enum vs_sched_id id = snap->sched->id;
	struct vs_dest *least = NULL;
	u64 least_load = 0;
	u32 least_weight = 1;
	u32 i;

	if (snap->state.least.tree)
		return vs_tree_pick(snap);

	for (i = 0; i < snap->n; i++) {
		const struct vs_target *t = &snap->target[i];
		u32 weight;
		u64 load;

		if (!vs_target_usable(t))
			continue;
		load = vs_least_load(id, t->dest);
		weight = vs_least_weight(id, t);
		/* load / weight < least_load / least_weight */
		if (!least || load * least_weight < least_load * weight) {
			least = t->dest;
			least_load = load;
			least_weight = weight;
		}
	}
	return least;
}

int vs_least_init(struct vs_snap *snap)
{
	if (snap->n <= WALK_MAX)
		return 0;
	snap->state.least.tree = vs_tree_new(snap);
	if (!snap->state.least.tree)
		return -ENOMEM;
	vs_tree_attach(snap->state.least.tree);
	return 0;
}
