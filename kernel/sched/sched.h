/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_SCHED_H
#define VS_SCHED_H

#include <linux/rcupdate.h>
#include <linux/spinlock.h>

#include "service/dest.h"

/**
 * struct vs_flow - what a scheduler may know of the packet it schedules
 * @af:		the service's family
 * @saddr:	the client
 * @daddr:	where it wants to go; padded with zeros
 * @sport:	the client's port
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
	VS_SCHED_FO,
	VS_SCHED_OVF,
	VS_SCHED_TWOS,
	VS_SCHED_DH,
	VS_SCHED_SH,
	VS_SCHED_MH,
	VS_SCHED_LBLC,
	VS_SCHED_LBLCR,
};

/* Of services scheduled by sh or mh: IP_VS_SVC_F_SCHED1 and _SCHED2. */
#define VS_SCHED_F_FALLBACK	0x8	/* another one for what is unusable */
#define VS_SCHED_F_PORT		0x10	/* the client's port matters */

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
 * @flags:	IP_VS_SVC_F_*, VS_SCHED_F_*; may change
 * @af:		the service's family
 * @n:		number of targets
 * @lock:	of @state where a scheduler has any that needs one
 * @table:	what the scheduler has worked out in advance, or NULL
 * @state:	the scheduler's own; carried over from the snapshot before where
 *		the kernel's does so (rr goes on after the last chosen)
 * @target:	in the configuration's order, newest destination first
 */
struct vs_snap {
	struct rcu_head rcu;
	const struct vs_sched *sched;
	u32 flags;
	u8 af;
	u32 n;
	spinlock_t lock;
	void *table;
	union {
		struct {
			atomic_t last;	/* index of the last choice, -1 none */
		} rr;
		struct {
			int last;
			int cw;		/* current weight */
			int mw;		/* highest weight that counts */
			int di;		/* step: gcd of the weights */
		} wrr;
		struct {
			struct vs_tree *tree;	/* NULL when there are few */
			struct vs_cache *cache;	/* lblc, lblcr */
			u32 idle;		/* who was idle, a hint */
		} least;
		struct {
			u32 n;		/* with a weight */
		} order;
		struct {
			u64 sum;	/* of the weights, and 1 */
		} twos;
	} state;
	struct vs_target target[] __counted_by(n);
};

/**
 * struct vs_snap_conf - what a snapshot is made from
 * @sched:	who is to choose, or NULL
 * @dests:	the destinations, by vs_dest.list
 * @n:		their number
 * @flags:	the service's
 * @af:		the service's
 * @expiration:	how long lblc or lblcr remember, jiffies; read when needed,
 *		valid as long as the service is
 */
struct vs_snap_conf {
	const struct vs_sched *sched;
	const struct list_head *dests;
	u32 n;
	u32 flags;
	u8 af;
	const int *expiration;
};

const struct vs_sched *vs_sched_by_name(const char *name);

/* Process context, one at a time for a service, as all that follows but the
 * choice. The snapshot is to be published next; @old is the one it replaces,
 * NULL at first. NULL: no memory. */
struct vs_snap *vs_snap_build(const struct vs_snap_conf *conf,
			      struct vs_snap *old);
/* Ends @snap, which was published and is not any more: frees it when the last
 * reader is gone. Only one that was never published and is empty may be freed
 * at once. */
void vs_snap_retire(struct vs_snap *snap);
void vs_snap_free(struct vs_snap *snap);
/* Destinations are about to be freed: forgets those that are not available. */
void vs_snap_forget(struct vs_snap *snap);

/* RCU, BH disabled. The destination for a new connection or NULL. */
struct vs_dest *vs_sched_pick(struct vs_snap *snap, const struct vs_flow *flow);

#endif /* VS_SCHED_H */
