// SPDX-License-Identifier: GPL-2.0
/*
 * The thread that sends: what the CPUs have collected, what peers have missed,
 * full resyncs and statuses, in rounds.
 */
#include <linux/kthread.h>
#include <linux/slab.h>

#include "sync/mesh_impl.h"

/* Between two rounds: a change is sent after this time at the latest. */
#define ROUND		max(HZ / 50, 1)

/* Of statuses without a reason. */
#define STATUS_TIME	HZ

/* For confirmations, when the daemon is stopped. */
#define LEAVE_TIME	(HZ + HZ / 2)

/* A round sends this many messages again at most, in place of new ones. */
#define AGAIN_MAX	128

/* One message for all peers: to the group, or to each. */
static void changes_send(struct vs_mesh *m, struct vs_mesh_buf *b)
{
	unsigned int i;

	if (m->conf.multicast) {
		vs_mesh_sock_send(m, &m->conf.sock.group, b->data, b->len);
		return;
	}
	for (i = 0; i < VS_MESH_PEERS; i++)
		if (m->peer[i].alive)
			vs_mesh_sock_send(m, &m->peer[i].addr, b->data,
					  b->len);
}

static void round_changes(struct vs_mesh *m)
{
	struct vs_mesh_buf *b, *next;
	LIST_HEAD(list);

	vs_mesh_queue_take(m, &list);
	list_for_each_entry_safe(b, next, &list, list) {
		list_del(&b->list);
		if (!m->n_alive) {
			kfree(b);
			continue;
		}
		vs_mesh_seal(m, b, VS_LANE_CHANGES, m->changes.top + 1);
		vs_mesh_ring_add(&m->changes, b);
		changes_send(m, b);
		cond_resched();
	}
}

/* Sends the messages of one range again. Returns how many are left of @max. */
static int range_repeat(struct vs_mesh *m, struct vs_mesh_peer *p,
			struct vs_mesh_ring *r,
			const struct vs_window_range *range, int max)
{
	u64 n = max(range->first, vs_mesh_ring_oldest(r));
	u64 end = min(range->first + range->count, r->top + 1);
	struct vs_mesh_buf *b;

	for (; n < end && max; n++) {
		b = vs_mesh_ring_again(r, n);
		if (!b)
			continue;
		vs_mesh_sock_send(m, &p->addr, b->data, b->len);
		vs_event(m->vn, VS_EV_SYNC_RESENT);
		p->resent++;
		max--;
	}
	return max;
}

static void peer_repeat(struct vs_mesh *m, struct vs_mesh_peer *p)
{
	const struct vs_status *s = &p->told;
	int i, max = AGAIN_MAX;

	for (i = 0; i < s->n; i++) {
		if (!s->resync[i])
			max = range_repeat(m, p, &m->changes, &s->range[i],
					   max);
		else if (p->giving && p->giving->id == s->want)
			max = range_repeat(m, p, &p->giving->ring,
					   &s->range[i], max);
	}
	p->told.n = 0;
}

static void peer_resync(struct vs_mesh *m, struct vs_mesh_peer *p)
{
	struct vs_mesh_resync *r = p->giving;
	struct vs_mesh_buf *b;
	u64 n;

	if (!r || r->done || !p->alive)
		return;
	n = r->ring.top;
	vs_mesh_resync_step(m, p);
	while (++n <= r->ring.top) {
		b = r->ring.buf[n % VS_MESH_RING];
		vs_mesh_sock_send(m, &p->addr, b->data, b->len);
		cond_resched();
	}
	/* so that the end is known at once */
	p->answer |= r->done;
}

static void status_send(struct vs_mesh *m, const union nf_inet_addr *to,
			const struct vs_status *s)
{
	struct vs_mesh_buf *b;

	b = kmalloc(struct_size(b, data, VS_SEAL_HDR + VS_STATUS_MAX +
				VS_SEAL_TAG), GFP_KERNEL);
	if (!b)
		return;
	b->msg.len = vs_status_put(b->data + VS_SEAL_HDR, s);
	vs_mesh_seal(m, b, VS_LANE_STATUS, ++m->status_top);
	vs_mesh_sock_send(m, to, b->data, b->len);
	kfree(b);
}

/* Statuses that are due; all of them if @all. With a group those who are not
 * known yet hear of this director by a status that is for nobody. */
static void round_status(struct vs_mesh *m, bool all)
{
	struct vs_status s;
	unsigned int i;
	bool answered;

	for (i = 0; i < VS_MESH_PEERS; i++) {
		struct vs_mesh_peer *p = &m->peer[i];

		if (!p->used)
			continue;
		answered = false;
		while (vs_mesh_peer_answer(m, p, &s)) {
			status_send(m, &p->addr, &s);
			answered = true;
		}
		/* an established session is told besides */
		if (p->established ? !(all || p->answer) : (answered || !all))
			continue;
		vs_mesh_peer_tell(m, p, &s);
		status_send(m, &p->addr, &s);
	}
	if (!all || !m->conf.multicast)
		return;
	s = (struct vs_status) {};
	status_send(m, &m->conf.sock.group, &s);
}

static void mesh_round(struct vs_mesh *m)
{
	bool all = time_after_eq(jiffies, m->status_at) || m->leaves;
	unsigned int i;

	mutex_lock(&m->lock);
	vs_mesh_peer_watch(m);
	round_changes(m);
	for (i = 0; i < VS_MESH_PEERS; i++) {
		peer_repeat(m, &m->peer[i]);
		peer_resync(m, &m->peer[i]);
	}
	if (all) {
		m->status_at = jiffies + STATUS_TIME;
		m->conns = min_t(u64, U32_MAX,
				 percpu_counter_sum_positive(&m->vn->conns));
	}
	round_status(m, all);
	mutex_unlock(&m->lock);
}

static bool mesh_is_busy(const struct vs_mesh *m)
{
	unsigned int i;

	for (i = 0; i < VS_MESH_PEERS; i++)
		if (m->peer[i].alive && m->peer[i].giving &&
		    !m->peer[i].giving->done)
			return true;
	return false;
}

/* Time until the next round unless there is something to do. */
static long mesh_idle_time(struct vs_mesh *m)
{
	long left = m->status_at - jiffies;

	mutex_lock(&m->lock);
	if (mesh_is_busy(m))
		left = 0;
	mutex_unlock(&m->lock);
	return max(left, 0L);
}

/* Whether the peers that answer have confirmed all changes. */
static bool mesh_is_confirmed(struct vs_mesh *m)
{
	bool confirmed = true;
	unsigned int i;

	mutex_lock(&m->lock);
	for (i = 0; i < VS_MESH_PEERS; i++)
		if (m->peer[i].alive)
			confirmed &= m->peer[i].told.base >= m->changes.top;
	mutex_unlock(&m->lock);
	return confirmed;
}

/* A director that hands over in good order waits until the others have all, for a
 * moment, and says that it leaves. */
static void mesh_leave(struct vs_mesh *m)
{
	unsigned long end = jiffies + LEAVE_TIME;

	do {
		mesh_round(m);
		schedule_timeout_idle(ROUND);
	} while (!mesh_is_confirmed(m) && time_before(jiffies, end) &&
		 !READ_ONCE(m->vn->exiting));
	m->leaves = true;
	mesh_round(m);
}

int vs_mesh_send_run(void *data)
{
	struct vs_mesh *m = data;

	while (!kthread_should_stop()) {
		clear_bit(0, &m->kick);
		smp_mb__after_atomic();	/* @kick, then the queues: pairs with
					 * test_and_set_bit() of vs_mesh_wake() */
		mesh_round(m);
		schedule_timeout_idle(ROUND);
		wait_event_idle_timeout(m->wait, test_bit(0, &m->kick) ||
					kthread_should_stop(),
					mesh_idle_time(m));
	}
	mesh_leave(m);
	return 0;
}
