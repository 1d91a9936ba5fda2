// SPDX-License-Identifier: GPL-2.0
/*
 * Statistics on read: sums over the destinations' per-CPU counters.
 */
#include <linux/cpumask.h>
#include <linux/percpu.h>

#include "net.h"
#include "service/service.h"

static void cpu_stats_add(const struct vs_cpu_stats *s, struct vs_sums *sum)
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
		cpu_stats_add(per_cpu_ptr(pcpu, cpu), sum);
}

void vs_stats_sum_service(const struct vs_service *svc, struct vs_sums *sum)
{
	const struct vs_dest *dest;

	vs_assert_config_locked(svc->vn);
	vs_sums_add(sum, &svc->totals.base);
	list_for_each_entry(dest, &svc->dests, list)
		vs_stats_sum(dest->stats, sum);
	list_for_each_entry(dest, &svc->removed, list)
		vs_stats_sum(dest->stats, sum);
}

void vs_stats_sum_total(const struct vs_net *vn, struct vs_sums *sum)
{
	const struct vs_service *svc;

	vs_assert_config_locked(vn);
	vs_sums_add(sum, &vn->totals.base);
	list_for_each_entry(svc, &vn->config.services, list)
		vs_stats_sum_service(svc, sum);
	list_for_each_entry(svc, &vn->config.deleted, list)
		vs_stats_sum_service(svc, sum);
}

static void services_sum_cpu(const struct list_head *services, int cpu,
			     bool with_base, struct vs_sums *sum)
{
	const struct vs_service *svc;
	const struct vs_dest *dest;

	list_for_each_entry(svc, services, list) {
		if (with_base)
			vs_sums_add(sum, &svc->totals.base);
		list_for_each_entry(dest, &svc->dests, list)
			cpu_stats_add(per_cpu_ptr(dest->stats, cpu), sum);
		list_for_each_entry(dest, &svc->removed, list)
			cpu_stats_add(per_cpu_ptr(dest->stats, cpu), sum);
	}
}

/* Counts of freed objects are not kept by CPU: add them to the first CPU's. */
void vs_stats_sum_cpu(const struct vs_net *vn, int cpu, struct vs_sums *sum)
{
	bool with_base = cpu == cpumask_first(cpu_possible_mask);

	vs_assert_config_locked(vn);
	if (with_base)
		vs_sums_add(sum, &vn->totals.base);
	services_sum_cpu(&vn->config.services, cpu, with_base, sum);
	services_sum_cpu(&vn->config.deleted, cpu, with_base, sum);
}

void vs_stats_zero(struct vs_stats *stats, const struct vs_sums *now)
{
	stats->zero = *now;
	stats->last = *now;
	memset(stats->rate, 0, sizeof(stats->rate));
}

/* Removes the scale from the rates, rounding like the kernel's ip_vs. */
static void stats_view(const struct vs_stats *stats, const struct vs_sums *now,
		       struct vs_stats_view *v)
{
	for (int i = 0; i < VS_CNT_MAX; i++) {
		bool bytes = i == VS_CNT_INBYTES || i == VS_CNT_OUTBYTES;

		v->cnt[i] = now->cnt[i] - stats->zero.cnt[i];
		v->rate[i] = bytes ? (stats->rate[i] + 0xf) >> 5 :
				     (stats->rate[i] + 0x1ff) >> 10;
	}
}

void vs_stats_view_dest(const struct vs_dest *dest, struct vs_stats_view *v)
{
	struct vs_sums now = {};

	vs_assert_config_locked(dest->svc->vn);
	vs_stats_sum(dest->stats, &now);
	stats_view(&dest->totals, &now, v);
}

void vs_stats_view_service(const struct vs_service *svc,
			   struct vs_stats_view *v)
{
	struct vs_sums now = {};

	vs_stats_sum_service(svc, &now);
	stats_view(&svc->totals, &now, v);
}

void vs_stats_view_total(const struct vs_net *vn, struct vs_stats_view *v)
{
	struct vs_sums now = {};

	vs_stats_sum_total(vn, &now);
	stats_view(&vn->totals, &now, v);
}
