// SPDX-License-Identifier: GPL-2.0
/*
 * Rates: every two seconds one thread per namespace moves each rate a quarter
 * of the way to what was counted since. It is named as the kernel's ip_vs names
 * it, for those who look for it; when est_nice or est_cpulist change, another
 * one takes its place.
 */
#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/wait.h>

#include "api/sysctl.h"
#include "compat/kthread.h"
#include "config/config.h"
#include "config/est.h"
#include "net.h"

#define EST_PERIOD	(2 * HZ)

/* Counts of two seconds become rates per second, scaled. */
static const u8 shift[VS_CNT_MAX] = {
	[VS_CNT_CONNS] = 10 - 1,
	[VS_CNT_INPKTS] = 10 - 1,
	[VS_CNT_OUTPKTS] = 10 - 1,
	[VS_CNT_INBYTES] = 5 - 1,
	[VS_CNT_OUTBYTES] = 5 - 1,
};

/* Whether any rate is left. */
static bool step(struct vs_stats *stats, const struct vs_sums *now)
{
	bool busy = false;

	for (int i = 0; i < VS_CNT_MAX; i++) {
		u64 rate = (now->cnt[i] - stats->last.cnt[i]) << shift[i];

		stats->rate[i] += ((s64)rate - (s64)stats->rate[i]) >> 2;
		busy |= stats->rate[i];
	}
	stats->last = *now;
	return busy;
}

/* Adds what @svc counted to @total. */
static void step_service(struct vs_service *svc, struct vs_sums *total)
{
	struct vs_sums sum = svc->shown.base;
	struct vs_dest *dest;

	list_for_each_entry(dest, &svc->dests, list) {
		struct vs_sums now = {};

		vs_stats_sum(dest->stats, &now);
		step(&dest->shown, &now);
		vs_sums_add(&sum, &now);
		cond_resched();
	}
	list_for_each_entry(dest, &svc->removed, list)
		vs_stats_sum(dest->stats, &sum);
	step(&svc->shown, &sum);
	vs_sums_add(total, &sum);
}

static bool step_all(struct vs_net *vn)
{
	struct vs_sums total = vn->total.base;
	struct vs_service *svc;

	list_for_each_entry(svc, &vn->config.services, list)
		step_service(svc, &total);
	list_for_each_entry(svc, &vn->config.gone, list)
		vs_stats_sum_service(svc, &total);
	return step(&vn->total, &total);
}

/* Whether there is something to come back for. */
static bool tick(struct vs_net *vn)
{
	struct vs_est *est = &vn->est;
	bool more = false;

	mutex_lock(&vn->config.lock);
	if (est->task == current) {
		unsigned long next = est->next + EST_PERIOD;

		more = step_all(vn) || vn->config.num_services;
		if (!time_in_range(next, jiffies, jiffies + EST_PERIOD))
			next = jiffies + EST_PERIOD;
		WRITE_ONCE(est->next, next);
	}
	mutex_unlock(&vn->config.lock);
	return more;
}

static bool is_wanted(const struct vs_net *vn)
{
	return READ_ONCE(vn->est.task) == current &&
	       READ_ONCE(vn->config.num_services);
}

static int estimate(void *arg)
{
	struct vs_net *vn = arg;
	struct vs_est *est = &vn->est;

	while (!kthread_should_stop()) {
		long left = READ_ONCE(est->next) - jiffies;

		/* more: of a time long past, before the counter turned round */
		if (left > 0 && left <= EST_PERIOD)
			wait_event_idle_timeout(est->wait,
						kthread_should_stop(), left);
		else if (!tick(vn))
			wait_event_idle(est->wait, kthread_should_stop() ||
						   is_wanted(vn));
	}
	return 0;
}

/* Whether there is a new thread. A signal to who adds a service may be in the
 * way, or the lack of memory. */
static bool start(struct vs_net *vn)
{
	const struct cpumask *cpus = vs_sysctl_est_cpus(vn);
	struct vs_est *est = &vn->est;
	struct task_struct *task;

	lockdep_assert_held(&vn->config.lock);
	task = kthread_create(estimate, vn, "ipvs-e:%d:0", est->number);
	if (IS_ERR(task)) {
		pr_warn_ratelimited("no new thread for rates (%ld): the next service, or setting run_estimation, tries again\n",
				    PTR_ERR(task));
		return false;
	}
	set_user_nice(task, READ_ONCE(vn->sysctl.est_nice));
	if (cpus)
		kthread_affine_preferred(task, cpus);
	WRITE_ONCE(est->task, task);
	wake_up_process(task);
	return true;
}

void vs_est_kick(struct vs_net *vn)
{
	lockdep_assert_held(&vn->config.lock);
	if (vn->est.task)
		wake_up(&vn->est.wait);
	else if (vs_sysctl_estimates(vn))
		start(vn);
}

void vs_est_restart(struct vs_net *vn)
{
	struct vs_est *est = &vn->est;
	struct task_struct *old;

	mutex_lock(&vn->config.lock);
	old = est->task;
	if (!vs_sysctl_estimates(vn))
		WRITE_ONCE(est->task, NULL);
	else if ((old || vn->config.num_services) && !start(vn))
		old = NULL;	/* which goes on as it is */
	mutex_unlock(&vn->config.lock);
	/* it may wait for the lock */
	if (old)
		kthread_stop(old);
}

void vs_est_net_init(struct vs_net *vn)
{
	static atomic_t numbers;

	vn->est.number = atomic_fetch_inc(&numbers);
	vn->est.next = jiffies;
	init_waitqueue_head(&vn->est.wait);
}

void vs_est_net_exit(struct vs_net *vn)
{
	if (vn->est.task)
		kthread_stop(vn->est.task);
}
