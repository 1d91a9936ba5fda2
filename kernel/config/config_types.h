/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_CONFIG_TYPES_H
#define VS_CONFIG_TYPES_H

#include <linux/ip_vs.h>
#include <linux/list.h>
#include <linux/lockdep.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/workqueue.h>

#include "types.h"

/**
 * struct vs_config - a namespace's configuration
 * @lock:	serializes changes and readers other than packets. Taken by
 *		config/ only; others use vs_config_read_begin()
 * @services:	configured services, oldest first
 * @changes:	how often @services has changed
 * @row_changes: how often it or one of their lists of destinations has
 * @trash:	removed destinations (vs_dest.trash), in the order of their removal
 *		or of the last attempt to free them
 * @reaping:	those that @reap has still to look at
 * @reap:	frees removed destinations that have become unused
 * @expire:	ends the connections of removed destinations
 * @est_at:	vs_service.list of the next service whose rates est.c updates, or
 *		&services
 * @quiet:	RCU state when the last packet hook was unregistered
 * @defrag6:	nf_defrag_ipv6 is enabled
 * @num_services: number of @services
 * @num_af:	number of @services by family. The packet hooks of a family are
 *		registered while it is not 0
 * @num_fwmark:	fwmark services by family
 * @num_port0:	services for port 0
 * @num_ftp:	services for FTP's control port, by family
 * @num_pe_out:	services whose persistence engine has conn_out, by family
 * @num_daemons: sync daemons that run, or are about to
 *
 * Packets read the counters with READ_ONCE() to skip lookups.
 */
struct vs_config {
	struct mutex lock;
	struct list_head services;
	unsigned long changes;
	unsigned long row_changes;
	struct list_head trash;
	struct list_head reaping;
	struct delayed_work reap;
	struct work_struct expire;
	struct list_head *est_at;
	unsigned long quiet;
	bool defrag6;
	u32 num_services;
	u32 num_af[2];
	u32 num_fwmark[2];
	u32 num_port0;
	u32 num_ftp[2];
	u32 num_pe_out[2];
	u32 num_daemons;
};

/* The caller holds the lock of @vn's configuration. */
#define vs_assert_config_locked(vn) lockdep_assert_held(&(vn)->config.lock)

/* Dereferences the RCU pointer @p, which changes under that lock only. */
#define vs_config_dereference(vn, p) \
	rcu_dereference_protected(p, lockdep_is_held(&(vn)->config.lock))

/**
 * struct vs_svc_conf - the parameters of a service besides its key
 * @sched_name:	scheduler, "none" for none
 * @pe_name:	persistence engine, "" for none
 * @fwmark_proto: protocol of a new fwmark service, see struct vs_service
 * @flags:	IP_VS_SVC_F_*, VS_SCHED_F_*
 * @flags_mask:	bits of @flags to set or clear; the others keep their value
 * @timeout:	persistence timeout in seconds
 * @netmask:	persistence granularity, see struct vs_service
 */
struct vs_svc_conf {
	char sched_name[IP_VS_SCHEDNAME_MAXLEN];
	char pe_name[IP_VS_PENAME_MAXLEN];
	u8 fwmark_proto;
	u32 flags;
	u32 flags_mask;
	u32 timeout;
	__be32 netmask;
};

/**
 * struct vs_dest_conf - key and parameters of a destination
 * @addr:	real server
 * @port:	real server, network order
 * @af:		family of @addr, 0 for the service's
 * @conn_flags:	IP_VS_CONN_F_*, of which the forwarding method counts
 * @weight:	0 for no new connections
 * @u_threshold: connections at which new ones stop, 0 for no limit
 * @l_threshold: connections below which they resume, 0 for the default
 * @tun_type:	IP_VS_CONN_F_TUNNEL_TYPE_*
 * @tun_port:	GUE port, network order
 * @tun_flags:	IP_VS_TUNNEL_ENCAP_FLAG_*
 */
struct vs_dest_conf {
	union nf_inet_addr addr;
	__be16 port;
	u16 af;
	u32 conn_flags;
	int weight;
	u32 u_threshold;
	u32 l_threshold;
	u16 tun_type;
	__be16 tun_port;
	u16 tun_flags;
};

/* Connection timeouts in seconds. When set, 0 keeps the present value. */
struct vs_timeouts {
	u32 tcp;
	u32 tcp_fin;
	u32 udp;
};

/* Configuration lock held. Walks the configured services, oldest first. */
#define vs_config_for_each_service(svc, vn) \
	list_for_each_entry(svc, &(vn)->config.services, list)

#endif /* VS_CONFIG_TYPES_H */
