/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_COMPAT_TABLE_H
#define VS_COMPAT_TABLE_H

/* The table size to report before there is a connection table. The kernel's
 * ip_vs reports 0 since each namespace has its own table; before, it had one
 * global table of a fixed size. */
#ifdef VS_HAVE_NET_TABLES
#define VS_NO_TABLE_SIZE(fixed)	0
#else
#define VS_NO_TABLE_SIZE(fixed)	(fixed)
#endif

#endif /* VS_COMPAT_TABLE_H */
