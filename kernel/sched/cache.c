// SPDX-License-Identifier: GPL-2.0
/*
 * The memory of lblc and lblcr. It is bounded, since a client that scans
 * addresses creates an entry per address: when the cache is full, new addresses
 * are scheduled without an entry until unused entries have been collected.
 */
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/random.h>
#include <linux/rculist.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "sched/cache.h"

#define BUCKETS		VS_CACHE_BUCKETS
#define GC_PERIOD	(60 * HZ)
#define GC_FULL		30		/* every GC_FULL-th run is a full one */
#define UNUSED_TIME	(6 * 60 * HZ)	/* collected above MAX_ENTRIES */
#define MAX_ENTRIES	(BUCKETS * 16)	/* above it, collect unused entries */
#define MAX_ALLOC	(MAX_ENTRIES * 3 / 2)	/* hard limit */
#define MAX_MEMBERS	(MAX_ALLOC * 4)	/* hard limit of their destinations */

static void cache_gc_work(struct work_struct *work)
{
	struct vs_cache *cache = container_of(to_delayed_work(work),
					      struct vs_cache, gc);

	vs_cache_collect(cache);
	queue_delayed_work(vs_wq, &cache->gc, GC_PERIOD);
}

struct vs_cache *vs_cache_new(const int *expiration,
			      struct vs_cache_room *room)
{
	struct vs_cache *cache = kvzalloc(sizeof(*cache), VS_GFP_CONFIG);

	if (!cache)
		return NULL;
	spin_lock_init(&cache->lock);
	get_random_bytes(&cache->key, sizeof(cache->key));
	cache->expiration = expiration;
	cache->room = room;
	cache->gc_ticks = 1;
	cache->holders = 1;
	INIT_DELAYED_WORK(&cache->gc, cache_gc_work);
	queue_delayed_work(vs_wq, &cache->gc, GC_PERIOD);
	return cache;
}

static struct hlist_head *cache_bucket(struct vs_cache *cache,
				       const union nf_inet_addr *addr)
{
	u64 a, b;

	memcpy(&a, &addr->all[0], sizeof(a));
	memcpy(&b, &addr->all[2], sizeof(b));
	return &cache->bucket[siphash_2u64(a, b, &cache->key) % BUCKETS];
}

/* Under RCU or @cache->lock. */
static struct vs_cache_entry *entry_find(struct vs_cache *cache,
					 const union nf_inet_addr *addr)
{
	struct vs_cache_entry *entry;

	hlist_for_each_entry_rcu(entry, cache_bucket(cache, addr), node,
				 lockdep_is_held(&cache->lock))
		if (ipv6_addr_equal(&entry->addr.in6, &addr->in6))
			return entry;
	return NULL;
}

struct vs_cache_entry *vs_cache_lookup(struct vs_cache *cache,
				       const union nf_inet_addr *addr)
{
	struct vs_cache_entry *entry = entry_find(cache, addr);

	if (entry && time_after(jiffies, READ_ONCE(entry->used)))
		WRITE_ONCE(entry->used, jiffies);
	return entry;
}

static struct vs_cache_entry *entry_alloc(const union nf_inet_addr *addr, u32 n)
{
	struct vs_cache_entry *entry;

	entry = kzalloc(struct_size(entry, dest, n), GFP_ATOMIC | __GFP_NOWARN);
	if (!entry)
		return NULL;
	entry->addr = *addr;
	entry->used = jiffies;
	entry->changed = jiffies;
	entry->n = n;
	return entry;
}

static void entry_insert(struct vs_cache *cache, struct vs_cache_entry *entry)
{
	lockdep_assert_held(&cache->lock);
	hlist_add_head_rcu(&entry->node, cache_bucket(cache, &entry->addr));
	cache->entries++;
	cache->members += entry->n;
	atomic_add(1 + entry->n, &cache->room->used);
}

static void entry_replace(struct vs_cache *cache, struct vs_cache_entry *old,
			  struct vs_cache_entry *new)
{
	lockdep_assert_held(&cache->lock);
	hlist_replace_rcu(&old->node, &new->node);
	cache->members += new->n;
	cache->members -= old->n;
	atomic_add(new->n - old->n, &cache->room->used);
	kfree_rcu(old, rcu);
}

static void entry_remove(struct vs_cache *cache, struct vs_cache_entry *entry)
{
	lockdep_assert_held(&cache->lock);
	hlist_del_rcu(&entry->node);
	cache->entries--;
	cache->members -= entry->n;
	atomic_sub(1 + entry->n, &cache->room->used);
	kfree_rcu(entry, rcu);
}

static bool entry_has(const struct vs_cache_entry *entry,
		      const struct vs_dest *dest)
{
	u32 i;

	for (i = 0; i < entry->n; i++)
		if (entry->dest[i] == dest)
			return true;
	return false;
}

/* Insert @dest before the destinations that serve @addr (@keep), or replace
 * them. */
static void cache_assign(struct vs_cache *cache, const union nf_inet_addr *addr,
			 struct vs_dest *dest, bool keep)
{
	struct vs_cache_entry *old = entry_find(cache, addr);
	u32 n = old && keep ? old->n : 0;
	struct vs_cache_entry *new;

	if (cache->dead || (old && entry_has(old, dest)))
		return;
	if (old ? cache->members >= MAX_MEMBERS : cache->entries >= MAX_ALLOC)
		return;
	if (atomic_read(&cache->room->used) >= READ_ONCE(cache->room->max))
		return;
	new = entry_alloc(addr, n + 1);
	if (!new)
		return;
	new->dest[0] = dest;
	if (n)
		memcpy(&new->dest[1], &old->dest[0], n * sizeof(dest));
	if (old)
		entry_replace(cache, old, new);
	else
		entry_insert(cache, new);
}

void vs_cache_set(struct vs_cache *cache, const union nf_inet_addr *addr,
		  struct vs_dest *dest)
{
	spin_lock(&cache->lock);
	cache_assign(cache, addr, dest, false);
	spin_unlock(&cache->lock);
}

void vs_cache_add(struct vs_cache *cache, const union nf_inet_addr *addr,
		  struct vs_dest *dest)
{
	spin_lock(&cache->lock);
	cache_assign(cache, addr, dest, true);
	spin_unlock(&cache->lock);
}

/* @leaving: the destination to strip; NULL: all that are not available. */
static bool member_stays(const struct vs_dest *dest,
			 const struct vs_dest *leaving)
{
	return leaving ? dest != leaving : vs_dest_available(dest);
}

/*
 * Replace @entry by one without the destinations that leave. Remove it if none
 * is left or there is no memory.
 */
static void entry_strip(struct vs_cache *cache, struct vs_cache_entry *entry,
			const struct vs_dest *leaving)
{
	struct vs_cache_entry *new;
	u32 i, n = 0, k = 0;

	for (i = 0; i < entry->n; i++)
		n += member_stays(entry->dest[i], leaving);
	if (n == entry->n)
		return;
	new = n ? entry_alloc(&entry->addr, n) : NULL;
	if (!new) {
		entry_remove(cache, entry);
		return;
	}
	new->used = entry->used;
	if (!leaving)
		new->changed = entry->changed;
	for (i = 0; i < entry->n; i++)
		if (member_stays(entry->dest[i], leaving))
			new->dest[k++] = entry->dest[i];
	entry_replace(cache, entry, new);
}

void vs_cache_del(struct vs_cache *cache, const union nf_inet_addr *addr,
		  struct vs_dest *dest)
{
	struct vs_cache_entry *entry;

	spin_lock(&cache->lock);
	entry = entry_find(cache, addr);
	if (entry && entry->n > 1)
		entry_strip(cache, entry, dest);
	spin_unlock(&cache->lock);
}

void vs_cache_forget(struct vs_cache *cache)
{
	struct vs_cache_entry *entry;
	struct hlist_node *next;
	u32 i;

	for (i = 0; i < BUCKETS; i++) {
		spin_lock_bh(&cache->lock);
		hlist_for_each_entry_safe(entry, next, &cache->bucket[i], node)
			entry_strip(cache, entry, NULL);
		spin_unlock_bh(&cache->lock);
		cond_resched();
	}
}

/* Remove the entries of bucket @i that were not used for @time jiffies. */
static u32 collect_bucket(struct vs_cache *cache, u32 i, unsigned long time)
{
	struct vs_cache_entry *entry;
	struct hlist_node *next;
	u32 n = 0;

	spin_lock_bh(&cache->lock);
	hlist_for_each_entry_safe(entry, next, &cache->bucket[i], node) {
		if (time_before(jiffies, READ_ONCE(entry->used) + time))
			continue;
		entry_remove(cache, entry);
		n++;
	}
	spin_unlock_bh(&cache->lock);
	return n;
}

/* Continue where the last run stopped, until @goal entries are removed. */
static void collect_entries(struct vs_cache *cache, unsigned long time,
			    u32 goal)
{
	u32 i, n = 0;

	for (i = 0; i < BUCKETS && n < goal; i++) {
		cache->gc_bucket = (cache->gc_bucket + 1) % BUCKETS;
		n += collect_bucket(cache, cache->gc_bucket, time);
		cond_resched();
	}
}

void vs_cache_collect(struct vs_cache *cache)
{
	u32 entries = READ_ONCE(cache->entries);

	if (cache->gc_ticks % GC_FULL == 0) {
		cache->gc_ticks = 1;
		collect_entries(cache, READ_ONCE(*cache->expiration), U32_MAX);
		return;
	}
	if (entries > MAX_ENTRIES)
		collect_entries(cache, UNUSED_TIME,
				min((entries - MAX_ENTRIES) * 4 / 3,
				    MAX_ENTRIES / 2));
	else
		cache->gc_ticks++;
}

void vs_cache_put(struct vs_cache *cache)
{
	struct vs_cache_entry *entry;
	struct hlist_node *next;
	u32 i;

	if (--cache->holders)
		return;
	cancel_delayed_work_sync(&cache->gc);
	/* stop readers of the last snapshot from adding entries */
	spin_lock_bh(&cache->lock);
	cache->dead = true;
	spin_unlock_bh(&cache->lock);
	for (i = 0; i < BUCKETS; i++) {
		spin_lock_bh(&cache->lock);
		hlist_for_each_entry_safe(entry, next, &cache->bucket[i], node)
			entry_remove(cache, entry);
		spin_unlock_bh(&cache->lock);
		cond_resched();
	}
	kvfree_rcu(cache, rcu);
}
