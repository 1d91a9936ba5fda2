// SPDX-License-Identifier: GPL-2.0
/*
 * The expiry wheel.
 *
 * Connections that are due are taken out of the wheel under the shard's lock,
 * and ended after it was released: bucket locks must not be taken inside.
 * vs_conn_expire() looks again whether the connection is in use; if so, it
 * returns to the wheel.
 *
 * Each shard has a work of its own, so that connections can end on as many CPUs
 * as create them. The works are not bound to these CPUs: a CPU that is busy
 * with a flood of packets would be slow to end connections.
 */
#include <linux/cpumask.h>
#include <linux/math64.h>
#include <linux/slab.h>

#include "net.h"

#define MAX_SHARDS	32
#define REAP_BATCH	128

static u32 wheel_tick(u64 when)
{
	return div_u64(when, VS_WHEEL_TICK);
}

/* Puts @cp into the slot of its expiry, or into the farthest one. */
static void wheel_place(struct vs_wheel_shard *s, struct vs_conn *cp)
{
	u64 end = get_jiffies_64() + vs_conn_left(cp) + VS_WHEEL_TICK - 1;
	u32 ahead = wheel_tick(end) - s->due;

	lockdep_assert_held(&s->lock);
	if ((s32)ahead < 0)
		ahead = 0;
	ahead = min_t(u32, ahead, VS_WHEEL_SLOTS - 1);
	hlist_add_head(&cp->wheel,
		       &s->slot[(s->due + ahead) & (VS_WHEEL_SLOTS - 1)]);
}

void vs_wheel_add(struct vs_wheel *w, struct vs_conn *cp)
{
	struct vs_wheel_shard *s;

	vs_assert_packet_context();
	cp->shard = raw_smp_processor_id() % w->n;
	s = w->shard[cp->shard];
	spin_lock(&s->lock);
	/*
	 * Other CPUs have been able to find @cp since it was inserted into the
	 * table; from here on they may kill it, and wait for the lock in
	 * vs_wheel_del(). One that shortens the timeout reads HASHED after that
	 * (both xchg() and cmpxchg are full barriers): it either calls
	 * vs_wheel_move(), or wheel_place() sees the new timeout.
	 */
	vs_conn_set_hashed(cp);
	wheel_place(s, cp);
	s->conns++;
	if (!s->armed) {
		s->armed = true;
		queue_delayed_work(vs_wq, &s->work, VS_WHEEL_TICK);
	}
	spin_unlock(&s->lock);
}

void vs_wheel_del(struct vs_wheel *w, struct vs_conn *cp)
{
	struct vs_wheel_shard *s = w->shard[cp->shard];

	vs_assert_packet_context();
	spin_lock(&s->lock);
	hlist_del_init(&cp->wheel);
	s->conns--;
	spin_unlock(&s->lock);
}

void vs_wheel_move(struct vs_wheel *w, struct vs_conn *cp)
{
	struct vs_wheel_shard *s;

	/* Pairs with vs_conn_set_hashed(): ->shard is valid from there on. */
	if (!(smp_load_acquire(&cp->st) & VS_ST_HASHED))
		return;
	s = w->shard[cp->shard];
	spin_lock(&s->lock);
	/* @cp is dead before vs_wheel_del(), and later @rcu overlays @wheel. */
	if ((READ_ONCE(cp->st) & (VS_ST_DEAD | VS_ST_HASHED)) == VS_ST_HASHED) {
		hlist_del_init(&cp->wheel);
		wheel_place(s, cp);
	}
	spin_unlock(&s->lock);
}

/* Takes up to REAP_BATCH connections out of the slots that are due. Those with
 * time left go to their new slots, the others into @due, where RCU keeps them
 * alive. Returns whether there may be more to do. */
static bool wheel_collect(struct vs_wheel_shard *s, struct vs_conn **due, int *n)
{
	u32 now = wheel_tick(get_jiffies_64());
	int looked = 0;

	*n = 0;
	spin_lock(&s->lock);
	/* One round visits all slots, however long the wheel was stopped. */
	if (now - s->due > VS_WHEEL_SLOTS)
		s->due = now - VS_WHEEL_SLOTS;
	while ((s32)(now - s->due) >= 0 && looked < REAP_BATCH) {
		struct hlist_head *slot = &s->slot[s->due & (VS_WHEEL_SLOTS - 1)];
		struct vs_conn *cp;

		if (hlist_empty(slot)) {
			s->due++;
			continue;
		}
		looked++;
		cp = hlist_entry(slot->first, struct vs_conn, wheel);
		hlist_del_init(&cp->wheel);
		if (vs_conn_left(cp))
			wheel_place(s, cp);
		else
			due[(*n)++] = cp;
	}
	spin_unlock(&s->lock);
	return looked == REAP_BATCH;
}

static void wheel_turn_shard(struct vs_wheel_shard *s)
{
	struct vs_conn *due[REAP_BATCH];
	bool more;
	int i, n;

	do {
		local_bh_disable();
		rcu_read_lock();
		more = wheel_collect(s, due, &n);
		for (i = 0; i < n; i++)
			if (!vs_conn_expire(due[i]))
				vs_wheel_move(s->wheel, due[i]);
		rcu_read_unlock();
		local_bh_enable();
		cond_resched();
	} while (more);
}

static void wheel_turn_work(struct work_struct *work)
{
	struct vs_wheel_shard *s = container_of(to_delayed_work(work),
						struct vs_wheel_shard, work);

	wheel_turn_shard(s);
	vs_table_maybe_shrink(&container_of(s->wheel, struct vs_net,
					    wheel)->table);
	spin_lock_bh(&s->lock);
	s->armed = s->conns;
	if (s->armed)
		queue_delayed_work(vs_wq, &s->work, VS_WHEEL_TICK);
	spin_unlock_bh(&s->lock);
}

static struct vs_wheel_shard *wheel_shard_new(struct vs_wheel *w)
{
	struct vs_wheel_shard *s = kvzalloc(sizeof(*s), VS_GFP_CONFIG);

	if (!s)
		return NULL;
	spin_lock_init(&s->lock);
	s->wheel = w;
	s->due = wheel_tick(get_jiffies_64());
	INIT_DELAYED_WORK(&s->work, wheel_turn_work);
	return s;
}

int vs_wheel_init(struct vs_wheel *w)
{
	unsigned int n = min_t(unsigned int, num_possible_cpus(), MAX_SHARDS);

	w->shard = kcalloc(n, sizeof(*w->shard), VS_GFP_CONFIG);
	if (!w->shard)
		return -ENOMEM;
	for (w->n = 0; w->n < n; w->n++) {
		w->shard[w->n] = wheel_shard_new(w);
		if (!w->shard[w->n]) {
			vs_wheel_exit(w);
			return -ENOMEM;
		}
	}
	return 0;
}

void vs_wheel_exit(struct vs_wheel *w)
{
	if (!w->shard)
		return;
	while (w->n) {
		struct vs_wheel_shard *s = w->shard[--w->n];

		cancel_delayed_work_sync(&s->work);
		kvfree(s);
	}
	kfree(w->shard);
	w->shard = NULL;
}
