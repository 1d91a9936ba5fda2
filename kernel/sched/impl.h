/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_SCHED_IMPL_H
#define VS_SCHED_IMPL_H

#include "sched.h"

/*
 * Between sched.c and the schedulers. *_pick() choose a target under RCU with
 * BH disabled; *_carry() set a new snapshot's state up from the one it
 * replaces, which may be in use meanwhile (NULL: there is none, or another
 * scheduler's).
 */
struct vs_dest *vs_rr_pick(struct vs_snap *snap);
void vs_rr_carry(struct vs_snap *snap, const struct vs_snap *old);

struct vs_dest *vs_wrr_pick(struct vs_snap *snap);
void vs_wrr_carry(struct vs_snap *snap, struct vs_snap *old);

struct vs_dest *vs_least_pick(struct vs_snap *snap);

static inline bool vs_target_overloaded(const struct vs_target *t)
{
	return READ_ONCE(t->dest->flags) & VS_DEST_OVERLOAD;
}

static inline bool vs_target_usable(const struct vs_target *t)
{
	return t->weight > 0 && !vs_target_overloaded(t);
}

#endif /* VS_SCHED_IMPL_H */
