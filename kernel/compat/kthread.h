/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_COMPAT_KTHREAD_H
#define VS_COMPAT_KTHREAD_H

#include <linux/kthread.h>

/* For a thread that was created and not woken yet. Unlike this fallback, the
 * kernel's function follows CPU hotplug. */
#ifndef VS_HAVE_KTHREAD_AFFINE
static inline int kthread_affine_preferred(struct task_struct *task,
					   const struct cpumask *cpus)
{
	return set_cpus_allowed_ptr(task, cpus);
}
#endif

#endif /* VS_COMPAT_KTHREAD_H */
