/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_EST_H
#define VS_EST_H

#include <linux/wait.h>

#include "types.h"

struct cpumask;
struct task_struct;

/**
 * struct vs_est - the thread that estimates the rates of a namespace
 * @task:	NULL before the first service and while estimation is off.
 *		Changes under the configuration lock
 * @wait:	@task sleeps here until @next, a new service or its end
 * @next:	time of the next estimation, jiffies; written by @task
 * @number:	number of the namespace, part of the thread's name
 */
struct vs_est {
	struct task_struct *task;
	wait_queue_head_t wait;
	unsigned long next;
	int number;
};

/* Configuration lock held; a service was added. Starts or wakes the thread. */
void vs_est_kick(struct vs_net *vn);

/* Applies run_estimation and est_nice. Process context; takes the configuration
 * lock, waits for the previous thread to end. */
void vs_est_restart(struct vs_net *vn);

/* Sets and applies est_cpulist. Context as for vs_est_restart(). */
void vs_est_set_cpus(struct vs_net *vn, const struct cpumask *cpus);

void vs_est_net_init(struct vs_net *vn);
void vs_est_net_exit(struct vs_net *vn);

#endif /* VS_EST_H */
