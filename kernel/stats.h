/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_STATS_H
#define VS_STATS_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/u64_stats_sync.h>

#include "types.h"

enum vs_count {
	VS_CNT_CONNS,
	VS_CNT_INPKTS,
	VS_CNT_OUTPKTS,
	VS_CNT_INBYTES,
	VS_CNT_OUTBYTES,
	VS_CNT_MAX
};

/* The counters of a destination on one CPU. */
struct vs_cpu_stats {
	u64_stats_t cnt[VS_CNT_MAX];
	struct u64_stats_sync sync;
};

struct vs_sums {
	u64 cnt[VS_CNT_MAX];
};

/**
 * struct vs_stats - statistics of a destination, a service or a namespace
 * @base:	counts of freed destinations
 * @zero:	counts at the last "zero", subtracted from what is reported
 * @last:	counts at the last estimation
 * @rate:	smoothed rates per second, scaled: conns and packets by 2^10,
 *		bytes by 2^5
 *
 * Packets only increment their destination's per-CPU counters. The counts of a
 * service or a namespace are sums over those, computed on read. The
 * configuration lock protects all fields.
 */
struct vs_stats {
	struct vs_sums base;
	struct vs_sums zero;
	struct vs_sums last;
	u64 rate[VS_CNT_MAX];
};

/**
 * struct vs_all - all destinations of a namespace, and the sum of their counts
 * @walk_lock:	one walk at a time; held from before a walk until its results
 *		were used. Outside of the configuration lock
 * @dests_lock:	protects @dests besides the configuration lock. Held for a single
 *		insertion or removal, and for device events: these run under
 *		RTNL, which must not wait for the configuration lock
 * @dests:	vs_dest.all, configured and removed ones, oldest first
 * @walk:	number of the last walk
 * @next:	where that walk continues, NULL when it is complete; under the
 *		configuration lock, as @cpu and @sum until then
 * @cpu:	its sums by CPU. Counts of freed destinations are not kept by CPU;
 *		they are part of the first CPU's
 * @sum:	its sum
 *
 * A walk (config/totals.c) releases the configuration lock every now and then.
 * Its sum is nevertheless exact: a destination that is freed meanwhile is added
 * first, unless the walk has passed it.
 */
struct vs_all {
	struct mutex walk_lock;
	struct mutex dests_lock;
	struct list_head dests;
	u32 walk;
	struct list_head *next;
	struct vs_sums *cpu;
	struct vs_sums sum;
};

/* As reported by netlink, socket options and /proc: counts since the last
 * "zero", rates per second. */
struct vs_stats_view {
	u64 cnt[VS_CNT_MAX];
	u64 rate[VS_CNT_MAX];
};

/* Packet path, BHs disabled. */
static inline void vs_stats_packet(struct vs_cpu_stats __percpu *pcpu,
				   enum vs_count pkts, enum vs_count bytes,
				   unsigned int len)
{
	struct vs_cpu_stats *s = this_cpu_ptr(pcpu);

	u64_stats_update_begin(&s->sync);
	u64_stats_inc(&s->cnt[pkts]);
	u64_stats_add(&s->cnt[bytes], len);
	u64_stats_update_end(&s->sync);
}

static inline void vs_stats_conn(struct vs_cpu_stats __percpu *pcpu)
{
	struct vs_cpu_stats *s = this_cpu_ptr(pcpu);

	u64_stats_update_begin(&s->sync);
	u64_stats_inc(&s->cnt[VS_CNT_CONNS]);
	u64_stats_update_end(&s->sync);
}

static inline void vs_sums_add(struct vs_sums *sum, const struct vs_sums *more)
{
	for (int i = 0; i < VS_CNT_MAX; i++)
		sum->cnt[i] += more->cnt[i];
}

static inline void vs_sums_sub(struct vs_sums *sum, const struct vs_sums *less)
{
	for (int i = 0; i < VS_CNT_MAX; i++)
		sum->cnt[i] -= less->cnt[i];
}

int vs_all_init(struct vs_all *all);
void vs_all_exit(struct vs_all *all);

/* Adds the counters of all CPUs to @sum. */
void vs_stats_sum(const struct vs_cpu_stats __percpu *pcpu,
		  struct vs_sums *sum);

/* The functions below require the configuration lock. */

/* Adds the counts of a service or a namespace to @sum. */
void vs_stats_sum_service(const struct vs_service *svc, struct vs_sums *sum);
void vs_stats_sum_total(const struct vs_net *vn, struct vs_sums *sum);

/* Adds a new destination to vs_net.all. */
void vs_all_add(struct vs_dest *dest);
/* Removes @dest, which is about to be freed, and adds its counts to those of its
 * service and of the namespace. */
void vs_all_del(struct vs_dest *dest);
/* Adds the counts of @dest to the results of the present walk and to @sum. */
void vs_all_count(struct vs_all *all, struct vs_dest *dest,
		  struct vs_sums *sum);

/* Reports counts relative to @now from here on, and sets the rates to 0. */
void vs_stats_zero(struct vs_stats *stats, const struct vs_sums *now);

void vs_stats_view_dest(const struct vs_dest *dest, struct vs_stats_view *v);
void vs_stats_view_service(const struct vs_service *svc,
			   struct vs_stats_view *v);
/* The counts are those of the last walk; the caller holds vs_all.walk_lock. */
void vs_stats_view_total(const struct vs_net *vn, struct vs_stats_view *v);

#endif /* VS_STATS_H */
