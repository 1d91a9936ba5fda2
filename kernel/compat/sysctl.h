/* SPDX-License-Identifier: GPL-2.0 */
/* Tables with a length; older kernels look for an empty entry at the end, and
 * their handlers may change the entry. */
#ifndef VS_COMPAT_SYSCTL_H
#define VS_COMPAT_SYSCTL_H

#include <linux/sysctl.h>
#include <net/net_namespace.h>

#ifndef VS_HAVE_SYSCTL_SZ
#define register_net_sysctl_sz(net, path, table, size) \
	register_net_sysctl(net, path, table)
#endif

#ifdef VS_HAVE_CONST_CTL
typedef const struct ctl_table vs_ctl_table;
#else
typedef struct ctl_table vs_ctl_table;
#endif

#endif /* VS_COMPAT_SYSCTL_H */
