// SPDX-License-Identifier: GPL-2.0
/*
 * wrr: weighted round robin. A round visits the destinations whose weight is at
 * least the round's threshold. The first threshold is the highest weight; it
 * falls by the greatest common divisor of the weights from round to round, so
 * that heavier destinations take part in more rounds. All thresholds are stored
 * lower by (divisor - 1), so that the last round has a threshold of 1; that
 * does not change which destinations take part.
 */
#include <linux/gcd.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "sched/impl.h"

/* Above this many targets a tree of maxima is worth its memory. */
#define WRR_WALK_MAX	32

/**
 * struct wrr_state - under vs_snap.lock once published
 * @last:	index of the last choice, -1: a round begins
 * @threshold:	of the current round
 * @first:	threshold of the first round; not positive if there is no weight
 * @step:	from one round's threshold to the next: the weights' greatest
 *		common divisor
 */
struct wrr_state {
	int last;
	int threshold;
	int first;
	int step;
};

/*
 * vs_snap.table, for many targets: the highest weight below each node of a
 * binary tree over the targets; node 1 is the root. It leads to the next target
 * with a given weight or more in O(log n).
 */
static int *build_max_tree(const struct vs_snap *snap)
{
	u32 first = roundup_pow_of_two(snap->n);
	int *m = kvcalloc(first, 2 * sizeof(*m), VS_GFP_CONFIG);
	u32 i;

	if (!m)
		return NULL;
	for (i = 0; i < snap->n; i++)
		m[first + i] = snap->target[i].weight;
	for (i = first - 1; i; i--)
		m[i] = max(m[2 * i], m[2 * i + 1]);
	return m;
}

/*
 * The first target from @from (<= n) on with a weight of at least @least (> 0),
 * or n if there is none.
 */
static u32 next_heavy_target(const struct vs_snap *snap, u32 from, int least)
{
	const int *m = snap->table;
	u32 first, node;

	if (!m) {
		while (from < snap->n && snap->target[from].weight < least)
			from++;
		return from;
	}
	if (from >= snap->n)
		return from;
	first = roundup_pow_of_two(snap->n);
	node = first + from;
	while (m[node] < least) {
		/* up while this is the right half, then to the right */
		while (node & 1)
			node /= 2;
		if (!node)
			return snap->n;
		node++;
	}
	while (node < first) {
		node *= 2;
		node += m[node] < least;
	}
	return node - first;
}

/* The same, but only targets that are not overloaded. */
static int next_in_round(const struct vs_snap *snap, u32 from, int threshold)
{
	u32 i = next_heavy_target(snap, from, threshold);

	while (i < snap->n && vs_target_overloaded(&snap->target[i]))
		i = next_heavy_target(snap, i + 1, threshold);
	return i;
}

static int max_usable_weight(const struct vs_snap *snap)
{
	int best = 0;
	u32 i;

	for (i = 0; i < snap->n; i++)
		if (snap->target[i].weight > best &&
		    !vs_target_overloaded(&snap->target[i]))
			best = snap->target[i].weight;
	return best;
}

/*
 * Skip the empty rounds: the first threshold from @threshold down that is at
 * most @best, the highest usable weight, but not beyond the last round's.
 */
static int skip_empty_rounds(int threshold, int step, int best)
{
	int to = max(best, 1);

	if (threshold <= to)
		return threshold;
	to = threshold - DIV_ROUND_UP(threshold - to, step) * step;
	return to > 0 ? to : to + step;
}

/*
 * Advance to the next choice and return its index, or -1 if all destinations
 * are overloaded. That is certain once a whole round with threshold 1 has found
 * no destination. If the search began in the middle of such a round, the round
 * is completed by its first part, after all the other rounds (@second_part).
 */
static int wrr_advance(const struct vs_snap *snap, struct wrr_state *state)
{
	int threshold = state->threshold;
	int step = state->step;
	int start = state->last;
	bool last_round = false, wrapped = false, second_part = false;
	int end = snap->n - 1;
	int last = start;
	int i;

	while ((i = next_in_round(snap, last + 1, threshold)) > end) {
		i = -1;
		last = -1;
		if (second_part) {
			last = end;
			break;
		}
		threshold -= step;
		if (threshold <= 0) {
			threshold = state->first;
			if (last_round || start < 0)
				break;
			wrapped = true;
		}
		if (next_in_round(snap, 0, threshold) == (int)snap->n)
			threshold = skip_empty_rounds(threshold, step,
						      max_usable_weight(snap));
		last_round = threshold <= step;
		if (last_round && wrapped) {
			second_part = true;
			end = start;
		}
	}
	state->threshold = threshold;
	state->last = i < 0 ? last : i;
	return i;
}

struct vs_dest *vs_wrr_pick(struct vs_snap *snap, const struct vs_flow *flow)
{
	struct wrr_state *state = vs_snap_state(snap, struct wrr_state);
	int i = -1;

	spin_lock(&snap->lock);
	if (state->first > 0)
		i = wrr_advance(snap, state);
	spin_unlock(&snap->lock);
	return i < 0 ? NULL : snap->target[i].dest;
}

/* As in ip_vs, a change begins a new round but keeps the threshold. */
static int wrr_init(struct vs_snap *snap, struct vs_snap *old,
		    const struct vs_snap_conf *conf)
{
	struct wrr_state *state = vs_snap_state(snap, struct wrr_state);
	int step = 0, max_weight = 0, threshold = 0;
	u32 i;

	for (i = 0; i < snap->n; i++) {
		int weight = snap->target[i].weight;

		if (weight > 0)
			step = step ? gcd(weight, step) : weight;
		max_weight = max(max_weight, weight);
	}
	step = step ? step : 1;

	if (old) {
		spin_lock_bh(&old->lock);
		threshold = vs_snap_state(old, struct wrr_state)->threshold;
		spin_unlock_bh(&old->lock);
	}
	state->last = -1;
	state->step = step;
	state->first = max_weight - (step - 1);
	if (!threshold || threshold > state->first)
		threshold = state->first;
	else if (step > 1)
		threshold = threshold / step * step + 1;
	state->threshold = threshold;
	if (snap->n <= WRR_WALK_MAX)
		return 0;
	snap->table = build_max_tree(snap);
	return snap->table ? 0 : -ENOMEM;
}

const struct vs_sched vs_sched_wrr = {
	.name	= "wrr",
	.init	= wrr_init,
};
