/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_NET_H
#define VS_NET_H

#include <linux/lockdep.h>
#include <linux/mutex.h>
#include <linux/percpu_counter.h>
#include <linux/rhashtable-types.h>
#include <net/netns/generic.h>

#include "config/config_types.h"
#include "config/est.h"
#include "conn/app.h"
#include "conn/defence.h"
#include "conn/filter.h"
#include "conn/proto.h"
#include "conn/table.h"
#include "conn/wheel.h"
#include "counters.h"
#include "path/notrack.h"
#include "sched/room.h"
#include "stats.h"
#include "sync/sync_types.h"
#include "sysctl_types.h"

/* A network namespace. */
struct vs_net {
	/* read per packet */
	struct vs_filter filter;
	struct vs_table table;
	struct vs_sysctl sysctl;
	struct vs_proto_net proto;
	struct vs_sync sync;

	/* written per connection */
	struct percpu_counter conns;
	atomic64_t room;		/* see conn/limit.c */
	atomic_t any_cport;		/* connections without client port */
	atomic_t app_use[VS_APP_PORTS];	/* connections with an app, by slot */
	struct vs_wheel wheel;
	struct vs_counts __percpu *counts;
	struct vs_defence defence;

	/* configuration */
	struct net *net;
	bool exiting;			/* the namespace or the module */
	struct rhashtable services;	/* struct vs_service by key, RCU */
	struct rhashtable dests;	/* struct vs_dest by key */
	struct rhashtable reals;	/* struct vs_real by key, RCU */
	unsigned long real_age;		/* counts insertions into vs_real.dests */
	struct vs_all all;
	struct vs_config config;
	struct vs_cache_room cache_room;
	struct vs_stats totals;
	struct vs_est est;
	struct vs_notrack notrack;
	struct mutex knob_lock;		/* knobs of more than one integer, conn_max */
	struct ctl_table_header *sysctl_header;
	struct ctl_table *sysctl_table;
};

extern unsigned int vs_net_id;

static inline struct vs_net *vs_net(const struct net *net)
{
	return net_generic(net, vs_net_id);
}

/* Counts an event. Any context but hard interrupts. */
static inline void vs_event(const struct vs_net *vn, enum vs_counter what)
{
	this_cpu_inc(vn->counts->cnt[what]);
}

static inline void vs_events(const struct vs_net *vn, enum vs_counter what,
			     u64 n)
{
	this_cpu_add(vn->counts->cnt[what], n);
}

/* Counts an event of a packet. BHs disabled: no other code counts on this CPU,
 * so a plain increment suffices. (PREEMPT_RT allows preemption here:
 * architectures whose increment is not a single instruction may lose a
 * count.) */
static inline void __vs_event(const struct vs_net *vn, enum vs_counter what)
{
	lockdep_assert_in_softirq();
	__this_cpu_inc(vn->counts->cnt[what]);
}

#endif /* VS_NET_H */
