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

/*
 * A namespace is torn down in this order: vs_config_net_flush() (no service and
 * no packet hook is left), an RCU grace period (no packet is in flight),
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
 * @service:	number of the service, 0 for the oldest
 * @dest_index:	number of the destination, 1 for the newest; 0: the service
 * @svc:	the service
 * @dest:	the destination, or NULL
 */
struct vs_config_row {
	unsigned long service;
	u32 dest_index;
	const struct vs_service *svc;
	const struct vs_dest *dest;
};

/**
 * struct vs_config_rows - position in a walk over services and destinations
 * @services:	position among the services
 * @svc:	service of @at
 * @at:		vs_dest.list of destination number @dest, or &svc->dests
 * @dest:	see @at
 * @changes:	vs_config.row_changes when @at was stored
 *
 * As struct vs_config_cursor, for listings that release the lock within a
 * service. A zeroed position is valid.
 */
struct vs_config_rows {
	struct vs_config_cursor services;
	const struct vs_service *svc;
	const struct list_head *at;
	u32 dest;
	unsigned long changes;
};

/**
 * vs_config_seek_row - find a row by its position
 * @vn:		namespace; its configuration lock is held
 * @cur:	cursor, updated
 * @row:	@row->service and @row->dest_index are given; if the service has no
 *		such destination, they are set to the next service. The rest is
 *		set to the row that was found
 *
 * Constant time if the position is @cur's or the next one and neither services
 * nor destinations have come or gone since.
 *
 * Return: false if there is no such row and none after it.
 */
bool vs_config_seek_row(struct vs_net *vn, struct vs_config_rows *cur,
			struct vs_config_row *row);

#endif /* VS_CONFIG_H */
