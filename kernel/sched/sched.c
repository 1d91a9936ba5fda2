// SPDX-License-Identifier: GPL-2.0
/*
 * The life cycle of snapshots, and the dispatch to the schedulers.
 */
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "sched/list.h"
#include "sched/sched.h"

static int snap_init_state(struct vs_snap *snap, struct vs_snap *old,
			   const struct vs_snap_conf *conf)
{
	const struct vs_sched *sched = snap->sched;

	if (!sched || !sched->init)
		return 0;
	if (old && old->sched != sched)
		old = NULL;
	return sched->init(snap, old, conf);
}

struct vs_snap *vs_snap_build(const struct vs_snap_conf *conf,
			      struct vs_snap *old)
{
	struct vs_dest *dest;
	struct vs_snap *snap;
	u32 i = 0;

	snap = kvzalloc(struct_size(snap, target, conf->n), VS_GFP_CONFIG);
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
		cond_resched();
	}
	snap->n = i;

	if (snap_init_state(snap, old, conf)) {
		kvfree(snap->table);
		kvfree(snap);
		return NULL;
	}
	return snap;
}

void vs_snap_publish(struct vs_snap *snap)
{
	if (snap->sched && snap->sched->publish)
		snap->sched->publish(snap);
}

void vs_snap_set_flags(struct vs_snap *snap, u32 flags)
{
	WRITE_ONCE(snap->flags, flags);
}

void vs_snap_forget(struct vs_snap *snap)
{
	if (snap->sched && snap->sched->forget)
		snap->sched->forget(snap);
}

static void snap_detach(struct vs_snap *snap)
{
	if (snap->sched && snap->sched->retire)
		snap->sched->retire(snap);
}

static void snap_free_rcu(struct rcu_head *rcu)
{
	struct vs_snap *snap = container_of(rcu, struct vs_snap, rcu);

	if (snap->sched && snap->sched->release)
		snap->sched->release(snap);
	kvfree(snap->table);
	kvfree(snap);
}

void vs_snap_retire(struct vs_snap *snap)
{
	snap_detach(snap);
	call_rcu(&snap->rcu, snap_free_rcu);
}

void vs_snap_free(struct vs_snap *snap)
{
	snap_detach(snap);
	snap_free_rcu(&snap->rcu);
}

const struct vs_sched *vs_sched_by_name(const char *name)
{
#define ROW(name, pick)	&vs_sched_##name,
	static const struct vs_sched *const scheds[] = { VS_SCHEDS(ROW) };
#undef ROW
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(scheds); i++)
		if (!strcmp(scheds[i]->name, name))
			return scheds[i];
	return NULL;
}

/* Compares the row's address instead of following a function pointer in it. */
struct vs_dest *vs_sched_pick(struct vs_snap *snap, const struct vs_flow *flow)
{
	const struct vs_sched *sched = snap->sched;

	vs_assert_packet_context();
#define PICK(name, pick)	sched == &vs_sched_##name ? pick(snap, flow) :
	return VS_SCHEDS(PICK) NULL;
#undef PICK
}
