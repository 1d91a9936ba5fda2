// SPDX-License-Identifier: GPL-2.0
/*
 * Rate estimation: every two seconds a thread per namespace moves each rate a
 * quarter of the way to the rate measured over that period. The thread is named
 * as in ip_vs, for scripts that look for that name. A change of est_nice or
 * est_cpulist replaces the thread.
 */
#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/wait.h>

#include "compat/kthread.h"
#include "config/config.h"
#include "config/est.h"
#include "config/totals.h"
#include "net.h"

#define EST_PERIOD	(2 * HZ)
#define EST_BATCH	256	/* services between two releases of the lock */

/* Left shift from counts per EST_PERIOD to the scale of vs_stats.rate, which is
 * per second. */
static const u8 est_shift[VS_CNT_MAX] = {
	[VS_CNT_CONNS] = 10 - 1,
	[VS_CNT_INPKTS] = 10 - 1,
	[VS_CNT_OUTPKTS] = 10 - 1,
	[VS_CNT_INBYTES] = 5 - 1,
	[VS_CNT_OUTBYTES] = 5 - 1,
};

/* Returns whether any rate is above 0. */
static bool est_stats(struct vs_stats *stats, const struct vs_sums *now)
{
	bool busy = false;

	for (int i = 0; i < VS_CNT_MAX; i++) {
		/* "zero" may have set @last while @now was being summed up */
		s64 diff = max_t(s64, now->cnt[i] - stats->last.cnt[i], 0);
		u64 rate = (u64)diff << est_shift[i];

		stats->rate[i] += ((s64)rate - (s64)stats->rate[i]) >> 2;
		busy |= stats->rate[i];
	}
	stats->last = *now;
	return busy;
}

static void est_dest(struct vs_dest *dest, const struct vs_sums *now)
{
	struct vs_service *svc = dest->svc;
	u32 walk = svc->vn->all.walk;

	if (svc->sum_walk != walk) {
		svc->sum_walk = walk;
		memset(&svc->sum, 0, sizeof(svc->sum));
	}
	vs_sums_add(&svc->sum, now);
	if (dest->configured)
		est_stats(&dest->totals, now);
	else
		dest->totals.last = *now;
}

static void est_service(struct vs_service *svc)
{
	struct vs_sums sum = svc->totals.base;
	u32 walk = svc->vn->all.walk;

	if (svc->est_walk == walk)
		return;
	svc->est_walk = walk;
	if (svc->sum_walk == walk)
		vs_sums_add(&sum, &svc->sum);
	est_stats(&svc->totals, &sum);
}

/* Updates up to EST_BATCH further services. A new service is added at the end of
 * the list; a removal moves vs_config.est_at on. Returns false at the end. */
static bool est_some_services(struct vs_net *vn)
{
	struct vs_config *c = &vn->config;
	int n;

	vs_assert_config_locked(vn);
	for (n = 0; n < EST_BATCH && c->est_at != &c->services; n++) {
		est_service(list_entry(c->est_at, struct vs_service, list));
		c->est_at = c->est_at->next;
	}
	return c->est_at != &c->services;
}

static void est_services(struct vs_net *vn)
{
	struct vs_config *c = &vn->config;

	mutex_lock(&c->lock);
	c->est_at = c->services.next;
	while (est_some_services(vn)) {
		mutex_unlock(&c->lock);
		cond_resched();
		mutex_lock(&c->lock);
	}
	mutex_unlock(&c->lock);
}

/* Returns whether another estimation is needed. */
static bool est_finish(struct vs_net *vn)
{
	struct vs_est *est = &vn->est;
	unsigned long next = est->next + EST_PERIOD;
	bool more;

	mutex_lock(&vn->config.lock);
	more = est_stats(&vn->totals, &vn->all.sum) ||
	       vn->config.num_services;
	if (!time_in_range(next, jiffies, jiffies + EST_PERIOD))
		next = jiffies + EST_PERIOD;
	WRITE_ONCE(est->next, next);
	mutex_unlock(&vn->config.lock);
	return more;
}

/* Returns whether another estimation is needed. */
static bool est_run(struct vs_net *vn)
{
	struct vs_all *all = &vn->all;
	bool more = false;

	mutex_lock(&all->walk_lock);
	if (READ_ONCE(vn->est.task) == current) {
		vs_totals_walk(vn, est_dest);
		est_services(vn);
		more = est_finish(vn);
	}
	mutex_unlock(&all->walk_lock);
	return more;
}

static bool est_has_work(const struct vs_net *vn)
{
	return READ_ONCE(vn->est.task) == current &&
	       READ_ONCE(vn->config.num_services);
}

static int est_thread(void *arg)
{
	struct vs_net *vn = arg;
	struct vs_est *est = &vn->est;

	while (!kthread_should_stop()) {
		long left = READ_ONCE(est->next) - jiffies;

		/* above EST_PERIOD: jiffies has wrapped since @next */
		if (left > 0 && left <= EST_PERIOD)
			wait_event_idle_timeout(est->wait,
						kthread_should_stop(), left);
		else if (!est_run(vn))
			wait_event_idle(est->wait, kthread_should_stop() ||
						   est_has_work(vn));
	}
	return 0;
}

/* An empty est_cpulist disables estimation like run_estimation = 0. */
static bool est_enabled(const struct vs_net *vn)
{
	const struct vs_sysctl *s = &vn->sysctl;

	vs_assert_config_locked(vn);
	return READ_ONCE(s->run_estimation) &&
	       !(s->est_cpus_set && cpumask_empty(s->est_cpus));
}

/* Returns false if kthread_create() failed: no memory, or the caller was killed
 * while waiting. */
static bool est_start(struct vs_net *vn)
{
	const struct vs_sysctl *s = &vn->sysctl;
	struct vs_est *est = &vn->est;
	struct task_struct *task;

	vs_assert_config_locked(vn);
	task = kthread_create(est_thread, vn, "ipvs-e:%d:0", est->number);
	if (IS_ERR(task)) {
		pr_warn_ratelimited("cannot start the estimation thread (%ld): retried when a service is added or run_estimation is set\n",
				    PTR_ERR(task));
		return false;
	}
	set_user_nice(task, READ_ONCE(s->est_nice));
	if (s->est_cpus_set)
		kthread_affine_preferred(task, s->est_cpus);
	WRITE_ONCE(est->task, task);
	wake_up_process(task);
	return true;
}

void vs_est_kick(struct vs_net *vn)
{
	vs_assert_config_locked(vn);
	if (vn->est.task)
		wake_up(&vn->est.wait);
	else if (est_enabled(vn))
		est_start(vn);
}

void vs_est_restart(struct vs_net *vn)
{
	struct vs_est *est = &vn->est;
	struct task_struct *old;

	mutex_lock(&vn->config.lock);
	old = est->task;
	if (!est_enabled(vn))
		WRITE_ONCE(est->task, NULL);
	else if ((old || vn->config.num_services) && !est_start(vn))
		old = NULL;	/* keep the present thread */
	mutex_unlock(&vn->config.lock);
	/* without the lock, on which the thread may be blocked */
	if (old)
		kthread_stop(old);
}

void vs_est_set_cpus(struct vs_net *vn, const struct cpumask *cpus)
{
	mutex_lock(&vn->config.lock);
	cpumask_copy(vn->sysctl.est_cpus, cpus);
	vn->sysctl.est_cpus_set = true;
	mutex_unlock(&vn->config.lock);
	vs_est_restart(vn);
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
