/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Requests to the kernel over generic netlink family "IPVS", and "weir" for
 * what only Weir has. Functions return 0 or a negative errno; after an error ipvs_extack() is the kernel's extended
 * ack message, or NULL. Nothing is printed here.
 */
#ifndef IPVSADM_IPVS_H
#define IPVSADM_IPVS_H

#include "types.h"

/* Connects, loading ip_vs if necessary. On failure, fail_text() is the reason. */
int ipvs_open(void);
void ipvs_close(void);
const char *ipvs_extack(void);

int ipvs_get_info(struct ipvs_info *info);
int ipvs_flush(void);
int ipvs_zero_all(void);

/* @cmd: IPVS_CMD_NEW_SERVICE, _SET_SERVICE, _DEL_SERVICE or _ZERO */
int ipvs_change_service(int cmd, const struct ipvs_service *svc);
/* @cmd: IPVS_CMD_NEW_DEST, _SET_DEST or _DEL_DEST */
int ipvs_change_dest(int cmd, const struct ipvs_service *svc, const struct ipvs_dest *dest);
/* @cmd: IPVS_CMD_NEW_DAEMON or _DEL_DAEMON */
int ipvs_change_daemon(int cmd, const struct ipvs_daemon *daemon);

/* Looks up @svc by its key and fills in the other members. */
int ipvs_get_service(struct ipvs_service *svc);
/* Append to an array, which the caller frees. */
int ipvs_get_services(struct ipvs_services *services);
int ipvs_get_dests(const struct ipvs_service *svc, struct ipvs_dests *dests);

int ipvs_get_timeouts(struct ipvs_timeouts *timeouts);
int ipvs_set_timeouts(const struct ipvs_timeouts *timeouts);
/* [0] master, [1] backup; .state 0 if not running */
int ipvs_get_daemons(struct ipvs_daemon daemons[2]);

/*
 * Appends the counters of family "weir". -EOPNOTSUPP: no such family, the
 * loaded ip_vs is the kernel's own.
 */
int ipvs_get_counters(struct ipvs_counters *counters);

/*
 * The mesh daemon. -EOPNOTSUPP: the loaded ip_vs has none; -ESRCH: it does not
 * run.
 */
int ipvs_start_mesh(const struct ipvs_daemon *daemon, const struct ipvs_mesh_config *config);
int ipvs_stop_mesh(void);
int ipvs_set_mesh_keys(const struct ipvs_mesh_config *config);
/* The caller frees @mesh->v, after an error too. */
int ipvs_get_mesh(struct ipvs_mesh *mesh);

#endif
