/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_SYSCTL_H
#define VS_SYSCTL_H

#include <linux/cpumask.h>

#include "types.h"

/* net.ipv4.vs.*, per namespace: struct vs_sysctl. */
int vs_sysctl_net_init(struct vs_net *vn);
void vs_sysctl_net_exit(struct vs_net *vn);

/* Under vn->config.lock. Whether rates are to be estimated, and on which CPUs;
 * NULL: wherever the kernel's threads may run. */
bool vs_sysctl_estimates(const struct vs_net *vn);
const struct cpumask *vs_sysctl_est_cpus(const struct vs_net *vn);

#endif /* VS_SYSCTL_H */
