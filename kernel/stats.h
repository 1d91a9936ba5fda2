/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_STATS_H
#define VS_STATS_H

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

/* One CPU's counters of one destination. */
struct vs_cpu_stats {
	u64_stats_t cnt[VS_CNT_MAX];
	struct u64_stats_sync sync;
};

struct vs_sums {
	u64 cnt[VS_CNT_MAX];
};

/**
 * struct vs_stats - what a destination, a service or a namespace shows
 * @base:	counts inherited from objects below it that are gone
 * @zero:	value at the last "zero", subtracted when shown
 * @last:	value at the last estimation
 * @rate:	smoothed rates per second, scaled: conns and packets 2^10, bytes 2^5
 *
 * Packets touch only the destination's per-CPU counters; services and the
 * namespace are sums over them, taken when somebody asks.
 * Under the namespace's configuration mutex, @rate also by vs_est's work.
 */
struct vs_stats {
	struct vs_sums base;
	struct vs_sums zero;
	struct vs_sums last;
	u64 rate[VS_CNT_MAX];
};

/* What netlink and /proc print: counts since zero and rates per second. */
struct vs_stats_view {
	u64 cnt[VS_CNT_MAX];
	u64 rate[VS_CNT_MAX];
};

/* Packet path, BH disabled. */
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

/* @sum += all CPUs' counters. */
void vs_stats_sum(const struct vs_cpu_stats __percpu *pcpu, struct vs_sums *sum);

/* Under the namespace's configuration mutex. @sum = everything counted below
 * @svc, or in the namespace. */
void vs_stats_sum_service(const struct vs_service *svc, struct vs_sums *sum);
void vs_stats_sum_total(const struct vs_net *vn, struct vs_sums *sum);
/* What the destinations below @svc counted on @cpu. */
void vs_stats_sum_service_cpu(const struct vs_service *svc, int cpu,
			      struct vs_sums *sum);

static inline void vs_sums_add(struct vs_sums *sum, const struct vs_sums *more)
{
	for (int i = 0; i < VS_CNT_MAX; i++)
		sum->cnt[i] += more->cnt[i];
}

/* Shows nothing counted up to @now. */
void vs_stats_zero(struct vs_stats *stats, const struct vs_sums *now);

#endif /* VS_STATS_H */
