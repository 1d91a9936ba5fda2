/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_DEST_H
#define VS_DEST_H

#include <linux/list.h>
#include <linux/rcupdate.h>
#include <linux/refcount.h>
#include <linux/rhashtable-types.h>
#include <linux/spinlock.h>

#include "service/watch.h"
#include "stats.h"
#include "types.h"

/* struct vs_dest.flags */
#define VS_DEST_AVAILABLE	0x1	/* configured in its service */
#define VS_DEST_OVERLOAD	0x2	/* has reached its upper threshold */

/* Identity of a destination; key of vs_net.dests. */
struct vs_dest_key {
	const struct vs_service *svc;
	union nf_inet_addr addr;
	__be16 port;
	u16 af;
};

/* Identity of a real server; key of vs_net.reals. */
struct vs_real_key {
	union nf_inet_addr addr;
	__be16 port;
	u8 af;
	u8 proto;		/* 0: of fwmark services */
};

/**
 * struct vs_real - the destinations with the same address, port and protocol
 * @node:	in vs_net.reals
 * @key:	constant
 * @dests:	those that are available by NAT, by vs_dest.real_node; RCU
 * @users:	destinations with this as vs_dest.real
 * @rcu:	frees the object
 *
 * Changed under the configuration lock, read by packets under RCU.
 */
struct vs_real {
	struct rhash_head node;
	struct vs_real_key key;
	struct hlist_head dests;
	u32 users;
	struct rcu_head rcu;
};

/**
 * struct vs_dest - a destination: a real server of a service
 *
 * Read per packet:
 * @key:	address, port, family; constant
 * @method:	IP_VS_CONN_F_MASQ, _TUNNEL, _DROUTE or _LOCALNODE
 * @tun_type:	IP_VS_CONN_F_TUNNEL_TYPE_*
 * @tun_flags:	IP_VS_TUNNEL_ENCAP_FLAG_*
 * @tun_port:	GUE port, network order
 * @flags:	VS_DEST_*, changed by atomic bit operations
 * @stats:	per-CPU counters
 * @route:	cached route to the real server, see path/route.c
 *
 * Read per new connection:
 * @weight:	0: no new connections
 * @svc:	the service; constant, valid as long as the destination is (a
 *		deleted service is kept until its destinations are freed)
 * @watcher:	notifies the scheduler of changes of the load, NULL if it needs
 *		none; see watch.h
 *
 * Written per connection:
 * @active:	connections in an active state
 * @total:	connections, templates excluded; inactive = @total - @active
 * @persist:	templates
 * @ref:	1 for the object itself, 1 for each connection or template
 * @lock:	serialises changes of VS_DEST_OVERLOAD
 * @u_threshold: read per connection: VS_DEST_OVERLOAD is set when @total reaches it; 0: never
 * @l_threshold: and cleared when @total falls below it; 0: 3/4 of @u_threshold
 *
 * Configuration, under vn->config.lock:
 * @list:	in vs_service.dests or .removed
 * @node:	in vs_net.dests, by @key
 * @all:	in vs_net.all; also under vs_all.dests_lock
 * @trash:	removed: in vs_config.trash or .reaping
 * @real:	the real server; constant
 * @real_node:	in @real->dests while the destination is available by NAT; RCU
 * @real_age:	order of insertion into such lists in the namespace
 * @conn_flags:	IP_VS_CONN_F_* as netlink shows them
 * @last_weight: last weight that was not 0
 * @totals:	statistics
 * @row:	its number in the order of additions to the service, from 1 on
 * @walk:	last walk that has counted it, see struct vs_all
 * @configured: for config/: differs from VS_DEST_AVAILABLE, which packets see,
 *		only during a transaction
 * @gone:	RCU grace-period state when it was removed
 * @idle:	get_jiffies_64() when a removed destination was first seen without
 *		connections, 0: not yet
 * @rcu:	frees the destination
 *
 * As in ip_vs a removed destination is kept for a while; if it is added again
 * meanwhile, it keeps its connections and counters.
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
	const struct vs_watcher __rcu *watcher;

	atomic_t active ____cacheline_aligned;
	atomic_t total;
	atomic_t persist;
	refcount_t ref;
	spinlock_t lock;
	u32 u_threshold;
	u32 l_threshold;

	struct list_head list ____cacheline_aligned;
	struct rhash_head node;
	struct list_head all;
	struct list_head trash;
	struct vs_real *real;
	struct hlist_node real_node;
	unsigned long real_age;
	u32 conn_flags;
	int last_weight;
	struct vs_stats totals;
	u64 row;
	u32 walk;
	bool configured;
	unsigned long gone;
	u64 idle;
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

/* To be called after each change of @active, @total or VS_DEST_OVERLOAD. */
static inline void vs_dest_load_changed(const struct vs_dest *dest)
{
	/* load, then watcher; pairs with smp_mb() in vs_tree_attach() */
	smp_mb__after_atomic();
	if (rcu_access_pointer(dest->watcher))
		vs_watch_mark(dest);
}

/* A connection of @dest becomes active or inactive. */
static inline void vs_dest_activate(struct vs_dest *dest, bool active)
{
	if (active)
		atomic_inc(&dest->active);
	else
		atomic_dec(&dest->active);
	vs_dest_load_changed(dest);
}

/* The two counters are not read atomically: the difference may be negative. */
static inline int vs_dest_inactive(const struct vs_dest *dest)
{
	return max(atomic_read(&dest->total) - atomic_read(&dest->active), 0);
}

/**
 * vs_dest_bind() - count a new connection of a destination
 * @dest:	the destination
 * @template:	the connection is a template
 *
 * Takes a reference, counts the connection in @total (or @persist) and applies
 * the thresholds.
 *
 * Context: any but hard interrupt; RCU if @dest may be removed meanwhile.
 */
void vs_dest_bind(struct vs_dest *dest, bool template);

/**
 * vs_dest_unbind() - undo vs_dest_bind()
 * @dest:	the destination
 * @template:	as given to vs_dest_bind()
 */
void vs_dest_unbind(struct vs_dest *dest, bool template);

/**
 * vs_dest_lookup_real() - look up a real server by its own address
 * @vn:		the namespace
 * @af:		family of @addr
 * @proto:	protocol
 * @addr:	the real server's address
 * @port:	its port
 *
 * Context: RCU read side, BHs disabled.
 * Return: the available destination that is reached by NAT at @addr:@port, of
 * any service (the one added last if there are several), or NULL. Takes no
 * reference.
 */
struct vs_dest *vs_dest_lookup_real(struct vs_net *vn, u8 af, u8 proto,
				    const union nf_inet_addr *addr,
				    __be16 port);

/**
 * vs_dest_find() - look up a destination of a service
 * @svc:	the service
 * @af:		family of @addr
 * @addr:	the destination's address
 * @port:	its port
 *
 * Context: RCU read side, BHs disabled.
 * Return: the available destination, or NULL. Takes no reference.
 */
struct vs_dest *vs_dest_find(struct vs_service *svc, u16 af,
			     const union nf_inet_addr *addr, __be16 port);

struct vs_dest_conf;

/* The functions below run under vn->config.lock, in process context. */

/* @svc's destination, configured or removed, or NULL. */
struct vs_dest *vs_dest_lookup(struct vs_service *svc, u16 af,
			       const union nf_inet_addr *addr, __be16 port);

/**
 * vs_dest_new() - make a destination
 * @svc:	its service
 * @conf:	its settings
 *
 * Return: the destination, hashed, but neither available nor on a list of the
 * service; or an ERR_PTR().
 */
struct vs_dest *vs_dest_new(struct vs_service *svc,
			    const struct vs_dest_conf *conf);

/**
 * vs_dest_set() - change a destination's settings
 * @dest:	the destination
 * @conf:	the new settings
 *
 * The caller drops the cached route, which depends on the forwarding method.
 */
void vs_dest_set(struct vs_dest *dest, const struct vs_dest_conf *conf);

/* Packets from @dest's address find @dest from now on, if it uses NAT, or no
 * longer. */
void vs_dest_list_real(struct vs_dest *dest);
void vs_dest_unlist_real(struct vs_dest *dest);

/* Read the settings of @dest into @conf. */
void vs_dest_conf(const struct vs_dest *dest, struct vs_dest_conf *conf);

/**
 * vs_dest_free() - free a destination that no connection uses
 * @dest:	the destination; freed after a grace period
 *
 * Adds its counters to its service's and to the namespace's. The caller has
 * dropped the cached route and removed it from the real server's list.
 */
void vs_dest_free(struct vs_dest *dest);

/* Whether the removed @dest has been without connections for long enough. */
bool vs_dest_expired(struct vs_dest *dest);

int vs_dests_init(struct vs_net *vn);
void vs_dests_exit(struct vs_net *vn);

#endif /* VS_DEST_H */
