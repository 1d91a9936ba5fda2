/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_TABLE_H
#define VS_TABLE_H

#include <linux/percpu_counter.h>
#include <linux/siphash.h>
#include <linux/workqueue.h>

#include "conn/conn.h"

struct vs_bucket {
	unsigned long head;	/* struct vs_link *; bit 0: lock, bit 1: end */
};

/**
 * struct vs_buckets - one generation of the table
 * @bits:	log2 of the number of buckets
 * @gen:	number of the generation
 * @next:	next generation; holds the chains of buckets that are MOVED
 * @bucket:	hash buckets, each for a range of hashes, in order
 */
struct vs_buckets {
	u8 bits;
	u32 gen;
	struct vs_buckets __rcu *next;
	struct vs_bucket bucket[];
};

/**
 * struct vs_table - connection table of a namespace
 * @cur:	generation where lookups start; NULL before the first service
 * @key:	key of the hash
 * @nodes:	links in chains, approximate; a NAT connection has two, unless
 *		another one has the same reply tuple
 * @shift:	log2 of the load factor, the links per bucket when it is full
 * @resize:	allocates the next generation and moves the chains to it
 * @stuck:	there was no memory for that; not again before @retry_at
 *		(jiffies), or with less than @retry_nodes links
 * @retry_at:	see @stuck
 * @retry_nodes: see @stuck
 */
struct vs_table {
	struct vs_buckets __rcu *cur;
	hsiphash_key_t key;
	struct percpu_counter nodes;
	int shift;
	struct work_struct resize;
	bool stuck;
	unsigned long retry_at;
	s64 retry_nodes;
};

/**
 * struct vs_tuple - key of a lookup: addresses and ports as in a packet
 * @saddr:	source address, of family @af
 * @daddr:	destination address
 * @sport:	source port, network order
 * @dport:	destination port
 * @af:		AF_INET or AF_INET6
 * @proto:	IPPROTO_*
 * @ext:	engine's key of a template besides the tuple, or NULL
 */
struct vs_tuple {
	const union nf_inet_addr *saddr;
	const union nf_inet_addr *daddr;
	__be16 sport;
	__be16 dport;
	u8 af;
	u8 proto;
	const struct vs_conn_ext *ext;
};

int vs_table_init(struct vs_table *t);
/* @t is empty. Process context. */
void vs_table_exit(struct vs_table *t);

/**
 * vs_table_lookup - find the connection of a packet
 * @t: table
 * @k: tuple of the packet
 * @dir: set to the direction of the packet
 *
 * Does not find templates. Takes no reference.
 *
 * Context: RCU.
 * Return: connection, or NULL.
 */
struct vs_conn *vs_table_lookup(struct vs_table *t, const struct vs_tuple *k,
				enum vs_dir *dir);

/* RCU. The template for <saddr, sport, daddr, dport> = <client network, 0,
 * virtual address, virtual port or 0> and k->ext, or NULL. */
struct vs_conn *vs_table_lookup_tmpl(struct vs_table *t,
				     const struct vs_tuple *k);

/**
 * vs_table_insert - hash a connection
 * @t: table
 * @cp: connection, complete except for its links
 * @allow_dup: accept a connection with the same client-side tuple; lookups find
 *	       the one that was inserted last
 *
 * Context: RCU, BH disabled.
 * Return: 0; -EEXIST: there is a connection with the same client-side tuple.
 */
int vs_table_insert(struct vs_table *t, struct vs_conn *cp, bool allow_dup);
/* Readers may still be on @cp. RCU, BH disabled. */
void vs_table_remove(struct vs_table *t, struct vs_conn *cp);

/* The present number of buckets. Any context. */
u32 vs_table_size(struct vs_table *t);

/* Sets the load factor and resizes @t accordingly. Process context. */
void vs_table_set_shift(struct vs_table *t, int shift);

/* Starts shrinking if @t is nearly empty; called by the expiry wheel. */
void vs_table_maybe_shrink(struct vs_table *t);

/* Positions of a walk: hashes from 0 up to VS_TABLE_SPAN. */
#define VS_TABLE_SPAN	(1ULL << 32)

/* A walk pauses after the bucket in which it has passed this many buckets and
 * links. */
#define VS_TABLE_STEPS	128

/**
 * struct vs_table_iter - walk over connections
 * @t:		table
 * @pos:	position of the current bucket
 * @end:	position to stop at
 * @skip:	connections of the current bucket that were returned
 * @done:	the walk has arrived at @end
 * @steps:	buckets and links since the last pause
 * @upto:	position of the next bucket
 * @is_part:	@pos to @upto is a part of the current bucket only
 * @mark:	end of the current bucket's chain
 * @at:		link of the connection that was returned last
 *
 * Set @t, @pos and @end, and the others to zero. Then::
 *
 *	do {
 *		rcu_read_lock();
 *		while ((cp = vs_table_next(&it)))
 *			...
 *		rcu_read_unlock();
 *		cond_resched();
 *	} while (!it.done);
 *
 * returns each connection between @pos and @end that is in the table during the
 * whole walk. It is returned again if the table is resized while the walk is in
 * its bucket, or if a link of the bucket is taken out then. A pause is after a
 * whole bucket, so the caller may remove connections.
 *
 * A walk that is interrupted before vs_table_next() has returned NULL can be
 * continued, in another RCU read-side critical section, after @at was set to
 * NULL. It counts off @skip connections, and misses some, or returns them
 * twice, if others in the bucket have come or gone.
 */
struct vs_table_iter {
	struct vs_table *t;
	u64 pos;
	u64 end;
	u32 skip;
	bool done;

	/* private */
	bool is_part;
	u32 steps;
	u64 upto;
	unsigned long mark;
	const struct vs_link *at;
};

/* walk.c, RCU: the next connection or template, or NULL for a pause or at the
 * end */
struct vs_conn *vs_table_next(struct vs_table_iter *it);

/* walk.c, RCU: the number of links in the next bucket, or -1 for a pause or at
 * the end */
int vs_table_next_length(struct vs_table_iter *it);

#endif /* VS_TABLE_H */
