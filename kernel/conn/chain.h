/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_CHAIN_H
#define VS_CHAIN_H

#include "conn/table.h"

/*
 * The chains of the connection table, for table.c and walk.c only; table.c
 * explains them.
 */

#define LOCKED		1UL
#define END		2UL
#define BELOW		4UL	/* of a link, with END: not in a chain */
#define TAGS		(LOCKED | END | BELOW)
#define MOVED		(~0UL & ~LOCKED)

static inline u32 bucket_count(const struct vs_buckets *b)
{
	return 1U << b->bits;
}

/* The bucket of @hash. */
static inline u32 bucket_index(const struct vs_buckets *b, u32 hash)
{
	return hash >> (32 - b->bits);
}

/* The lowest hash of bucket @i; of the bucket after the last one, 2^32. */
static inline u64 bucket_start(const struct vs_buckets *b, u32 i)
{
	return (u64)i << (32 - b->bits);
}

/* A mark holds the generation besides the bucket's index, and links are 8 bytes
 * apart: bit 3 of an address is the direction. */
static_assert(sizeof(long) == sizeof(u64));

static inline unsigned long end_mark(const struct vs_buckets *b, u32 i)
{
	return (unsigned long)b->gen << 32 | (unsigned long)i << 3 | END;
}

static inline bool link_is_end(unsigned long link)
{
	return link & END;
}

/* MOVED is an end as well. */
static inline bool link_is_moved(unsigned long link)
{
	return link == MOVED;
}

static inline bool link_is_below(unsigned long link)
{
	return link & BELOW;
}

static inline unsigned long link_next(const struct vs_link *l)
{
	return READ_ONCE(l->next);
}

/* Pairs with the release in bucket_unlock(). */
static inline unsigned long chain_first(const struct vs_bucket *bkt)
{
	return smp_load_acquire(&bkt->head) & ~LOCKED;
}

/* Walks a chain from @first, the value of a head or of a link. Afterwards @link
 * is the mark at the end, unless the loop was left early. */
#define for_each_link(l, link, first) \
	for (link = (first); \
	     !link_is_end(link) && ({ l = (struct vs_link *)link; true; }); \
	     link = link_next(l))

static inline struct vs_conn *link_conn(const struct vs_link *l,
					enum vs_dir *dir)
{
	unsigned long addr = (unsigned long)l;

	*dir = addr >> 3 & 1;
	return (struct vs_conn *)(addr & ~(2 * sizeof(struct vs_link) - 1));
}

/* table.c: the hash of @cp's link @dir, that of a packet of this direction */
u32 vs_table_hash(const struct vs_table *t, const struct vs_conn *cp,
		  enum vs_dir dir);

#endif /* VS_CHAIN_H */
