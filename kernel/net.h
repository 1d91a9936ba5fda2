/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_NET_H
#define VS_NET_H

#include <linux/cpumask.h>
#include <linux/lockdep.h>
#include <linux/mutex.h>
#include <linux/percpu_counter.h>
#include <linux/rhashtable-types.h>
#include <linux/wait.h>
#include <net/netns/generic.h>

#include "conn/app.h"
#include "conn/defence.h"
#include "conn/filter.h"
#include "conn/proto.h"
#include "conn/table.h"
#include "conn/wheel.h"
#include "counters.h"
#include "path/notrack.h"
#include "stats.h"

/* Values of net.ipv4.vs.*, under their names; read with READ_ONCE(). */
struct vs_sysctl {
	/* packets */
	int snat_reroute;
	int pmtu_disc;
	int nat_icmp_send;
	int ignore_tunneled;
	int conntrack;
	int conn_reuse_mode;
	int expire_nodest_conn;

	/* new connections */
	int conn_max;
	int conn_limit;		/* what a namespace's own root may set it to */
	int sloppy_tcp;
	int sloppy_sctp;
	int schedule_icmp;
	int cache_bypass;
	int expire_quiescent_template;
	int lblc_expiration;		/* jiffies */
	int lblcr_expiration;

	/* defence */
	int amemthresh;
	int am_droprate;
	int drop_entry;
	int drop_packet;
	int secure_tcp;

	/* synchronization */
	int backup_only;
	int sync_version;
	int sync_ports;
	int sync_persist_mode;
	unsigned long sync_qlen_max;
	int sync_sock_size;
	int sync_threshold[2];
	int sync_refresh_period;	/* jiffies */
	int sync_retries;

	/* rates, table sizes */
	int run_estimation;
	cpumask_var_t est_cpus;	/* est_cpulist, under vn->config.lock */
	bool est_cpus_set;	/* by the administrator */
	int est_nice;
	int conn_lfactor;
	int svc_lfactor;
};

/* config.c: everything an administrator sets. */
struct vs_config {
	struct mutex lock;		/* all mutations and dumps */
	struct list_head services;	/* in order of creation */
	unsigned long changes;		/* of @services */
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
	u32 num_pe_out[2];		/* services whose engine has conn_out */
};

/**
 * struct vs_est - the thread that estimates the rates of a namespace
 * @task:	NULL until the first service comes, and without estimation.
 *		Changes under vn->config.lock
 * @wait:	where it waits for @next, for services, or for its end
 * @next:	when rates are next to be estimated, jiffies; written by @task
 * @number:	the namespace's, for the thread's name
 */
struct vs_est {
	struct task_struct *task;
	wait_queue_head_t wait;
	unsigned long next;
	int number;
};

struct vs_net {
	/* read per packet */
	struct vs_filter filter;
	struct vs_notrack notrack[2];
	struct vs_table table;
	struct vs_sysctl sysctl;
	struct vs_proto_net proto;

	/* per connection */
	struct percpu_counter conns;
	atomic_t expected;		/* connections without client port */
	atomic_t app_use[VS_APP_PORTS];	/* connections with a helper, by slot */
	struct vs_wheel wheel;
	struct vs_counts __percpu *counts;
	struct vs_defence defence;

	/* configuration */
	struct net *net;
	bool exiting;		/* the namespace, or the module */
	struct rhashtable services;	/* struct vs_service by key, RCU */
	struct rhashtable dests;	/* struct vs_dest by key */
	struct rhltable reals;		/* by address and port, RCU */
	struct vs_config config;
	struct vs_stats total;
	struct vs_est est;
	struct mutex notrack_lock;	/* vs_notrack.hooked */
	struct delayed_work notrack_work;
	struct ctl_table_header *sysctl_header;
	struct ctl_table *sysctl_table;
};

extern unsigned int vs_net_id;

static inline struct vs_net *vs_net(const struct net *net)
{
	return net_generic(net, vs_net_id);
}

/* Any context but hard interrupts. */
static inline void vs_event(const struct vs_net *vn, enum vs_counter what)
{
	this_cpu_inc(vn->counts->cnt[what]);
}

/* Of a packet. Bottom halves off, so that nobody else counts on this CPU: not
 * every architecture adds in one instruction. (With PREEMPT_RT somebody may, and
 * such an architecture may then lose a count.) */
static inline void __vs_event(const struct vs_net *vn, enum vs_counter what)
{
	lockdep_assert_in_softirq();
	__this_cpu_inc(vn->counts->cnt[what]);
}

#endif /* VS_NET_H */
