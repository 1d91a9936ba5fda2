/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_WHEEL_H
#define VS_WHEEL_H

#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "types.h"

/*
 * Expiry wheel: 1024 slots of a quarter second. A connection is in the slot of
 * the time at which it expires unless another packet arrives, or in the
 * farthest slot. When the slot comes up, the connection is killed, or placed
 * again if it was used in the meantime. Packets do not touch the wheel. It is
 * sharded by the CPU that created the connection, so that connection setup does
 * not contend, and so that expiry scales with it.
 */
#define VS_WHEEL_BITS	10
#define VS_WHEEL_SLOTS	(1 << VS_WHEEL_BITS)
#define VS_WHEEL_TICK	(HZ / 4)

/**
 * struct vs_wheel_shard - one shard of a wheel
 * @lock:	of @due, @armed, @conns, @slot and the connections' place in it;
 *		innermost
 * @due:	tick of the next slot to come up
 * @armed:	@work is queued or running
 * @conns:	connections that were added and not deleted
 * @wheel:	the wheel; constant
 * @work:	turns the shard while it has connections
 * @slot:	connections by expiry tick, modulo the number of slots
 */
struct vs_wheel_shard {
	spinlock_t lock;
	u32 due;
	bool armed;
	unsigned int conns;
	struct vs_wheel *wheel;
	struct delayed_work work;
	struct hlist_head slot[VS_WHEEL_SLOTS];
};

/**
 * struct vs_wheel - expiry wheel of a namespace
 * @shard:	shards
 * @n:		number of shards
 */
struct vs_wheel {
	struct vs_wheel_shard **shard;
	unsigned int n;
};

/* Process context. vs_wheel_init(): 0 or -ENOMEM. vs_wheel_exit(): no
 * connection is left, and none is created. */
int vs_wheel_init(struct vs_wheel *w);
void vs_wheel_exit(struct vs_wheel *w);

/* RCU, BH disabled. Adds @cp, which is in the table, and sets VS_ST_HASHED. */
void vs_wheel_add(struct vs_wheel *w, struct vs_conn *cp);
/* RCU, BH disabled. @cp is dead. */
void vs_wheel_del(struct vs_wheel *w, struct vs_conn *cp);
/* RCU, BH disabled. Places @cp again after its timeout has become shorter,
 * unless it has left the wheel. */
void vs_wheel_move(struct vs_wheel *w, struct vs_conn *cp);

#endif /* VS_WHEEL_H */
