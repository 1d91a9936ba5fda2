/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_SYSCTL_H
#define VS_SYSCTL_H

#include "types.h"

/* net.ipv4.vs.*: initializes and exposes struct vs_sysctl. */
int vs_sysctl_net_init(struct vs_net *vn);
void vs_sysctl_net_exit(struct vs_net *vn);

#endif /* VS_SYSCTL_H */
