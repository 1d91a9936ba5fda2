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

	if (old && old->sched != sched)
		old = NULL;
	if (!sched)
		return snap;
	switch (sched->id) {
	case VS_SCHED_RR:
		vs_rr_carry(snap, old);
		break;
	case VS_SCHED_WRR:
		vs_wrr_carry(snap, old);
		break;
	default:
		break;
	}
	return snap;
}

void vs_snap_free(struct vs_snap *snap)
{
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
