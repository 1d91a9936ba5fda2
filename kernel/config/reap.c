// SPDX-License-Identifier: GPL-2.0
/*
 * Freeing of removed destinations and deleted services. As in ip_vs a removed
 * destination stays as long as it has connections, and for some time after that,
 * see vs_dest_expired(). A deleted service stays until its last destination is
 * freed.
 */
#include <linux/sched.h>

#include "config/config.h"
#include "config/reap.h"
#include "net.h"
#include "path/route.h"
#include "sched/sched.h"

#define REAP_PERIOD	(60 * HZ)
#define REAP_BATCH	64	/* destinations between two releases of the lock */

/*
 * The scheduler of a service that goes on forgets the removed destinations
 * before they are freed; that is a walk over all that it remembers, for all of
 * them at once. No packet can have made it remember @dest again after
 * @dest->idle, see vs_dest_expired(): a walk since then has been enough.
 */
static void sched_forget(struct vs_service *svc, const struct vs_dest *dest)
{
	struct vs_snap *snap = vs_config_dereference(svc->vn, svc->snap);

	if (!snap || time_after64(svc->forgot, dest->idle))
		return;
	vs_snap_forget(snap);
	svc->forgot = get_jiffies_64();
}

static void reap_dest(struct vs_dest *dest)
{
	struct vs_service *svc = dest->svc;

	sched_forget(svc, dest);
	vs_route_drop(dest);
	vs_dest_free(dest);
	if (!svc->configured && list_empty(&svc->removed))
		vs_service_free(svc);
}

/* Frees the first destinations of vs_config.reaping that have expired, or
 * @all of them. Returns whether there are more. */
static bool reap_some(struct vs_net *vn, bool all)
{
	struct vs_config *c = &vn->config;
	struct vs_dest *dest;
	int n;

	vs_assert_config_locked(vn);
	for (n = 0; n < REAP_BATCH; n++) {
		dest = list_first_entry_or_null(&c->reaping, struct vs_dest,
						trash);
		if (!dest)
			return false;
		if (all || vs_dest_expired(dest))
			reap_dest(dest);
		else
			list_move_tail(&dest->trash, &c->trash);
	}
	return true;
}

/* Returns whether removed destinations are left. */
static bool reap_dests(struct vs_net *vn, bool all)
{
	struct vs_config *c = &vn->config;
	bool left;

	mutex_lock(&c->lock);
	list_splice_tail_init(&c->trash, &c->reaping);
	while (reap_some(vn, all)) {
		mutex_unlock(&c->lock);
		cond_resched();
		mutex_lock(&c->lock);
	}
	left = !list_empty(&c->trash);
	mutex_unlock(&c->lock);
	return left;
}

static void reap_work(struct work_struct *work)
{
	struct vs_net *vn = container_of(work, struct vs_net,
					 config.reap.work);

	if (reap_dests(vn, false))
		queue_delayed_work(vs_wq, &vn->config.reap, REAP_PERIOD);
}

static void expire_work(struct work_struct *work)
{
	vs_conn_flush(container_of(work, struct vs_net, config.expire), true);
}

void vs_reap_later(struct vs_dest *dest)
{
	struct vs_net *vn = dest->svc->vn;

	vs_assert_config_locked(vn);
	list_add_tail(&dest->trash, &vn->config.trash);
	queue_delayed_work(vs_wq, &vn->config.reap, REAP_PERIOD);
}

void vs_reap_conns(struct vs_net *vn)
{
	vs_assert_config_locked(vn);
	if (READ_ONCE(vn->sysctl.expire_nodest_conn))
		queue_work(vs_wq, &vn->config.expire);
}

void vs_reap_cancel(struct vs_dest *dest)
{
	vs_assert_config_locked(dest->svc->vn);
	list_del_init(&dest->trash);
}

void vs_reap_all(struct vs_net *vn)
{
	reap_dests(vn, true);
}

void vs_reap_net_init(struct vs_net *vn)
{
	INIT_DELAYED_WORK(&vn->config.reap, reap_work);
	INIT_WORK(&vn->config.expire, expire_work);
}

void vs_reap_net_stop(struct vs_net *vn)
{
	cancel_delayed_work_sync(&vn->config.reap);
	cancel_work_sync(&vn->config.expire);
}
