// SPDX-License-Identifier: GPL-2.0
/*
 * lc, wlc, sed, nq: the destination with the least load in relation to its
 * weight, the first of them in the order of the configuration. They differ in
 * what load is.
 */
#include "impl.h"

/* An active connection weighs as much as this many inactive ones (and one). */
#define ACTIVE_WEIGHT	256

static u64 connections(const struct vs_dest *dest)
{
	return (u64)atomic_read(&dest->active) * ACTIVE_WEIGHT +
	       atomic_read(&dest->total);
}

static u64 load(enum vs_sched_id id, const struct vs_dest *dest)
{
	u64 active;

	switch (id) {
	case VS_SCHED_SED:	/* as if it had the connection already */
		return (u64)atomic_read(&dest->active) + 1;
	case VS_SCHED_NQ:	/* sed, but the idle ones come first */
		active = atomic_read(&dest->active);
		return active ? active + 1 : 0;
	default:
		return connections(dest);
	}
}

struct vs_dest *vs_least_pick(struct vs_snap *snap)
{
	enum vs_sched_id id = snap->sched->id;
	struct vs_dest *least = NULL;
	u64 least_load = 0;
	u32 least_weight = 1;
	u32 i;

	for (i = 0; i < snap->n; i++) {
		const struct vs_target *t = &snap->target[i];
		u32 weight;
		u64 l;

		if (!vs_target_usable(t))
			continue;
		l = load(id, t->dest);
		weight = id == VS_SCHED_LC ? 1 : t->weight;
		/* l / weight < least_load / least_weight */
		if (!least || l * least_weight < least_load * weight) {
			least = t->dest;
			least_load = l;
			least_weight = weight;
		}
	}
	return least;
}
