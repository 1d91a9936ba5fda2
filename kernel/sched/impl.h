/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_SCHED_IMPL_H
#define VS_SCHED_IMPL_H

#include "sched/sched.h"

/*
 * Between sched.c and the schedulers. *_pick() choose a target under RCU with
 * BH disabled. *_init() set a new snapshot's state up from the one it replaces,
 * which may be in use meanwhile (NULL: there is none, or another scheduler's).
 */
struct vs_dest *vs_rr_pick(struct vs_snap *snap);
void vs_rr_init(struct vs_snap *snap, const struct vs_snap *old);

struct vs_dest *vs_wrr_pick(struct vs_snap *snap);
int vs_wrr_init(struct vs_snap *snap, struct vs_snap *old);

struct vs_dest *vs_least_pick(struct vs_snap *snap);
int vs_least_init(struct vs_snap *snap);

struct vs_dest *vs_order_pick(const struct vs_snap *snap);
int vs_order_init(struct vs_snap *snap);

struct vs_dest *vs_twos_pick(const struct vs_snap *snap);
int vs_twos_init(struct vs_snap *snap);

struct vs_dest *vs_dh_pick(const struct vs_snap *snap,
			   const struct vs_flow *flow);
struct vs_dest *vs_sh_pick(const struct vs_snap *snap,
			   const struct vs_flow *flow);
int vs_sh_init(struct vs_snap *snap);

struct vs_dest *vs_mh_pick(const struct vs_snap *snap,
			   const struct vs_flow *flow);
int vs_mh_init(struct vs_snap *snap);

struct vs_dest *vs_local_pick(struct vs_snap *snap, const struct vs_flow *flow);
int vs_local_init(struct vs_snap *snap, const struct vs_snap *old,
		  const int *expiration);

/* tree.c: for vs_least_*() with many targets. From attach to detach the
 * destinations' loads are followed; a grace period goes between detach and
 * free. */
struct vs_tree *vs_tree_new(const struct vs_snap *snap);
void vs_tree_free(struct vs_tree *tree);
void vs_tree_attach(struct vs_tree *tree);
void vs_tree_detach(struct vs_tree *tree);
struct vs_dest *vs_tree_pick(struct vs_snap *snap);

static inline bool vs_target_overloaded(const struct vs_target *t)
{
	return READ_ONCE(t->dest->flags) & VS_DEST_OVERLOAD;
}

static inline bool vs_target_usable(const struct vs_target *t)
{
	return t->weight > 0 && !vs_target_overloaded(t);
}

static inline bool vs_has_flag(const struct vs_snap *snap, u32 flag)
{
	return READ_ONCE(snap->flags) & flag;
}

/* An address as the hashing schedulers see it. */
static inline u32 vs_addr_fold(u8 af, const union nf_inet_addr *addr)
{
	if (af == AF_INET6)
		return ntohl(addr->ip6[0] ^ addr->ip6[1] ^
			     addr->ip6[2] ^ addr->ip6[3]);
	return ntohl(addr->ip);
}

static inline u16 vs_flow_port(const struct vs_snap *snap,
			       const struct vs_flow *flow)
{
	return vs_has_flag(snap, VS_SCHED_F_PORT) ? ntohs(flow->sport) : 0;
}

/* An active connection weighs as much as this many inactive ones (and one). */
#define VS_ACTIVE_WEIGHT	256

/* Loads times weights fit 64 bits up to 2^24 active connections a destination
 * at the highest weight of 2^31, and the more the lower the weights are. */
static inline u64 vs_least_load(enum vs_sched_id id, const struct vs_dest *dest)
{
	u32 active = atomic_read(&dest->active);

	switch (id) {
	case VS_SCHED_SED:	/* as if it had the connection already */
		return active + 1ull;
	case VS_SCHED_NQ:	/* sed, but the idle ones come first */
		return active ? active + 1ull : 0;
	default:
		return (u64)active * VS_ACTIVE_WEIGHT +
		       (u32)atomic_read(&dest->total);
	}
}

static inline u32 vs_least_weight(enum vs_sched_id id, const struct vs_target *t)
{
	return id == VS_SCHED_LC ? 1 : t->weight;
}

#endif /* VS_SCHED_IMPL_H */
