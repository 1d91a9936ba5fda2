// SPDX-License-Identifier: GPL-2.0
/*
 * Weighted round robin: rounds over the destinations in which those take part
 * whose weight is at least a threshold. The threshold begins at the highest
 * weight and falls by the weights' common divisor from round to round, so that
 * the heavy ones take part in more rounds. It is kept that much below the
 * multiples of the divisor that the last round has a threshold of 1.
 */
#include <linux/gcd.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "sched/impl.h"

/* Above this many targets their maxima are worth the memory. */
#define WALK_MAX	32

/*
 * For many targets: the maxima of the weights below each node of a binary tree
 * over them, node 1 being the root. Tells where the next target with a weight
 * of at least so much is in O(log n).
 */
static int *build_max(const struct vs_snap *snap)
{
	u32 first = roundup_pow_of_two(snap->n);
	int *m = kvcalloc(first, 2 * sizeof(*m), GFP_KERNEL);
	u32 i;

	if (!m)
		return NULL;
	for (i = 0; i < snap->n; i++)
		m[first + i] = snap->target[i].weight;
	for (i = first - 1; i; i--)
		m[i] = max(m[2 * i], m[2 * i + 1]);
	return m;
}

/* The first target at @from or behind with a weight of at least @least (which
 * is not 0), or one behind all. */
static u32 first_heavy(const struct vs_snap *snap, u32 from, int least)
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
		/* up while this was the right half, then to the right */
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

/* The first target at @from or behind that takes part at @threshold, or n. */
static int find(const struct vs_snap *snap, u32 from, int threshold)
{
	u32 i = first_heavy(snap, from, threshold);

	while (i < snap->n && vs_target_overloaded(&snap->target[i]))
		i = first_heavy(snap, i + 1, threshold);
	return i;
}

static int best_weight(const struct vs_snap *snap)
{
	int best = 0;
	u32 i;

	for (i = 0; i < snap->n; i++)
		if (snap->target[i].weight > best &&
		    !vs_target_overloaded(&snap->target[i]))
			best = snap->target[i].weight;
	return best;
}

/* The threshold of the first round, from @cw on, in which anybody of weight
 * up to @best takes part, or that of the last round. */
static int skip_rounds(int cw, int di, int best)
{
	int to = max(best, 1);

	if (cw <= to)
		return cw;
	/* down to at most @to, but no farther than the last round */
	to = cw - DIV_ROUND_UP(cw - to, di) * di;
	return to > 0 ? to : to + di;
}

/*
 * The next choice after the last one, or -1 when everybody is overloaded: known
 * once a round with threshold 1 was completed for all, in two parts when it
 * began amid the targets.
 */
static int advance(struct vs_snap *snap)
{
	int start = snap->state.wrr.last;
	int mw = snap->state.wrr.mw;
	int di = snap->state.wrr.di;
	int cw = snap->state.wrr.cw;
	bool last_round = false, wrapped = false, second_part = false;
	int end = snap->n - 1;
	int last = start;
	int i;

	while ((i = find(snap, last + 1, cw)) > end) {
		i = -1;
		last = -1;
		if (second_part) {
			last = end;
			break;
		}
		cw -= di;
		if (cw <= 0) {
			cw = mw;
			if (last_round || start < 0)
				break;
			wrapped = true;
		}
		if (find(snap, 0, cw) == (int)snap->n)
			cw = skip_rounds(cw, di, best_weight(snap));
		last_round = cw <= di;
		if (last_round && wrapped) {
			second_part = true;
			end = start;
		}
	}
	snap->state.wrr.cw = cw;
	snap->state.wrr.last = i < 0 ? last : i;
	return i;
}

struct vs_dest *vs_wrr_pick(struct vs_snap *snap)
{
	int i = -1;

	spin_lock(&snap->lock);
	if (snap->state.wrr.mw > 0)
		i = advance(snap);
	spin_unlock(&snap->lock);
	return i < 0 ? NULL : snap->target[i].dest;
}

/* Every change begins a round anew, at the threshold that was reached. */
int vs_wrr_init(struct vs_snap *snap, struct vs_snap *old)
{
	int di = 0, max_weight = 0, cw = 0;
	u32 i;

	for (i = 0; i < snap->n; i++) {
		int weight = snap->target[i].weight;

		if (weight > 0)
			di = di ? gcd(weight, di) : weight;
		max_weight = max(max_weight, weight);
	}
	di = di ? di : 1;

	if (old) {
		spin_lock_bh(&old->lock);
		cw = old->state.wrr.cw;
		spin_unlock_bh(&old->lock);
	}
	snap->state.wrr.last = -1;
	snap->state.wrr.di = di;
	snap->state.wrr.mw = max_weight - (di - 1);
	if (!cw || cw > snap->state.wrr.mw)
		cw = snap->state.wrr.mw;
	else if (di > 1)
		cw = cw / di * di + 1;
	snap->state.wrr.cw = cw;
	if (snap->n <= WALK_MAX)
		return 0;
	snap->table = build_max(snap);
	return snap->table ? 0 : -ENOMEM;
}
