/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_SYSCTL_H
#define VS_SYSCTL_H

#include "types.h"

/* net.ipv4.vs.*, per namespace: struct vs_sysctl. */
int vs_sysctl_net_init(struct vs_net *vn);
void vs_sysctl_net_exit(struct vs_net *vn);

/* Under vn->config.lock. Whether rates are to be estimated. */
bool vs_sysctl_estimates(const struct vs_net *vn);

#endif /* VS_SYSCTL_H */
