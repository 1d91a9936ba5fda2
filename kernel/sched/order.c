// SPDX-License-Identifier: GPL-2.0
/*
 * fo, ovf: the heaviest destination that takes connections, the first of them
 * in the order of the configuration. With ovf one that has more active
 * connections than its weight says takes no more.
 */
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/sort.h>

#include "sched/impl.h"

static bool is_full(const struct vs_target *t)
{
	return atomic_read(&t->dest->active) > t->weight;
}

struct vs_dest *vs_order_pick(const struct vs_snap *snap)
{
	bool overflow = snap->sched->id == VS_SCHED_OVF;
	const u32 *order = snap->table;
	u32 i;

	for (i = 0; i < snap->state.order.n; i++) {
		const struct vs_target *t = &snap->target[order[i]];

		if (!vs_target_overloaded(t) && !(overflow && is_full(t)))
			return t->dest;
	}
	return NULL;
}

static int compare(const void *a, const void *b, const void *priv)
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

int vs_order_init(struct vs_snap *snap)
{
	u32 *order;
	u32 i, n = 0;

	if (!snap->n)
		return 0;
	order = kvcalloc(snap->n, sizeof(*order), GFP_KERNEL);
	if (!order)
		return -ENOMEM;
	for (i = 0; i < snap->n; i++)
		if (snap->target[i].weight > 0)
			order[n++] = i;
	sort_r(order, n, sizeof(*order), compare, NULL, snap);
	snap->state.order.n = n;
	snap->table = order;
	return 0;
}
