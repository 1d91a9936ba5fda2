/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_SCHED_LEAST_H
#define VS_SCHED_LEAST_H

#include "sched/impl.h"
#include "sched/load.h"

/**
 * struct vs_least - state of lc, wlc, sed and nq; lblc and lblcr embed it
 * @tree:	NULL if there are few targets
 * @rule:	definition of load
 */
struct vs_least {
	struct vs_tree *tree;
	enum vs_load_rule rule;
};

/* See the operations of struct vs_sched. vs_least_pick() is in list.h. */
int vs_least_init(struct vs_snap *snap, enum vs_load_rule rule);
void vs_least_publish(struct vs_snap *snap);
void vs_least_retire(struct vs_snap *snap);
void vs_least_release(struct vs_snap *snap);

#endif /* VS_SCHED_LEAST_H */
