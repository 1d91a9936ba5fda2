// SPDX-License-Identifier: GPL-2.0
/*
 * The schedulers by name and number, and the snapshots they choose from.
 */
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/slab.h>

#include "impl.h"

static const struct vs_sched scheds[] = {
	{ .id = VS_SCHED_RR, .name = "rr" },
	{ .id = VS_SCHED_WRR, .name = "wrr" },
	{ .id = VS_SCHED_LC, .name = "lc" },
	{ .id = VS_SCHED_WLC, .name = "wlc" },
	{ .id = VS_SCHED_SED, .name = "sed" },
	{ .id = VS_SCHED_NQ, .name = "nq" },
};

const struct vs_sched *vs_sched_find(const char *name)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(scheds); i++)
		if (!strcmp(scheds[i].name, name))
			return &scheds[i];
	return NULL;
}

static bool is_least(const struct vs_sched *sched)
{
	return sched && (sched->id == VS_SCHED_LC || sched->id == VS_SCHED_WLC ||
			 sched->id == VS_SCHED_SED || sched->id == VS_SCHED_NQ);
}

static int init_state(struct vs_snap *snap, struct vs_snap *old)
{
	if (!snap->sched)
		return 0;
	if (old && old->sched != snap->sched)
		old = NULL;
	switch (snap->sched->id) {
	case VS_SCHED_RR:
		vs_rr_init(snap, old);
		return 0;
	case VS_SCHED_WRR:
		return vs_wrr_init(snap, old);
	default:
		return vs_least_init(snap);
	}
}

struct vs_snap *vs_snap_build(const struct vs_sched *sched, u32 flags,
			      const struct list_head *dests, u32 n,
			      struct vs_snap *old)
{
	struct vs_dest *dest;
	struct vs_snap *snap;
	u32 i = 0;

	snap = kvzalloc(struct_size(snap, target, n), GFP_KERNEL);
	if (!snap)
		return NULL;
	snap->sched = sched;
	snap->flags = flags;
	snap->n = n;
	spin_lock_init(&snap->lock);
	list_for_each_entry(dest, dests, list) {
		if (WARN_ON_ONCE(i == n))
			break;
		snap->target[i].dest = dest;
		snap->target[i].weight = READ_ONCE(dest->weight);
		i++;
	}
	snap->n = i;

	if (init_state(snap, old)) {
		kvfree(snap);
		return NULL;
	}
	return snap;
}

static void free_rcu(struct rcu_head *rcu)
{
	vs_snap_free(container_of(rcu, struct vs_snap, rcu));
}

void vs_snap_retire(struct vs_snap *snap)
{
	if (is_least(snap->sched) && snap->state.least.tree)
		vs_tree_detach(snap->state.least.tree);
	call_rcu(&snap->rcu, free_rcu);
}

void vs_snap_free(struct vs_snap *snap)
{
	if (is_least(snap->sched))
		vs_tree_free(snap->state.least.tree);
	else if (snap->sched && snap->sched->id == VS_SCHED_WRR)
		vs_wrr_exit(snap);
	kvfree(snap);
}

struct vs_dest *vs_sched_pick(struct vs_snap *snap, const struct vs_flow *flow)
{
	if (!snap->sched)
		return NULL;
	switch (snap->sched->id) {
	case VS_SCHED_RR:
		return vs_rr_pick(snap);
	case VS_SCHED_WRR:
		return vs_wrr_pick(snap);
	case VS_SCHED_LC:
	case VS_SCHED_WLC:
	case VS_SCHED_SED:
	case VS_SCHED_NQ:
		return vs_least_pick(snap);
	}
	return NULL;
}
