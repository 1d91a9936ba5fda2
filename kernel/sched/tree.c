// SPDX-License-Identifier: GPL-2.0
/*
 * The least loaded of many destinations in O(log n): a tournament. Each inner
 * node of a binary tree over the targets names the better of its two
 * children's winners, the left one when they are equal, so that the root is
 * what a walk over all of them would find.
 *
 * Loads change on any CPU at any time. Whoever changes one only sets a bit
 * (and one that says in which word of bits to look); who chooses plays the
 * matches of the marked targets again. A bit is set after the load has changed
 * and cleared before it is read: no change gets lost.
 */
#include <linux/bitops.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/slab.h>

#include "sched/impl.h"

/**
 * struct vs_leaf - a target in the tree
 * @tree:	where it is; the only part that others may read
 * @load:	when last looked at
 * @weight:	likewise; 0: not usable
 */
struct vs_leaf {
	struct vs_tree *tree;
	u64 load;
	u32 weight;
};

/**
 * struct vs_tree - the tournament
 * @snap:	over whose targets; its lock protects what is not atomic
 * @first:	node number of the first leaf; a power of two
 * @winner:	target by inner node, 1 is the root
 * @marked:	targets whose load changed
 * @words:	words of @marked that are not zero
 * @leaf:	by target
 */
struct vs_tree {
	const struct vs_snap *snap;
	u32 first;
	u32 *winner;
	unsigned long *marked;
	unsigned long *words;
	struct vs_leaf leaf[];
};

static void mark(unsigned long *map, u32 n)
{
	if (test_bit(n, map))
		return;
	set_bit(n, map);
	smp_mb__after_atomic();
}

/*
 * The load, then the bit in @marked, then the one in @words, each in full
 * order. Who finds a bit set relies on who set it to go on, and on the load
 * being read after that bit is cleared.
 */
void vs_tree_mark(struct vs_dest *dest)
{
	const struct vs_leaf *leaf;
	struct vs_tree *tree;
	u32 i;

	rcu_read_lock();
	leaf = rcu_dereference(dest->leaf);
	if (leaf) {
		tree = leaf->tree;
		i = leaf - tree->leaf;
		smp_mb();
		mark(tree->marked, i);
		mark(tree->words, i / BITS_PER_LONG);
	}
	rcu_read_unlock();
}

static void look(struct vs_tree *tree, u32 i)
{
	const struct vs_target *t = &tree->snap->target[i];
	enum vs_sched_id id = tree->snap->sched->id;
	struct vs_leaf *leaf = &tree->leaf[i];

	leaf->load = vs_least_load(id, t->dest);
	leaf->weight = vs_target_usable(t) ? vs_least_weight(id, t) : 0;
}

/* Whether @b, which is behind @a in order, is to be preferred. */
static bool beats(const struct vs_leaf *b, const struct vs_leaf *a)
{
	if (!a->weight || !b->weight)
		return b->weight;
	return b->load * a->weight < a->load * b->weight;
}

static u32 winner(const struct vs_tree *tree, u32 node)
{
	return node < tree->first ? tree->winner[node] : node - tree->first;
}

static u32 play(const struct vs_tree *tree, u32 node)
{
	u32 a = winner(tree, 2 * node);
	u32 b = winner(tree, 2 * node + 1);

	if (b >= tree->snap->n)
		return a;
	return beats(&tree->leaf[b], &tree->leaf[a]) ? b : a;
}

/* Target @i has changed: plays its matches again, as far up as they matter. */
static void replay(struct vs_tree *tree, u32 i)
{
	u32 node;

	look(tree, i);
	for (node = (tree->first + i) / 2; node; node /= 2) {
		u32 now = play(tree, node);

		if (now == tree->winner[node] && now != i)
			break;
		tree->winner[node] = now;
	}
}

static void replay_word(struct vs_tree *tree, u32 w)
{
	unsigned long bits = xchg(&tree->marked[w], 0);

	for (; bits; bits &= bits - 1)
		replay(tree, w * BITS_PER_LONG + __ffs(bits));
}

static u32 num_words(u32 n)
{
	return BITS_TO_LONGS(n);
}

static void replay_marked(struct vs_tree *tree)
{
	u32 n = num_words(num_words(tree->snap->n));
	unsigned long bits;
	u32 w;

	for (w = 0; w < n; w++) {
		if (!READ_ONCE(tree->words[w]))
			continue;
		bits = xchg(&tree->words[w], 0);
		for (; bits; bits &= bits - 1)
			replay_word(tree, w * BITS_PER_LONG + __ffs(bits));
	}
}

struct vs_dest *vs_tree_pick(struct vs_snap *snap)
{
	struct vs_tree *tree = snap->state.least.tree;
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

struct vs_tree *vs_tree_new(const struct vs_snap *snap)
{
	u32 words = num_words(snap->n);
	struct vs_tree *tree;
	u32 i;

	tree = kvzalloc(struct_size(tree, leaf, snap->n), GFP_KERNEL);
	if (!tree)
		return NULL;
	tree->snap = snap;
	tree->first = roundup_pow_of_two(snap->n);
	tree->winner = kvcalloc(tree->first, sizeof(u32), GFP_KERNEL);
	tree->marked = kvcalloc(words + num_words(words),
				sizeof(unsigned long), GFP_KERNEL);
	if (!tree->winner || !tree->marked) {
		vs_tree_free(tree);
		return NULL;
	}
	tree->words = tree->marked + words;
	for (i = 0; i < snap->n; i++)
		tree->leaf[i].tree = tree;
	return tree;
}

void vs_tree_free(struct vs_tree *tree)
{
	if (!tree)
		return;
	kvfree(tree->winner);
	kvfree(tree->marked);
	kvfree(tree);
}

void vs_tree_attach(struct vs_tree *tree)
{
	const struct vs_snap *snap = tree->snap;
	u32 i;

	/* Changes are marked from here on, then the loads are read. */
	for (i = 0; i < snap->n; i++)
		rcu_assign_pointer(snap->target[i].dest->leaf, &tree->leaf[i]);
	smp_mb();
	for (i = 0; i < snap->n; i++)
		look(tree, i);
	for (i = tree->first - 1; i; i--)
		tree->winner[i] = play(tree, i);
}

void vs_tree_detach(struct vs_tree *tree)
{
	const struct vs_snap *snap = tree->snap;
	struct vs_dest *dest;
	u32 i;

	for (i = 0; i < snap->n; i++) {
		dest = snap->target[i].dest;
		/* else the next snapshot's has it already */
		if (rcu_access_pointer(dest->leaf) == &tree->leaf[i])
			RCU_INIT_POINTER(dest->leaf, NULL);
	}
}
