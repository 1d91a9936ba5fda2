/* SPDX-License-Identifier: GPL-2.0 */
/* Tables with a length; older kernels look for an empty entry at the end. */
#ifndef VS_COMPAT_SYSCTL_H
#define VS_COMPAT_SYSCTL_H

#include <net/net_namespace.h>

#ifndef VS_HAVE_SYSCTL_SZ
#define register_net_sysctl_sz(net, path, table, size) \
	register_net_sysctl(net, path, table)
#endif

#endif /* VS_COMPAT_SYSCTL_H */
