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
 * @next:	next generation; holds the chains of buckets that are MOVED
 * @bucket:	hash buckets
 */
struct vs_buckets {
	u8 bits;
	struct vs_buckets __rcu *next;
	struct vs_bucket bucket[];
};

/**
 * struct vs_table - connection table of a namespace
 * @cur:	generation where lookups start; NULL before the first service
 * @key:	key of the hash
 * @nodes:	links in the table, approximate; a NAT connection has two
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
 * @ext:	key of a template besides the tuple, or NULL
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

/* RCU. The number of links, @max at most, in bucket @i of generation @b,
 * including those that were moved on to newer generations. */
u32 vs_table_chain(const struct vs_buckets *b, u32 i, u32 max);

/* Sets the load factor and resizes @t accordingly. Process context. */
void vs_table_set_shift(struct vs_table *t, int shift);

/* Starts shrinking if @t is nearly empty; called by the expiry wheel. */
void vs_table_maybe_shrink(struct vs_table *t);

/**
 * struct vs_table_iter - walk over all connections, in linear time
 * @t:		table
 * @pos:	bucket
 * @skip:	connections of that bucket that were returned already; a caller
 *		that kills the connection just returned decrements @skip
 * @end:	bucket to stop at, 0: the last one
 *
 * The position remains usable outside of RCU read-side critical sections.
 * As in the kernel's ip_vs, connections may be missed or returned twice if
 * others in the bucket come or go in between, or if the table is resized.
 */
struct vs_table_iter {
	struct vs_table *t;
	u32 pos;
	u32 skip;
	u32 end;
};

/* RCU. The next connection or template, each returned once (by its VS_DIR_IN
 * link); NULL at the end. */
struct vs_conn *vs_table_next(struct vs_table_iter *it);

#endif /* VS_TABLE_H */
