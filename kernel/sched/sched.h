/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_SCHED_H
#define VS_SCHED_H

#include <linux/rcupdate.h>
#include <linux/spinlock.h>

#include "../dest.h"

/**
 * struct vs_flow - what a scheduler may know of the packet it schedules
 */
struct vs_flow {
	u8 af;
	const union nf_inet_addr *saddr;
	const union nf_inet_addr *daddr;
	__be16 sport;
};

/* A destination as it was when the snapshot was made. */
struct vs_target {
	struct vs_dest *dest;
	int weight;
};

enum vs_sched_id {
	VS_SCHED_RR,
	VS_SCHED_WRR,
	VS_SCHED_LC,
	VS_SCHED_WLC,
	VS_SCHED_SED,
	VS_SCHED_NQ,
};

/**
 * struct vs_sched - a scheduler
 * @id:		selects the direct call in vs_sched_pick()
 * @name:	as in "ipvsadm -s"
 */
struct vs_sched {
	enum vs_sched_id id;
	const char *name;
};

/**
 * struct vs_snap - a service's destinations, immutable
 * @rcu:	readers hold the snapshot under RCU
 * @sched:	who chooses, NULL: nobody ("none"); constant
 * @flags:	IP_VS_SVC_F_SCHED* at the time
 * @n:		number of targets
 * @lock:	of @state where a scheduler has any that needs one
 * @state:	the scheduler's own; carried over from the snapshot before where
 *		the kernel's does so (rr goes on after the last chosen)
 * @target:	in the configuration's order, newest destination first
 */
struct vs_snap {
	struct rcu_head rcu;
	const struct vs_sched *sched;
	u32 flags;
	u32 n;
	spinlock_t lock;
	union {
		struct {
			atomic_t last;	/* index of the last choice, -1 none */
		} rr;
		struct {
			int last;
			int cw;		/* current weight */
			int mw;		/* highest weight that counts */
			int di;		/* step: gcd of the weights */
			int *max;	/* NULL when there are few targets */
		} wrr;
		struct {
			struct vs_tree *tree;	/* likewise */
		} least;
	} state;
	struct vs_target target[] __counted_by(n);
};

const struct vs_sched *vs_sched_find(const char *name);

/* Process context, one at a time for a service. The next step is to publish
 * it. A snapshot of the destinations on @dests (struct
 * vs_dest.list); @old is the one it replaces, NULL at first. NULL: no memory. */
struct vs_snap *vs_snap_build(const struct vs_sched *sched, u32 flags,
			      const struct list_head *dests, u32 n,
			      struct vs_snap *old);
/* Ends @snap, which was published and is not any more: frees it when the last
 * reader is gone. Only one that was never published and is empty may be freed
 * at once. */
void vs_snap_retire(struct vs_snap *snap);
void vs_snap_free(struct vs_snap *snap);

/* RCU, BH disabled. The destination for a new connection or NULL. */
struct vs_dest *vs_sched_pick(struct vs_snap *snap, const struct vs_flow *flow);

#endif /* VS_SCHED_H */
