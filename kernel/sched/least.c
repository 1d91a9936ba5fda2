// SPDX-License-Identifier: GPL-2.0
/*
 * lc, wlc, sed, nq: the destination with the least load / weight, the first in
 * configuration order if several are equal. The schedulers only differ in the
 * definition of load, see sched/load.h.
 */
#include "sched/least.h"
#include "sched/tree.h"

/* Above this many targets a tree is faster than a walk. */
#define LEAST_WALK_MAX	32

struct vs_dest *vs_least_pick(struct vs_snap *snap, const struct vs_flow *flow)
{
	const struct vs_least *state = vs_snap_state(snap, struct vs_least);
	struct vs_dest *least = NULL;
	u64 least_load = 0;
	u32 least_weight = 1;
	u32 i;

	if (state->tree)
		return vs_tree_pick(state->tree);

	for (i = 0; i < snap->n; i++) {
		const struct vs_target *t = &snap->target[i];
		u32 weight;
		u64 load;

		if (!vs_target_usable(t))
			continue;
		load = vs_load_of(state->rule, t->dest);
		weight = vs_load_weight(state->rule, t);
		/* load / weight < least_load / least_weight */
		if (!least || load * least_weight < least_load * weight) {
			least = t->dest;
			least_load = load;
			least_weight = weight;
		}
	}
	return least;
}

int vs_least_init(struct vs_snap *snap, enum vs_load_rule rule)
{
	struct vs_least *state = vs_snap_state(snap, struct vs_least);

	state->rule = rule;
	if (snap->n <= LEAST_WALK_MAX)
		return 0;
	state->tree = vs_tree_new(snap, rule);
	return state->tree ? 0 : -ENOMEM;
}

void vs_least_publish(struct vs_snap *snap)
{
	struct vs_least *state = vs_snap_state(snap, struct vs_least);

	if (state->tree)
		vs_tree_attach(state->tree);
}

void vs_least_retire(struct vs_snap *snap)
{
	struct vs_least *state = vs_snap_state(snap, struct vs_least);

	if (state->tree)
		vs_tree_detach(state->tree);
}

void vs_least_release(struct vs_snap *snap)
{
	vs_tree_free(vs_snap_state(snap, struct vs_least)->tree);
}

static int lc_init(struct vs_snap *snap, struct vs_snap *old,
		   const struct vs_snap_conf *conf)
{
	return vs_least_init(snap, VS_LOAD_LC);
}

const struct vs_sched vs_sched_lc = {
	.name		= "lc",
	.init		= lc_init,
	.publish	= vs_least_publish,
	.retire		= vs_least_retire,
	.release	= vs_least_release,
};

static int wlc_init(struct vs_snap *snap, struct vs_snap *old,
		    const struct vs_snap_conf *conf)
{
	return vs_least_init(snap, VS_LOAD_WLC);
}

const struct vs_sched vs_sched_wlc = {
	.name		= "wlc",
	.init		= wlc_init,
	.publish	= vs_least_publish,
	.retire		= vs_least_retire,
	.release	= vs_least_release,
};

static int sed_init(struct vs_snap *snap, struct vs_snap *old,
		    const struct vs_snap_conf *conf)
{
	return vs_least_init(snap, VS_LOAD_SED);
}

const struct vs_sched vs_sched_sed = {
	.name		= "sed",
	.init		= sed_init,
	.publish	= vs_least_publish,
	.retire		= vs_least_retire,
	.release	= vs_least_release,
};

static int nq_init(struct vs_snap *snap, struct vs_snap *old,
		   const struct vs_snap_conf *conf)
{
	return vs_least_init(snap, VS_LOAD_NQ);
}

const struct vs_sched vs_sched_nq = {
	.name		= "nq",
	.init		= nq_init,
	.publish	= vs_least_publish,
	.retire		= vs_least_retire,
	.release	= vs_least_release,
};
