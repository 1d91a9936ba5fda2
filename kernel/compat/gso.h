/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_COMPAT_GSO_H
#define VS_COMPAT_GSO_H

/* Older kernels declare the GSO functions in netdevice.h and skbuff.h. */
#ifdef VS_HAVE_GSO_H
#include <net/gso.h>
#else
#include <linux/netdevice.h>
#endif

#endif /* VS_COMPAT_GSO_H */
