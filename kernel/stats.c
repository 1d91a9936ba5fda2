// SPDX-License-Identifier: GPL-2.0
/*
 * Statistics as they are shown. Packets count in the destinations' per-CPU
 * counters only; everything above is a sum taken here.
 */
#include <linux/percpu.h>

#include "config/config.h"
#include "net.h"

static void sum_cpu(const struct vs_cpu_stats *s, struct vs_sums *sum)
{
	struct vs_sums one;
	unsigned int start;

	do {
		start = u64_stats_fetch_begin(&s->sync);
		for (int i = 0; i < VS_CNT_MAX; i++)
			one.cnt[i] = u64_stats_read(&s->cnt[i]);
	} while (u64_stats_fetch_retry(&s->sync, start));
	vs_sums_add(sum, &one);
}

void vs_stats_sum(const struct vs_cpu_stats __percpu *pcpu, struct vs_sums *sum)
{
	int cpu;

	for_each_possible_cpu(cpu)
		sum_cpu(per_cpu_ptr(pcpu, cpu), sum);
}

void vs_stats_sum_service_cpu(const struct vs_service *svc, int cpu,
			      struct vs_sums *sum)
{
	const struct vs_dest *dest;

	list_for_each_entry(dest, &svc->dests, list)
		sum_cpu(per_cpu_ptr(dest->stats, cpu), sum);
	list_for_each_entry(dest, &svc->removed, list)
		sum_cpu(per_cpu_ptr(dest->stats, cpu), sum);
}

void vs_stats_sum_service(const struct vs_service *svc, struct vs_sums *sum)
{
	const struct vs_dest *dest;

	lockdep_assert_held(&svc->vn->config.lock);
	vs_sums_add(sum, &svc->shown.base);
	list_for_each_entry(dest, &svc->dests, list)
		vs_stats_sum(dest->stats, sum);
	list_for_each_entry(dest, &svc->removed, list)
		vs_stats_sum(dest->stats, sum);
}

void vs_stats_sum_total(const struct vs_net *vn, struct vs_sums *sum)
{
	const struct vs_service *svc;

	lockdep_assert_held(&vn->config.lock);
	vs_sums_add(sum, &vn->total.base);
	list_for_each_entry(svc, &vn->config.services, list)
		vs_stats_sum_service(svc, sum);
	list_for_each_entry(svc, &vn->config.gone, list)
		vs_stats_sum_service(svc, sum);
}

void vs_stats_zero(struct vs_stats *stats, const struct vs_sums *now)
{
	stats->zero = *now;
	stats->last = *now;
	memset(stats->rate, 0, sizeof(stats->rate));
}

/* Rates lose their scale, rounded as the kernel's ip_vs rounds. */
static void view(const struct vs_stats *stats, const struct vs_sums *now,
		 struct vs_stats_view *v)
{
	for (int i = 0; i < VS_CNT_MAX; i++) {
		bool bytes = i == VS_CNT_INBYTES || i == VS_CNT_OUTBYTES;

		v->cnt[i] = now->cnt[i] - stats->zero.cnt[i];
		v->rate[i] = bytes ? (stats->rate[i] + 0xf) >> 5 :
				     (stats->rate[i] + 0x1ff) >> 10;
	}
}

void vs_stats_view_dest(struct vs_dest *dest, struct vs_stats_view *v)
{
	struct vs_sums now = {};

	vs_stats_sum(dest->stats, &now);
	view(&dest->shown, &now, v);
}

void vs_stats_view_service(struct vs_service *svc, struct vs_stats_view *v)
{
	struct vs_sums now = {};

	vs_stats_sum_service(svc, &now);
	view(&svc->shown, &now, v);
}

void vs_stats_view_total(struct vs_net *vn, struct vs_stats_view *v)
{
	struct vs_sums now = {};

	vs_stats_sum_total(vn, &now);
	view(&vn->total, &now, v);
}
