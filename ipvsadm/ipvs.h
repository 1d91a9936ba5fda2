/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel, over generic netlink family "IPVS". Prints nothing.
 * All return 0 or a negative errno; ipvs_extack() is then the kernel's own
 * words on it, or NULL.
 */
#ifndef IPVSADM_IPVS_H
#define IPVSADM_IPVS_H

#include "types.h"

/* Connects; loads ip_vs if the family is not there. On failure the reason is in fail_text(). */
int ipvs_open(void);
void ipvs_close(void);
const char *ipvs_extack(void);

int ipvs_get_info(struct ipvs_info *info);
int ipvs_flush(void);
int ipvs_zero_all(void);

/* @cmd: IPVS_CMD_NEW_SERVICE, SET, DEL or IPVS_CMD_ZERO */
int ipvs_change_service(int cmd, const struct ipvs_service *svc);
/* @cmd: IPVS_CMD_NEW_DEST, SET, DEL */
int ipvs_change_dest(int cmd, const struct ipvs_service *svc, const struct ipvs_dest *dest);
/* @cmd: IPVS_CMD_NEW_DAEMON, DEL */
int ipvs_change_daemon(int cmd, const struct ipvs_daemon *daemon);

/* Fills in the rest of @svc, which holds the key. */
int ipvs_get_service(struct ipvs_service *svc);
/* These append; the arrays are the caller's to free. */
int ipvs_get_services(struct ipvs_services *services);
int ipvs_get_dests(const struct ipvs_service *svc, struct ipvs_dests *dests);

int ipvs_get_timeouts(struct ipvs_timeouts *timeouts);
int ipvs_set_timeouts(const struct ipvs_timeouts *timeouts);
/* [0] master, [1] backup; .state 0 if not running */
int ipvs_get_daemons(struct ipvs_daemon daemons[2]);

/* By Weir's own family; -EOPNOTSUPP: there is none, the ip_vs is the kernel's. Appends. */
int ipvs_get_counters(struct ipvs_counters *counters);

#endif
