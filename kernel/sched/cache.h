/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_SCHED_CACHE_H
#define VS_SCHED_CACHE_H

#include <linux/siphash.h>
#include <linux/workqueue.h>

#include "sched/sched.h"
#include "service/dest.h"

#define VS_CACHE_BUCKETS	1024

/*
 * The memory of lblc and lblcr: which destinations serve an address. A service
 * has one cache for as long as it keeps the scheduler; its snapshots hold it.
 * Entries hold no references to destinations: vs_snap_forget() removes a
 * destination from them before it is freed.
 */

/**
 * struct vs_cache_entry - the destinations that serve an address
 * @node:	in vs_cache.bucket
 * @rcu:	frees the entry
 * @addr:	address that clients want to reach, padded with zeros; the key
 * @used:	jiffies of the last lookup
 * @changed:	jiffies of the last change of @dest
 * @n:		number of destinations
 * @dest:	the newest member first; may contain unavailable destinations
 *
 * Immutable but @used: a change replaces the entry.
 */
struct vs_cache_entry {
	struct hlist_node node;
	struct rcu_head rcu;
	union nf_inet_addr addr;
	unsigned long used;
	unsigned long changed;
	u32 n;
	struct vs_dest *dest[] __counted_by(n);
};

/**
 * struct vs_cache - entries by address
 * @key:	hash key, constant
 * @expiration:	how long an entry is kept without use, in jiffies; see struct
 *		vs_snap_conf
 * @room:	the namespace's limit
 * @lock:	protects changes of @bucket, @entries, @members and @dead
 * @entries:	number of entries
 * @members:	sum of the entries' destinations
 * @dead:	no snapshot holds the cache: refuse new entries
 * @holders:	number of snapshots that hold the cache; under vn->config.lock
 * @gc:		collects unused entries every minute
 * @gc_bucket:	bucket that @gc has visited last
 * @gc_ticks:	counts runs of @gc up to the next full collection
 * @rcu:	frees the cache
 * @bucket:	read under RCU
 */
struct vs_cache {
	siphash_key_t key;
	const int *expiration;
	struct vs_cache_room *room;
	spinlock_t lock;
	u32 entries;
	u32 members;
	bool dead;
	u32 holders;
	struct delayed_work gc;
	u32 gc_bucket;
	u32 gc_ticks;
	struct rcu_head rcu;
	struct hlist_head bucket[VS_CACHE_BUCKETS];
};

/**
 * vs_cache_new() - make an empty cache with one holder
 * @expiration:	see struct vs_cache
 * @room:	see struct vs_cache
 *
 * Return: the cache or NULL.
 */
struct vs_cache *vs_cache_new(const int *expiration,
			      struct vs_cache_room *room);

/**
 * vs_cache_put() - drop a snapshot's hold on the cache
 * @cache:	the cache; the last holder frees it
 *
 * Context: process context, under vn->config.lock.
 */
void vs_cache_put(struct vs_cache *cache);

/* Remove the destinations that are not available. Process context. */
void vs_cache_forget(struct vs_cache *cache);

/* One run of the garbage collection; not reentrant. Process context. */
void vs_cache_collect(struct vs_cache *cache);

/* The functions below run under RCU with BHs disabled. */

/**
 * vs_cache_lookup() - look up an address and note that it is in use
 * @cache:	the cache
 * @addr:	the address, padded with zeros
 *
 * Return: the entry, valid in this RCU read-side section, or NULL.
 */
struct vs_cache_entry *vs_cache_lookup(struct vs_cache *cache,
				       const union nf_inet_addr *addr);

/*
 * Make @dest the only destination that serves @addr, add it to those that do,
 * or remove it from them. If the cache is full or there is no memory, nothing
 * happens (vs_cache_del() drops the entry if there is no memory).
 */
void vs_cache_set(struct vs_cache *cache, const union nf_inet_addr *addr,
		  struct vs_dest *dest);
void vs_cache_add(struct vs_cache *cache, const union nf_inet_addr *addr,
		  struct vs_dest *dest);
void vs_cache_del(struct vs_cache *cache, const union nf_inet_addr *addr,
		  struct vs_dest *dest);

/* local.c: the cache of a snapshot of lblc or lblcr. For the unit tests. */
struct vs_cache *vs_snap_cache(struct vs_snap *snap);

#endif /* VS_SCHED_CACHE_H */
