/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_SCHED_IMPL_H
#define VS_SCHED_IMPL_H

#include "sched/list.h"
#include "sched/sched.h"

/* Shared by the schedulers' files. */

/**
 * vs_snap_state() - the scheduler's own state in a snapshot
 * @snap:	the snapshot
 * @type:	type of the state, at most VS_SNAP_STATE_SIZE bytes
 */
#define vs_snap_state(snap, type)					\
({									\
	static_assert(sizeof(type) <= VS_SNAP_STATE_SIZE);		\
	(type *)(snap)->state;						\
})

static inline bool vs_target_overloaded(const struct vs_target *t)
{
	return READ_ONCE(t->dest->flags) & VS_DEST_OVERLOAD;
}

static inline bool vs_target_usable(const struct vs_target *t)
{
	return t->weight > 0 && !vs_target_overloaded(t);
}

static inline bool vs_snap_has_flag(const struct vs_snap *snap, u32 flag)
{
	return READ_ONCE(snap->flags) & flag;
}

/* 32 bits of an address for hashing, as ip_vs folds it. */
static inline u32 vs_addr_fold(u8 af, const union nf_inet_addr *addr)
{
	if (af == AF_INET6)
		return ntohl(addr->ip6[0] ^ addr->ip6[1] ^
			     addr->ip6[2] ^ addr->ip6[3]);
	return ntohl(addr->ip);
}

/* The client's port if the service's flags include it in the hash, else 0. */
static inline u16 vs_flow_port(const struct vs_snap *snap,
			       const struct vs_flow *flow)
{
	return vs_snap_has_flag(snap, VS_SCHED_F_PORT) ? ntohs(flow->sport) : 0;
}

#endif /* VS_SCHED_IMPL_H */
