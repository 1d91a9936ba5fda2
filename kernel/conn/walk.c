// SPDX-License-Identifier: GPL-2.0
/*
 * Walks over the connection table.
 *
 * A bucket holds a contiguous range of hashes, in index order, so the hash is a
 * position that is valid in every generation of the table. A walk by position
 * visits each connection that is in the table all the time, however often the
 * table is resized meanwhile.
 */
#include <linux/minmax.h>

#include "conn/chain.h"

/* Enters the bucket at @it's position and returns its first link. While the
 * table is resized, the walk follows the bucket to its new generation, where it
 * is only a part of a larger one after a shrink: what else is in that may not
 * be complete yet. */
static unsigned long iter_enter(struct vs_table_iter *it)
{
	const struct vs_buckets *b = rcu_dereference(it->t->cur);
	unsigned long link, mark;
	u32 i;

	it->upto = it->end;
	for (;;) {
		it->steps++;
		i = bucket_index(b, it->pos);
		it->upto = min(it->upto, bucket_start(b, i + 1));
		link = chain_first(&b->bucket[i]);
		if (!link_is_moved(link))
			break;
		b = rcu_dereference(b->next);
	}
	it->is_part = it->pos != bucket_start(b, i) ||
		      it->upto != bucket_start(b, i + 1);
	mark = end_mark(b, i);
	if (it->mark != mark)
		it->skip = 0;
	it->mark = mark;
	return link;
}

/* @link is the end at which a walk of the bucket arrived. Returns false if the
 * walk has left the bucket's chain, which must then be walked again. */
static bool iter_leave(struct vs_table_iter *it, unsigned long link)
{
	it->at = NULL;
	it->skip = 0;
	if (link != it->mark)
		return false;
	it->pos = it->upto;
	return true;
}

/* Whether the walk goes on; if not, it is done or it is time for a pause. */
static bool iter_goes_on(struct vs_table_iter *it)
{
	if (it->at)
		return true;
	it->done = it->pos >= it->end || !rcu_access_pointer(it->t->cur);
	if (!it->done && it->steps < VS_TABLE_STEPS)
		return true;
	it->steps = 0;
	return false;
}

static bool iter_covers(const struct vs_table_iter *it,
			const struct vs_conn *cp, enum vs_dir dir)
{
	u32 hash;

	if (likely(!it->is_part))
		return true;
	hash = vs_table_hash(it->t, cp, dir);
	return hash >= it->pos && hash < it->upto;
}

struct vs_conn *vs_table_next(struct vs_table_iter *it)
{
	const struct vs_link *l;
	unsigned long link;
	enum vs_dir dir;
	u32 n;

	while (iter_goes_on(it)) {
		link = it->at ? link_next(it->at) : iter_enter(it);
		n = it->at ? it->skip : 0;
		for_each_link(l, link, link) {
			struct vs_conn *cp = link_conn(l, &dir);

			it->steps++;
			if (dir != VS_DIR_IN || !iter_covers(it, cp, dir) ||
			    n++ < it->skip)
				continue;
			it->skip = n;
			it->at = l;
			return cp;
		}
		iter_leave(it, link);
	}
	return NULL;
}

int vs_table_next_length(struct vs_table_iter *it)
{
	const struct vs_link *l;
	unsigned long link;
	enum vs_dir dir;
	int n;

	while (iter_goes_on(it)) {
		n = 0;
		for_each_link(l, link, iter_enter(it)) {
			const struct vs_conn *cp = link_conn(l, &dir);

			it->steps++;
			n += iter_covers(it, cp, dir);
		}
		if (iter_leave(it, link))
			return n;
	}
	return -1;
}
