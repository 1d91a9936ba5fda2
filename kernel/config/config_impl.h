/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_CONFIG_IMPL_H
#define VS_CONFIG_IMPL_H

#include "config/config.h"

#define MAX_TIMEOUT	(INT_MAX / HZ)	/* seconds */

/* Between the files of config/. Configuration lock held. */

/* config_hooks.c */

/* Registers the packet hooks of family @af unless it has services. Call before
 * counting the new service. */
int vs_config_hooks_start(struct vs_net *vn, u8 af);
/* Unregisters the packet hooks of family @af unless it has services left. */
void vs_config_hooks_stop(struct vs_net *vn, u8 af);

/* Enables IPv6 defragmentation ahead of the hooks, as non-first fragments carry
 * no ports. Stays enabled for the namespace's lifetime. */
int vs_config_defrag6(struct vs_net *vn);
void vs_config_defrag6_exit(struct vs_net *vn);

/* config_dest.c: removes @dest but leaves its service's snapshot alone. */
void vs_config_remove_dest(struct vs_dest *dest);

#endif /* VS_CONFIG_IMPL_H */
