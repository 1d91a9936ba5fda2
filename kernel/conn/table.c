// SPDX-License-Identifier: GPL-2.0
/*
 * The connection table: hash chains that are read without locks, in an array of
 * buckets that is replaced by a larger or smaller one (the next generation)
 * while packets are processed.
 *
 * Readers. A chain ends in a mark that holds the number of its generation and
 * the index of its bucket. A reader that arrives at any other end has been on a
 * node while that was moved or taken out, and restarts. One that arrives at the
 * right mark has seen all nodes that were in the chain during the whole walk. A
 * bucket whose chain was moved to the next generation holds MOVED for ever.
 *
 * Writers. Bit 0 of a bucket's head is the lock of its chain. A move holds the
 * lock of the old bucket and takes that of the new one inside; no other code
 * holds two.
 *
 * Moves. Each node is linked into its new chain while the old head still leads
 * to it, and the old head becomes MOVED in the end: a reader either finds the
 * node or arrives at a foreign mark. Nodes keep their order, newest first. Readers of a chain that is being moved
 * keep restarting until the move sets MOVED: they are not lock-free in the
 * strict sense. The mover has BHs disabled and chains are short, but if the
 * host deschedules its vCPU, readers of that bucket wait until it runs again.
 *
 * Twins. The virtual address is not part of the reply tuple: all connections of
 * a client's port that lead to the same real server, through whatever virtual
 * addresses, have the same one. Only the newest of them, which answers, is in
 * the chain. The others are below it in a list of their own, newest first, so
 * that nobody walks them: chains hold each reply tuple once and stay short.
 *
 *	          link[VS_DIR_OUT].next		twin
 *	in chain  next link of the chain	next older connection, or NULL
 *	below     next older connection or 0,	next newer connection
 *	          with BELOW and END
 *
 * A new connection takes the place of the one that answered so far, and when it
 * goes, the next older one takes its place, both by a single store to what
 * leads to that place. The link that lost its place gets BELOW and END, so that
 * readers that are on it restart. A connection is dead for a moment before it
 * leaves the chain; in between the newest one below it that is alive answers.
 */
#include <linux/processor.h>
#include <linux/bit_spinlock.h>
#include <linux/ip_vs.h>
#include <linux/mm.h>
#include <linux/random.h>
#include <linux/slab.h>

#include "compat/table.h"
#include "conn/chain.h"
#include "conn/ext.h"
#include "net.h"

#define MIN_BITS	8
#define MAX_BITS	27
#define START_BITS	12	/* at most, but for the initial namespace */
#define MEMORY_SHARE	32	/* buckets take at most 1/32 of the memory */
#define RETRY_DELAY	(10 * HZ)
#define MOVE_BATCH	64	/* buckets between calls of cond_resched() */
#define GROW_BITS	3	/* by which a table grows at once */

static unsigned int conn_tab_bits = 12;
module_param(conn_tab_bits, uint, 0444);
MODULE_PARM_DESC(conn_tab_bits,
		 "log2 of the initial namespace's minimum connection table size (8-27, default 12); it grows as needed");

static unsigned int table_max_bits(void)
{
	u64 most = ((u64)totalram_pages() << PAGE_SHIFT) / MEMORY_SHARE /
		   sizeof(struct vs_bucket);

	return clamp_t(unsigned int, ilog2(most | 1), MIN_BITS, MAX_BITS);
}

/* The administrator's setting is for the initial namespace; there may be many
 * others, with services or not. */
static unsigned int table_min_bits(const struct vs_table *t)
{
	const struct vs_net *vn = container_of(t, struct vs_net, table);
	unsigned int most = net_eq(vn->net, &init_net) ? table_max_bits() :
							 START_BITS;

	return clamp_t(unsigned int, conn_tab_bits, MIN_BITS, most);
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

/* The hash of the tuple and, for a template, of the engine's bytes. A client may
 * choose the latter, even equal to its own tuple: an exclusive or of the two
 * hashes would then be constant. */
static u32 hash_key(const struct vs_table *t, const struct vs_tuple *k)
{
	u32 hash = hash_tuple(t, k);

	if (likely(!k->ext))
		return hash;
	return hsiphash_2u32(hash, hsiphash(k->ext->data, k->ext->len, &t->key),
			     &t->key);
}

/* The key by which packets of direction @dir find @cp. */
static struct vs_tuple conn_tuple(const struct vs_conn *cp, enum vs_dir dir)
{
	bool in = dir == VS_DIR_IN;

	return (struct vs_tuple) {
		.saddr = vs_conn_addr(cp, in ? VS_CADDR : VS_DADDR),
		.daddr = vs_conn_addr(cp, in ? VS_VADDR : VS_CADDR),
		.sport = in ? cp->cport : cp->dport,
		.dport = in ? cp->vport : cp->cport,
		.af = cp->af,
		.proto = cp->proto,
		.ext = unlikely(cp->ext && cp->ext->pe) ? cp->ext : NULL,
	};
}

u32 vs_table_hash(const struct vs_table *t, const struct vs_conn *cp,
		  enum vs_dir dir)
{
	struct vs_tuple k = conn_tuple(cp, dir);

	return hash_key(t, &k);
}

static bool conn_has_tuple(const struct vs_conn *cp, enum vs_dir dir,
			   const struct vs_tuple *k)
{
	bool in = dir == VS_DIR_IN;

	if (cp->proto != k->proto || cp->af != k->af ||
	    (in ? cp->cport : cp->dport) != k->sport ||
	    (in ? cp->vport : cp->cport) != k->dport)
		return false;
	if (cp->af == AF_INET6)
		return ipv6_addr_equal(&cp->a6[in ? VS_CADDR : VS_DADDR],
				       &k->saddr->in6) &&
		       ipv6_addr_equal(&cp->a6[in ? VS_VADDR : VS_CADDR],
				       &k->daddr->in6);
	return cp->a4[in ? VS_CADDR : VS_DADDR] == k->saddr->ip &&
	       cp->a4[in ? VS_VADDR : VS_CADDR] == k->daddr->ip;
}

/* @want: VS_ST_TEMPLATE for templates that get new connections, 0 for
 * connections; neither is dead. */
static bool conn_is_wanted(const struct vs_conn *cp, const struct vs_tuple *k,
			   u32 want)
{
	if ((READ_ONCE(cp->st) &
	     (VS_ST_TEMPLATE | VS_ST_DEAD | VS_ST_STALE)) != want)
		return false;
	return !want || vs_conn_ext_eq(cp->ext, k->ext);
}

/* The next older twin of a connection whose reply link is @link, below others. */
static struct vs_conn *link_older(unsigned long link)
{
	return (struct vs_conn *)(link & ~TAGS);
}

/*
 * The newest twin below @cp, which is dead and about to leave the chain, that
 * is alive. NULL is final only if @cp is still in the chain; the caller sees
 * that by @cp's link, which loses its place before the twins change. The
 * acquires pair with the releases in twin_push() and twin_pop().
 */
static noinline struct vs_conn *conn_live_twin(const struct vs_conn *cp)
{
	struct vs_conn *twin = smp_load_acquire(&cp->twin);
	unsigned long link;

	while (twin && READ_ONCE(twin->st) & VS_ST_DEAD) {
		link = smp_load_acquire(&twin->link[VS_DIR_OUT].next);
		if (!link_is_below(link))
			return NULL;
		twin = link_older(link);
	}
	return twin;
}

/* @want: VS_ST_TEMPLATE to find templates, 0 to find connections. */
static __always_inline struct vs_conn *
table_find(struct vs_table *t, const struct vs_tuple *k, u32 hash, u32 want,
	   enum vs_dir *dir)
{
	const struct vs_buckets *b;
	const struct vs_link *l;
	unsigned long link;
	u32 i;

again:
	b = rcu_dereference(t->cur);
	if (unlikely(!b))
		return NULL;
	for (;;) {
		i = bucket_index(b, hash);
		link = chain_first(&b->bucket[i]);
		if (likely(!link_is_moved(link)))
			break;
		b = rcu_dereference(b->next);
	}
	for_each_link(l, link, link) {
		struct vs_conn *cp = link_conn(l, dir);

		if (!conn_has_tuple(cp, *dir, k))
			continue;
		if (likely(conn_is_wanted(cp, k, want)))
			return cp;
		if (!want && *dir == VS_DIR_OUT) {
			cp = conn_live_twin(cp);
			if (cp)
				return cp;
		}
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
	return table_find(t, k, hash_tuple(t, k), 0, dir);
}

struct vs_conn *vs_table_lookup_tmpl(struct vs_table *t,
				     const struct vs_tuple *k)
{
	enum vs_dir dir;

	return table_find(t, k, hash_key(t, k), VS_ST_TEMPLATE, &dir);
}

/* Locks the bucket that holds @hash, in the generation that it was moved to.
 * RCU, BH disabled. */
static struct vs_bucket *bucket_lock(struct vs_table *t, u32 hash)
	__acquires(bitlock)
{
	struct vs_buckets *b = rcu_dereference(t->cur);

	for (;;) {
		struct vs_bucket *bkt = &b->bucket[bucket_index(b, hash)];

		bit_spin_lock(0, &bkt->head);
		if (likely(READ_ONCE(bkt->head) != (MOVED | LOCKED)))
			return bkt;
		bit_spin_unlock(0, &bkt->head);
		b = rcu_dereference(b->next);
	}
}

/* Publishes @head, and with it the links of new nodes, and unlocks. */
static void bucket_unlock(struct vs_bucket *bkt, unsigned long head)
	__releases(bitlock)
{
	/* Pairs with the acquire in chain_first(). */
	smp_store_release(&bkt->head, head | LOCKED);
	bit_spin_unlock(0, &bkt->head);
}

/* Links @l in as the first of the chain, and unlocks. */
static void bucket_push(struct vs_bucket *bkt, struct vs_link *l)
	__releases(bitlock)
{
	WRITE_ONCE(l->next, READ_ONCE(bkt->head) & ~LOCKED);
	bucket_unlock(bkt, (unsigned long)l);
}

static struct vs_link *bucket_last(const struct vs_bucket *bkt)
{
	struct vs_link *last = NULL, *pos;
	unsigned long link;

	for_each_link(pos, link, chain_first(bkt))
		last = pos;
	return last;
}

/* Links @l in after @last, which is bucket_last() of the locked bucket. */
static void bucket_append(struct vs_bucket *bkt, struct vs_link *last,
			  struct vs_link *l)
{
	WRITE_ONCE(l->next, last ? link_next(last) : chain_first(bkt));
	if (last)
		smp_store_release(&last->next, (unsigned long)l);
	else
		smp_store_release(&bkt->head, (unsigned long)l | LOCKED);
}

/* Whether there is a connection, or template, with @new's client-side tuple. */
static bool bucket_has_client(const struct vs_bucket *bkt,
			      const struct vs_conn *new)
{
	struct vs_tuple k = conn_tuple(new, VS_DIR_IN);
	const struct vs_link *l;
	unsigned long link;
	enum vs_dir dir;

	for_each_link(l, link, chain_first(bkt)) {
		const struct vs_conn *cp = link_conn(l, &dir);

		if (dir == VS_DIR_IN && conn_has_tuple(cp, dir, &k) &&
		    conn_is_wanted(cp, &k, new->st & VS_ST_TEMPLATE))
			return true;
	}
	return false;
}

/* The connection in the chain, dead or alive, with @new's reply tuple. */
static struct vs_conn *bucket_find_twin(const struct vs_bucket *bkt,
					const struct vs_conn *new)
{
	struct vs_tuple k = conn_tuple(new, VS_DIR_OUT);
	const struct vs_link *l;
	unsigned long link;
	enum vs_dir dir;

	for_each_link(l, link, chain_first(bkt)) {
		struct vs_conn *cp = link_conn(l, &dir);

		if (dir == VS_DIR_OUT && conn_has_tuple(cp, dir, &k))
			return cp;
	}
	return NULL;
}

/* NAT connections are found by the real server's packets as well. */
static bool conn_has_out_link(const struct vs_conn *cp)
{
	return cp->method == IP_VS_CONN_F_MASQ && cp->dest &&
	       !(READ_ONCE(cp->st) & VS_ST_TEMPLATE);
}

/* The number of links at which 2^@bits buckets are full. */
static s64 table_capacity(const struct vs_table *t, int bits)
{
	bits += READ_ONCE(t->shift);
	return bits >= 0 ? 1LL << bits : 0;
}

/* After a failure for want of memory, the next attempt is due after some time,
 * or when there are many more links. */
static bool table_may_resize(struct vs_table *t)
{
	return !READ_ONCE(t->stuck) ||
	       time_after_eq(jiffies, READ_ONCE(t->retry_at)) ||
	       percpu_counter_read(&t->nodes) >= READ_ONCE(t->retry_nodes);
}

static void table_set_stuck(struct vs_table *t)
{
	s64 nodes = percpu_counter_read(&t->nodes);

	WRITE_ONCE(t->retry_at, jiffies + RETRY_DELAY);
	WRITE_ONCE(t->retry_nodes, nodes + nodes / 4);
	WRITE_ONCE(t->stuck, true);
}

static void table_maybe_grow(struct vs_table *t)
{
	struct vs_buckets *b = rcu_dereference(t->cur);

	if (percpu_counter_read(&t->nodes) > table_capacity(t, b->bits) &&
	    !work_pending(&t->resize) && table_may_resize(t) &&
	    b->bits < table_max_bits())
		queue_work(vs_wq, &t->resize);
}

/* Lets the head or link that leads to @old lead to @new. @old keeps its own link
 * for readers that are on it. The lock is held. */
static void chain_replace(struct vs_bucket *bkt, const struct vs_link *old,
			  unsigned long new)
{
	unsigned long first = chain_first(bkt), link;
	struct vs_link *l;

	if (first == (unsigned long)old) {
		smp_store_release(&bkt->head, new | LOCKED);
		return;
	}
	for_each_link(l, link, first) {
		if (link_next(l) == (unsigned long)old) {
			smp_store_release(&l->next, new);
			return;
		}
	}
	WARN_ON_ONCE(1);
}

static void twin_set_below(struct vs_conn *cp, const struct vs_conn *older)
{
	WRITE_ONCE(cp->link[VS_DIR_OUT].next,
		   (unsigned long)older | BELOW | END);
}

/* The releases of links and @twin pair with conn_live_twin(). */
static void twin_set(struct vs_conn *cp, struct vs_conn *twin)
{
	smp_store_release(&cp->twin, twin);
}

/* @new takes the place of @old in the chain. */
static void twin_push(struct vs_bucket *bkt, struct vs_conn *new,
		      struct vs_conn *old)
{
	struct vs_link *l = &new->link[VS_DIR_OUT];

	WRITE_ONCE(l->next, link_next(&old->link[VS_DIR_OUT]));
	twin_set(new, old);
	chain_replace(bkt, &old->link[VS_DIR_OUT], (unsigned long)l);
	twin_set_below(old, old->twin);
	twin_set(old, new);
}

/* @cp, which is in the chain, leaves its place to its next older twin. */
static void twin_pop(struct vs_bucket *bkt, struct vs_conn *cp)
{
	unsigned long next = link_next(&cp->link[VS_DIR_OUT]);
	struct vs_conn *older = cp->twin;
	struct vs_link *l = &older->link[VS_DIR_OUT];

	twin_set(older, link_older(link_next(l)));
	twin_set_below(cp, older);
	smp_store_release(&l->next, next);
	chain_replace(bkt, &cp->link[VS_DIR_OUT], (unsigned long)l);
}

/* Takes out @cp, which is below. */
static void twin_del(struct vs_conn *cp)
{
	struct vs_conn *older = link_older(link_next(&cp->link[VS_DIR_OUT]));
	struct vs_conn *newer = cp->twin;

	if (link_is_below(link_next(&newer->link[VS_DIR_OUT])))
		twin_set_below(newer, older);
	else
		twin_set(newer, older);
	if (older)
		twin_set(older, newer);
}

/* Returns the number of links by which the chain has become longer. */
static int table_link_reply(struct vs_table *t, struct vs_conn *cp)
{
	struct vs_bucket *bkt = bucket_lock(t, vs_table_hash(t, cp, VS_DIR_OUT));
	struct vs_conn *old = bucket_find_twin(bkt, cp);

	if (!old) {
		bucket_push(bkt, &cp->link[VS_DIR_OUT]);
		return 1;
	}
	twin_push(bkt, cp, old);
	bit_spin_unlock(0, &bkt->head);
	return 0;
}

/* Returns the number of links by which the chain has become shorter. */
static int table_unlink(struct vs_table *t, struct vs_conn *cp, enum vs_dir dir)
{
	struct vs_bucket *bkt = bucket_lock(t, vs_table_hash(t, cp, dir));
	struct vs_link *l = &cp->link[dir];
	int links = 0;

	if (link_is_below(link_next(l))) {
		twin_del(cp);
	} else if (dir == VS_DIR_OUT && cp->twin) {
		twin_pop(bkt, cp);
	} else {
		chain_replace(bkt, l, link_next(l));
		links = 1;
	}
	bit_spin_unlock(0, &bkt->head);
	return links;
}

int vs_table_insert(struct vs_table *t, struct vs_conn *cp, bool allow_dup)
{
	struct vs_bucket *bkt;
	int links = 1;

	vs_assert_packet_context();
	bkt = bucket_lock(t, vs_table_hash(t, cp, VS_DIR_IN));
	if (!allow_dup && bucket_has_client(bkt, cp)) {
		bit_spin_unlock(0, &bkt->head);
		return -EEXIST;
	}
	bucket_push(bkt, &cp->link[VS_DIR_IN]);
	if (conn_has_out_link(cp))
		links += table_link_reply(t, cp);
	percpu_counter_add(&t->nodes, links);
	table_maybe_grow(t);
	return 0;
}

void vs_table_remove(struct vs_table *t, struct vs_conn *cp)
{
	int links;

	vs_assert_packet_context();
	links = table_unlink(t, cp, VS_DIR_IN);
	if (conn_has_out_link(cp))
		links += table_unlink(t, cp, VS_DIR_OUT);
	percpu_counter_sub(&t->nodes, links);
}

u32 vs_table_size(struct vs_table *t)
{
	const struct vs_buckets *b;
	u32 n;

	rcu_read_lock();
	b = rcu_dereference(t->cur);
	n = b ? bucket_count(b) : VS_NO_TABLE_SIZE(1U << table_min_bits(t));
	rcu_read_unlock();
	return n;
}

/* Whether @size bytes leave as much again to others. */
static bool memory_is_ample(size_t size)
{
	return size <= PAGE_SIZE ||
	       (long)(size / PAGE_SIZE) < si_mem_available() / 2;
}

static struct vs_buckets *buckets_alloc(u8 bits, u32 gen, gfp_t gfp)
{
	struct vs_buckets *b;
	size_t size = struct_size(b, bucket, 1UL << bits);
	u32 i;

	b = memory_is_ample(size) ? kvzalloc(size, gfp) : NULL;
	if (!b)
		return NULL;
	b->bits = bits;
	b->gen = gen;
	for (i = 0; i < bucket_count(b); i++) {
		b->bucket[i].head = end_mark(b, i);
		if (!(i & 0xffff))
			cond_resched();
	}
	return b;
}

/*
 * chain_split(), chain_join(): move the chain of bucket @i of @from, whose lock
 * is held, to @to, with a number of steps proportional to its length. Not with
 * for_each_link(), since bucket_append() writes to the link.
 */

/* @to has up to GROW_BITS more bits. Until the chain is marked as moved, only
 * its links get into the new buckets, whose last links are therefore known. */
static void chain_split(struct vs_table *t, struct vs_buckets *from, u32 i,
			struct vs_buckets *to)
	__releases(bitlock)
{
	unsigned long link = chain_first(&from->bucket[i]);
	struct vs_link *last[1 << GROW_BITS] = {};

	while (!link_is_end(link)) {
		struct vs_link *l = (struct vs_link *)link;
		struct vs_bucket *bkt;
		struct vs_conn *cp;
		enum vs_dir dir;
		u32 n;

		link = link_next(l);
		cp = link_conn(l, &dir);
		n = bucket_index(to, vs_table_hash(t, cp, dir));
		bkt = &to->bucket[n];
		bit_spin_lock(0, &bkt->head);
		bucket_append(bkt, last[n % ARRAY_SIZE(last)], l);
		bit_spin_unlock(0, &bkt->head);
		last[n % ARRAY_SIZE(last)] = l;
	}
	bucket_unlock(&from->bucket[i], MOVED);
}

/* @to has fewer bits: the chain belongs to a single bucket, which may be in use
 * already. */
static void chain_join(struct vs_buckets *from, u32 i, struct vs_buckets *to)
	__releases(bitlock)
{
	struct vs_bucket *bkt = &to->bucket[i >> (from->bits - to->bits)];
	unsigned long link = chain_first(&from->bucket[i]);
	struct vs_link *last;

	bit_spin_lock(0, &bkt->head);
	last = bucket_last(bkt);
	while (!link_is_end(link)) {
		struct vs_link *l = (struct vs_link *)link;

		link = link_next(l);
		bucket_append(bkt, last, l);
		last = l;
	}
	bit_spin_unlock(0, &bkt->head);
	bucket_unlock(&from->bucket[i], MOVED);
}

static void buckets_move(struct vs_table *t, struct vs_buckets *from,
			 struct vs_buckets *to)
{
	u32 i;

	for (i = 0; i < bucket_count(from); i++) {
		local_bh_disable();
		bit_spin_lock(0, &from->bucket[i].head);
		if (to->bits > from->bits)
			chain_split(t, from, i, to);
		else
			chain_join(from, i, to);
		local_bh_enable();
		if (!(i % MOVE_BATCH))
			cond_resched();
	}
}

/* The size that @t should have. After growing it is between half full and full.
 * It shrinks only below an eighth, so that it does not oscillate. */
static u8 table_wanted_bits(struct vs_table *t, u8 bits)
{
	s64 nodes = percpu_counter_sum_positive(&t->nodes);

	while (bits < table_max_bits() && nodes > table_capacity(t, bits))
		bits++;
	if (nodes < table_capacity(t, bits - 3))
		while (bits > table_min_bits(t) && nodes < table_capacity(t, bits - 2))
			bits--;
	return bits;
}

static void table_resize_work(struct work_struct *work)
{
	struct vs_table *t = container_of(work, struct vs_table, resize);
	const struct vs_net *vn = container_of(t, struct vs_net, table);
	/* This work is the only writer of @cur once that is set. */
	struct vs_buckets *old = rcu_dereference_protected(t->cur, 1);
	u8 wanted = table_wanted_bits(t, old->bits);
	u8 bits = min_t(u8, wanted, old->bits + GROW_BITS);
	struct vs_buckets *new = NULL;

	if (bits == old->bits || !table_may_resize(t))
		return;
	/* rather stuck than the OOM killer */
	if (memory_is_ample(struct_size(new, bucket, 1UL << wanted)))
		new = buckets_alloc(bits, old->gen + 1, GFP_KERNEL |
				    __GFP_RETRY_MAYFAIL | __GFP_NOWARN);
	WRITE_ONCE(t->stuck, false);
	if (!new) {
		table_set_stuck(t);
		vs_event(vn, VS_EV_TABLE_STUCK);
		pr_warn_ratelimited("no memory for 2^%u buckets, connection table stays at 2^%u\n",
				    wanted, old->bits);
		return;
	}
	rcu_assign_pointer(old->next, new);
	buckets_move(t, old, new);
	vs_event(vn, bits > old->bits ? VS_EV_TABLE_GROWN : VS_EV_TABLE_SHRUNK);
	rcu_assign_pointer(t->cur, new);
	synchronize_rcu();
	kvfree(old);
	if (wanted > bits)
		queue_work(vs_wq, &t->resize);
}

void vs_table_maybe_shrink(struct vs_table *t)
{
	u8 bits;

	rcu_read_lock();
	bits = rcu_dereference(t->cur)->bits;
	rcu_read_unlock();
	if (bits > table_min_bits(t) && table_may_resize(t) &&
	    percpu_counter_read_positive(&t->nodes) < table_capacity(t, bits - 3))
		queue_work(vs_wq, &t->resize);
}

void vs_table_set_shift(struct vs_table *t, int shift)
{
	WRITE_ONCE(t->shift, shift);
	WRITE_ONCE(t->stuck, false);
	if (rcu_access_pointer(t->cur))
		queue_work(vs_wq, &t->resize);
}

int vs_table_init(struct vs_table *t)
{
	struct vs_buckets *b = buckets_alloc(table_min_bits(t), 0, VS_GFP_CONFIG);
	int err;

	if (!b)
		return -ENOMEM;
	err = percpu_counter_init(&t->nodes, 0, GFP_KERNEL_ACCOUNT);
	if (err) {
		kvfree(b);
		return err;
	}
	get_random_bytes(&t->key, sizeof(t->key));
	INIT_WORK(&t->resize, table_resize_work);
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
