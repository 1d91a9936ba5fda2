// SPDX-License-Identifier: GPL-2.0
/*
 * fo, ovf: the destination with the highest weight that takes connections, the
 * first in configuration order if several are equal. With ovf a destination
 * takes none while it has more active connections than its weight.
 */
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/sort.h>

#include "sched/impl.h"

/* vs_snap.table: the targets with a weight, by descending weight. */
struct order_state {
	u32 n;
};

static bool target_full(const struct vs_target *t)
{
	return atomic_read(&t->dest->active) > t->weight;
}

static __always_inline struct vs_dest *order_pick(struct vs_snap *snap,
						  bool overflow)
{
	u32 n = vs_snap_state(snap, struct order_state)->n;
	const u32 *order = snap->table;
	u32 i;

	for (i = 0; i < n; i++) {
		const struct vs_target *t = &snap->target[order[i]];

		if (!vs_target_overloaded(t) && !(overflow && target_full(t)))
			return t->dest;
	}
	return NULL;
}

struct vs_dest *vs_fo_pick(struct vs_snap *snap, const struct vs_flow *flow)
{
	return order_pick(snap, false);
}

struct vs_dest *vs_ovf_pick(struct vs_snap *snap, const struct vs_flow *flow)
{
	return order_pick(snap, true);
}

static int compare_targets(const void *a, const void *b, const void *priv)
{
	const struct vs_snap *snap = priv;
	u32 i = *(const u32 *)a;
	u32 j = *(const u32 *)b;
	int v = snap->target[i].weight;
	int w = snap->target[j].weight;

	if (v != w)
		return v > w ? -1 : 1;
	return i < j ? -1 : i > j;
}

static int order_init(struct vs_snap *snap, struct vs_snap *old,
		      const struct vs_snap_conf *conf)
{
	u32 *order;
	u32 i, n = 0;

	if (!snap->n)
		return 0;
	order = kvcalloc(snap->n, sizeof(*order), VS_GFP_CONFIG);
	if (!order)
		return -ENOMEM;
	for (i = 0; i < snap->n; i++)
		if (snap->target[i].weight > 0)
			order[n++] = i;
	sort_r(order, n, sizeof(*order), compare_targets, NULL, snap);
	vs_snap_state(snap, struct order_state)->n = n;
	snap->table = order;
	return 0;
}

const struct vs_sched vs_sched_fo = {
	.name	= "fo",
	.init	= order_init,
};

const struct vs_sched vs_sched_ovf = {
	.name	= "ovf",
	.init	= order_init,
};
