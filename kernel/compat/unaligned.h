/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_COMPAT_UNALIGNED_H
#define VS_COMPAT_UNALIGNED_H

#ifdef VS_HAVE_UNALIGNED_H
#include <linux/unaligned.h>
#else
#include <asm/unaligned.h>
#endif

#endif /* VS_COMPAT_UNALIGNED_H */
