// SPDX-License-Identifier: GPL-2.0
/*
 * Sums over all destinations of a namespace, for the estimator and for /proc.
 * There may be many destinations, times CPUs, and anybody may read the files in
 * /proc: the configuration lock is released after a limited number of
 * destinations, and readers that wait for each other share a walk.
 */
#include <linux/sched.h>

#include "config/config.h"
#include "config/totals.h"
#include "net.h"

/* Per-CPU counters to read between two releases of the lock: with a cache miss
 * each, they take some hundred microseconds. */
#define COUNTERS_AT_ONCE	2048

static void walk_some(struct vs_net *vn, vs_totals_visit *visit)
{
	int n = COUNTERS_AT_ONCE / num_possible_cpus() + 1;
	struct vs_all *all = &vn->all;

	for (; n && all->next != &all->dests; n--) {
		struct vs_dest *dest = list_entry(all->next, struct vs_dest,
						  all);
		struct vs_sums sum = {};

		all->next = all->next->next;
		vs_all_count(all, dest, &sum);
		if (visit)
			visit(dest, &sum);
	}
}

void vs_totals_walk(struct vs_net *vn, vs_totals_visit *visit)
{
	struct vs_all *all = &vn->all;
	int cpu;

	lockdep_assert_held(&all->walk_lock);
	mutex_lock(&vn->config.lock);
	WRITE_ONCE(all->walk, all->walk + 1);
	memset(all->cpu, 0, nr_cpu_ids * sizeof(*all->cpu));
	all->cpu[cpumask_first(cpu_possible_mask)] = vn->totals.base;
	all->next = all->dests.next;
	for (;;) {
		walk_some(vn, visit);
		if (all->next == &all->dests)
			break;
		mutex_unlock(&vn->config.lock);
		cond_resched();
		mutex_lock(&vn->config.lock);
	}
	all->next = NULL;
	memset(&all->sum, 0, sizeof(all->sum));
	for_each_possible_cpu(cpu)
		vs_sums_add(&all->sum, &all->cpu[cpu]);
	mutex_unlock(&vn->config.lock);
}

const struct vs_sums *vs_totals_read_begin(struct vs_net *vn,
					   struct vs_stats_view *v)
{
	struct vs_all *all = &vn->all;
	u32 walk = READ_ONCE(all->walk);

	if (mutex_lock_killable(&all->walk_lock))
		return NULL;
	/* a walk that began after this function is as good as another one */
	if (all->walk == walk)
		vs_totals_walk(vn, NULL);
	vs_config_read_begin(vn);
	vs_stats_view_total(vn, v);
	vs_config_read_end(vn);
	return all->cpu;
}

void vs_totals_read_end(struct vs_net *vn)
{
	mutex_unlock(&vn->all.walk_lock);
}
