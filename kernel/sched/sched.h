/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_SCHED_H
#define VS_SCHED_H

#include <linux/rcupdate.h>
#include <linux/spinlock.h>

#include "sched/room.h"
#include "service/dest.h"

/*
 * A scheduler chooses the destination of a new connection. It does not see the
 * service: it chooses from a snapshot of the service's destinations, whose
 * targets and weights never change. Each change of the destinations replaces
 * the snapshot:
 *
 *   vs_snap_build()	makes the new snapshot; may fail
 *   vs_snap_publish()	prepares it for packets, which find it as svc->snap from
 *			then on; cannot fail
 *   vs_sched_pick()	chooses from it, under RCU
 *   vs_snap_retire()	frees it a grace period after another has replaced it
 *   vs_snap_free()	frees it at once instead, if it was never published
 *
 * All but vs_sched_pick() are called by config/ in process context, under
 * vn->config.lock.
 */

/**
 * struct vs_target - a destination in a snapshot
 * @dest:	the destination; it outlives the snapshot
 * @weight:	its weight when the snapshot was built
 */
struct vs_target {
	struct vs_dest *dest;
	int weight;
};

#define VS_SNAP_STATE_SIZE	32

/**
 * struct vs_snap - snapshot of a service's destinations
 * @rcu:	frees the snapshot
 * @sched:	the scheduler, NULL for "none"; constant
 * @flags:	IP_VS_SVC_F_*, VS_SCHED_F_*; may change
 * @af:		the service's family
 * @n:		number of targets
 * @lock:	protects the scheduler's state, if it needs a lock
 * @table:	data computed by vs_sched.init, or NULL; freed with the snapshot
 *		(kvfree())
 * @state:	private to the scheduler, zeroed; see vs_snap_state()
 * @target:	in configuration order, newest destination first
 */
struct vs_snap {
	struct rcu_head rcu;
	const struct vs_sched *sched;
	u32 flags;
	u8 af;
	u32 n;
	spinlock_t lock;
	void *table;
	u64 state[VS_SNAP_STATE_SIZE / sizeof(u64)];
	struct vs_target target[] __counted_by(n);
};

/* Flags of a service scheduled by sh or mh: IP_VS_SVC_F_SCHED1 and _SCHED2. */
#define VS_SCHED_F_FALLBACK	0x8	/* replace an unusable destination */
#define VS_SCHED_F_PORT		0x10	/* hash the client's port, too */

/**
 * struct vs_snap_conf - parameters of a new snapshot
 * @sched:	the scheduler or NULL
 * @dests:	the destinations, linked by vs_dest.list
 * @n:		their number
 * @flags:	the service's flags
 * @af:		the service's family
 * @lblc_expiration: how long lblc remembers a destination, in jiffies; read
 *		whenever it is needed, valid as long as the service is
 * @lblcr_expiration: the same for lblcr
 * @room:	for lblc and lblcr; valid as long as the service is
 */
struct vs_snap_conf {
	const struct vs_sched *sched;
	const struct list_head *dests;
	u32 n;
	u32 flags;
	u8 af;
	const int *lblc_expiration;
	const int *lblcr_expiration;
	struct vs_cache_room *room;
};

/**
 * vs_snap_build() - make a new snapshot
 * @conf:	its destinations and flags
 * @old:	the snapshot that it is going to replace, still in use; NULL for
 *		a service's first
 *
 * Return: the snapshot, which the caller either publishes or frees; NULL if
 * there is no memory.
 */
struct vs_snap *vs_snap_build(const struct vs_snap_conf *conf,
			      struct vs_snap *old);

/**
 * vs_snap_publish() - prepare a snapshot for packets
 * @snap:	the snapshot, which the caller stores in svc->snap next
 */
void vs_snap_publish(struct vs_snap *snap);

/**
 * vs_snap_set_flags() - change the service's flags in a published snapshot
 * @snap:	the snapshot
 * @flags:	the service's new flags
 */
void vs_snap_set_flags(struct vs_snap *snap, u32 flags);

/**
 * vs_snap_forget() - forget the destinations that are not available
 * @snap:	the published snapshot of a service some of whose removed
 *		destinations are about to be freed
 */
void vs_snap_forget(struct vs_snap *snap);

/**
 * vs_snap_retire() - free a snapshot that was published and is replaced
 * @snap:	the snapshot; freed when its last reader is gone
 */
void vs_snap_retire(struct vs_snap *snap);

/**
 * vs_snap_free() - free a snapshot that was never published
 * @snap:	the snapshot; freed at once
 */
void vs_snap_free(struct vs_snap *snap);

/**
 * struct vs_sched - a scheduler; see list.h
 * @name:	name as in "ipvsadm -s"
 * @init:	fills in @state and @table of the new snapshot @snap; returns 0
 *		or -ENOMEM, with nothing left but @table. @old is the snapshot
 *		to be replaced if this scheduler made it, too, else NULL;
 *		packets are choosing from it
 * @publish:	the snapshot is published next: attaches it to objects outside
 *		the scheduler
 * @forget:	forgets the destinations that are not available
 * @retire:	no new reader finds the snapshot, which may never have been
 *		published: undoes @publish if that ran, and puts objects shared
 *		with other snapshots; process context
 * @release:	no reader is left: frees all that @init has allocated, except
 *		@table
 *
 * Each operation may be NULL. All but @release, which may be called in softirq
 * context, run under vn->config.lock. A snapshot that is never published is
 * retired and released as well.
 */
struct vs_sched {
	const char *name;
	int (*init)(struct vs_snap *snap, struct vs_snap *old,
		    const struct vs_snap_conf *conf);
	void (*publish)(struct vs_snap *snap);
	void (*forget)(struct vs_snap *snap);
	void (*retire)(struct vs_snap *snap);
	void (*release)(struct vs_snap *snap);
};

/**
 * vs_sched_by_name() - look up a scheduler
 * @name:	its name
 *
 * Return: the scheduler, or NULL if @name is unknown, or "none".
 */
const struct vs_sched *vs_sched_by_name(const char *name);

/**
 * struct vs_flow - properties of a packet that schedulers may use
 * @af:		the service's family
 * @saddr:	the client's address
 * @daddr:	the address that the client wants to reach, padded with zeros
 * @sport:	the client's port
 */
struct vs_flow {
	u8 af;
	const union nf_inet_addr *saddr;
	const union nf_inet_addr *daddr;
	__be16 sport;
};

/**
 * vs_sched_pick() - choose the destination of a new connection
 * @snap:	the service's snapshot
 * @flow:	the packet that opens the connection
 *
 * Context: RCU read side, BHs disabled.
 * Return: the destination, without a reference, or NULL if none takes the
 * connection.
 */
struct vs_dest *vs_sched_pick(struct vs_snap *snap, const struct vs_flow *flow);

#endif /* VS_SCHED_H */
