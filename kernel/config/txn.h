/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_TXN_H
#define VS_TXN_H

#include "config/config.h"

/* The changes that vs_config_notify() reports. */
enum vs_config_event {
	VS_CONFIG_SERVICE_ADDED,
	VS_CONFIG_SERVICE_EDITED,
	VS_CONFIG_SERVICE_REMOVED,	/* about to go with its destinations */
	VS_CONFIG_DEST_ADDED,
	VS_CONFIG_DEST_EDITED,
	VS_CONFIG_DEST_REMOVED,
	VS_CONFIG_ZEROED,		/* no service: all of them */
	VS_CONFIG_FLUSHED,		/* once, after the last SERVICE_REMOVED */
	VS_CONFIG_TIMEOUTS_SET,
};

/**
 * vs_config_notify - the one place that learns of every committed change
 * @vn:		namespace; its configuration lock is held
 * @event:	what has changed
 * @svc:	affected service, or NULL
 * @dest:	affected destination, or NULL
 */
void vs_config_notify(struct vs_net *vn, enum vs_config_event event,
		      const struct vs_service *svc, const struct vs_dest *dest);

struct vs_txn_op;

/**
 * struct vs_txn_type - how an operation is completed or undone
 * @undo:	reverts the staged change, in reverse order of staging; only the
 *		parameters of a removed destination may remain changed
 * @apply:	runs before the snapshots are published, or NULL
 * @finish:	runs after the snapshots were published; reports the change by
 *		vs_config_notify()
 *
 * @apply and @finish cannot fail.
 */
struct vs_txn_type {
	void (*undo)(struct vs_txn_op *op);
	void (*apply)(struct vs_txn_op *op);
	void (*finish)(struct vs_txn_op *op);
};

/**
 * struct vs_txn_op - a staged operation
 * @list:	in vs_txn.ops
 * @type:	its functions
 * @svc:	affected service
 * @dest:	affected destination, or NULL
 * @rebuild:	@svc needs a new snapshot
 *
 * Embedded as the first member in the struct of each kind of operation. The
 * transaction frees it with kfree().
 */
struct vs_txn_op {
	struct list_head list;
	const struct vs_txn_type *type;
	struct vs_service *svc;
	struct vs_dest *dest;
	bool rebuild;
};

/**
 * struct vs_txn - a transaction
 * @vn:		namespace
 * @ops:	operations in the order in which they were staged
 *
 * An operation is staged by changing the lists and parameters from which
 * snapshots are built (vs_service.dests, vs_service.sched, ...) and adding a
 * struct vs_txn_op. vs_txn_end() then builds a snapshot for each affected
 * service. If that fails, it undoes all operations; otherwise it publishes the
 * snapshots, which cannot fail.
 */
struct vs_txn {
	struct vs_net *vn;
	struct list_head ops;
};

/* Takes the configuration lock. */
void vs_txn_begin(struct vs_txn *txn, struct vs_net *vn);

/* Adds a staged operation. */
void vs_txn_add(struct vs_txn *txn, struct vs_txn_op *op);

/**
 * vs_txn_end - commit or undo a transaction, release the configuration lock
 * @txn:	transaction
 * @err:	result of staging; if it is not 0, all operations are undone
 *
 * Return: @err, or -ENOMEM if a snapshot could not be built.
 */
int vs_txn_end(struct vs_txn *txn, int err);

/* Configuration lock held. Replaces @svc's snapshot by @snap (may be NULL). */
void vs_txn_publish(struct vs_service *svc, struct vs_snap *snap);

#endif /* VS_TXN_H */
