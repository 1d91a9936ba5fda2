// SPDX-License-Identifier: GPL-2.0
/*
 * The expiry wheel.
 *
 * Expiry is decided under the shard's lock, but the connection is killed after
 * the lock was released: bucket locks must not be taken inside. In between a
 * packet may have used the connection, or a new connection may have been bound
 * to the template; the connection or template is killed nevertheless. The
 * window is a batch of REAP_BATCH kills, some microseconds, at the end of a
 * timeout in which no packet came. The packet itself is still forwarded; the
 * client's next one is scheduled anew.
 */
#include <linux/cpumask.h>
#include <linux/math64.h>
#include <linux/slab.h>

#include "net.h"

#define MAX_SHARDS	32
#define REAP_BATCH	128

/* An expired connection that controls others is kept for this long, repeatedly,
 * until they are gone. */
#define CONTROL_WAIT	(60 * HZ)

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

static void wheel_arm(struct vs_wheel *w)
{
	/* Pairs with the barrier in wheel_turn_work(): either the work sees the
	 * connection counted, or we see the wheel disarmed. */
	smp_mb();
	if (!test_bit(0, &w->armed) && !test_and_set_bit(0, &w->armed))
		queue_delayed_work(vs_wq, &w->work, VS_WHEEL_TICK);
}

void vs_wheel_add(struct vs_wheel *w, struct vs_conn *cp)
{
	struct vs_wheel_shard *s;

	vs_assert_packet_context();
	cp->shard = raw_smp_processor_id() % w->n;
	s = w->shard[cp->shard];
	spin_lock(&s->lock);
	wheel_place(s, cp);
	/*
	 * Other CPUs have been able to find @cp since it was inserted into the
	 * table; from here on they may kill it. A timeout that one of them has
	 * shortened before is not seen by vs_wheel_move(), and perhaps not by
	 * wheel_place(): @cp then expires when its first slot comes up, usually
	 * within 3 s, and after a full turn of the wheel at the latest.
	 */
	vs_conn_set_hashed(cp);
	spin_unlock(&s->lock);
	wheel_arm(w);
}

void vs_wheel_del(struct vs_wheel *w, struct vs_conn *cp)
{
	struct vs_wheel_shard *s = w->shard[cp->shard];

	vs_assert_packet_context();
	spin_lock(&s->lock);
	hlist_del_init(&cp->wheel);
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

/* The slot of @cp has come up. Returns true if @cp has expired, and otherwise
 * places it again. */
static bool wheel_expire_or_place(struct vs_wheel_shard *s, struct vs_conn *cp)
{
	if (!vs_conn_left(cp)) {
		if (!atomic_read(&cp->n_control))
			return true;
		WRITE_ONCE(cp->timeout, CONTROL_WAIT);
		WRITE_ONCE(cp->seen, (u32)jiffies);
	}
	wheel_place(s, cp);
	return false;
}

/* Takes up to REAP_BATCH connections out of the slots that are due, and puts
 * the expired ones into @dead, where RCU keeps them alive. Returns whether
 * there may be more to do. */
static bool wheel_collect(struct vs_wheel_shard *s, struct vs_conn **dead, int *n)
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
		if (wheel_expire_or_place(s, cp))
			dead[(*n)++] = cp;
	}
	spin_unlock(&s->lock);
	return looked == REAP_BATCH;
}

static void wheel_turn_shard(struct vs_wheel_shard *s)
{
	struct vs_conn *dead[REAP_BATCH];
	bool more;
	int i, n;

	do {
		local_bh_disable();
		rcu_read_lock();
		more = wheel_collect(s, dead, &n);
		for (i = 0; i < n; i++)
			vs_conn_kill(dead[i], VS_EV_CONN_EXPIRED);
		rcu_read_unlock();
		local_bh_enable();
		cond_resched();
	} while (more);
}

static void wheel_turn_work(struct work_struct *work)
{
	struct vs_wheel *w = container_of(to_delayed_work(work),
					  struct vs_wheel, work);
	struct vs_net *vn = container_of(w, struct vs_net, wheel);
	unsigned int i;

	for (i = 0; i < w->n; i++)
		wheel_turn_shard(w->shard[i]);
	vs_table_maybe_shrink(&vn->table);

	if (!percpu_counter_sum(&vn->conns)) {
		clear_bit(0, &w->armed);
		/* Pairs with the barrier in wheel_arm(). */
		smp_mb__after_atomic();
		if (!percpu_counter_sum(&vn->conns) ||
		    test_and_set_bit(0, &w->armed))
			return;
	}
	queue_delayed_work(vs_wq, &w->work, VS_WHEEL_TICK);
}

static struct vs_wheel_shard *wheel_shard_new(void)
{
	struct vs_wheel_shard *s = kvzalloc(sizeof(*s), VS_GFP_CONFIG);

	if (!s)
		return NULL;
	spin_lock_init(&s->lock);
	s->due = wheel_tick(get_jiffies_64());
	return s;
}

int vs_wheel_init(struct vs_wheel *w)
{
	unsigned int n = min_t(unsigned int, num_possible_cpus(), MAX_SHARDS);

	w->shard = kcalloc(n, sizeof(*w->shard), VS_GFP_CONFIG);
	if (!w->shard)
		return -ENOMEM;
	INIT_DELAYED_WORK(&w->work, wheel_turn_work);
	clear_bit(0, &w->armed);
	for (w->n = 0; w->n < n; w->n++) {
		w->shard[w->n] = wheel_shard_new();
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
	set_bit(0, &w->armed);
	cancel_delayed_work_sync(&w->work);
	while (w->n)
		kvfree(w->shard[--w->n]);
	kfree(w->shard);
	w->shard = NULL;
}
