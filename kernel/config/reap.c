// SPDX-License-Identifier: GPL-2.0
/*
 * Freeing of removed destinations and deleted services. As in ip_vs a removed
 * destination stays as long as it has connections, and for some time after that,
 * see vs_dest_expired(). A deleted service stays until its last destination is
 * freed.
 */
#include "config/config.h"
#include "config/reap.h"
#include "net.h"
#include "path/route.h"
#include "sched/sched.h"

#define REAP_PERIOD	(60 * HZ)

/* Frees @svc's expired destinations, or @all removed ones. */
static void reap_dests(struct vs_service *svc, bool all)
{
	struct vs_snap *snap = vs_config_dereference(svc->vn, svc->snap);
	struct vs_dest *dest, *next;

	list_for_each_entry_safe(dest, next, &svc->removed, list) {
		if (!all && !vs_dest_expired(dest))
			continue;
		if (snap)
			vs_snap_forget(snap);
		snap = NULL;	/* has forgotten all removed destinations */
		vs_route_drop(dest);
		vs_dest_free(dest);
	}
}

/* Returns whether removed destinations are left. */
static bool reap_services(struct vs_net *vn, bool all)
{
	struct vs_config *c = &vn->config;
	struct vs_service *svc, *next;
	bool left = false;

	vs_assert_config_locked(vn);
	list_for_each_entry(svc, &c->services, list) {
		reap_dests(svc, all);
		left |= !list_empty(&svc->removed);
	}
	list_for_each_entry_safe(svc, next, &c->deleted, list) {
		reap_dests(svc, all);
		if (list_empty(&svc->removed))
			vs_service_free(svc);
	}
	return left || !list_empty(&c->deleted);
}

static void reap_work(struct work_struct *work)
{
	struct vs_net *vn = container_of(work, struct vs_net,
					 config.reap.work);

	mutex_lock(&vn->config.lock);
	if (reap_services(vn, false))
		queue_delayed_work(vs_wq, &vn->config.reap, REAP_PERIOD);
	mutex_unlock(&vn->config.lock);
}

static void expire_work(struct work_struct *work)
{
	vs_conn_flush(container_of(work, struct vs_net, config.expire), true);
}

void vs_reap_later(struct vs_dest *dest)
{
	struct vs_net *vn = dest->svc->vn;

	vs_assert_config_locked(vn);
	queue_delayed_work(vs_wq, &vn->config.reap, REAP_PERIOD);
	if (READ_ONCE(vn->sysctl.expire_nodest_conn))
		queue_work(vs_wq, &vn->config.expire);
}

void vs_reap_all(struct vs_net *vn)
{
	reap_services(vn, true);
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
