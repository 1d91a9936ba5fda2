// SPDX-License-Identifier: GPL-2.0
/*
 * twos: two destinations at random, as often as their weights say, and of them
 * the less loaded in relation to its weight (the first of equals). The numbers
 * are drawn from 0 to the sum of the weights: one more than there are, and this
 * one is the first usable destination's.
 *
 * A draw takes one look, by Walker's alias method: columns of equal height, one
 * a destination, hold a part of their own and the rest of another's. One that
 * is overloaded is drawn again.
 */
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/random.h>
#include <linux/slab.h>

#include "sched/impl.h"

/* So many draws, then a walk. */
#define TRIES	8

/* Column 0 is the extra number's, column i + 1 target i's. */
struct column {
	u64 own;		/* height of the own part */
	u32 other;		/* the column whose part is above it */
};

static u64 random_below(u64 n)
{
	return mul_u64_u64_shr(get_random_u64(), n, 64);
}

static u32 draw_column(const struct vs_snap *snap)
{
	const struct column *column = snap->table;
	u32 i = random_below((u64)snap->n + 1);

	return random_below(snap->state.twos.sum) < column[i].own ?
	       i : column[i].other;
}

static const struct vs_target *first_usable(const struct vs_snap *snap)
{
	u32 i;

	for (i = 0; i < snap->n; i++)
		if (vs_target_usable(&snap->target[i]))
			return &snap->target[i];
	return NULL;
}

/* The sum of the usable weights, then the one in which the number falls. */
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

static const struct vs_target *draw(const struct vs_snap *snap)
{
	const struct vs_target *t;
	int tries;
	u32 i;

	for (tries = TRIES; tries; tries--) {
		i = draw_column(snap);
		if (!i)
			return first_usable(snap);
		t = &snap->target[i - 1];
		if (vs_target_usable(t))
			return t;
	}
	return draw_by_walk(snap);
}

struct vs_dest *vs_twos_pick(const struct vs_snap *snap)
{
	const struct vs_target *a, *b;

	if (!snap->table)
		return NULL;
	a = draw(snap);
	b = a ? draw(snap) : NULL;
	if (!b)
		return a ? a->dest : NULL;
	if (vs_least_load(VS_SCHED_TWOS, b->dest) * a->weight <
	    vs_least_load(VS_SCHED_TWOS, a->dest) * b->weight)
		return b->dest;
	return a->dest;
}

/* A column's part, times the number of columns: their height is the sum. */
static u64 scaled(const struct vs_snap *snap, u32 i)
{
	u64 part = i ? max(snap->target[i - 1].weight, 0) : 1;

	return part * ((u64)snap->n + 1);
}

/* Columns that are too low get the rest from those that are too high; @stack has
 * the low ones at its one end and the high ones at the other. */
static void level(struct column *column, u32 n, u64 height, u32 *stack)
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

int vs_twos_init(struct vs_snap *snap)
{
	u32 n = snap->n + 1;
	struct column *column;
	u64 sum = 1;
	u32 *stack;
	u32 i;

	for (i = 0; i < snap->n; i++)
		sum += max(snap->target[i].weight, 0);
	if (sum == 1)
		return 0;
	column = kvcalloc(n, sizeof(*column), GFP_KERNEL);
	stack = kvcalloc(n, sizeof(*stack), GFP_KERNEL);
	if (!column || !stack) {
		kvfree(column);
		kvfree(stack);
		return -ENOMEM;
	}
	for (i = 0; i < n; i++)
		column[i].own = scaled(snap, i);
	level(column, n, sum, stack);
	kvfree(stack);
	snap->state.twos.sum = sum;
	snap->table = column;
	return 0;
}
