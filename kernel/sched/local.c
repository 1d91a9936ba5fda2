// SPDX-License-Identifier: GPL-2.0
/*
 * lblc, lblcr: for clusters of caches, where the address that a client wants to
 * reach says what is to be cached. A site stays with the cache that has it, or
 * with a set of caches that grows while they are overloaded (lblcr); for a new
 * site, and instead of an overloaded cache, as wlc chooses.
 */
#include "sched/cache.h"
#include "sched/impl.h"

static bool is_usable(const struct vs_dest *dest)
{
	return vs_dest_available(dest) && READ_ONCE(dest->weight) > 0;
}

static bool is_idle(const struct vs_dest *dest)
{
	return 2ll * atomic_read(&dest->active) < READ_ONCE(dest->weight);
}

/* Whether @dest has more active connections than its weight says while another
 * has less than half as many. */
static bool is_overloaded(struct vs_snap *snap, const struct vs_dest *dest)
{
	u32 hint = READ_ONCE(snap->state.least.idle);
	u32 i;

	if (atomic_read(&dest->active) <= READ_ONCE(dest->weight))
		return false;
	if (hint < snap->n && is_idle(snap->target[hint].dest))
		return true;
	for (i = 0; i < snap->n; i++) {
		if (is_idle(snap->target[i].dest)) {
			WRITE_ONCE(snap->state.least.idle, i);
			return true;
		}
	}
	return false;
}

static u64 load_of(const struct vs_dest *dest)
{
	return vs_least_load(VS_SCHED_WLC, dest);
}

/* Whether load in relation to weight is less at @a. */
static bool is_less(const struct vs_dest *a, const struct vs_dest *b)
{
	return load_of(a) * READ_ONCE(b->weight) <
	       load_of(b) * READ_ONCE(a->weight);
}

static struct vs_dest *least_of(const struct vs_cached_dest_set *site)
{
	struct vs_dest *least = NULL;
	u32 i;

	for (i = 0; i < site->n; i++) {
		struct vs_dest *dest = site->dest[i];

		if (!vs_dest_usable(dest) || !vs_dest_available(dest))
			continue;
		if (!least || is_less(dest, least))
			least = dest;
	}
	return least;
}

static struct vs_dest *most_of(const struct vs_cached_dest_set *site)
{
	struct vs_dest *most = NULL;
	u32 i;

	for (i = 0; i < site->n; i++) {
		struct vs_dest *dest = site->dest[i];

		if (READ_ONCE(dest->weight) <= 0)
			continue;
		if (!most || is_less(most, dest))
			most = dest;
	}
	return most;
}

static struct vs_dest *pick_one(struct vs_snap *snap,
				const union nf_inet_addr *addr)
{
	struct vs_cache *cache = snap->state.least.cache;
	const struct vs_cached_dest_set *site = vs_cache_lookup(cache, addr);
	struct vs_dest *dest;

	if (site) {
		dest = site->dest[0];
		if (is_usable(dest) && !is_overloaded(snap, dest))
			return dest;
	}
	dest = vs_least_pick(snap);
	if (dest)
		vs_cache_set(cache, addr, dest);
	return dest;
}

/* A set that has not changed for long has become too big. */
static void shrink(struct vs_cache *cache, const struct vs_cached_dest_set *site)
{
	struct vs_dest *dest;

	if (site->n < 2 ||
	    !time_after(jiffies, site->changed + READ_ONCE(*cache->expiration)))
		return;
	dest = most_of(site);
	if (dest)
		vs_cache_del(cache, &site->addr, dest);
}

static struct vs_dest *pick_of_set(struct vs_snap *snap,
				   const union nf_inet_addr *addr)
{
	struct vs_cache *cache = snap->state.least.cache;
	const struct vs_cached_dest_set *site = vs_cache_lookup(cache, addr);
	struct vs_dest *dest;

	if (site) {
		dest = least_of(site);
		shrink(cache, site);
		if (dest && !is_overloaded(snap, dest))
			return dest;
	}
	dest = vs_least_pick(snap);
	if (dest)
		vs_cache_add(cache, addr, dest);
	return dest;
}

struct vs_dest *vs_local_pick(struct vs_snap *snap, const struct vs_flow *flow)
{
	if (snap->sched->id == VS_SCHED_LBLC)
		return pick_one(snap, flow->daddr);
	return pick_of_set(snap, flow->daddr);
}

/* The cache is the service's: the new snapshot holds the old one's. */
int vs_local_init(struct vs_snap *snap, const struct vs_snap *old,
		  const int *expiration)
{
	int err = vs_least_init(snap);

	if (err)
		return err;
	if (old) {
		snap->state.least.cache = old->state.least.cache;
		snap->state.least.cache->holders++;
		return 0;
	}
	snap->state.least.cache = vs_cache_new(expiration);
	if (snap->state.least.cache)
		return 0;
	if (snap->state.least.tree) {
		vs_tree_detach(snap->state.least.tree);
		vs_tree_free(snap->state.least.tree);
	}
	return -ENOMEM;
}
