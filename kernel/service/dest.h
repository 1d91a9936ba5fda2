/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_DEST_H
#define VS_DEST_H

#include <linux/list.h>
#include <linux/rcupdate.h>
#include <linux/refcount.h>
#include <linux/rhashtable-types.h>
#include <linux/spinlock.h>

#include "stats.h"
#include "types.h"

/* struct vs_dest.flags */
#define VS_DEST_AVAILABLE	0x1	/* configured in its service */
#define VS_DEST_OVERLOAD	0x2	/* above the upper threshold */

/* vs_dest's identity, key of the namespace's table of destinations. */
struct vs_dest_key {
	const struct vs_service *svc;
	union nf_inet_addr addr;
	__be16 port;
	u16 af;
};

/**
 * struct vs_dest - a real server of a service
 *
 * Read per packet:
 * @key:	address, port, family; constant
 * @method:	IP_VS_CONN_F_MASQ, _TUNNEL, _DROUTE or _LOCALNODE
 * @tun_type:	IP_VS_CONN_F_TUNNEL_TYPE_*
 * @tun_flags:	IP_VS_TUNNEL_ENCAP_FLAG_*
 * @tun_port:	GUE port, network order
 * @flags:	VS_DEST_*, by set/clear under @lock or atomically (see dest.c)
 * @weight:	0: no new connections
 * @stats:	per-CPU counters
 * @leaf:	place in the scheduler's tree, NULL when it has none
 * @route:	cached route to the server, see route.c
 *
 * Written per connection:
 * @active:	connections in an active state
 * @total:	connections, templates excluded; inactive = @total - @active
 * @persist:	templates
 * @ref:	1 for the object itself, 1 for each connection
 * @lock:	of VS_DEST_OVERLOAD
 *
 * Configuration, under the namespace's mutex:
 * @svc:	owner; constant, valid as long as the destination is (a
 *		removed service waits for its destinations)
 * @conn_flags:	IP_VS_CONN_F_* as netlink shows them
 * @u_threshold: @total at which new connections stop, 0: never
 * @l_threshold: @total below which they resume, 0: 3/4 of @u_threshold
 * @last_weight: last weight that was not 0
 * @totals:	statistics
 * @configured: for config/: differs from VS_DEST_AVAILABLE, which packets see,
 *		only during a transaction
 * @gone:	RCU state when it was removed
 * @idle:	jiffies when a removed destination was first seen without
 *		connections, 0: not yet
 *
 * A removed destination is kept for a while as the kernel's ip_vs does: added
 * again it goes on with its connections and counts.
 */
struct vs_dest {
	struct vs_dest_key key;
	u8 method;
	u8 tun_type;
	u16 tun_flags;
	__be16 tun_port;
	unsigned long flags;
	struct vs_cpu_stats __percpu *stats;
	struct vs_route __rcu *route;

	int weight;
	struct vs_service *svc;
	struct vs_leaf __rcu *leaf;

	atomic_t active ____cacheline_aligned;
	atomic_t total;
	atomic_t persist;
	refcount_t ref;
	spinlock_t lock;
	u32 u_threshold;
	u32 l_threshold;

	struct list_head list ____cacheline_aligned;	/* in vs_service.dests or .removed */
	struct rhash_head node;
	struct rhlist_head real;
	u32 conn_flags;
	int last_weight;
	struct vs_stats totals;
	bool configured;
	unsigned long gone;
	unsigned long idle;
	struct rcu_head rcu;
};

static inline bool vs_dest_available(const struct vs_dest *dest)
{
	return READ_ONCE(dest->flags) & VS_DEST_AVAILABLE;
}

static inline bool vs_dest_usable(const struct vs_dest *dest)
{
	return READ_ONCE(dest->weight) > 0 &&
	       !(READ_ONCE(dest->flags) & VS_DEST_OVERLOAD);
}

/* A connection comes to, or leaves, @dest: reference, @total and thresholds
 * (or @persist for a template). Any context. */
void vs_dest_bind(struct vs_dest *dest, bool template);
void vs_dest_unbind(struct vs_dest *dest, bool template);

/* sched/tree.c: follows the load of @dest. */
void vs_tree_mark(struct vs_dest *dest);

/* After each change of @active, @total or VS_DEST_OVERLOAD. */
static inline void vs_dest_load_changed(struct vs_dest *dest)
{
	smp_mb__after_atomic();		/* pairs with vs_tree_attach() */
	if (rcu_access_pointer(dest->leaf))
		vs_tree_mark(dest);
}

/* Inactive <-> active. */
static inline void vs_dest_activate(struct vs_dest *dest, bool active)
{
	if (active)
		atomic_inc(&dest->active);
	else
		atomic_dec(&dest->active);
	vs_dest_load_changed(dest);
}

static inline int vs_dest_inactive(const struct vs_dest *dest)
{
	return max(atomic_read(&dest->total) - atomic_read(&dest->active), 0);
}

/* RCU. The configured destination that is reached by NAT at @addr:@port for
 * @proto, of whatever service; the newest if several are; or NULL. */
struct vs_dest *vs_dest_lookup_real(struct vs_net *vn, u8 af, u8 proto,
				  const union nf_inet_addr *addr, __be16 port);

struct vs_dest_conf;

/* The rest under vn->config.lock. */

/* @svc's destination, configured or removed, or NULL. */
struct vs_dest *vs_dest_lookup(struct vs_service *svc, u16 af,
			    const union nf_inet_addr *addr, __be16 port);
/* A new one, on no list. */
struct vs_dest *vs_dest_new(struct vs_service *svc,
			    const struct vs_dest_conf *conf);
void vs_dest_set(struct vs_dest *dest, const struct vs_dest_conf *conf);
void vs_dest_conf(const struct vs_dest *dest, struct vs_dest_conf *conf);
/* Gives @dest's counts to its service and frees it when no reader is left. */
void vs_dest_free(struct vs_dest *dest);
/* Whether nobody has used the removed @dest for long enough. */
bool vs_dest_expired(struct vs_dest *dest);

int vs_dests_init(struct vs_net *vn);
void vs_dests_exit(struct vs_net *vn);

#endif /* VS_DEST_H */
