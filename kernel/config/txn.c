// SPDX-License-Identifier: GPL-2.0
/*
 * Transactions: a set of operations on services and destinations succeeds or
 * fails as a whole.
 *
 *   stage	config_service.c, config_dest.c: check the request, change the
 *		lists and parameters from which snapshots are built
 *   prepare	build a snapshot for each affected service; may fail
 *   commit	publish the snapshots, report the changes; cannot fail
 *
 * The configuration lock is held throughout. Packets see the snapshots one by
 * one. The parameters of an edited or revived destination and the flags of a
 * revived service are visible as soon as they are staged.
 */
#include <linux/slab.h>

#include "config/txn.h"
#include "net.h"
#include "sched/sched.h"

void vs_config_notify(struct vs_net *vn, enum vs_config_event event,
		      const struct vs_service *svc, const struct vs_dest *dest)
{
	struct vs_config *c = &vn->config;

	vs_assert_config_locked(vn);
	/* invalidates struct vs_config_cursor and struct vs_config_rows */
	switch (event) {
	case VS_CONFIG_SERVICE_ADDED:
	case VS_CONFIG_SERVICE_REMOVED:
		c->changes++;
		fallthrough;
	case VS_CONFIG_DEST_ADDED:
	case VS_CONFIG_DEST_REMOVED:
		c->row_changes++;
		break;
	default:
		break;
	}
}

static int snap_stage(struct vs_service *svc)
{
	struct vs_snap_conf conf = {
		.sched = svc->sched,
		.dests = &svc->dests,
		.n = svc->num_dests,
		.flags = svc->flags,
		.af = svc->key.af,
		.lblc_expiration = &svc->vn->sysctl.lblc_expiration,
		.lblcr_expiration = &svc->vn->sysctl.lblcr_expiration,
		.room = &svc->vn->cache_room,
	};

	if (!svc->staged)
		svc->staged = vs_snap_build(&conf,
					    vs_config_dereference(svc->vn,
								  svc->snap));
	return svc->staged ? 0 : -ENOMEM;
}

void vs_txn_publish(struct vs_service *svc, struct vs_snap *snap)
{
	vs_assert_config_locked(svc->vn);
	if (snap)
		vs_snap_publish(snap);
	snap = rcu_replace_pointer(svc->snap, snap,
				   lockdep_is_held(&svc->vn->config.lock));
	if (snap)
		vs_snap_retire(snap);
}

void vs_txn_begin(struct vs_txn *txn, struct vs_net *vn)
{
	mutex_lock(&vn->config.lock);
	txn->vn = vn;
	INIT_LIST_HEAD(&txn->ops);
}

void vs_txn_add(struct vs_txn *txn, struct vs_txn_op *op)
{
	vs_assert_config_locked(txn->vn);
	list_add_tail(&op->list, &txn->ops);
}

static int txn_prepare(struct vs_txn *txn)
{
	struct vs_txn_op *op;
	int err = 0;

	list_for_each_entry(op, &txn->ops, list) {
		if (op->rebuild)
			err = snap_stage(op->svc);
		if (err)
			break;
	}
	return err;
}

static void txn_abort(struct vs_txn *txn)
{
	struct vs_txn_op *op, *prev;

	list_for_each_entry(op, &txn->ops, list) {
		if (op->svc->staged)
			vs_snap_free(op->svc->staged);
		op->svc->staged = NULL;
	}
	list_for_each_entry_safe_reverse(op, prev, &txn->ops, list) {
		op->type->undo(op);
		kfree(op);
	}
}

static void txn_commit(struct vs_txn *txn)
{
	struct vs_txn_op *op, *next;

	list_for_each_entry(op, &txn->ops, list)
		if (op->type->apply)
			op->type->apply(op);
	list_for_each_entry(op, &txn->ops, list) {
		if (op->svc->staged)
			vs_txn_publish(op->svc, op->svc->staged);
		op->svc->staged = NULL;
	}
	list_for_each_entry_safe(op, next, &txn->ops, list) {
		op->type->finish(op);
		kfree(op);
	}
}

int vs_txn_end(struct vs_txn *txn, int err)
{
	if (!err)
		err = txn_prepare(txn);
	if (err)
		txn_abort(txn);
	else
		txn_commit(txn);
	mutex_unlock(&txn->vn->config.lock);
	return err;
}
