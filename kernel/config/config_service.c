// SPDX-License-Identifier: GPL-2.0
/*
 * Operations on services: add, edit, delete, zero, flush.
 */
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "config/config_impl.h"
#include "config/est.h"
#include "config/txn.h"
#include "conn/defence.h"
#include "extack.h"
#include "net.h"
#include "pe/pe.h"
#include "sched/sched.h"

/* services and destinations between two releases of the lock */
#define FLUSH_BATCH	64

/**
 * struct service_op - a staged operation on a service
 * @op:		must be first
 * @conf:	requested parameters, valid until the transaction ends
 * @pe:		persistence engine; its reference passes to the service when
 *		the transaction commits
 * @old_sched:	edit, add of a deleted service: previous scheduler
 * @old_flags:	add of a deleted service: previous flags
 * @revived:	add: a deleted service is configured again
 */
struct service_op {
	struct vs_txn_op op;
	const struct vs_svc_conf *conf;
	const struct vs_pe *pe;
	const struct vs_sched *old_sched;
	u32 old_flags;
	bool revived;
};
static_assert(!offsetof(struct service_op, op));

static struct service_op *service_op(struct vs_txn_op *op)
{
	return container_of(op, struct service_op, op);
}

/* Does not fail, so that a service can be deleted when memory is short. */
static struct service_op *service_op_new(const struct vs_txn_type *type,
					 const struct vs_svc_conf *conf,
					 const struct vs_pe *pe)
{
	struct service_op *s = kzalloc(sizeof(*s), GFP_KERNEL | __GFP_NOFAIL);

	s->op.type = type;
	s->conf = conf;
	s->pe = pe;
	return s;
}

static int service_check(const struct vs_svc_key *key,
			 const struct vs_svc_conf *conf,
			 const struct vs_pe *pe,
			 const struct vs_sched **sched,
			 struct netlink_ext_ack *extack)
{
	u32 plen = (__force u32)conf->netmask;

	*sched = NULL;
	if (strcmp(conf->sched_name, "none")) {
		*sched = vs_sched_by_name(conf->sched_name);
		if (!*sched)
			return vs_refuse(extack, "no such scheduler",
					 -ENOENT);
	}
	if (conf->pe_name[0] && !pe)
		return vs_refuse(extack, "no such persistence engine",
				 -ENOENT);
	if (key->af == AF_INET6 && (plen < 1 || plen > 128))
		return vs_refuse(extack,
				 "IPv6 persistence prefix length must be 1 to 128",
				 -EINVAL);
	return 0;
}

static u32 flags_merge(u32 flags, const struct vs_svc_conf *conf)
{
	return (flags & ~conf->flags_mask) | (conf->flags & conf->flags_mask);
}

static void service_set(struct vs_service *svc, const struct vs_svc_conf *conf)
{
	WRITE_ONCE(svc->timeout, min_t(u32, conf->timeout, MAX_TIMEOUT) * HZ);
	WRITE_ONCE(svc->netmask, conf->netmask);
}

static void service_count(const struct vs_service *svc, int n)
{
	struct vs_config *c = &svc->vn->config;
	int i = vs_af_index(svc->key.af);

	WRITE_ONCE(c->num_services, c->num_services + n);
	WRITE_ONCE(c->num_af[i], c->num_af[i] + n);
	if (svc->key.fwmark)
		WRITE_ONCE(c->num_fwmark[i], c->num_fwmark[i] + n);
	else if (!svc->key.port)
		WRITE_ONCE(c->num_port0, c->num_port0 + n);
	else if (svc->key.port == VS_FTP_PORT)
		WRITE_ONCE(c->num_ftp[i], c->num_ftp[i] + n);
}

/* Zeroes the statistics of @svc and of @dests, one of its two lists. */
static void service_zero(struct vs_service *svc, struct list_head *dests)
{
	struct vs_sums sum = {};
	struct vs_dest *dest;

	list_for_each_entry(dest, dests, list) {
		struct vs_sums dest_sum = {};

		vs_stats_sum(dest->stats, &dest_sum);
		vs_stats_zero(&dest->totals, &dest_sum);
		cond_resched();
	}
	vs_stats_sum_service(svc, &sum);
	vs_stats_zero(&svc->totals, &sum);
}

/* Add. */

static void add_service_undo(struct vs_txn_op *op)
{
	struct vs_service *svc = op->svc;

	svc->configured = false;
	service_count(svc, -1);
	vs_config_hooks_stop(svc->vn, svc->key.af);
	svc->sched = service_op(op)->old_sched;
	WRITE_ONCE(svc->flags, service_op(op)->old_flags);
	if (!service_op(op)->revived)
		vs_service_free(svc);
	module_put(THIS_MODULE);
}

static void add_service_apply(struct vs_txn_op *op)
{
	const struct service_op *s = service_op(op);

	vs_pe_bind(op->svc, s->pe);
	op->svc->fwmark_proto = s->conf->fwmark_proto;
	service_set(op->svc, s->conf);
}

static void add_service_finish(struct vs_txn_op *op)
{
	struct vs_service *svc = op->svc;
	struct vs_net *vn = svc->vn;

	if (service_op(op)->revived)
		service_zero(svc, &svc->removed);
	if (!svc->key.fwmark)
		vs_filter_add(vn->filter.vip, svc->key.af, &svc->key.addr);
	list_move_tail(&svc->list, &vn->config.services);
	/* makes the service visible to packets, after everything they need */
	smp_store_release(&svc->flags, svc->flags | IP_VS_SVC_F_HASHED);
	vs_est_kick(vn);
	vs_notrack_start(vn);
	vs_defence_start(vn);
	vs_config_notify(vn, VS_CONFIG_SERVICE_ADDED, svc, NULL);
	svc->added = vn->config.changes;
}

static const struct vs_txn_type add_service_type = {
	.undo = add_service_undo,
	.apply = add_service_apply,
	.finish = add_service_finish,
};

/* *@svc is set to the deleted service with this key, or NULL. */
static int add_service_check(struct vs_net *vn, const struct vs_svc_key *key,
			     const struct vs_svc_conf *conf,
			     const struct vs_pe *pe, struct vs_service **svc,
			     const struct vs_sched **sched,
			     struct netlink_ext_ack *extack)
{
	int err;

	/* still visible to packets if this transaction deletes it */
	*svc = vs_service_by_key(vn, key);
	if (*svc && ((*svc)->configured || vs_service_configured(*svc)))
		return vs_refuse(extack, "service exists already", -EEXIST);
	err = service_check(key, conf, pe, sched, extack);
	if (!err && key->af == AF_INET6)
		err = vs_config_defrag6(vn);
	return err;
}

static int add_service_stage(struct vs_txn *txn, const struct vs_svc_key *key,
			     const struct vs_svc_conf *conf,
			     const struct vs_pe *pe,
			     struct netlink_ext_ack *extack)
{
	const struct vs_sched *sched;
	struct vs_net *vn = txn->vn;
	struct vs_service *svc;
	struct service_op *s;
	int err;

	err = add_service_check(vn, key, conf, pe, &svc, &sched, extack);
	if (err)
		return err;
	/* one reference per service: rmmod fails on a director in use */
	if (!try_module_get(THIS_MODULE))
		return vs_refuse(extack, "the module is being unloaded",
				 -ENOENT);
	s = service_op_new(&add_service_type, conf, pe);
	s->revived = svc;
	if (!svc) {
		svc = vs_service_new(vn, key);
		err = PTR_ERR_OR_ZERO(svc);
		if (err)
			goto err_op;
	}
	err = vs_config_hooks_start(vn, key->af);
	if (err) {
		vs_refuse(extack, "cannot register the packet hooks", err);
		goto err_service;
	}
	service_count(svc, 1);
	svc->configured = true;
	s->old_sched = svc->sched;
	s->old_flags = svc->flags;
	svc->sched = sched;
	WRITE_ONCE(svc->flags, flags_merge(0, conf) & ~IP_VS_SVC_F_HASHED);
	s->op.svc = svc;
	s->op.rebuild = true;
	vs_txn_add(txn, &s->op);
	return 0;

err_service:
	if (!s->revived)
		vs_service_free(svc);
err_op:
	kfree(s);
	module_put(THIS_MODULE);
	return err;
}

/* May load a module: call before taking the configuration lock. */
static const struct vs_pe *conf_pe_get(const struct vs_svc_conf *conf)
{
	return conf->pe_name[0] ? vs_pe_get(conf->pe_name) : NULL;
}

int vs_config_add_service(struct vs_net *vn, const struct vs_svc_key *key,
			  const struct vs_svc_conf *conf,
			  struct netlink_ext_ack *extack)
{
	const struct vs_pe *pe = conf_pe_get(conf);
	struct vs_txn txn;
	int err;

	vs_txn_begin(&txn, vn);
	err = vs_txn_end(&txn, add_service_stage(&txn, key, conf, pe, extack));
	if (err)
		vs_pe_put(pe);
	return err;
}

/* Edit. If the scheduler does not change, the snapshot and with it the
 * scheduler's state are kept: wrr continues its round. */

static void edit_service_undo(struct vs_txn_op *op)
{
	op->svc->sched = service_op(op)->old_sched;
}

static u32 edited_flags(struct vs_txn_op *op)
{
	return flags_merge(op->svc->flags, service_op(op)->conf) |
	       IP_VS_SVC_F_HASHED;
}

static void edit_service_apply(struct vs_txn_op *op)
{
	if (op->svc->staged)
		vs_snap_set_flags(op->svc->staged, edited_flags(op));
}

static void edit_service_finish(struct vs_txn_op *op)
{
	const struct service_op *s = service_op(op);
	struct vs_service *svc = op->svc;
	u32 flags = edited_flags(op);

	vs_snap_set_flags(vs_config_dereference(svc->vn, svc->snap), flags);
	WRITE_ONCE(svc->flags, flags);
	service_set(svc, s->conf);
	vs_pe_put(vs_pe_bind(svc, s->pe));
	vs_config_notify(svc->vn, VS_CONFIG_SERVICE_EDITED, svc, NULL);
}

static const struct vs_txn_type edit_service_type = {
	.undo = edit_service_undo,
	.apply = edit_service_apply,
	.finish = edit_service_finish,
};

static int edit_service_stage(struct vs_txn *txn, const struct vs_svc_key *key,
			      const struct vs_svc_conf *conf,
			      const struct vs_pe *pe,
			      struct netlink_ext_ack *extack)
{
	const struct vs_sched *sched;
	struct vs_service *svc;
	struct service_op *s;
	int err;

	svc = vs_config_lookup(txn->vn, key, extack);
	if (IS_ERR(svc))
		return PTR_ERR(svc);
	err = service_check(key, conf, pe, &sched, extack);
	if (err)
		return err;
	s = service_op_new(&edit_service_type, conf, pe);
	s->op.svc = svc;
	s->op.rebuild = sched != svc->sched;
	s->old_sched = svc->sched;
	svc->sched = sched;
	vs_txn_add(txn, &s->op);
	return 0;
}

int vs_config_edit_service(struct vs_net *vn, const struct vs_svc_key *key,
			   const struct vs_svc_conf *conf,
			   struct netlink_ext_ack *extack)
{
	const struct vs_pe *pe = conf_pe_get(conf);
	struct vs_txn txn;
	int err;

	vs_txn_begin(&txn, vn);
	err = vs_txn_end(&txn, edit_service_stage(&txn, key, conf, pe, extack));
	if (err)
		vs_pe_put(pe);
	return err;
}

/* Delete, flush. */

/* Removes @svc and its destinations. While these have connections, @svc stays,
 * see config/reap.c. Cannot fail. */
static void service_remove(struct vs_service *svc)
{
	struct vs_net *vn = svc->vn;
	struct vs_dest *dest, *next;

	vs_assert_config_locked(vn);
	vs_config_notify(vn, VS_CONFIG_SERVICE_REMOVED, svc, NULL);
	svc->configured = false;
	WRITE_ONCE(svc->flags, svc->flags & ~IP_VS_SVC_F_HASHED);
	service_count(svc, -1);
	vs_config_hooks_stop(vn, svc->key.af);
	vs_txn_publish(svc, NULL);
	vs_pe_put(vs_pe_bind(svc, NULL));
	if (vn->config.est_at == &svc->list)
		vn->config.est_at = svc->list.next;
	list_del_init(&svc->list);
	list_for_each_entry_safe(dest, next, &svc->dests, list) {
		vs_config_remove_dest(dest);
		cond_resched();
	}
	if (list_empty(&svc->removed))
		vs_service_free(svc);
	module_put(THIS_MODULE);
}

static void del_service_undo(struct vs_txn_op *op)
{
	op->svc->configured = true;
}

static void del_service_finish(struct vs_txn_op *op)
{
	service_remove(op->svc);
}

static const struct vs_txn_type del_service_type = {
	.undo = del_service_undo,
	.finish = del_service_finish,
};

static int del_service_stage(struct vs_txn *txn, const struct vs_svc_key *key,
			     struct netlink_ext_ack *extack)
{
	struct vs_service *svc;
	struct service_op *s;

	svc = vs_config_lookup(txn->vn, key, extack);
	if (IS_ERR(svc))
		return PTR_ERR(svc);
	s = service_op_new(&del_service_type, NULL, NULL);
	s->op.svc = svc;
	svc->configured = false;
	vs_txn_add(txn, &s->op);
	return 0;
}

int vs_config_del_service(struct vs_net *vn, const struct vs_svc_key *key,
			  struct netlink_ext_ack *extack)
{
	struct vs_txn txn;

	vs_txn_begin(&txn, vn);
	return vs_txn_end(&txn, del_service_stage(&txn, key, extack));
}

/* Removes the oldest services, unless they were added after change number
 * @until. Returns whether there are more. */
static bool flush_some(struct vs_net *vn, unsigned long until)
{
	struct vs_service *svc;
	u32 n = 0;

	while (n < FLUSH_BATCH) {
		svc = list_first_entry_or_null(&vn->config.services,
					       struct vs_service, list);
		if (!svc || (long)(svc->added - until) > 0)
			return false;
		n += 1 + svc->num_dests;
		service_remove(svc);
	}
	return true;
}

/*
 * Not a transaction: must not fail, since namespace exit depends on it. Other
 * changes may come in between: a service that is added meanwhile remains.
 */
void vs_config_flush(struct vs_net *vn)
{
	unsigned long until;

	mutex_lock(&vn->config.lock);
	until = vn->config.changes;
	while (flush_some(vn, until)) {
		mutex_unlock(&vn->config.lock);
		cond_resched();
		mutex_lock(&vn->config.lock);
	}
	vs_config_notify(vn, VS_CONFIG_FLUSHED, NULL, NULL);
	mutex_unlock(&vn->config.lock);
}

/* Zero. */

static void services_zero(struct vs_net *vn)
{
	struct vs_sums sum = {};
	struct vs_service *svc;

	vs_config_for_each_service(svc, vn)
		service_zero(svc, &svc->dests);
	vs_stats_sum_total(vn, &sum);
	vs_stats_zero(&vn->totals, &sum);
}

int vs_config_zero(struct vs_net *vn, const struct vs_svc_key *key,
		   struct netlink_ext_ack *extack)
{
	struct vs_service *svc = NULL;
	int err = 0;

	mutex_lock(&vn->config.lock);
	if (key)
		svc = vs_config_lookup(vn, key, extack);
	if (IS_ERR(svc))
		err = PTR_ERR(svc);
	else if (svc)
		service_zero(svc, &svc->dests);
	else
		services_zero(vn);
	if (!err)
		vs_config_notify(vn, VS_CONFIG_ZEROED, svc, NULL);
	mutex_unlock(&vn->config.lock);
	return err;
}
