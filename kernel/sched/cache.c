// SPDX-License-Identifier: GPL-2.0
/*
 * The memory of lblc and lblcr. It is bounded: who scans all addresses fills it
 * once, and sites that do not fit are scheduled without it until unused ones
 * were collected.
 */
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/random.h>
#include <linux/rculist.h>
#include <linux/slab.h>

#include "sched/cache.h"

#define BUCKETS		VS_CACHE_BUCKETS
#define GC_PERIOD	(60 * HZ)
#define FULL_GC		30		/* in periods */
#define UNUSED		(6 * 60 * HZ)	/* may go when there are too many */
#define MAX_SITES	(BUCKETS * 16)	/* above it they are too many */
#define MAX_ALLOC	(MAX_SITES * 3 / 2)
#define MAX_MEMBERS	(MAX_ALLOC * 4)

static void collect_work(struct work_struct *work)
{
	struct vs_cache *cache = container_of(to_delayed_work(work),
					      struct vs_cache, gc);

	vs_cache_collect(cache);
	queue_delayed_work(vs_wq, &cache->gc, GC_PERIOD);
}

struct vs_cache *vs_cache_new(const int *expiration)
{
	struct vs_cache *cache = kvzalloc(sizeof(*cache), GFP_KERNEL_ACCOUNT);

	if (!cache)
		return NULL;
	spin_lock_init(&cache->lock);
	get_random_bytes(&cache->key, sizeof(cache->key));
	cache->expiration = expiration;
	cache->ticks = 1;
	cache->holders = 1;
	INIT_DELAYED_WORK(&cache->gc, collect_work);
	queue_delayed_work(vs_wq, &cache->gc, GC_PERIOD);
	return cache;
}

static u32 bucket_of(const struct vs_cache *cache,
		     const union nf_inet_addr *addr)
{
	u64 a, b;

	memcpy(&a, &addr->all[0], sizeof(a));
	memcpy(&b, &addr->all[2], sizeof(b));
	return siphash_2u64(a, b, &cache->key) % BUCKETS;
}

static struct vs_cached_dest_set *find(struct vs_cache *cache,
			    const union nf_inet_addr *addr)
{
	struct vs_cached_dest_set *site;

	hlist_for_each_entry_rcu(site, &cache->bucket[bucket_of(cache, addr)],
				 node, lockdep_is_held(&cache->lock))
		if (ipv6_addr_equal(&site->addr.in6, &addr->in6))
			return site;
	return NULL;
}

struct vs_cached_dest_set *vs_cache_lookup(struct vs_cache *cache,
			      const union nf_inet_addr *addr)
{
	struct vs_cached_dest_set *site = find(cache, addr);

	if (site && time_after(jiffies, READ_ONCE(site->used)))
		WRITE_ONCE(site->used, jiffies);
	return site;
}

/* The rest but put, forget and collect with @cache->lock. */

static struct vs_cached_dest_set *new_site(const union nf_inet_addr *addr, u32 n)
{
	struct vs_cached_dest_set *site;

	site = kzalloc(struct_size(site, dest, n), GFP_ATOMIC | __GFP_NOWARN);
	if (!site)
		return NULL;
	site->addr = *addr;
	site->used = jiffies;
	site->changed = jiffies;
	site->n = n;
	return site;
}

static void erase(struct vs_cache *cache, struct vs_cached_dest_set *site)
{
	hlist_del_rcu(&site->node);
	cache->sites--;
	cache->members -= site->n;
	kfree_rcu(site, rcu);
}

static void insert(struct vs_cache *cache, struct vs_cached_dest_set *site)
{
	hlist_add_head_rcu(&site->node,
			   &cache->bucket[bucket_of(cache, &site->addr)]);
	cache->sites++;
	cache->members += site->n;
}

static void replace(struct vs_cache *cache, struct vs_cached_dest_set *old,
		    struct vs_cached_dest_set *new)
{
	hlist_replace_rcu(&old->node, &new->node);
	cache->members += new->n;
	cache->members -= old->n;
	kfree_rcu(old, rcu);
}

static bool has(const struct vs_cached_dest_set *site, const struct vs_dest *dest)
{
	u32 i;

	for (i = 0; i < site->n; i++)
		if (site->dest[i] == dest)
			return true;
	return false;
}

/* The site with @dest before those that it has, or without these. */
static void assign(struct vs_cache *cache, const union nf_inet_addr *addr,
		   struct vs_dest *dest, bool keep)
{
	struct vs_cached_dest_set *old = find(cache, addr);
	u32 n = old && keep ? old->n : 0;
	struct vs_cached_dest_set *new;

	if (cache->dead || (old && has(old, dest)))
		return;
	if (old ? cache->members >= MAX_MEMBERS : cache->sites >= MAX_ALLOC)
		return;
	new = new_site(addr, n + 1);
	if (!new)
		return;
	new->dest[0] = dest;
	if (n)
		memcpy(&new->dest[1], &old->dest[0], n * sizeof(dest));
	if (old)
		replace(cache, old, new);
	else
		insert(cache, new);
}

void vs_cache_set(struct vs_cache *cache, const union nf_inet_addr *addr,
		  struct vs_dest *dest)
{
	spin_lock(&cache->lock);
	assign(cache, addr, dest, false);
	spin_unlock(&cache->lock);
}

void vs_cache_add(struct vs_cache *cache, const union nf_inet_addr *addr,
		  struct vs_dest *dest)
{
	spin_lock(&cache->lock);
	assign(cache, addr, dest, true);
	spin_unlock(&cache->lock);
}

static bool is_kept(const struct vs_dest *dest, const struct vs_dest *gone)
{
	return gone ? dest != gone : vs_dest_available(dest);
}

static u32 count_kept(const struct vs_cached_dest_set *site, const struct vs_dest *gone)
{
	u32 i, n = 0;

	for (i = 0; i < site->n; i++)
		n += is_kept(site->dest[i], gone);
	return n;
}

/* The site without @gone, or without all that are not available: with what is
 * left of it in its place, if there is anything (and memory). */
static void strip(struct vs_cache *cache, struct vs_cached_dest_set *site,
		  const struct vs_dest *gone)
{
	u32 n = count_kept(site, gone);
	struct vs_cached_dest_set *new;
	u32 i, k = 0;

	if (n == site->n)
		return;
	new = n ? new_site(&site->addr, n) : NULL;
	if (!new) {
		erase(cache, site);
		return;
	}
	new->used = site->used;
	if (!gone)
		new->changed = site->changed;
	for (i = 0; i < site->n; i++)
		if (is_kept(site->dest[i], gone))
			new->dest[k++] = site->dest[i];
	replace(cache, site, new);
}

void vs_cache_del(struct vs_cache *cache, const union nf_inet_addr *addr,
		  struct vs_dest *dest)
{
	struct vs_cached_dest_set *site;

	spin_lock(&cache->lock);
	site = find(cache, addr);
	if (site && site->n > 1)
		strip(cache, site, dest);
	spin_unlock(&cache->lock);
}

void vs_cache_forget(struct vs_cache *cache)
{
	struct hlist_node *next;
	struct vs_cached_dest_set *site;
	u32 i;

	for (i = 0; i < BUCKETS; i++) {
		spin_lock_bh(&cache->lock);
		hlist_for_each_entry_safe(site, next, &cache->bucket[i], node)
			strip(cache, site, NULL);
		spin_unlock_bh(&cache->lock);
	}
}

/* Removes the sites in bucket @i that were not used for @time. */
static u32 collect_bucket(struct vs_cache *cache, u32 i, unsigned long time)
{
	struct hlist_node *next;
	struct vs_cached_dest_set *site;
	u32 n = 0;

	spin_lock_bh(&cache->lock);
	hlist_for_each_entry_safe(site, next, &cache->bucket[i], node) {
		if (time_before(jiffies, READ_ONCE(site->used) + time))
			continue;
		erase(cache, site);
		n++;
	}
	spin_unlock_bh(&cache->lock);
	return n;
}

/* Until @goal sites are gone, or round the table once. */
static void collect(struct vs_cache *cache, unsigned long time, u32 goal)
{
	u32 i, n = 0;

	for (i = 0; i < BUCKETS && n < goal; i++) {
		cache->rover = (cache->rover + 1) % BUCKETS;
		n += collect_bucket(cache, cache->rover, time);
	}
}

void vs_cache_collect(struct vs_cache *cache)
{
	u32 sites = READ_ONCE(cache->sites);

	if (cache->ticks % FULL_GC == 0) {
		cache->ticks = 1;
		collect(cache, READ_ONCE(*cache->expiration), U32_MAX);
		return;
	}
	if (sites > MAX_SITES)
		collect(cache, UNUSED,
			min((sites - MAX_SITES) * 4 / 3, MAX_SITES / 2));
	else
		cache->ticks++;
}

void vs_cache_put(struct vs_cache *cache)
{
	struct hlist_node *next;
	struct vs_cached_dest_set *site;
	u32 i;

	if (--cache->holders)
		return;
	cancel_delayed_work_sync(&cache->gc);
	/* those who still read the last snapshot are not to add any */
	spin_lock_bh(&cache->lock);
	cache->dead = true;
	spin_unlock_bh(&cache->lock);
	for (i = 0; i < BUCKETS; i++) {
		spin_lock_bh(&cache->lock);
		hlist_for_each_entry_safe(site, next, &cache->bucket[i], node)
			erase(cache, site);
		spin_unlock_bh(&cache->lock);
	}
	kvfree_rcu(cache, rcu);
}
