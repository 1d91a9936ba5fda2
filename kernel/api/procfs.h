/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_PROCFS_H
#define VS_PROCFS_H

#include "types.h"

struct seq_file;

#ifdef CONFIG_PROC_FS

/* procfs.c: /proc/net/ip_vs*, byte for byte in the formats of ip_vs. */
int vs_procfs_net_init(struct vs_net *vn);
void vs_procfs_net_exit(struct vs_net *vn);

/* procfs_status.c */
int vs_procfs_status_show(struct seq_file *seq, void *v);

#else

static inline int vs_procfs_net_init(struct vs_net *vn)
{
	return 0;
}

static inline void vs_procfs_net_exit(struct vs_net *vn)
{
}

#endif

#endif /* VS_PROCFS_H */
