// SPDX-License-Identifier: GPL-2.0
/*
 * The expiry wheel. Lock order: a shard's lock is innermost; a bucket's lock
 * is never taken under it.
 */
#include <linux/cpumask.h>
#include <linux/math64.h>
#include <linux/slab.h>

#include "net.h"

#define MAX_SHARDS	32
#define REAP_BATCH	128

/* A template waits this long for the connections that it controls. */
#define CONTROL_WAIT	(60 * HZ)

static u32 tick_of(u64 when)
{
	return div_u64(when, VS_WHEEL_TICK);
}

/* Puts @cp where it ends if no packet comes, or as far on as there are slots. */
static void place(struct vs_wheel_shard *s, struct vs_conn *cp)
{
	u64 end = get_jiffies_64() + vs_conn_left(cp) + VS_WHEEL_TICK - 1;
	u32 ahead = tick_of(end) - s->due;

	lockdep_assert_held(&s->lock);
	if ((s32)ahead < 0)
		ahead = 0;
	ahead = min_t(u32, ahead, VS_WHEEL_SLOTS - 1);
	hlist_add_head(&cp->wheel,
		       &s->slot[(s->due + ahead) & (VS_WHEEL_SLOTS - 1)]);
}

static void arm(struct vs_wheel *w)
{
	/* Pairs with the barrier in turn(): it sees the connection counted, or
	 * we see the wheel stopped. */
	smp_mb();
	if (!test_bit(0, &w->armed) && !test_and_set_bit(0, &w->armed))
		queue_delayed_work(vs_wq, &w->work, VS_WHEEL_TICK);
}

void vs_wheel_add(struct vs_wheel *w, struct vs_conn *cp)
{
	struct vs_wheel_shard *s;

	cp->shard = raw_smp_processor_id() % w->n;
	s = w->shard[cp->shard];
	spin_lock(&s->lock);
	place(s, cp);
	/* other CPUs may have found it already; from here on they may kill it */
	vs_conn_set_hashed(cp);
	spin_unlock(&s->lock);
	arm(w);
}

void vs_wheel_del(struct vs_wheel *w, struct vs_conn *cp)
{
	struct vs_wheel_shard *s = w->shard[cp->shard];

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
	/* DEAD is set before vs_wheel_del(): its RCU head is not a node */
	if ((READ_ONCE(cp->st) & (VS_ST_DEAD | VS_ST_HASHED)) == VS_ST_HASHED) {
		hlist_del_init(&cp->wheel);
		place(s, cp);
	}
	spin_unlock(&s->lock);
}

/* A slot came up: @cp is over (true), or goes round again. */
static bool is_over(struct vs_wheel_shard *s, struct vs_conn *cp)
{
	if (!vs_conn_left(cp)) {
		if (!atomic_read(&cp->n_control))
			return true;
		WRITE_ONCE(cp->timeout, CONTROL_WAIT);
		WRITE_ONCE(cp->seen, (u32)jiffies);
	}
	place(s, cp);
	return false;
}

/* Takes up to REAP_BATCH connections out of the slots that are due. RCU keeps
 * @dead alive for the caller. Returns false when nothing is left to do. */
static bool collect(struct vs_wheel_shard *s, struct vs_conn **dead, int *n)
{
	u32 now = tick_of(get_jiffies_64());
	int looked = 0;

	*n = 0;
	spin_lock(&s->lock);
	/* after a long idle time one round visits every slot */
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
		if (is_over(s, cp))
			dead[(*n)++] = cp;
	}
	spin_unlock(&s->lock);
	return looked == REAP_BATCH;
}

static void turn_shard(struct vs_wheel_shard *s)
{
	struct vs_conn *dead[REAP_BATCH];
	bool more;
	int i, n;

	do {
		local_bh_disable();
		rcu_read_lock();
		more = collect(s, dead, &n);
		for (i = 0; i < n; i++)
			vs_conn_kill_as(dead[i], VS_EV_CONN_EXPIRED);
		rcu_read_unlock();
		local_bh_enable();
		cond_resched();
	} while (more);
}

static void turn(struct work_struct *work)
{
	struct vs_wheel *w = container_of(to_delayed_work(work),
					  struct vs_wheel, work);
	struct vs_net *vn = container_of(w, struct vs_net, wheel);
	unsigned int i;

	for (i = 0; i < w->n; i++)
		turn_shard(w->shard[i]);
	vs_table_maybe_shrink(&vn->table);

	if (!percpu_counter_sum(&vn->conns)) {
		clear_bit(0, &w->armed);
		/* Pairs with the barrier in arm(). */
		smp_mb__after_atomic();
		if (!percpu_counter_sum(&vn->conns) ||
		    test_and_set_bit(0, &w->armed))
			return;
	}
	queue_delayed_work(vs_wq, &w->work, VS_WHEEL_TICK);
}

static struct vs_wheel_shard *new_shard(void)
{
	struct vs_wheel_shard *s = kvzalloc(sizeof(*s), GFP_KERNEL);

	if (!s)
		return NULL;
	spin_lock_init(&s->lock);
	s->due = tick_of(get_jiffies_64());
	return s;
}

int vs_wheel_init(struct vs_wheel *w)
{
	unsigned int n = min_t(unsigned int, num_possible_cpus(), MAX_SHARDS);

	w->shard = kcalloc(n, sizeof(*w->shard), GFP_KERNEL);
	if (!w->shard)
		return -ENOMEM;
	INIT_DELAYED_WORK(&w->work, turn);
	clear_bit(0, &w->armed);
	for (w->n = 0; w->n < n; w->n++) {
		w->shard[w->n] = new_shard();
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
