// SPDX-License-Identifier: GPL-2.0
/*
 * The schedulers by name and number, and the snapshots they choose from.
 */
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/slab.h>

#include "sched/cache.h"
#include "sched/impl.h"

static const struct vs_sched scheds[] = {
	{ .id = VS_SCHED_RR, .name = "rr" },
	{ .id = VS_SCHED_WRR, .name = "wrr" },
	{ .id = VS_SCHED_LC, .name = "lc" },
	{ .id = VS_SCHED_WLC, .name = "wlc" },
	{ .id = VS_SCHED_SED, .name = "sed" },
	{ .id = VS_SCHED_NQ, .name = "nq" },
	{ .id = VS_SCHED_FO, .name = "fo" },
	{ .id = VS_SCHED_OVF, .name = "ovf" },
	{ .id = VS_SCHED_TWOS, .name = "twos" },
	{ .id = VS_SCHED_DH, .name = "dh" },
	{ .id = VS_SCHED_SH, .name = "sh" },
	{ .id = VS_SCHED_MH, .name = "mh" },
	{ .id = VS_SCHED_LBLC, .name = "lblc" },
	{ .id = VS_SCHED_LBLCR, .name = "lblcr" },
};

const struct vs_sched *vs_sched_by_name(const char *name)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(scheds); i++)
		if (!strcmp(scheds[i].name, name))
			return &scheds[i];
	return NULL;
}

static bool is_local(const struct vs_snap *snap)
{
	return snap->sched && (snap->sched->id == VS_SCHED_LBLC ||
			       snap->sched->id == VS_SCHED_LBLCR);
}

static bool is_least(const struct vs_snap *snap)
{
	if (!snap->sched)
		return false;
	switch (snap->sched->id) {
	case VS_SCHED_LC:
	case VS_SCHED_WLC:
	case VS_SCHED_SED:
	case VS_SCHED_NQ:
		return true;
	default:
		return is_local(snap);
	}
}

static int init_state(struct vs_snap *snap, struct vs_snap *old,
		      const int *expiration)
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
	case VS_SCHED_LC:
	case VS_SCHED_WLC:
	case VS_SCHED_SED:
	case VS_SCHED_NQ:
		return vs_least_init(snap);
	case VS_SCHED_FO:
	case VS_SCHED_OVF:
		return vs_order_init(snap);
	case VS_SCHED_TWOS:
		return vs_twos_init(snap);
	case VS_SCHED_DH:
		return 0;
	case VS_SCHED_SH:
		return vs_sh_init(snap);
	case VS_SCHED_MH:
		return vs_mh_init(snap);
	case VS_SCHED_LBLC:
	case VS_SCHED_LBLCR:
		return vs_local_init(snap, old, expiration);
	}
	return 0;
}

struct vs_snap *vs_snap_build(const struct vs_snap_conf *conf,
			      struct vs_snap *old)
{
	struct vs_dest *dest;
	struct vs_snap *snap;
	u32 i = 0;

	snap = kvzalloc(struct_size(snap, target, conf->n), GFP_KERNEL);
	if (!snap)
		return NULL;
	snap->sched = conf->sched;
	snap->flags = conf->flags;
	snap->af = conf->af;
	snap->n = conf->n;
	spin_lock_init(&snap->lock);
	list_for_each_entry(dest, conf->dests, list) {
		if (WARN_ON_ONCE(i == conf->n))
			break;
		snap->target[i].dest = dest;
		snap->target[i].weight = READ_ONCE(dest->weight);
		i++;
	}
	snap->n = i;

	if (init_state(snap, old, conf->expiration)) {
		kvfree(snap->table);
		kvfree(snap);
		return NULL;
	}
	return snap;
}

static void stop(struct vs_snap *snap)
{
	if (is_least(snap) && snap->state.least.tree)
		vs_tree_detach(snap->state.least.tree);
	if (is_local(snap))
		vs_cache_put(snap->state.least.cache);
}

static void release(struct rcu_head *rcu)
{
	struct vs_snap *snap = container_of(rcu, struct vs_snap, rcu);

	if (is_least(snap))
		vs_tree_free(snap->state.least.tree);
	kvfree(snap->table);
	kvfree(snap);
}

void vs_snap_retire(struct vs_snap *snap)
{
	stop(snap);
	call_rcu(&snap->rcu, release);
}

void vs_snap_free(struct vs_snap *snap)
{
	stop(snap);
	release(&snap->rcu);
}

void vs_snap_forget(struct vs_snap *snap)
{
	if (is_local(snap))
		vs_cache_forget(snap->state.least.cache);
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
	case VS_SCHED_FO:
	case VS_SCHED_OVF:
		return vs_order_pick(snap);
	case VS_SCHED_TWOS:
		return vs_twos_pick(snap);
	case VS_SCHED_DH:
		return vs_dh_pick(snap, flow);
	case VS_SCHED_SH:
		return vs_sh_pick(snap, flow);
	case VS_SCHED_MH:
		return vs_mh_pick(snap, flow);
	case VS_SCHED_LBLC:
	case VS_SCHED_LBLCR:
		return vs_local_pick(snap, flow);
	}
	return NULL;
}
