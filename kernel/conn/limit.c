// SPDX-License-Identifier: GPL-2.0
/*
 * The maximum number of connections of a namespace. A flood keeps the number
 * exactly there: refusing a SYN must not cost more than accepting it.
 */
#include <linux/atomic.h>
#include <linux/cpumask.h>
#include <linux/jiffies.h>
#include <linux/percpu_counter.h>

#include "conn/limit.h"
#include "net.h"

/* By how much percpu_counter_read() may be wrong. */
static s64 limit_lag(void)
{
#ifdef CONFIG_SMP
	return (s64)percpu_counter_batch * num_online_cpus();
#else
	return 0;
#endif
}

/* vs_net.room: the jiffy of the last sum, and the connections that it still
 * grants. */
static s64 limit_room(u32 when, u32 room)
{
	return (s64)((u64)when << 32 | room);
}

/* Sums up @vn's connections. Returns how many there may be in addition. */
static u32 limit_sum_room(struct vs_net *vn)
{
	s64 left = READ_ONCE(vn->sysctl.conn_max) -
		   percpu_counter_sum(&vn->conns);

	return clamp_t(s64, left, 0, U32_MAX);
}

static noinline bool limit_take_room(struct vs_net *vn, bool stays)
{
	s64 old = atomic64_read(&vn->room), new;
	u32 now = (u32)jiffies, room;

	do {
		room = (u64)old >> 32 == now ? (u32)old : limit_sum_room(vn);
		new = limit_room(now, room - (room && stays));
		/* nothing taken, and nothing new: do not write */
		if (new == old)
			break;
	} while (!atomic64_try_cmpxchg(&vn->room, &old, new));
	return room;
}

bool vs_limit_admits(struct vs_net *vn, bool stays)
{
	vs_assert_packet_context();
	if (likely(percpu_counter_read(&vn->conns) + limit_lag() <
		   READ_ONCE(vn->sysctl.conn_max)))
		return true;
	return limit_take_room(vn, stays);
}

void vs_limit_changed(struct vs_net *vn)
{
	atomic64_set(&vn->room, limit_room((u32)jiffies - 1, 0));
}
