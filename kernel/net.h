/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_NET_H
#define VS_NET_H

#include <linux/mutex.h>
#include <linux/percpu_counter.h>
#include <linux/rhashtable-types.h>
#include <net/netns/generic.h>

#include "conn_table.h"
#include "filter.h"
#include "proto.h"
#include "stats.h"
#include "wheel.h"

/* Values of net.ipv4.vs.*; plain ints, read with READ_ONCE() on the path. */
struct vs_sysctl {
	int snat_reroute;
	int pmtu_disc;
	int sloppy_tcp;
	int expire_nodest_conn;
	int expire_quiescent_template;
	int conn_reuse_mode;
	int conntrack;
	int run_estimation;
	int conn_max;
};

/* config.c: everything an administrator sets. */
struct vs_config {
	struct mutex lock;		/* all mutations and dumps */
	struct list_head services;	/* in order of creation */
	struct list_head gone;		/* deleted, with removed destinations */
	struct delayed_work reap;	/* frees removed destinations */
	struct work_struct expire;	/* ends their connections */
	unsigned long quiet;		/* RCU state when the last hook went */
	bool defrag6;			/* nf_defrag_ipv6 is enabled */
	u32 num_services;
	u32 num_af[2];			/* services per family, for the hooks */
	u32 num_fwmark[2];
	u32 num_port0;
	u32 num_ftp[2];			/* services for FTP's control port */
};

/* est.c */
struct vs_est {
	struct delayed_work work;
};

struct vs_drops {
	u64 cnt[VS_DROP_REASONS];
};

struct vs_net {
	/* read per packet */
	struct vs_filter filter;
	struct vs_table table;
	struct vs_sysctl sysctl;
	struct vs_proto_net proto;

	/* per connection */
	struct percpu_counter conns;
	struct vs_wheel wheel;
	struct vs_drops __percpu *drops;

	/* configuration */
	struct net *net;
	struct rhashtable services;	/* struct vs_service by key, RCU */
	struct rhashtable dests;	/* struct vs_dest by key */
	struct vs_config config;
	struct vs_stats total;
	struct vs_est est;
	struct ctl_table_header *sysctl_header;
	struct ctl_table *sysctl_table;
};

extern unsigned int vs_net_id;

static inline struct vs_net *vs_net(const struct net *net)
{
	return net_generic(net, vs_net_id);
}

#endif /* VS_NET_H */
