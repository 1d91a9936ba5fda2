/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_MAIN_H
#define VS_MAIN_H

#include <linux/module.h>
#include <linux/workqueue.h>

/* The module's own work: table resizes, expiry, late frees. Unbound. */
extern struct workqueue_struct *vs_wq;

#endif /* VS_MAIN_H */
