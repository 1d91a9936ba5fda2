/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_COMPAT_TABLE_H
#define VS_COMPAT_TABLE_H

/* The size shown where there is no connection table yet: the kernel's ip_vs
 * says 0 since each namespace has a table of its own; before that, there was one
 * of fixed size from the beginning. */
#ifdef VS_HAVE_NET_TABLES
#define VS_NO_TABLE_SIZE(fixed)	0
#else
#define VS_NO_TABLE_SIZE(fixed)	(fixed)
#endif

#endif /* VS_COMPAT_TABLE_H */
