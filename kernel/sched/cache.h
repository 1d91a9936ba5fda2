/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_SCHED_CACHE_H
#define VS_SCHED_CACHE_H

#include <linux/siphash.h>
#include <linux/workqueue.h>

#include "service/dest.h"

#define VS_CACHE_BUCKETS	1024

/*
 * What lblc and lblcr remember: which destinations serve a site. A service has
 * one cache for as long as it has the scheduler; its snapshots hold it. Sites
 * hold no references: a destination is forgotten before it is freed.
 */

/**
 * struct vs_cached_dest_set - an address that clients want to reach, immutable but @used
 * @addr:	key, padded with zeros
 * @used:	jiffies of the last look-up
 * @changed:	jiffies of the last change of @dest
 * @n:		number of destinations
 * @dest:	the newest first; not necessarily available
 */
struct vs_cached_dest_set {
	struct hlist_node node;
	struct rcu_head rcu;
	union nf_inet_addr addr;
	unsigned long used;
	unsigned long changed;
	u32 n;
	struct vs_dest *dest[] __counted_by(n);
};

/**
 * struct vs_cache - sites by address
 * @key:	of the hash, constant
 * @expiration:	how long a site may go without use, jiffies; see vs_snap_conf
 * @lock:	of @bucket, @sites, @members and @dead
 * @sites:	their number
 * @members:	the sum of their destinations
 * @dead:	nothing may be added any more
 * @holders:	snapshots; under the configuration's lock
 * @gc:		collects each minute; the next two are its own
 * @rover:	bucket where the last collection ended
 * @ticks:	collections since the last full one, and 1
 * @bucket:	read under RCU
 */
struct vs_cache {
	siphash_key_t key;
	const int *expiration;
	spinlock_t lock;
	u32 sites;
	u32 members;
	bool dead;
	u32 holders;
	struct delayed_work gc;
	u32 rover;
	u32 ticks;
	struct rcu_head rcu;
	struct hlist_head bucket[VS_CACHE_BUCKETS];
};

struct vs_cache *vs_cache_new(const int *expiration);
void vs_cache_put(struct vs_cache *cache);
void vs_cache_forget(struct vs_cache *cache);
/* A minute's collection. */
void vs_cache_collect(struct vs_cache *cache);

/* The rest under RCU, BH disabled. */

/* The site @addr, which counts as used, or NULL. */
struct vs_cached_dest_set *vs_cache_lookup(struct vs_cache *cache,
			      const union nf_inet_addr *addr);
/* @addr is served by @dest only, or by @dest, too, or by @dest no more. When
 * there is no room or memory nothing happens. */
void vs_cache_set(struct vs_cache *cache, const union nf_inet_addr *addr,
		  struct vs_dest *dest);
void vs_cache_add(struct vs_cache *cache, const union nf_inet_addr *addr,
		  struct vs_dest *dest);
void vs_cache_del(struct vs_cache *cache, const union nf_inet_addr *addr,
		  struct vs_dest *dest);

#endif /* VS_SCHED_CACHE_H */
