/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_COMPAT_SYSCTL_H
#define VS_COMPAT_SYSCTL_H

/* Newer kernels take the length of a table, and pass a const entry to handlers.
 * Older ones need an empty entry at the end. */

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
