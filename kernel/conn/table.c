// SPDX-License-Identifier: GPL-2.0
/*
 * The connection table: hash chains that are read without a lock and move to
 * a larger or smaller generation of buckets while packets go on.
 *
 * Reading. A chain ends in a mark that names its generation and bucket. A
 * reader that arrives at another chain's mark was carried over by a move and
 * starts again; one that arrives at its own mark has seen every node that was
 * in the chain all the time. A bucket whose chain went to the next generation
 * holds MOVED for ever.
 *
 * Writing. Bit 0 of a bucket's head is its lock. A move holds the old bucket's
 * lock and takes the new one's inside; nobody else holds two.
 *
 * A move links each node into its new chain while the old head still leads to
 * it, and sets MOVED last: a reader gets to the node, or to a foreign mark.
 */
#include <linux/processor.h>
#include <linux/bit_spinlock.h>
#include <linux/ip_vs.h>
#include <linux/mm.h>
#include <linux/random.h>
#include <linux/slab.h>

#include "compat/table.h"
#include "conn/table.h"
#include "net.h"
#include "path/pkt.h"
#include "pe/pe.h"

#define LOCKED		1UL
#define END		2UL
#define MOVED		(~0UL & ~LOCKED)

#define MAX_BITS	27
#define MOVE_BATCH	64	/* buckets between two chances to sleep */

static unsigned int conn_tab_bits = 12;
module_param(conn_tab_bits, uint, 0444);
MODULE_PARM_DESC(conn_tab_bits,
		 "log2 of the connection table's smallest size (8-27, default 12); it grows by itself");

static unsigned int min_bits(void)
{
	return clamp(conn_tab_bits, 8U, (unsigned int)MAX_BITS);
}

static u32 buckets_n(const struct vs_buckets *b)
{
	return 1U << b->bits;
}

/* Marks hold the table's size beside the bucket, and links tell their direction
 * by bit 3 of their address. */
static_assert(sizeof(long) == sizeof(u64));

static unsigned long end_mark(const struct vs_buckets *b, u32 i)
{
	return (unsigned long)b->bits << 40 | (unsigned long)i << 3 | END;
}

static struct vs_conn *link_conn(const struct vs_link *l, enum vs_dir *dir)
{
	unsigned long addr = (unsigned long)l;

	*dir = addr >> 3 & 1;
	return (struct vs_conn *)(addr & ~(2 * sizeof(struct vs_link) - 1));
}

static u32 hash_tuple(const struct vs_table *t, const struct vs_tuple *k)
{
	u32 ports = (__force u32)k->sport << 16 | (__force u32)k->dport;
	u32 buf[10];

	if (k->af != AF_INET6)
		return hsiphash_4u32((__force u32)k->saddr->ip,
				     (__force u32)k->daddr->ip, ports,
				     k->proto, &t->key);
	memcpy(buf, k->saddr, 16);
	memcpy(buf + 4, k->daddr, 16);
	buf[8] = ports;
	buf[9] = k->proto;
	return hsiphash(buf, sizeof(buf), &t->key);
}

/* Templates that are known by more than their tuple go by that. */
static u32 hash_side(const struct vs_table *t, const struct vs_conn_ext *ext)
{
	return hsiphash(ext->data, ext->len, &t->key);
}

/* The tuple under which @cp's link @dir is hashed. */
static u32 hash_link(const struct vs_table *t, const struct vs_conn *cp,
		     enum vs_dir dir)
{
	bool in = dir == VS_DIR_IN;
	struct vs_tuple k = {
		.saddr = vs_conn_addr(cp, in ? VS_CADDR : VS_DADDR),
		.daddr = vs_conn_addr(cp, in ? VS_VADDR : VS_CADDR),
		.sport = in ? cp->cport : cp->dport,
		.dport = in ? cp->vport : cp->cport,
		.af = cp->af,
		.proto = cp->proto,
	};

	if (unlikely(cp->ext && cp->ext->pe))
		return hash_side(t, cp->ext);
	return hash_tuple(t, &k);
}

static bool match(const struct vs_conn *cp, enum vs_dir dir,
		  const struct vs_tuple *k, u32 want)
{
	bool in = dir == VS_DIR_IN;

	if (cp->proto != k->proto || cp->af != k->af ||
	    (in ? cp->cport : cp->dport) != k->sport ||
	    (in ? cp->vport : cp->cport) != k->dport)
		return false;
	if (cp->af == AF_INET6) {
		if (!ipv6_addr_equal(&cp->a6[in ? VS_CADDR : VS_DADDR],
				     &k->saddr->in6) ||
		    !ipv6_addr_equal(&cp->a6[in ? VS_VADDR : VS_CADDR],
				     &k->daddr->in6))
			return false;
	} else {
		if (cp->a4[in ? VS_CADDR : VS_DADDR] != k->saddr->ip ||
		    cp->a4[in ? VS_VADDR : VS_CADDR] != k->daddr->ip)
			return false;
	}
	if ((READ_ONCE(cp->st) &
	     (VS_ST_TEMPLATE | VS_ST_DEAD | VS_ST_STALE)) != want)
		return false;
	return !want || vs_conn_ext_eq(cp->ext, k->ext);
}

static __always_inline struct vs_conn *find(struct vs_table *t,
					    const struct vs_tuple *k, u32 hash,
					    u32 want, enum vs_dir *dir)
{
	const struct vs_buckets *b;
	unsigned long link;
	u32 i;

again:
	b = rcu_dereference(t->cur);
	if (unlikely(!b))
		return NULL;
	for (;;) {
		i = hash & (buckets_n(b) - 1);
		/* Pairs with the release in unlock_bucket(). */
		link = smp_load_acquire(&b->bucket[i].head) & ~LOCKED;
		if (likely(link != MOVED))
			break;
		b = rcu_dereference(b->next);
	}
	while (!(link & END)) {
		const struct vs_link *l = (const struct vs_link *)link;
		struct vs_conn *cp = link_conn(l, dir);

		if (match(cp, *dir, k, want))
			return cp;
		link = READ_ONCE(l->next);
	}
	if (unlikely(link != end_mark(b, i))) {
		cpu_relax();
		goto again;
	}
	return NULL;
}

struct vs_conn *vs_table_lookup(struct vs_table *t, const struct vs_tuple *k,
			      enum vs_dir *dir)
{
	return find(t, k, hash_tuple(t, k), 0, dir);
}

struct vs_conn *vs_table_lookup_tmpl(struct vs_table *t,
				       const struct vs_tuple *k)
{
	u32 hash = k->ext ? hash_side(t, k->ext) : hash_tuple(t, k);
	enum vs_dir dir;

	return find(t, k, hash, VS_ST_TEMPLATE, &dir);
}

/* Locks the bucket that holds @hash now, in whichever generation. RCU. */
static struct vs_bucket *lock_bucket(struct vs_table *t, u32 hash)
	__acquires(bitlock)
{
	struct vs_buckets *b = rcu_dereference(t->cur);

	for (;;) {
		struct vs_bucket *bkt = &b->bucket[hash & (buckets_n(b) - 1)];

		bit_spin_lock(0, &bkt->head);
		if (likely(READ_ONCE(bkt->head) != (MOVED | LOCKED)))
			return bkt;
		bit_spin_unlock(0, &bkt->head);
		b = rcu_dereference(b->next);
	}
}

/* Ends the critical section with @head as the chain; publishes new nodes. */
static void unlock_bucket(struct vs_bucket *bkt, unsigned long head)
	__releases(bitlock)
{
	/* Pairs with the acquire in find(). */
	smp_store_release(&bkt->head, head | LOCKED);
	bit_spin_unlock(0, &bkt->head);
}

static void push(struct vs_bucket *bkt, struct vs_link *l)
	__releases(bitlock)
{
	WRITE_ONCE(l->next, READ_ONCE(bkt->head) & ~LOCKED);
	unlock_bucket(bkt, (unsigned long)l);
}

static bool chain_has(const struct vs_bucket *bkt, const struct vs_conn *new)
{
	struct vs_tuple k = {
		.saddr = vs_conn_addr(new, VS_CADDR),
		.daddr = vs_conn_addr(new, VS_VADDR),
		.sport = new->cport,
		.dport = new->vport,
		.af = new->af,
		.proto = new->proto,
		.ext = new->ext,
	};
	unsigned long link = READ_ONCE(bkt->head) & ~LOCKED;

	while (!(link & END)) {
		const struct vs_link *l = (const struct vs_link *)link;
		enum vs_dir dir;
		struct vs_conn *cp = link_conn(l, &dir);

		if (dir == VS_DIR_IN && match(cp, dir, &k,
					      new->st & VS_ST_TEMPLATE))
			return true;
		link = READ_ONCE(l->next);
	}
	return false;
}

/* NAT replies are ours too: such a connection is found by both tuples. */
static bool has_reply_link(const struct vs_conn *cp)
{
	return cp->method == IP_VS_CONN_F_MASQ && cp->dest &&
	       !(READ_ONCE(cp->st) & VS_ST_TEMPLATE);
}

/* How many links make 2^@bits buckets full. */
static s64 room(const struct vs_table *t, int bits)
{
	bits += READ_ONCE(t->shift);
	return bits >= 0 ? 1LL << bits : 0;
}

static void maybe_grow(struct vs_table *t)
{
	struct vs_buckets *b = rcu_dereference(t->cur);

	if (percpu_counter_read(&t->nodes) > room(t, b->bits) &&
	    b->bits < MAX_BITS && !work_pending(&t->resize))
		queue_work(vs_wq, &t->resize);
}

/**
 * vs_table_insert - make a connection findable
 * @t: table
 * @cp: complete but for its links
 * @allow_dup: the client's tuple may be in the table already; the newest is found
 *
 * Context: RCU, BH disabled.
 * Return: 0, or -EEXIST when the client's tuple is in the table already.
 */
int vs_table_insert(struct vs_table *t, struct vs_conn *cp, bool allow_dup)
{
	struct vs_bucket *bkt = lock_bucket(t, hash_link(t, cp, VS_DIR_IN));

	if (!allow_dup && chain_has(bkt, cp)) {
		bit_spin_unlock(0, &bkt->head);
		return -EEXIST;
	}
	push(bkt, &cp->link[VS_DIR_IN]);
	if (has_reply_link(cp)) {
		bkt = lock_bucket(t, hash_link(t, cp, VS_DIR_OUT));
		push(bkt, &cp->link[VS_DIR_OUT]);
	}
	percpu_counter_add(&t->nodes, 1 + has_reply_link(cp));
	maybe_grow(t);
	return 0;
}

static void unlink_one(struct vs_table *t, struct vs_conn *cp, enum vs_dir dir)
{
	struct vs_bucket *bkt = lock_bucket(t, hash_link(t, cp, dir));
	unsigned long me = (unsigned long)&cp->link[dir];
	unsigned long head = READ_ONCE(bkt->head) & ~LOCKED;
	unsigned long link = head;

	if (head == me) {
		unlock_bucket(bkt, READ_ONCE(cp->link[dir].next));
		return;
	}
	while (!WARN_ON_ONCE(link & END)) {
		struct vs_link *l = (struct vs_link *)link;

		link = READ_ONCE(l->next);
		if (link == me) {
			/* cp's own next stays, for readers that are on it */
			WRITE_ONCE(l->next, READ_ONCE(cp->link[dir].next));
			break;
		}
	}
	bit_spin_unlock(0, &bkt->head);
}

void vs_table_remove(struct vs_table *t, struct vs_conn *cp)
{
	unlink_one(t, cp, VS_DIR_IN);
	if (has_reply_link(cp))
		unlink_one(t, cp, VS_DIR_OUT);
	percpu_counter_sub(&t->nodes, 1 + has_reply_link(cp));
}

u32 vs_table_size(struct vs_table *t)
{
	const struct vs_buckets *b;
	u32 n;

	rcu_read_lock();
	b = rcu_dereference(t->cur);
	n = b ? buckets_n(b) : VS_NO_TABLE_SIZE(1U << min_bits());
	rcu_read_unlock();
	return n;
}

static struct vs_buckets *alloc_buckets(u8 bits)
{
	struct vs_buckets *b;
	u32 i;

	b = kvzalloc(struct_size(b, bucket, 1UL << bits),
		     GFP_KERNEL | __GFP_NOWARN);
	if (!b)
		return NULL;
	b->bits = bits;
	for (i = 0; i < buckets_n(b); i++) {
		b->bucket[i].head = end_mark(b, i);
		if (!(i & 0xffff))
			cond_resched();
	}
	return b;
}

/* Moves bucket @i of @from, whose lock is held, to @to. */
static void move_chain(struct vs_table *t, struct vs_buckets *from, u32 i,
		       struct vs_buckets *to)
	__releases(bitlock)
{
	unsigned long link = READ_ONCE(from->bucket[i].head) & ~LOCKED;

	while (!(link & END)) {
		struct vs_link *l = (struct vs_link *)link;
		struct vs_bucket *bkt;
		struct vs_conn *cp;
		enum vs_dir dir;

		link = READ_ONCE(l->next);
		cp = link_conn(l, &dir);
		bkt = &to->bucket[hash_link(t, cp, dir) & (buckets_n(to) - 1)];
		bit_spin_lock(0, &bkt->head);
		push(bkt, l);
	}
	unlock_bucket(&from->bucket[i], MOVED);
}

static void move_all(struct vs_table *t, struct vs_buckets *from,
		     struct vs_buckets *to)
{
	u32 i;

	for (i = 0; i < buckets_n(from); i++) {
		local_bh_disable();
		bit_spin_lock(0, &from->bucket[i].head);
		move_chain(t, from, i, to);
		local_bh_enable();
		if (!(i % MOVE_BATCH))
			cond_resched();
	}
}

/* The size that @t wants: half full to full when it grows, and a wide margin
 * before it shrinks, so that it does not swing. */
static u8 wanted_bits(struct vs_table *t, u8 bits)
{
	s64 nodes = percpu_counter_sum_positive(&t->nodes);

	while (bits < MAX_BITS && nodes > room(t, bits))
		bits++;
	if (nodes < room(t, bits - 3))
		while (bits > min_bits() && nodes < room(t, bits - 2))
			bits--;
	return bits;
}

static void resize(struct work_struct *work)
{
	struct vs_table *t = container_of(work, struct vs_table, resize);
	const struct vs_net *vn = container_of(t, struct vs_net, table);
	/* The work is the only writer of @cur once it is set. */
	struct vs_buckets *old = rcu_dereference_protected(t->cur, 1);
	u8 bits = wanted_bits(t, old->bits);
	struct vs_buckets *new;

	if (bits == old->bits)
		return;
	new = alloc_buckets(bits);
	if (!new) {
		vs_event(vn, VS_EV_TABLE_STUCK);
		pr_warn_ratelimited("no memory for 2^%u buckets, connection table stays at 2^%u\n",
				    bits, old->bits);
		return;
	}
	rcu_assign_pointer(old->next, new);
	move_all(t, old, new);
	vs_event(vn, bits > old->bits ? VS_EV_TABLE_GROWN : VS_EV_TABLE_SHRUNK);
	rcu_assign_pointer(t->cur, new);
	synchronize_rcu();
	kvfree(old);
}

void vs_table_maybe_shrink(struct vs_table *t)
{
	u8 bits;

	rcu_read_lock();
	bits = rcu_dereference(t->cur)->bits;
	rcu_read_unlock();
	if (bits > min_bits() &&
	    percpu_counter_read_positive(&t->nodes) < room(t, bits - 3))
		queue_work(vs_wq, &t->resize);
}

void vs_table_set_shift(struct vs_table *t, int shift)
{
	WRITE_ONCE(t->shift, shift);
	if (rcu_access_pointer(t->cur))
		queue_work(vs_wq, &t->resize);
}

/* The connection number @skip (counted down) of bucket @i of @b, wherever a
 * move has taken it. After a shrink the lower bucket answers for both. */
static struct vs_conn *nth(const struct vs_buckets *b, u32 i, u32 *skip)
{
	unsigned long link = smp_load_acquire(&b->bucket[i].head) & ~LOCKED;
	const struct vs_buckets *to;
	struct vs_conn *cp;
	enum vs_dir dir;
	u32 j;

	if (link == MOVED) {
		to = rcu_dereference(b->next);
		for (j = i; j < buckets_n(to); j += buckets_n(b)) {
			cp = nth(to, j, skip);
			if (cp)
				return cp;
		}
		return NULL;
	}
	while (!(link & END)) {
		const struct vs_link *l = (const struct vs_link *)link;

		cp = link_conn(l, &dir);
		if (dir == VS_DIR_IN && !(*skip)--)
			return cp;
		link = READ_ONCE(l->next);
	}
	return NULL;
}

static u32 iter_end(const struct vs_table_iter *it, const struct vs_buckets *b)
{
	return it->end ? min(it->end, buckets_n(b)) : buckets_n(b);
}

u32 vs_table_chain(const struct vs_buckets *b, u32 i, u32 max)
{
	unsigned long link = smp_load_acquire(&b->bucket[i].head) & ~LOCKED;
	const struct vs_buckets *to;
	u32 j, n = 0;

	if (link == MOVED) {
		to = rcu_dereference(b->next);
		for (j = i; j < buckets_n(to) && n < max; j += buckets_n(b))
			n += vs_table_chain(to, j, max - n);
		return n;
	}
	for (; n < max && !(link & END); n++)
		link = READ_ONCE(((const struct vs_link *)link)->next);
	return n;
}

struct vs_conn *vs_table_next(struct vs_table_iter *it)
{
	const struct vs_buckets *b = rcu_dereference(it->t->cur);
	struct vs_conn *cp;
	u32 skip;

	for (; b && it->pos < iter_end(it, b); it->pos++, it->skip = 0) {
		skip = it->skip;
		cp = nth(b, it->pos, &skip);
		if (cp) {
			it->skip++;
			return cp;
		}
	}
	return NULL;
}

int vs_table_init(struct vs_table *t)
{
	struct vs_buckets *b = alloc_buckets(min_bits());
	int err;

	if (!b)
		return -ENOMEM;
	err = percpu_counter_init(&t->nodes, 0, GFP_KERNEL);
	if (err) {
		kvfree(b);
		return err;
	}
	get_random_bytes(&t->key, sizeof(t->key));
	INIT_WORK(&t->resize, resize);
	rcu_assign_pointer(t->cur, b);
	return 0;
}

void vs_table_exit(struct vs_table *t)
{
	struct vs_buckets *b = rcu_dereference_protected(t->cur, 1);

	if (!b)
		return;
	cancel_work_sync(&t->resize);
	b = rcu_dereference_protected(t->cur, 1);
	RCU_INIT_POINTER(t->cur, NULL);
	kvfree(b);
	percpu_counter_destroy(&t->nodes);
}
