// SPDX-License-Identifier: GPL-2.0
/*
 * lblc, lblcr: locality-based least connection, for clusters of caches where
 * the address that a client wants to reach decides what is cached. An address
 * stays with the cache that serves it (lblc), or with a set of caches that
 * grows while they are overloaded (lblcr). A new address, or one whose cache is
 * overloaded, goes to the destination that wlc would choose.
 */
#include "sched/cache.h"
#include "sched/impl.h"
#include "sched/least.h"
#include "sched/load.h"

/**
 * struct local_state - state of lblc and lblcr
 * @least:	for the choice as wlc; must be first, for vs_least_*()
 * @cache:	the service's cache; each snapshot of the service is a holder
 * @idle:	index of a target that was idle, a hint
 */
struct local_state {
	struct vs_least least;
	struct vs_cache *cache;
	u32 idle;
};

static_assert(!offsetof(struct local_state, least));

static struct local_state *local_state(struct vs_snap *snap)
{
	return vs_snap_state(snap, struct local_state);
}

struct vs_cache *vs_snap_cache(struct vs_snap *snap)
{
	return local_state(snap)->cache;
}

static bool dest_idle(const struct vs_dest *dest)
{
	return 2ll * atomic_read(&dest->active) < READ_ONCE(dest->weight);
}

/*
 * Whether @dest has more active connections than its weight while another
 * destination has less than half its own weight.
 */
static bool dest_overrun(struct vs_snap *snap, const struct vs_dest *dest)
{
	struct local_state *state = local_state(snap);
	u32 hint = READ_ONCE(state->idle);
	u32 i;

	if (atomic_read(&dest->active) <= READ_ONCE(dest->weight))
		return false;
	if (hint < snap->n && dest_idle(snap->target[hint].dest))
		return true;
	for (i = 0; i < snap->n; i++) {
		if (dest_idle(snap->target[i].dest)) {
			WRITE_ONCE(state->idle, i);
			return true;
		}
	}
	return false;
}

/* lblc */

struct vs_dest *vs_lblc_pick(struct vs_snap *snap, const struct vs_flow *flow)
{
	struct vs_cache *cache = vs_snap_cache(snap);
	const struct vs_cache_entry *entry;
	struct vs_dest *dest;

	entry = vs_cache_lookup(cache, flow->daddr);
	if (entry) {
		dest = entry->dest[0];
		/* as in ip_vs, regardless of the thresholds */
		if (vs_dest_available(dest) && READ_ONCE(dest->weight) > 0 &&
		    !dest_overrun(snap, dest))
			return dest;
	}
	dest = vs_least_pick(snap, flow);
	if (dest)
		vs_cache_set(cache, flow->daddr, dest);
	return dest;
}

/* lblcr */

/* Whether @a has less load / weight than @b. */
static bool dest_less_loaded(const struct vs_dest *a, const struct vs_dest *b)
{
	return vs_load_of(VS_LOAD_WLC, a) * READ_ONCE(b->weight) <
	       vs_load_of(VS_LOAD_WLC, b) * READ_ONCE(a->weight);
}

static struct vs_dest *least_loaded_member(const struct vs_cache_entry *entry)
{
	struct vs_dest *least = NULL;
	u32 i;

	for (i = 0; i < entry->n; i++) {
		struct vs_dest *dest = entry->dest[i];

		if (!vs_dest_usable(dest) || !vs_dest_available(dest))
			continue;
		if (!least || dest_less_loaded(dest, least))
			least = dest;
	}
	return least;
}

static struct vs_dest *most_loaded_member(const struct vs_cache_entry *entry)
{
	struct vs_dest *most = NULL;
	u32 i;

	for (i = 0; i < entry->n; i++) {
		struct vs_dest *dest = entry->dest[i];

		if (READ_ONCE(dest->weight) <= 0)
			continue;
		if (!most || dest_less_loaded(most, dest))
			most = dest;
	}
	return most;
}

/* A set that has not changed for long is larger than its load requires. */
static void shrink_set(struct vs_cache *cache,
		       const struct vs_cache_entry *entry)
{
	int expiration = READ_ONCE(*cache->expiration);
	struct vs_dest *dest;

	if (entry->n < 2 || !time_after(jiffies, entry->changed + expiration))
		return;
	dest = most_loaded_member(entry);
	if (dest)
		vs_cache_del(cache, &entry->addr, dest);
}

struct vs_dest *vs_lblcr_pick(struct vs_snap *snap, const struct vs_flow *flow)
{
	struct vs_cache *cache = vs_snap_cache(snap);
	const struct vs_cache_entry *entry;
	struct vs_dest *dest;

	entry = vs_cache_lookup(cache, flow->daddr);
	if (entry) {
		dest = least_loaded_member(entry);
		shrink_set(cache, entry);
		if (dest && !dest_overrun(snap, dest))
			return dest;
	}
	dest = vs_least_pick(snap, flow);
	if (dest)
		vs_cache_add(cache, flow->daddr, dest);
	return dest;
}

/* Both */

/* A new snapshot shares the cache of the service's previous one. */
static int local_init(struct vs_snap *snap, struct vs_snap *old,
		      const int *expiration, struct vs_cache_room *room)
{
	struct local_state *state = local_state(snap);
	int err = vs_least_init(snap, VS_LOAD_WLC);

	if (err)
		return err;
	if (old) {
		state->cache = vs_snap_cache(old);
		state->cache->holders++;
		return 0;
	}
	state->cache = vs_cache_new(expiration, room);
	if (!state->cache) {
		vs_least_release(snap);
		return -ENOMEM;
	}
	return 0;
}

static void local_forget(struct vs_snap *snap)
{
	vs_cache_forget(vs_snap_cache(snap));
}

static void local_retire(struct vs_snap *snap)
{
	vs_least_retire(snap);
	vs_cache_put(vs_snap_cache(snap));
}

static int lblc_init(struct vs_snap *snap, struct vs_snap *old,
		     const struct vs_snap_conf *conf)
{
	return local_init(snap, old, conf->lblc_expiration, conf->room);
}

const struct vs_sched vs_sched_lblc = {
	.name		= "lblc",
	.init		= lblc_init,
	.publish	= vs_least_publish,
	.forget		= local_forget,
	.retire		= local_retire,
	.release	= vs_least_release,
};

static int lblcr_init(struct vs_snap *snap, struct vs_snap *old,
		      const struct vs_snap_conf *conf)
{
	return local_init(snap, old, conf->lblcr_expiration, conf->room);
}

const struct vs_sched vs_sched_lblcr = {
	.name		= "lblcr",
	.init		= lblcr_init,
	.publish	= vs_least_publish,
	.forget		= local_forget,
	.retire		= local_retire,
	.release	= vs_least_release,
};
