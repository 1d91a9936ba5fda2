/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_CONFIG_H
#define VS_CONFIG_H

#include "config/config_types.h"
#include "service/service.h"

struct netlink_ext_ack;

/*
 * The configuration of a namespace. The functions below are the only way to
 * change it; the codecs in api/ translate messages to plain structs and back.
 * A function that changes the configuration takes the configuration lock and
 * reports the reason for a failure in @extack (may be NULL). Process context.
 */

/* config_service.c. A NULL @key means all services. */
int vs_config_add_service(struct vs_net *vn, const struct vs_svc_key *key,
			  const struct vs_svc_conf *conf,
			  struct netlink_ext_ack *extack);
int vs_config_edit_service(struct vs_net *vn, const struct vs_svc_key *key,
			   const struct vs_svc_conf *conf,
			   struct netlink_ext_ack *extack);
int vs_config_del_service(struct vs_net *vn, const struct vs_svc_key *key,
			  struct netlink_ext_ack *extack);
int vs_config_zero(struct vs_net *vn, const struct vs_svc_key *key,
		   struct netlink_ext_ack *extack);
void vs_config_flush(struct vs_net *vn);

/* config_dest.c */
int vs_config_add_dest(struct vs_net *vn, const struct vs_svc_key *key,
		       const struct vs_dest_conf *conf,
		       struct netlink_ext_ack *extack);
int vs_config_edit_dest(struct vs_net *vn, const struct vs_svc_key *key,
			const struct vs_dest_conf *conf,
			struct netlink_ext_ack *extack);
int vs_config_del_dest(struct vs_net *vn, const struct vs_svc_key *key,
		       const struct vs_dest_conf *conf,
		       struct netlink_ext_ack *extack);

/* config.c */
int vs_config_set_timeouts(struct vs_net *vn, const struct vs_timeouts *t,
			   struct netlink_ext_ack *extack);
void vs_config_get_timeouts(struct vs_net *vn, struct vs_timeouts *t);

/* config_sync.c: see vs_sync_start(), vs_sync_stop() */
struct vs_sync_conf;
int vs_config_start_daemon(struct vs_net *vn, u32 state,
			   const struct vs_sync_conf *conf,
			   struct netlink_ext_ack *extack);
struct vs_mesh_conf;
struct vs_mesh_keys;
int vs_config_start_mesh(struct vs_net *vn, const struct vs_mesh_conf *conf,
			 const struct vs_mesh_keys *keys,
			 struct netlink_ext_ack *extack);
int vs_config_stop_daemon(struct vs_net *vn, u32 state,
			  struct netlink_ext_ack *extack);

/*
 * A namespace is torn down in this order: vs_sync_net_exit(),
 * vs_config_net_flush() (no service and no packet hook is left), an RCU grace period (no packet is in flight),
 * vs_procfs_net_exit(), vs_sysctl_net_exit(), vs_est_net_exit(),
 * vs_conn_net_exit() (no connection holds a destination), vs_config_net_exit().
 * On module exit the netlink families are unregistered before that.
 */
int vs_config_net_init(struct vs_net *vn);
void vs_config_net_flush(struct vs_net *vn);
void vs_config_net_exit(struct vs_net *vn);

/* read.c */

/* Between these two calls the configuration does not change. The reader may
 * sleep. */
void vs_config_read_begin(struct vs_net *vn);
void vs_config_read_end(struct vs_net *vn);

/**
 * vs_config_lookup - find a configured service
 * @vn:		namespace; its configuration lock is held
 * @key:	key
 * @extack:	gets the reason for a failure, or NULL
 *
 * Return: the service, without a reference, or ERR_PTR(-ESRCH).
 */
struct vs_service *vs_config_lookup(struct vs_net *vn,
				    const struct vs_svc_key *key,
				    struct netlink_ext_ack *extack);

/**
 * struct vs_config_cursor - position in a walk over the services
 * @at:		vs_service.list of service number @index, or the list's head
 * @index:	position of @at
 * @changes:	vs_config.changes when @at was stored
 *
 * Lets a walk release the configuration lock without starting over. A zeroed
 * cursor is valid.
 */
struct vs_config_cursor {
	const struct list_head *at;
	unsigned long index;
	unsigned long changes;
};

/**
 * vs_config_seek - find a service by its position
 * @vn:		namespace; its configuration lock is held
 * @cur:	cursor, updated
 * @index:	number of the service, 0 for the oldest
 *
 * Constant time if @index is @cur's position or the next one and no service has
 * been added or deleted since. Otherwise the list is walked from its head.
 *
 * Return: the service, or NULL if there are fewer.
 */
struct vs_service *vs_config_seek(struct vs_net *vn,
				  struct vs_config_cursor *cur,
				  unsigned long index);

/**
 * struct vs_config_row - a row of a listing: a service, or a destination of it
 * @svc:	the service
 * @dest:	the destination, or NULL
 */
struct vs_config_row {
	const struct vs_service *svc;
	const struct vs_dest *dest;
};

/**
 * struct vs_config_rows - position in a listing of services and destinations
 * @added:	vs_service.added of the row's service
 * @rank:	place of the row in its service, see row_rank()
 * @begun:	whether the position is at a row, rather than before the first
 * @svc:	service of the row
 * @at:		vs_dest.list of the row, or &svc->dests for the service itself
 * @changes:	vs_config.row_changes when @svc and @at were stored
 *
 * For listings that release the configuration lock within a service. @added and
 * @rank identify the row although others come and go meanwhile. A zeroed
 * position is valid.
 */
struct vs_config_rows {
	unsigned long added;
	u64 rank;
	bool begun;
	const struct vs_service *svc;
	const struct list_head *at;
	unsigned long changes;
};

/**
 * vs_config_this_row - get the row at a position
 * @vn:		namespace; its configuration lock is held
 * @cur:	position; moved to the next row if its row has gone
 * @row:	set to the row
 *
 * Constant time unless services or destinations have come or gone since @cur
 * was set. Otherwise the services up to the row's are walked, and its
 * destinations.
 *
 * Return: false if there is no such row and none after it.
 */
bool vs_config_this_row(struct vs_net *vn, struct vs_config_rows *cur,
			struct vs_config_row *row);

/**
 * vs_config_next_row - move to the next row
 * @vn:		namespace; its configuration lock is held
 * @cur:	position, moved
 * @row:	set to the row
 *
 * As vs_config_this_row(). The row of a service is followed by those of its
 * destinations, the newest first.
 *
 * Return: false if there is no further row.
 */
bool vs_config_next_row(struct vs_net *vn, struct vs_config_rows *cur,
			struct vs_config_row *row);

#endif /* VS_CONFIG_H */
