/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_PROCFS_H
#define VS_PROCFS_H

#include "types.h"

/* /proc/net/ip_vs, ip_vs_conn, ip_vs_conn_sync, ip_vs_stats and
 * ip_vs_stats_percpu, byte for byte as the kernel's ip_vs prints them. */
int vs_procfs_net_init(struct vs_net *vn);
void vs_procfs_net_exit(struct vs_net *vn);

#endif /* VS_PROCFS_H */
