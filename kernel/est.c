// SPDX-License-Identifier: GPL-2.0
/*
 * Rates: every two seconds one work per namespace moves each rate a quarter of
 * the way to what was counted since.
 */
#include "config.h"
#include "est.h"
#include "main.h"
#include "net.h"
#include "sysctl.h"

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

static void est_work(struct work_struct *work)
{
	struct vs_net *vn = container_of(work, struct vs_net, est.work.work);
	bool more;

	mutex_lock(&vn->config.lock);
	more = vn->config.num_services;
	if (vs_sysctl_estimates(vn))
		more |= step_all(vn);
	if (vn->config.num_af[0])
		vs_notrack_update(vn, AF_INET);
	if (vn->config.num_af[1])
		vs_notrack_update(vn, AF_INET6);
	mutex_unlock(&vn->config.lock);
	if (more)
		vs_est_kick(vn);
}

void vs_est_kick(struct vs_net *vn)
{
	queue_delayed_work(vs_wq, &vn->est.work, EST_PERIOD);
}

int vs_est_net_init(struct vs_net *vn)
{
	INIT_DELAYED_WORK(&vn->est.work, est_work);
	return 0;
}

void vs_est_net_exit(struct vs_net *vn)
{
	cancel_delayed_work_sync(&vn->est.work);
}
