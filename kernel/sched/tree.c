// SPDX-License-Identifier: GPL-2.0
/*
 * Finds the least loaded of many destinations in O(log n): a tournament tree.
 * The leaves are the targets. Each inner node names the winner of the match
 * between the winners of its two children; the left one wins a draw, so that
 * the root names the target that a walk over all of them would choose.
 *
 * Loads change on any CPU at any time. The CPU that changes a load only marks
 * the target (service/watch.h); the next choice replays the matches of the
 * marked targets first.
 */
#include <linux/bitops.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "sched/load.h"
#include "sched/tree.h"
#include "service/watch.h"

/* A target's load and weight when last read; weight 0: not usable. */
struct tree_leaf {
	u64 load;
	u32 weight;
};

/**
 * struct vs_tree - tournament over the targets of a snapshot
 * @snap:	the snapshot; its lock protects @winner and @leaf once published
 * @rule:	definition of load
 * @first:	node number of the first leaf; a power of two
 * @winner:	target by inner node; node 1 is the root
 * @marks:	targets whose load has changed
 * @watcher:	by target; attached to the target's destination
 * @leaf:	by target
 */
struct vs_tree {
	struct vs_snap *snap;
	enum vs_load_rule rule;
	u32 first;
	u32 *winner;
	struct vs_watch_marks marks;
	struct vs_watcher *watcher;
	struct tree_leaf leaf[];
};

static void leaf_update(struct vs_tree *tree, u32 i)
{
	const struct vs_target *t = &tree->snap->target[i];
	struct tree_leaf *leaf = &tree->leaf[i];

	leaf->load = vs_load_of(tree->rule, t->dest);
	leaf->weight = vs_target_usable(t) ?
		       vs_load_weight(tree->rule, t) : 0;
}

/* Whether the later target @b is preferable to @a. */
static bool leaf_beats(const struct tree_leaf *b, const struct tree_leaf *a)
{
	if (!a->weight || !b->weight)
		return b->weight;
	return b->load * a->weight < a->load * b->weight;
}

static u32 node_winner(const struct vs_tree *tree, u32 node)
{
	return node < tree->first ? tree->winner[node] : node - tree->first;
}

static u32 play_match(const struct vs_tree *tree, u32 node)
{
	u32 a = node_winner(tree, 2 * node);
	u32 b = node_winner(tree, 2 * node + 1);

	if (b >= tree->snap->n)
		return a;
	return leaf_beats(&tree->leaf[b], &tree->leaf[a]) ? b : a;
}

/*
 * Target @i has changed: replay its matches up to the root. Stop at a node that
 * another target has won before and wins again: nothing changes above it.
 */
static void replay_target(struct vs_tree *tree, u32 i)
{
	u32 node;

	leaf_update(tree, i);
	for (node = (tree->first + i) / 2; node; node /= 2) {
		u32 now = play_match(tree, node);

		if (now == tree->winner[node] && now != i)
			break;
		tree->winner[node] = now;
	}
}

static void replay_word(struct vs_tree *tree, u32 w)
{
	unsigned long bits = xchg(&tree->marks.dests[w], 0);

	for (; bits; bits &= bits - 1)
		replay_target(tree, w * BITS_PER_LONG + __ffs(bits));
}

static void replay_marked(struct vs_tree *tree)
{
	u32 n = BITS_TO_LONGS(BITS_TO_LONGS(tree->snap->n));
	unsigned long bits;
	u32 w;

	for (w = 0; w < n; w++) {
		if (!READ_ONCE(tree->marks.words[w]))
			continue;
		bits = xchg(&tree->marks.words[w], 0);
		for (; bits; bits &= bits - 1)
			replay_word(tree, w * BITS_PER_LONG + __ffs(bits));
	}
}

struct vs_dest *vs_tree_pick(struct vs_tree *tree)
{
	struct vs_snap *snap = tree->snap;
	struct vs_dest *dest = NULL;
	u32 i;

	spin_lock(&snap->lock);
	replay_marked(tree);
	i = tree->winner[1];
	if (tree->leaf[i].weight)
		dest = snap->target[i].dest;
	spin_unlock(&snap->lock);
	return dest;
}

struct vs_tree *vs_tree_new(struct vs_snap *snap, enum vs_load_rule rule)
{
	u32 words = BITS_TO_LONGS(snap->n);
	struct vs_tree *tree;
	u32 i;

	tree = kvzalloc(struct_size(tree, leaf, snap->n), VS_GFP_CONFIG);
	if (!tree)
		return NULL;
	tree->snap = snap;
	tree->rule = rule;
	tree->first = roundup_pow_of_two(snap->n);
	tree->winner = kvcalloc(tree->first, sizeof(u32), VS_GFP_CONFIG);
	tree->watcher = kvcalloc(snap->n, sizeof(*tree->watcher), VS_GFP_CONFIG);
	tree->marks.dests = kvcalloc(words + BITS_TO_LONGS(words),
				     sizeof(unsigned long), VS_GFP_CONFIG);
	if (!tree->winner || !tree->watcher || !tree->marks.dests) {
		vs_tree_free(tree);
		return NULL;
	}
	tree->marks.words = tree->marks.dests + words;
	for (i = 0; i < snap->n; i++) {
		tree->watcher[i].marks = &tree->marks;
		tree->watcher[i].index = i;
	}
	return tree;
}

void vs_tree_free(struct vs_tree *tree)
{
	if (!tree)
		return;
	kvfree(tree->winner);
	kvfree(tree->watcher);
	kvfree(tree->marks.dests);
	kvfree(tree);
}

void vs_tree_attach(struct vs_tree *tree)
{
	const struct vs_snap *snap = tree->snap;
	u32 i;

	/*
	 * A change of a load either finds the watcher and sets the mark, or is
	 * complete before the load is read below.
	 */
	for (i = 0; i < snap->n; i++)
		rcu_assign_pointer(snap->target[i].dest->watcher,
				   &tree->watcher[i]);
	smp_mb();	/* pairs with the barrier in vs_dest_load_changed() */
	for (i = 0; i < snap->n; i++) {
		leaf_update(tree, i);
		cond_resched();
	}
	for (i = tree->first - 1; i; i--)
		tree->winner[i] = play_match(tree, i);
}

void vs_tree_detach(struct vs_tree *tree)
{
	const struct vs_snap *snap = tree->snap;
	struct vs_dest *dest;
	u32 i;

	for (i = 0; i < snap->n; i++) {
		dest = snap->target[i].dest;
		/* the next snapshot's tree may have attached itself already */
		if (rcu_access_pointer(dest->watcher) == &tree->watcher[i])
			RCU_INIT_POINTER(dest->watcher, NULL);
		cond_resched();
	}
}
