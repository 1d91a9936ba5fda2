// SPDX-License-Identifier: GPL-2.0
/*
 * twos: the power of two choices. Draws two destinations at random, in
 * proportion to their weights, and takes the one with less load / weight, the
 * first if they are equal. ip_vs draws from [0, sum of the weights] inclusive;
 * the extra value selects the first usable destination. Column 0 models it.
 *
 * A draw takes O(1) by Walker's alias method: the columns are equally high, and
 * each consists of the part of its own target and, above it, a part of one
 * other target. An overloaded destination is drawn again.
 */
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/random.h>
#include <linux/slab.h>

#include "sched/impl.h"
#include "sched/load.h"

/* After this many draws of overloaded destinations, walk over all targets. */
#define TWOS_TRIES	8

/* vs_snap.table: the columns; column i + 1 is target i's. */
struct twos_state {
	u64 sum;		/* weights' sum plus 1; height of a column */
};

/**
 * struct twos_column - a column of the alias table
 * @own:	height of the own part
 * @other:	the column whose part is above it
 */
struct twos_column {
	u64 own;
	u32 other;
};

static u64 random_below(u64 n)
{
	return mul_u64_u64_shr(get_random_u64(), n, 64);
}

static u32 draw_column(struct vs_snap *snap)
{
	u64 sum = vs_snap_state(snap, struct twos_state)->sum;
	const struct twos_column *column = snap->table;
	u32 i = random_below((u64)snap->n + 1);

	return random_below(sum) < column[i].own ? i : column[i].other;
}

static const struct vs_target *first_usable_target(const struct vs_snap *snap)
{
	u32 i;

	for (i = 0; i < snap->n; i++)
		if (vs_target_usable(&snap->target[i]))
			return &snap->target[i];
	return NULL;
}

/* The draw without the table: among the usable targets only, in O(n). */
static const struct vs_target *draw_by_walk(const struct vs_snap *snap)
{
	const struct vs_target *t = NULL;
	u64 sum = 1, n;
	u32 i;

	for (i = 0; i < snap->n; i++)
		if (vs_target_usable(&snap->target[i]))
			sum += snap->target[i].weight;
	n = random_below(sum);
	for (i = 0; i < snap->n; i++) {
		if (!vs_target_usable(&snap->target[i]))
			continue;
		t = &snap->target[i];
		if (n <= t->weight)
			break;
		n -= t->weight;
	}
	return t;
}

static const struct vs_target *draw_target(struct vs_snap *snap)
{
	const struct vs_target *t;
	int tries;
	u32 i;

	for (tries = TWOS_TRIES; tries; tries--) {
		i = draw_column(snap);
		if (!i)
			return first_usable_target(snap);
		t = &snap->target[i - 1];
		if (vs_target_usable(t))
			return t;
	}
	return draw_by_walk(snap);
}

static u64 target_load(const struct vs_target *t)
{
	return vs_load_of(VS_LOAD_WLC, t->dest);
}

struct vs_dest *vs_twos_pick(struct vs_snap *snap, const struct vs_flow *flow)
{
	const struct vs_target *a, *b;

	if (!snap->table)
		return NULL;
	a = draw_target(snap);
	b = a ? draw_target(snap) : NULL;
	if (!b)
		return a ? a->dest : NULL;
	if (target_load(b) * a->weight < target_load(a) * b->weight)
		return b->dest;
	return a->dest;
}

/*
 * A column's share of the sum, scaled by the number of columns so that the
 * average height is the sum itself.
 */
static u64 column_height(const struct vs_snap *snap, u32 i)
{
	u64 share = i ? max(snap->target[i - 1].weight, 0) : 1;

	return share * ((u64)snap->n + 1);
}

/*
 * Fill up the low columns with parts of the high ones until all are @height
 * high. @stack holds the low columns at its start and the high ones at its end.
 */
static void level_columns(struct twos_column *column, u32 n, u64 height,
			  u32 *stack)
{
	u32 low = 0, high = n;
	u32 i;

	for (i = 0; i < n; i++) {
		column[i].other = i;
		if (column[i].own < height)
			stack[low++] = i;
		else
			stack[--high] = i;
	}
	while (low && high < n) {
		u32 a = stack[--low];
		u32 b = stack[high];

		column[a].other = b;
		column[b].own -= height - column[a].own;
		if (column[b].own < height) {
			high++;
			stack[low++] = b;
		}
	}
}

static int twos_init(struct vs_snap *snap, struct vs_snap *old,
		     const struct vs_snap_conf *conf)
{
	u32 n = snap->n + 1;
	struct twos_column *column;
	u64 sum = 1;
	u32 *stack;
	u32 i;

	for (i = 0; i < snap->n; i++)
		sum += max(snap->target[i].weight, 0);
	if (sum == 1)
		return 0;
	column = kvcalloc(n, sizeof(*column), VS_GFP_CONFIG);
	stack = kvcalloc(n, sizeof(*stack), VS_GFP_CONFIG);
	if (!column || !stack) {
		kvfree(column);
		kvfree(stack);
		return -ENOMEM;
	}
	for (i = 0; i < n; i++)
		column[i].own = column_height(snap, i);
	level_columns(column, n, sum, stack);
	kvfree(stack);
	vs_snap_state(snap, struct twos_state)->sum = sum;
	snap->table = column;
	return 0;
}

const struct vs_sched vs_sched_twos = {
	.name	= "twos",
	.init	= twos_init,
};
