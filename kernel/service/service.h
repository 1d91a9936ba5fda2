/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_SERVICE_H
#define VS_SERVICE_H

#include <linux/ip_vs.h>
#include <linux/list.h>
#include <linux/rhashtable-types.h>

#include "service/dest.h"
#include "stats.h"

#define VS_FTP_PORT		cpu_to_be16(21)
#define VS_FTP_DATA_PORT	cpu_to_be16(20)

struct vs_sched;

/* Identity of a service; unused parts are zero. */
struct vs_svc_key {
	union nf_inet_addr addr;
	u32 fwmark;		/* if not 0, @addr, @port and @proto are unused */
	__be16 port;
	u8 proto;
	u8 af;
};

/**
 * struct vs_service - a virtual service
 * @node:	in vs_net.services
 * @key:	identity; constant
 * @flags:	IP_VS_SVC_F_*; IP_VS_SVC_F_HASHED while configured
 * @timeout:	persistence timeout, jiffies
 * @netmask:	persistence granularity: IPv4 mask (network order) or IPv6
 *		prefix length (host order)
 * @pe:		persistence engine, NULL for none; its module is held
 * @snap:	snapshot of the destinations, replaced at every change; its
 *		vs_snap.sched is NULL with scheduler "none". NULL before the
 *		service is configured and after it is deleted
 * @vn:		namespace
 * @list:	in vs_config.services while configured
 * @added:	vs_config.changes when it was added
 * @dests:	configured destinations, newest first
 * @removed:	removed destinations that are not freed yet
 * @num_dests:	number of @dests
 * @last_row:	the largest vs_dest.row so far
 * @fwmark_proto: protocol given when a fwmark service was added; only socket
 *		options show it
 * @sched:	scheduler, NULL for "none"
 * @totals:	statistics
 * @sum:	for the rates: sum over the destinations during walk @sum_walk
 * @sum_walk:	see @sum
 * @est_walk:	the last walk after which the rates were updated
 * @forgot:	get_jiffies_64() when the scheduler was last told to forget removed
 *		destinations, see config/reap.c
 * @staged:	snapshot that a transaction is about to publish, or NULL
 * @configured: for config/: differs from IP_VS_SVC_F_HASHED, which packets see,
 *		only during a transaction
 * @rcu:	frees the service
 *
 * All but @key, @flags, @timeout, @netmask, @pe and @snap are protected by
 * vn->config.lock, which also serialises changes of these.
 *
 * A deleted service remains in vn->services, not configured and thus not found
 * by packets, until its removed destinations are freed. A service added with
 * the same key meanwhile takes over the object.
 */
struct vs_service {
	struct rhash_head node;
	struct vs_svc_key key;
	u32 flags;
	u32 timeout;
	__be32 netmask;
	const struct vs_pe __rcu *pe;
	struct vs_snap __rcu *snap;
	struct vs_net *vn;

	struct list_head list;
	unsigned long added;
	struct list_head dests;
	struct list_head removed;
	u32 num_dests;
	u64 last_row;
	u8 fwmark_proto;
	const struct vs_sched *sched;
	struct vs_stats totals;
	struct vs_sums sum;
	u32 sum_walk;
	u32 est_walk;
	u64 forgot;
	struct vs_snap *staged;
	bool configured;
	struct rcu_head rcu;
};

static inline bool vs_service_configured(const struct vs_service *svc)
{
	return READ_ONCE(svc->flags) & IP_VS_SVC_F_HASHED;
}

static inline u8 vs_service_proto(const struct vs_service *svc)
{
	return svc->key.fwmark ? svc->fwmark_proto : svc->key.proto;
}

/**
 * vs_service_lookup() - look up the service that takes a packet
 * @vn:		the namespace
 * @af:		family
 * @proto:	protocol
 * @daddr:	destination address of the packet
 * @dport:	destination port
 * @mark:	the packet's mark
 *
 * In ip_vs's order: by mark, by address and port, as a data connection of an
 * FTP service, by address with port 0.
 *
 * Context: RCU read side, BHs disabled.
 * Return: the configured service or NULL. Takes no reference.
 */
struct vs_service *vs_service_lookup(struct vs_net *vn, u8 af, u8 proto,
				     const union nf_inet_addr *daddr,
				     __be16 dport, u32 mark);

/* The functions below run under vn->config.lock, in process context. */

/* The service with @key, configured or deleted, or NULL. */
struct vs_service *vs_service_by_key(struct vs_net *vn,
				     const struct vs_svc_key *key);

/* A new service, not configured and on no list, or an ERR_PTR(). */
struct vs_service *vs_service_new(struct vs_net *vn,
				  const struct vs_svc_key *key);

/*
 * Free @svc after a grace period. It must not be configured and must have no
 * destinations left.
 */
void vs_service_free(struct vs_service *svc);

int vs_services_init(struct vs_net *vn);
void vs_services_exit(struct vs_net *vn);

#endif /* VS_SERVICE_H */
