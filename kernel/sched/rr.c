// SPDX-License-Identifier: GPL-2.0
/*
 * rr: round robin. Chooses the next usable destination after the last choice;
 * all weights other than 0 are equivalent.
 */
#include "sched/impl.h"

struct rr_state {
	atomic_t last;		/* index of the last choice, -1: none */
};

static int rr_next(const struct vs_snap *snap, int last)
{
	u32 i = last;
	u32 left;

	for (left = snap->n; left; left--) {
		if (++i >= snap->n)
			i = 0;
		if (vs_target_usable(&snap->target[i]))
			return i;
	}
	return -1;
}

struct vs_dest *vs_rr_pick(struct vs_snap *snap, const struct vs_flow *flow)
{
	struct rr_state *state = vs_snap_state(snap, struct rr_state);
	int last = atomic_read(&state->last);
	int i;

	do {
		i = rr_next(snap, last);
		if (i < 0)
			return NULL;
	} while (!atomic_try_cmpxchg(&state->last, &last, i));
	return snap->target[i].dest;
}

static int rr_index_of(const struct vs_snap *snap, const struct vs_dest *dest)
{
	u32 i;

	for (i = 0; i < snap->n; i++)
		if (snap->target[i].dest == dest)
			return i;
	return -1;
}

/*
 * As in ip_vs, a change does not restart the round: continue after the last
 * choice or, if that destination is gone, after its nearest predecessor that
 * still exists.
 */
static int rr_init(struct vs_snap *snap, struct vs_snap *old,
		   const struct vs_snap_conf *conf)
{
	int last = -1;
	int i;

	if (old) {
		i = atomic_read(&vs_snap_state(old, struct rr_state)->last);
		for (; i >= 0; i--) {
			last = rr_index_of(snap, old->target[i].dest);
			if (last >= 0)
				break;
		}
	}
	atomic_set(&vs_snap_state(snap, struct rr_state)->last, last);
	return 0;
}

const struct vs_sched vs_sched_rr = {
	.name	= "rr",
	.init	= rr_init,
};
