// SPDX-License-Identifier: GPL-2.0
/*
 * Statistics on read: sums over the destinations' per-CPU counters.
 */
#include <linux/cpumask.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/sched.h>

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
	list_for_each_entry(dest, &svc->dests, list) {
		vs_stats_sum(dest->stats, sum);
		cond_resched();
	}
	list_for_each_entry(dest, &svc->removed, list) {
		vs_stats_sum(dest->stats, sum);
		cond_resched();
	}
}

void vs_stats_sum_total(const struct vs_net *vn, struct vs_sums *sum)
{
	const struct vs_dest *dest;

	vs_assert_config_locked(vn);
	vs_sums_add(sum, &vn->totals.base);
	list_for_each_entry(dest, &vn->all.dests, all) {
		vs_stats_sum(dest->stats, sum);
		cond_resched();
	}
}

/* The sum over all destinations. */

static void dest_add_cpus(const struct vs_dest *dest, struct vs_sums *cpus,
			  struct vs_sums *sum)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		struct vs_sums one = {};

		cpu_stats_add(per_cpu_ptr(dest->stats, cpu), &one);
		vs_sums_add(&cpus[cpu], &one);
		vs_sums_add(sum, &one);
	}
}

void vs_all_count(struct vs_all *all, struct vs_dest *dest,
		  struct vs_sums *sum)
{
	vs_assert_config_locked(dest->svc->vn);
	dest->walk = all->walk;
	dest_add_cpus(dest, all->cpu, sum);
}

void vs_all_add(struct vs_dest *dest)
{
	struct vs_all *all = &dest->svc->vn->all;

	vs_assert_config_locked(dest->svc->vn);
	mutex_lock(&all->dests_lock);
	list_add_tail(&dest->all, &all->dests);
	mutex_unlock(&all->dests_lock);
}

void vs_all_del(struct vs_dest *dest)
{
	struct vs_service *svc = dest->svc;
	struct vs_all *all = &svc->vn->all;
	struct vs_sums sum = {};

	vs_assert_config_locked(svc->vn);
	/* part of svc->sum, and of @base from now on */
	if (dest->walk == svc->sum_walk)
		vs_sums_sub(&svc->sum, &dest->totals.last);
	if (dest->walk != all->walk && all->next)
		vs_all_count(all, dest, &sum);
	else
		vs_stats_sum(dest->stats, &sum);
	vs_sums_add(&svc->totals.base, &sum);
	vs_sums_add(&svc->vn->totals.base, &sum);
	if (all->next == &dest->all)
		all->next = dest->all.next;
	mutex_lock(&all->dests_lock);
	list_del(&dest->all);
	mutex_unlock(&all->dests_lock);
}

int vs_all_init(struct vs_all *all)
{
	all->cpu = kvcalloc(nr_cpu_ids, sizeof(*all->cpu), VS_GFP_CONFIG);
	if (!all->cpu)
		return -ENOMEM;
	mutex_init(&all->walk_lock);
	mutex_init(&all->dests_lock);
	INIT_LIST_HEAD(&all->dests);
	return 0;
}

void vs_all_exit(struct vs_all *all)
{
	WARN_ON_ONCE(!list_empty(&all->dests));
	mutex_destroy(&all->dests_lock);
	mutex_destroy(&all->walk_lock);
	kvfree(all->cpu);
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

		/* @now may be older than @zero */
		v->cnt[i] = max_t(s64, now->cnt[i] - stats->zero.cnt[i], 0);
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
	vs_assert_config_locked(vn);
	stats_view(&vn->totals, &vn->all.sum, v);
}
