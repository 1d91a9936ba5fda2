/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_TABLE_H
#define VS_TABLE_H

#include <linux/percpu_counter.h>
#include <linux/siphash.h>
#include <linux/workqueue.h>

#include "conn/conn.h"

struct vs_bucket {
	unsigned long head;	/* struct vs_link *, lock in bit 0, end in bit 1 */
};

/**
 * struct vs_buckets - one generation of the table
 * @bits:	log2 of the number of buckets
 * @next:	generation that takes over the buckets marked as moved
 */
struct vs_buckets {
	u8 bits;
	struct vs_buckets __rcu *next;
	struct vs_bucket bucket[];
};

/**
 * struct vs_table - a namespace's connections
 * @cur:	generation where every look-up begins; NULL before first use
 * @key:	of the hash
 * @nodes:	links in the table, approximate; a NAT connection has two
 * @shift:	log2 of the links a bucket is to have at most
 * @resize:	makes the next generation and moves the chains over
 */
struct vs_table {
	struct vs_buckets __rcu *cur;
	hsiphash_key_t key;
	struct percpu_counter nodes;
	int shift;
	struct work_struct resize;
};

/**
 * struct vs_tuple - one direction of a connection as seen in a packet
 * @ext: what a template is known by beside the tuple, or NULL
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
void vs_table_exit(struct vs_table *t);		/* must be empty */

/* RCU. The connection of which @k is a packet, and the packet's direction in
 * @dir; templates are not found. */
struct vs_conn *vs_table_lookup(struct vs_table *t, const struct vs_tuple *k,
			      enum vs_dir *dir);
/* RCU. The template <saddr, sport, daddr, dport> = <client net, 0, VIP, port>. */
struct vs_conn *vs_table_lookup_tmpl(struct vs_table *t,
				       const struct vs_tuple *k);

/* -EEXIST: the client's tuple is there already, unless that is all right
 * (@allow_dup). */
int vs_table_insert(struct vs_table *t, struct vs_conn *cp, bool allow_dup);
void vs_table_remove(struct vs_table *t, struct vs_conn *cp);

/* Buckets now, for "size=" and CONN_TAB_SIZE. */
u32 vs_table_size(struct vs_table *t);

/* RCU. Links, up to @max, in bucket @i of @b, which was t->cur, wherever a move
 * has taken them. */
u32 vs_table_chain(const struct vs_buckets *b, u32 i, u32 max);

/* More links a bucket, or fewer, from now on. Process context. */
void vs_table_set_shift(struct vs_table *t, int shift);

/* Shrinks when nearly empty; called by the expiry wheel. */
void vs_table_maybe_shrink(struct vs_table *t);

/**
 * struct vs_table_iter - walks all connections in time linear to their number
 *
 * A position survives leaving the RCU section; connections that come and go,
 * or a resize, meanwhile may be seen twice or missed, as with the kernel's
 * ip_vs.
 */
struct vs_table_iter {
	struct vs_table *t;
	u32 pos;		/* bucket */
	u32 skip;		/* connections of that bucket already seen */
	u32 end;		/* bucket to stop before, 0: none */
};

/* RCU. The next connection, each once (by its VS_DIR_IN link), or NULL. */
struct vs_conn *vs_table_next(struct vs_table_iter *it);

#endif /* VS_TABLE_H */
