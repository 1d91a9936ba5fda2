// SPDX-License-Identifier: GPL-2.0
/*
 * Round robin: the next usable destination after the last chosen one, whatever
 * the weights, as long as they are not zero.
 */
#include "sched/impl.h"

static int next_usable(const struct vs_snap *snap, int last)
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

struct vs_dest *vs_rr_pick(struct vs_snap *snap)
{
	int last = atomic_read(&snap->state.rr.last);
	int i;

	do {
		i = next_usable(snap, last);
		if (i < 0)
			return NULL;
	} while (!atomic_try_cmpxchg(&snap->state.rr.last, &last, i));
	return snap->target[i].dest;
}

static int find(const struct vs_snap *snap, const struct vs_dest *dest)
{
	u32 i;

	for (i = 0; i < snap->n; i++)
		if (snap->target[i].dest == dest)
			return i;
	return -1;
}

/* Goes on after the last chosen destination, or after its predecessor when
 * that destination is gone. */
void vs_rr_init(struct vs_snap *snap, const struct vs_snap *old)
{
	int last = -1;
	int i;

	if (old) {
		for (i = atomic_read(&old->state.rr.last); i >= 0; i--) {
			last = find(snap, old->target[i].dest);
			if (last >= 0)
				break;
		}
	}
	atomic_set(&snap->state.rr.last, last);
}
