/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_SERVICE_H
#define VS_SERVICE_H

#include <linux/list.h>
#include <linux/rhashtable-types.h>
#include <linux/workqueue.h>

#include "dest.h"
#include "sched/sched.h"
#include "stats.h"

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
 * @flags:	IP_VS_SVC_F_*
 * @timeout:	persistence, jiffies
 * @netmask:	persistence granularity: IPv4 mask (network order) or IPv6
 *		prefix length (host order)
 * @snap:	what the scheduler chooses from; replaced at every change
 * @vn:		namespace
 * @dests:	configured destinations, newest first
 * @removed:	destinations that only live on in their connections
 * @sched:	scheduler, NULL for "none"
 * @shown:	statistics
 * @ref:	1 while configured, 1 for each struct vs_dest that points here
 *
 * All but @snap, @flags, @timeout and @netmask under vn->config.lock.
 */
struct vs_service {
	struct rhash_head node;
	struct vs_svc_key key;
	u32 flags;
	u32 timeout;
	__be32 netmask;
	struct vs_snap __rcu *snap;
	struct vs_net *vn;

	struct list_head list;
	struct list_head dests;
	struct list_head removed;
	u32 num_dests;
	const struct vs_sched *sched;
	struct vs_stats shown;
	refcount_t ref;
	struct rcu_work free;
};

/* RCU. The service that takes a packet to @daddr:@dport, by the kernel's
 * order of look-ups (fwmark, exact, port 0), or NULL. */
struct vs_service *vs_service_find(struct vs_net *vn, u8 af, u8 proto,
				   const union nf_inet_addr *daddr,
				   __be16 dport, u32 mark);

#endif /* VS_SERVICE_H */
