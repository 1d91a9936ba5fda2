/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_WHEEL_H
#define VS_WHEEL_H

#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "types.h"

/*
 * Expiry wheel: 1024 slots of a quarter second. A connection sits in the slot
 * in which it would end if no packet came, or in the farthest one; when the
 * slot comes up it is reaped or, if packets came meanwhile, placed again.
 * Packets never touch the wheel. Sharded by the CPU that made the connection
 * so that connection setup does not contend.
 */
#define VS_WHEEL_BITS	10
#define VS_WHEEL_SLOTS	(1 << VS_WHEEL_BITS)
#define VS_WHEEL_TICK	(HZ / 4)

struct vs_wheel_shard {
	spinlock_t lock;
	u32 due;		/* tick of the next slot to come up */
	struct hlist_head slot[VS_WHEEL_SLOTS];
};

struct vs_wheel {
	struct vs_wheel_shard **shard;
	unsigned int n;		/* shards */
	unsigned long armed;	/* bit 0: the work is queued */
	struct delayed_work work;
};

int vs_wheel_init(struct vs_wheel *w);
void vs_wheel_exit(struct vs_wheel *w);

/* BH disabled. */
void vs_wheel_add(struct vs_wheel *w, struct vs_conn *cp);
void vs_wheel_del(struct vs_wheel *w, struct vs_conn *cp);
/* Places @cp again, if it is still in the wheel. */
void vs_wheel_move(struct vs_wheel *w, struct vs_conn *cp);

#endif /* VS_WHEEL_H */
