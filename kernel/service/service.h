/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_SERVICE_H
#define VS_SERVICE_H

#include <linux/ip_vs.h>
#include <linux/list.h>
#include <linux/rhashtable-types.h>

#include "sched/sched.h"
#include "service/dest.h"
#include "stats.h"

#define VS_FTP_PORT		cpu_to_be16(21)
#define VS_FTP_DATA_PORT	cpu_to_be16(20)

/* A service's identity; unused parts are zero. */
struct vs_svc_key {
	union nf_inet_addr addr;
	u32 fwmark;		/* not 0: a fwmark service, addr/port/proto unused */
	__be16 port;
	u8 proto;
	u8 af;
};

/**
 * struct vs_service - a virtual service
 * @node:	in vs_net.services
 * @key:	identity; constant
 * @flags:	IP_VS_SVC_F_*; IP_VS_SVC_F_HASHED while configured
 * @fwmark_proto: protocol named when a fwmark service was made; only socket
 *		options ask for it
 * @timeout:	persistence, jiffies
 * @netmask:	persistence granularity: IPv4 mask (network order) or IPv6
 *		prefix length (host order)
 * @pe:	persistence engine, NULL for none; its module is held
 * @snap:	what the scheduler chooses from; replaced at every change, NULL
 *		when there is no scheduler
 * @vn:		namespace
 * @dests:	configured destinations, newest first
 * @removed:	destinations that only live on in their connections
 * @sched:	scheduler, NULL for "none"
 * @totals:	statistics
 * @staged:	snapshot that a transaction is about to publish, or NULL
 * @configured: for config/: differs from IP_VS_SVC_F_HASHED, which packets see,
 *		only during a transaction
 *
 * All but @snap, @pe, @flags, @timeout and @netmask under vn->config.lock.
 *
 * A deleted service stays in vn->services, not to be found, for as long as it
 * has removed destinations; a service added with its key is this one again.
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
	struct list_head dests;
	struct list_head removed;
	u32 num_dests;
	u8 fwmark_proto;
	const struct vs_sched *sched;
	struct vs_stats totals;
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

/* RCU. The service that takes a packet to @daddr:@dport, by the kernel's
 * order of look-ups (fwmark, exact, port 0), or NULL. */
struct vs_service *vs_service_lookup(struct vs_net *vn, u8 af, u8 proto,
				   const union nf_inet_addr *daddr,
				   __be16 dport, u32 mark);

/* The rest under vn->config.lock. */

/* The service with @key, configured or deleted, or NULL. */
struct vs_service *vs_service_by_key(struct vs_net *vn,
				  const struct vs_svc_key *key);
struct vs_service *vs_service_new(struct vs_net *vn,
				  const struct vs_svc_key *key);
/* Gives @svc's counts to the namespace and frees it when no reader is left.
 * It is not configured and has no destinations. */
void vs_service_free(struct vs_service *svc);

int vs_services_init(struct vs_net *vn);
void vs_services_exit(struct vs_net *vn);

#endif /* VS_SERVICE_H */
