/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Force-included before every file. The code uses the API of the newest kernel.
 * The headers in this folder, one per API area, supply the parts that older
 * kernels lack, as selected by the probes in Kbuild.include, never by a version
 * number.
 */
#ifndef VS_COMPAT_H
#define VS_COMPAT_H

#include <linux/kconfig.h>

/* Only newer kernels check bounds with it. */
#ifndef __counted_by
#define __counted_by(member)
#endif

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#endif /* VS_COMPAT_H */
