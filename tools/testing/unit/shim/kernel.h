/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The parts of the kernel API that the pure files of kernel/ need in order to
 * run in a process. Force-included; the Makefile provides empty headers by the
 * kernel's names.
 */
#ifndef UNIT_KERNEL_H
#define UNIT_KERNEL_H

#define _GNU_SOURCE
#include <assert.h>
#include <errno.h>
#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include <linux/types.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int32_t s32;
typedef int64_t s64;

#define __rcu
#define __percpu
#define __force
#define __user
#define __acquires(x)
#define __releases(x)
#define __init
#define __exit
#define __read_mostly
#define __aligned(n)		__attribute__((aligned(n)))
#define ____cacheline_aligned	__attribute__((aligned(64)))
#undef __counted_by
#define __counted_by(n)
#undef __always_inline
#define __always_inline		inline
#define __always_unused		__attribute__((unused))
#define fallthrough		__attribute__((fallthrough))
#undef IS_ENABLED
#define IS_ENABLED(option)	0
#define CONFIG_SMP		1
#define BUILD_BUG_ON(c)		static_assert(!(c), #c)
#define noinline		__attribute__((noinline))
#define likely(x)		(x)
#define unlikely(x)		(x)
#define U16_MAX			0xffff
#define U32_MAX			0xffffffffu
#define S32_MAX			0x7fffffff
#define INT_MAX			0x7fffffff
#define HZ			250
#define jiffies_to_msecs(j)	((u32)(j) * (1000 / HZ))
#define PAGE_SHIFT		12
#define PAGE_SIZE		4096
#define ilog2(n)		(63 - __builtin_clzll(n))

/* a machine with 64 GiB of memory, half of it in use */
#define totalram_pages()	(1UL << 24)
#define si_mem_available()	(1L << 23)

/* Counts the reads of this thread: in data that is read without locks, steps. */
extern _Thread_local unsigned long unit_reads;
#define READ_ONCE(x)		(unit_reads++, *(const volatile typeof(x) *)&(x))
#define WRITE_ONCE(x, v)	(*(volatile typeof(x) *)&(x) = (v))
#define isdigit(c)		((unsigned int)((c) - '0') < 10)
#define ARRAY_SIZE(a)		(sizeof(a) / sizeof((a)[0]))
#define container_of(p, t, m)	((t *)((char *)(p) - offsetof(t, m)))
#define min(a, b)		((a) < (b) ? (a) : (b))
#define max(a, b)		((a) > (b) ? (a) : (b))
#define min_t(t, a, b)		min((t)(a), (t)(b))
#define clamp_t(t, v, lo, hi)	min(max((t)(v), (t)(lo)), (t)(hi))
#define div_u64(a, b)		((u64)(a) / (b))
#define clamp(v, lo, hi)	min(max(v, lo), hi)
#define DIV_ROUND_UP(a, b)	(((a) + (b) - 1) / (b))
#define BITS_PER_LONG		64
#define BITS_TO_LONGS(n)	DIV_ROUND_UP(n, BITS_PER_LONG)
#define DECLARE_BITMAP(name, n)	unsigned long name[BITS_TO_LONGS(n)]
#define BIT(n)			(1UL << (n))
#define EXPORT_SYMBOL_GPL(x)
#define module_param(name, type, mode)
#define pr_warn_ratelimited(...)	((void)0)
#define WARN_ON_ONCE(x)		({ assert(!(x)); 0; })
#define ERR_PTR(err)		((void *)(long)(err))
#define PTR_ERR(p)		((long)(p))
#define IS_ERR_OR_NULL(p)	(!(p) || IS_ERR(p))
#define ERR_CAST(p)		((void *)(p))
#define IS_ERR(p)		((unsigned long)(p) >= (unsigned long)-4095)
#define struct_size(p, m, n)	(sizeof(*(p)) + sizeof((p)->m[0]) * (n))
#define scnprintf		snprintf	/* nothing is truncated */

/* modules: the test calls the init function, by its name with unit_ in front */
#define THIS_MODULE		NULL
#define module_init(func)	int unit_##func(void) { return func(); }
#define module_exit(func)	void unit_##func(void) { func(); }
#define module_param_array(name, type, n, perm)	struct unit_unused
#define MODULE_PARM_DESC(name, text)	struct unit_unused
#define MODULE_LICENSE(text)		struct unit_unused
#define MODULE_DESCRIPTION(text)	struct unit_unused
#define MODULE_VERSION(text)		struct unit_unused

static inline unsigned long roundup_pow_of_two(unsigned long n)
{
	unsigned long p = 1;

	while (p < n)
		p <<= 1;
	return p;
}

static inline unsigned long gcd(unsigned long a, unsigned long b)
{
	while (b) {
		unsigned long t = a % b;

		a = b;
		b = t;
	}
	return a;
}

/* memory: calloc(), or NULL if a test lets the allocation fail */
void *unit_calloc(size_t n, size_t size);

typedef unsigned int gfp_t;
#define GFP_KERNEL		0
#define GFP_ATOMIC		0
#define GFP_KERNEL_ACCOUNT	0
#define __GFP_NOWARN		0
#define __GFP_RETRY_MAYFAIL	0
#define kzalloc(n, gfp)		unit_calloc(1, n)
#define kvzalloc(n, gfp)	unit_calloc(1, n)
#define kvcalloc(n, size, gfp)	unit_calloc(n, size)
#define kcalloc(n, size, gfp)	unit_calloc(n, size)
#define kfree(p)		free(p)
#define kvfree(p)		free(p)

struct kmem_cache { size_t size; };
#define SLAB_HWCACHE_ALIGN	0
static inline struct kmem_cache *kmem_cache_create(const char *name,
						   size_t size, size_t align,
						   int flags, void *ctor)
{
	struct kmem_cache *cache = malloc(sizeof(*cache));

	cache->size = size;
	return cache;
}
#define kmem_cache_destroy(cache)	free(cache)
#define kmem_cache_zalloc(cache, gfp)	unit_calloc(1, (cache)->size)
#define kmem_cache_free(cache, p)	free(p)

/* atomics and bits: sequentially consistent; locks: for one thread only */
typedef struct { int counter; } atomic_t;
typedef atomic_t refcount_t;
#define ATOMIC_INIT(v)		{ v }
#define atomic_read(a)		READ_ONCE((a)->counter)
#define atomic_set(a, v)	WRITE_ONCE((a)->counter, v)
#define atomic_inc(a)		((void)__sync_add_and_fetch(&(a)->counter, 1))
#define atomic_add(n, a)	((void)__sync_add_and_fetch(&(a)->counter, n))
#define atomic_sub(n, a)	((void)__sync_sub_and_fetch(&(a)->counter, n))
#define atomic_dec(a)		((void)__sync_sub_and_fetch(&(a)->counter, 1))
#define refcount_set(r, v)	atomic_set(r, v)
#define refcount_read(r)	atomic_read(r)
#define refcount_dec_and_test(r)	(!__sync_sub_and_fetch(&(r)->counter, 1))
static inline bool refcount_inc_not_zero(refcount_t *r)
{
	if (!atomic_read(r))
		return false;
	atomic_inc(r);
	return true;
}
typedef struct { s64 counter; } atomic64_t;
#define atomic64_read(a)	READ_ONCE((a)->counter)
#define atomic64_set(a, v)	WRITE_ONCE((a)->counter, v)
/* If set, called before each exchange: stands for another CPU. */
extern void (*unit_race)(void);
#define unit_race_here()	((void)(unit_race && (unit_race(), 0)))
#define try_cmpxchg(p, oldp, new) (unit_race_here(), \
	__atomic_compare_exchange_n(p, oldp, new, false, __ATOMIC_SEQ_CST, \
				    __ATOMIC_SEQ_CST))
#define atomic_try_cmpxchg(a, oldp, new) try_cmpxchg(&(a)->counter, oldp, new)
#define atomic64_try_cmpxchg(a, oldp, new) try_cmpxchg(&(a)->counter, oldp, new)
#define xchg(p, v)		(unit_race_here(), \
	__atomic_exchange_n(p, v, __ATOMIC_SEQ_CST))
#define smp_mb__after_atomic()	__sync_synchronize()
#define smp_mb__before_atomic()	__sync_synchronize()

static inline bool test_bit(unsigned long n, const unsigned long *map)
{
	return READ_ONCE(map[n / BITS_PER_LONG]) >> n % BITS_PER_LONG & 1;
}

static inline void set_bit(unsigned long n, unsigned long *map)
{
	__sync_fetch_and_or(&map[n / BITS_PER_LONG], BIT(n % BITS_PER_LONG));
}

#define __set_bit(n, map)	((void)((map)[(n) / BITS_PER_LONG] |= BIT((n) % BITS_PER_LONG)))
#define __clear_bit(n, map)	((void)((map)[(n) / BITS_PER_LONG] &= ~BIT((n) % BITS_PER_LONG)))

#define UNALIGNED_BE(bits)						\
static inline void put_unaligned_be##bits(u##bits v, void *p)		\
{									\
	for (int i = bits / 8; i--; v >>= 8 % bits)			\
		((u8 *)p)[i] = v;					\
}									\
									\
static inline u##bits get_unaligned_be##bits(const void *p)		\
{									\
	u##bits v = 0;							\
									\
	for (int i = 0; i < bits / 8; i++)				\
		v = v << 8 | ((const u8 *)p)[i];			\
	return v;							\
}
UNALIGNED_BE(16)
UNALIGNED_BE(32)
UNALIGNED_BE(64)

static inline bool test_and_set_bit(unsigned long n, unsigned long *map)
{
	return __sync_fetch_and_or(&map[n / BITS_PER_LONG],
				   BIT(n % BITS_PER_LONG)) >>
	       n % BITS_PER_LONG & 1;
}

#define smp_load_acquire(p)	(unit_reads++, __atomic_load_n(p, __ATOMIC_ACQUIRE))
#define smp_store_release(p, v)	__atomic_store_n(p, v, __ATOMIC_RELEASE)
#define cpu_relax()		sched_yield()

/* the only lock that threads may contend for */
#define bit_spin_lock(n, p) do { 	while (__atomic_fetch_or(p, BIT(n), __ATOMIC_ACQUIRE) & BIT(n)) 		cpu_relax(); } while (0)
#define bit_spin_unlock(n, p) 	((void)__atomic_fetch_and(p, ~BIT(n), __ATOMIC_RELEASE))

static inline unsigned long __ffs(unsigned long word)
{
	return __builtin_ctzl(word);
}

static inline int fls(unsigned int v)
{
	return v ? 32 - __builtin_clz(v) : 0;
}

static inline u64 mul_u64_u64_shr(u64 a, u64 b, unsigned int shift)
{
	return (unsigned __int128)a * b >> shift;
}

#define sort_r(base, n, size, cmp, swap, priv) \
	qsort_r(base, n, size, (__compar_d_fn_t)(cmp), (void *)(priv))

static inline u32 hash_32(u32 v, unsigned int bits)
{
	return v * 0x61C88647u >> (32 - bits);
}

static inline u32 hash_64(u64 v, unsigned int bits)
{
	return v * 0x61C8864680B583EBull >> (64 - bits);
}

typedef struct { bool held; } spinlock_t;
static inline void spin_lock_init(spinlock_t *l)
{
	l->held = false;
}

static inline void spin_lock(spinlock_t *l)
{
	assert(!l->held);
	l->held = true;
}

static inline void spin_unlock(spinlock_t *l)
{
	assert(l->held);
	l->held = false;
}

#define spin_lock_bh		spin_lock
#define spin_unlock_bh		spin_unlock
#define lockdep_assert_held(l)	assert((l)->held)
#define lockdep_is_held(l)	((l)->held)
#define lockdep_assert_in_softirq()	((void)0)
#define RCU_LOCKDEP_WARN(c, text)	((void)0)

/* RCU: a grace period ends at once unless a test with concurrent readers sets
 * unit_grace_period, or for call_rcu() when a test says so */
extern void (*unit_grace_period)(void);
#define synchronize_rcu()	((void)(unit_grace_period && (unit_grace_period(), 0)))
struct rcu_head {
	struct rcu_head *next;
	void (*func)(struct rcu_head *head);
};
#define rcu_read_lock()		do { } while (0)
#define rcu_read_unlock()	do { } while (0)
#define rcu_dereference(p)	READ_ONCE(p)
#define rcu_access_pointer(p)	READ_ONCE(p)
#define rcu_dereference_protected(p, c)	(p)
#define rcu_dereference_check(p, c)	READ_ONCE(p)
#define rcu_assign_pointer(p, v) WRITE_ONCE(p, v)
#define RCU_INIT_POINTER(p, v)	((p) = (v))
#define rcu_barrier()		do { } while (0)
#define call_rcu(head, func)	unit_call_rcu(head, func)
void unit_call_rcu(struct rcu_head *head, void (*func)(struct rcu_head *head));
#define kfree_rcu(p, member)	free(p)
#define kvfree_rcu(p, member)	free(p)
#define smp_mb()		__sync_synchronize()

/* lists */
struct list_head { struct list_head *next, *prev; };
struct hlist_node { struct hlist_node *next, **pprev; };
struct hlist_head { struct hlist_node *first; };

static inline void INIT_LIST_HEAD(struct list_head *h)
{
	h->next = h->prev = h;
}

static inline void list_add(struct list_head *n, struct list_head *h)
{
	n->next = h->next;
	n->prev = h;
	h->next->prev = n;
	h->next = n;
}

static inline void list_del(struct list_head *n)
{
	n->prev->next = n->next;
	n->next->prev = n->prev;
}

static inline void hlist_add_head(struct hlist_node *n, struct hlist_head *h)
{
	n->next = h->first;
	n->pprev = &h->first;
	if (n->next)
		n->next->pprev = &n->next;
	h->first = n;
}

static inline void hlist_del_init(struct hlist_node *n)
{
	if (!n->pprev)
		return;
	*n->pprev = n->next;
	if (n->next)
		n->next->pprev = n->pprev;
	n->next = NULL;
	n->pprev = NULL;
}

#define hlist_empty(h)		(!(h)->first)
#define hlist_entry(p, t, m)	container_of(p, t, m)

static inline void hlist_add_head_rcu(struct hlist_node *n,
				      struct hlist_head *h)
{
	n->next = h->first;
	n->pprev = &h->first;
	if (n->next)
		n->next->pprev = &n->next;
	h->first = n;
}

static inline void hlist_del_rcu(struct hlist_node *n)
{
	*n->pprev = n->next;
	if (n->next)
		n->next->pprev = n->pprev;
}

static inline void hlist_replace_rcu(struct hlist_node *old,
				     struct hlist_node *new)
{
	new->next = old->next;
	new->pprev = old->pprev;
	*new->pprev = new;
	if (new->next)
		new->next->pprev = &new->next;
}

#define hlist_entry_or_null(p, t, m) \
	({ struct hlist_node *_n = (p); _n ? container_of(_n, t, m) : NULL; })
#define hlist_for_each_entry_rcu(pos, head, m, cond) \
	for (pos = hlist_entry_or_null((head)->first, typeof(*pos), m); pos; \
	     pos = hlist_entry_or_null(pos->m.next, typeof(*pos), m))
#define hlist_for_each_entry_safe(pos, next_node, head, m) \
	for (pos = hlist_entry_or_null((head)->first, typeof(*pos), m); \
	     pos && ({ next_node = pos->m.next; 1; }); \
	     pos = hlist_entry_or_null(next_node, typeof(*pos), m))
#define list_entry(p, t, m)	container_of(p, t, m)
#define list_for_each_entry(pos, head, m) \
	for (pos = list_entry((head)->next, typeof(*pos), m); \
	     &pos->m != (head); pos = list_entry(pos->m.next, typeof(*pos), m))

/* types that only need a size */
typedef struct { int unused; } wait_queue_head_t;
struct rcu_work { int unused; };
struct mutex { int unused; };
struct rhashtable { int unused; };
struct rhltable { int unused; };
struct rhash_head { void *next; };
struct rhlist_head { void *rhead, *next; };
typedef struct cpumask *cpumask_var_t;
struct u64_stats_sync { char unused[0]; };
typedef struct { u64 v; } u64_stats_t;

/* work: run by a test, which calls its function */
struct workqueue_struct;
struct work_struct {
	void (*func)(struct work_struct *work);
	bool pending;
};
struct delayed_work { struct work_struct work; };
#define to_delayed_work(w)	container_of(w, struct delayed_work, work)
#define INIT_DELAYED_WORK(w, f)	((w)->work.func = (f))
#define queue_delayed_work(wq, w, delay) \
	((void)(wq), (w)->work.pending = true)
#define cancel_delayed_work_sync(w)	((w)->work.pending = false)
#define INIT_WORK(w, f)		((void)((w)->func = (f)))
#define queue_work(wq, w)	((void)(wq), WRITE_ONCE((w)->pending, true))
#define work_pending(w)		READ_ONCE((w)->pending)
#define cancel_work_sync(w)	((void)((w)->pending = false))
/* If set, called where others may run. */
extern void (*unit_resched)(void);
#define cond_resched()		((void)(unit_resched && (unit_resched(), 0)))
#define local_bh_disable()	((void)0)
#define local_bh_enable()	((void)0)

/* CPUs: the one that a test says it is on; a per-CPU counter whose value is
 * known only after a sum lags behind by what a test sets */
extern unsigned int unit_cpu, unit_counter_sums;
extern s64 unit_counter_lag;
#define UNIT_CPUS		4
#define raw_smp_processor_id()	(unit_cpu)
#define num_possible_cpus()	UNIT_CPUS
#define num_online_cpus()	UNIT_CPUS
#define percpu_counter_batch	32
struct percpu_counter { s64 count; };
#define percpu_counter_init(c, v, gfp)	((c)->count = (v), 0)
#define percpu_counter_destroy(c)	((void)(c))
#define percpu_counter_inc(c)	percpu_counter_add(c, 1)
#define percpu_counter_dec(c)	percpu_counter_sub(c, 1)
#define percpu_counter_read(c)	(READ_ONCE((c)->count) - unit_counter_lag)
#define percpu_counter_sum(c)	(unit_counter_sums++, (c)->count)
#define percpu_counter_add(c, n)	((void)__sync_add_and_fetch(&(c)->count, n))
#define percpu_counter_sub(c, n)	((void)__sync_sub_and_fetch(&(c)->count, n))
#define percpu_counter_read_positive(c)	max(percpu_counter_read(c), (s64)0)
#define percpu_counter_sum_positive	percpu_counter_read_positive
struct ctl_table;
struct ctl_table_header;
struct dst_entry;
struct net { int unused; };
#define DECLARE_STATIC_KEY_FALSE(name)	extern bool name
#define static_branch_unlikely(key)	(*(key))
extern struct net init_net;
#define net_eq(a, b)		((a) == (b))
#define dst_release(dst)	((void)(dst))

#define net_generic(net, id)	((void *)(net))
#define this_cpu_ptr(p)		(p)
#define this_cpu_inc(x)		((x)++)
#define this_cpu_add(x, n)	((x) += (n))
#define __this_cpu_inc(x)	((x)++)
#define u64_stats_update_begin(s)	((void)(s))
#define u64_stats_update_end(s)		((void)(s))
#define u64_stats_inc(c)		((c)->v++)
#define u64_stats_add(c, n)		((c)->v += (n))

extern unsigned long jiffies;
#define get_jiffies_64()	((u64)jiffies)
#define time_after(a, b)	((long)((b) - (a)) < 0)
#define time_before(a, b)	time_after(b, a)
#define time_after_eq(a, b)	(!time_before(a, b))

/* random numbers: from the tests */
u64 get_random_u64(void);
#define get_random_u32()	((u32)get_random_u64())
void get_random_bytes(void *buf, size_t len);

/* On 64-bit hosts hsiphash is SipHash-1-3. */
typedef struct { unsigned long key[2]; } hsiphash_key_t;
typedef struct { u64 key[2]; } siphash_key_t;
u32 hsiphash(const void *data, size_t len, const hsiphash_key_t *key);
u32 hsiphash_2u32(u32 a, u32 b, const hsiphash_key_t *key);
u32 hsiphash_4u32(u32 a, u32 b, u32 c, u32 d, const hsiphash_key_t *key);
u64 siphash_2u64(u64 a, u64 b, const siphash_key_t *key);

#include "packet.h"

#endif /* UNIT_KERNEL_H */
