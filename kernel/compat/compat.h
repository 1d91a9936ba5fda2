/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Force-included before every file. The core speaks the newest kernel's API;
 * what an older one lacks is supplied here, one API area a header, selected by
 * the probes of compat/Kbuild.include and never by version.
 */
#ifndef VS_COMPAT_H
#define VS_COMPAT_H

#include <linux/kconfig.h>

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#endif /* VS_COMPAT_H */
