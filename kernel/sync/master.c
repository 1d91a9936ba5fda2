// SPDX-License-Identifier: GPL-2.0
/*
 * The master: which packets make sync messages, and the threads that send them.
 *
 * A connection is sent when the kernel's ip_vs would send it, so that Weir can
 * replace either director of a pair. It is due
 *
 * - in a state in which the backup needs it: established, or on its way out;
 * - at once when the state has changed to one on its way out;
 * - otherwise every net.ipv4.vs.sync_threshold[1] packets, at packet number
 *   sync_threshold[0], unless sync_refresh_period is set and the backup knows
 *   the time at which the connection expires well enough.
 *
 * vs_conn.synced is the time at which the connection expires according to the last
 * message, in jiffies (low 32 bits); the lowest two bits count how often that
 * was repeated. VS_ST_TOLD is the state in the last message.
 */
#include <linux/ip_vs.h>
#include <linux/kthread.h>
#include <linux/log2.h>
#include <linux/net.h>
#include <linux/slab.h>
#include <net/sock.h>

#include "service/dest.h"
#include "sync/daemon.h"
#include "sync/entry.h"
#include "sync/wire.h"

/* A message that is not full is sent after this time, as in ip_vs. */
#define FLUSH_TIME	(2 * HZ)

/* A thread that has sent messages looks for more after this time: packets wake
 * it only when it has nothing to do. */
#define PAUSE		max(HZ / 50, 1)

#define RETRIES_MASK	3u

struct vs_sync_buf {
	struct list_head list;
	struct vs_wire_msg msg;
	unsigned long since;	/* jiffies of the first entry */
	u32 size;		/* of its memory */
	u8 data[];
};

/* A message with @room bytes, or NULL. BH disabled. */
static struct vs_sync_buf *buf_new(struct vs_sync_daemon *d, u16 room)
{
	struct vs_sync_buf *b = NULL;
	u32 size = roundup_pow_of_two(struct_size(b, data, room));

	if (atomic_long_add_return(size, &d->bytes) <= d->max_bytes)
		b = kmalloc(size, GFP_ATOMIC | __GFP_NOWARN);
	if (b)
		b->size = size;
	else
		atomic_long_sub(size, &d->bytes);
	return b;
}

static void buf_free(struct vs_sync_daemon *d, struct vs_sync_buf *b)
{
	if (!b)
		return;
	atomic_long_sub(b->size, &d->bytes);
	kfree(b);
}

static bool conn_is_persistent(const struct vs_conn *cp)
{
	while ((cp = vs_sync_control(cp)))
		if (READ_ONCE(cp->st) & VS_ST_TEMPLATE)
			return true;
	return false;
}

/* Whether the backup's copy expires at about the same time as @cp: at @next. If
 * the last message is to be repeated, in case that it was lost, says so in the
 * low bits of *@next. */
static bool conn_is_fresh(const struct vs_net *vn, u32 now, u32 timeout,
			  u32 last, u32 *next)
{
	int refresh = READ_ONCE(vn->sysctl.sync_refresh_period);
	u32 diff = abs((s32)(*next - last));
	int retries = last & RETRIES_MASK;

	if (refresh <= 0 ||
	    diff >= min_t(u32, refresh, max(timeout / 2, 10U * HZ)))
		return false;
	if (retries >= READ_ONCE(vn->sysctl.sync_retries) ||
	    (s32)(now - (last - timeout + refresh / 8)) < 0)
		return true;
	*next |= retries + 1;
	return false;
}

/* Whether the number of a packet says that its connection is due. */
static bool conn_is_turn(const struct vs_net *vn, u32 st, u32 pkts)
{
	u32 period = vs_sync_period(vn), turn = vs_sync_turn(vn);

	if (period)
		return st & VS_ST_TEMPLATE || pkts % period == turn;
	return READ_ONCE(vn->sysctl.sync_refresh_period) || pkts == turn;
}

/* Whether @cp is due, with its packet number @pkts. If so, it is no longer. */
static bool conn_claim(struct vs_net *vn, struct vs_conn *cp, u32 pkts)
{
	u32 last = READ_ONCE(cp->synced), st = READ_ONCE(cp->st);
	u32 now = (u32)jiffies, timeout = vs_conn_timeout(cp);
	u32 next = (now + timeout) & ~RETRIES_MASK;
	bool tcp = cp->proto == IPPROTO_TCP, changed = false;
	u8 established = tcp ? VS_TCP_S_ESTABLISHED : VS_SCTP_S_ESTABLISHED;
	u8 state = st & VS_ST_STATE;

	if (!(st & VS_ST_TEMPLATE)) {
		if (READ_ONCE(vn->sysctl.sync_persist_mode) &&
		    conn_is_persistent(cp))
			return false;
		if (!vs_sync_has_state(cp->proto, state))
			return false;
		changed = cp->proto != IPPROTO_UDP &&
			  state != vs_conn_told(cp);
	}
	if (!changed || state == established)
		if (conn_is_fresh(vn, now, timeout, last, &next) ||
		    !conn_is_turn(vn, st, pkts))
			return false;
	if (changed)
		vs_conn_set_told(cp, state);
	/* of several packets at the same time one is enough */
	return cmpxchg(&cp->synced, last, next) == last || changed;
}

/* Under q->lock. */
static void queue_push(struct vs_sync_thread *t)
{
	struct vs_net *vn = t->daemon->vn;
	struct vs_sync_queue *q = &t->queue;
	struct vs_sync_buf *b = q->cur;

	WRITE_ONCE(q->cur, NULL);
	if (q->len >= READ_ONCE(vn->sysctl.sync_qlen_max)) {
		__vs_event(vn, VS_EV_SYNC_UNSENT);
		buf_free(t->daemon, b);
		return;
	}
	list_add_tail(&b->list, &q->full);
	WRITE_ONCE(q->len, q->len + 1);
}

/* Under q->lock. */
static bool queue_begin(struct vs_sync_thread *t, u8 version, u16 entry_len)
{
	const struct vs_sync_conf *conf = &t->daemon->conf;
	u16 room = max_t(u16, conf->maxlen, VS_WIRE_HDR1 + entry_len);
	struct vs_sync_buf *b;

	b = buf_new(t->daemon, room);
	if (!b) {
		__vs_event(t->daemon->vn, VS_EV_SYNC_UNSENT);
		return false;
	}
	vs_wire_begin(&b->msg, b->data, room, version, conf->syncid);
	b->since = jiffies;
	WRITE_ONCE(t->queue.cur, b);
	return true;
}

static void queue_add(struct vs_sync_thread *t, const struct vs_sync_entry *e,
		      u8 version)
{
	struct vs_sync_queue *q = &t->queue;
	bool wake = false;

	spin_lock(&q->lock);
	if (q->cur && (q->cur->msg.version != version ||
		       !vs_wire_add(&q->cur->msg, e))) {
		queue_push(t);
		wake = true;
	} else if (q->cur) {
		goto out;
	}
	if (queue_begin(t, version, vs_wire_len(e, version))) {
		vs_wire_add(&q->cur->msg, e);
		wake = true;
	}
out:
	spin_unlock(&q->lock);
	if (wake && wq_has_sleeper(&q->wait))
		wake_up(&q->wait);
}

static struct vs_sync_thread *daemon_thread(struct vs_sync_daemon *d,
					    const struct vs_conn *cp)
{
	return &d->thread[hash_ptr(cp, 32) & (d->n - 1)];
}

static void conn_send(struct vs_net *vn, struct vs_conn *cp, u8 version)
{
	struct vs_sync_daemon *d = rcu_dereference(vn->sync.master);
	struct vs_sync_entry e;

	if (!d || (cp->dest && cp->dest->key.af != cp->af))
		return;
	vs_sync_entry_fill(&e, vn, cp);
	__vs_event(vn, VS_EV_SYNC_CONN_SENT);
	queue_add(daemon_thread(d, cp), &e, version);
}

/* Sends @cp and those that control it, as far as they are due. Version 0 has no
 * IPv6, and sends a control only together with its connection. */
static void conn_offer(struct vs_net *vn, struct vs_conn *cp, u32 pkts)
{
	u8 version = READ_ONCE(vn->sysctl.sync_version);

	if (!version && cp->af != AF_INET)
		return;
	while (cp) {
		u32 st = READ_ONCE(cp->st);

		/* a dead control has released its destination */
		if (!(st & (VS_ST_ONE_PACKET | VS_ST_STALE | VS_ST_DEAD)) &&
		    conn_claim(vn, cp, pkts))
			conn_send(vn, cp, version);
		else if (!version)
			return;
		cp = vs_sync_control(cp);
		if (cp)
			pkts = READ_ONCE(cp->st) & VS_ST_TEMPLATE ?
			       vs_conn_count_on(cp, vs_sync_period(vn)) :
			       vs_sync_turn(vn);
	}
}

static void master_packet(struct vs_net *vn, struct vs_conn *cp,
			  enum vs_touch touch)
{
	vs_assert_packet_context();
	conn_offer(vn, cp, vs_conn_count_on(cp, vs_sync_period(vn)));
}

static void master_one_packet(struct vs_net *vn, struct vs_conn *cp)
{
	vs_assert_packet_context();
	conn_offer(vn, cp, vs_sync_turn(vn));
}

static void master_extended(struct vs_conn *cp)
{
	vs_assert_packet_context();
	conn_offer(cp->vn, cp, vs_sync_turn(cp->vn));
}

const struct vs_sync_ops vs_sync_master_ops = {
	.packet = master_packet,
	.one_packet = master_one_packet,
	.extended = master_extended,
};

void vs_sync_master_init(struct vs_sync_thread *t)
{
	spin_lock_init(&t->queue.lock);
	INIT_LIST_HEAD(&t->queue.full);
	init_waitqueue_head(&t->queue.wait);
}

void vs_sync_master_exit(struct vs_sync_thread *t)
{
	struct vs_sync_buf *b, *next;

	list_for_each_entry_safe(b, next, &t->queue.full, list)
		buf_free(t->daemon, b);
	buf_free(t->daemon, t->queue.cur);
}

/* Takes the next message to be sent: a full one, or the current one when it is
 * old, or @all. If there is none, *@wait is the time until there may be one. */
static struct vs_sync_buf *queue_take(struct vs_sync_queue *q, bool all,
				      long *wait)
{
	struct vs_sync_buf *b;

	*wait = MAX_SCHEDULE_TIMEOUT;
	spin_lock_bh(&q->lock);
	b = list_first_entry_or_null(&q->full, struct vs_sync_buf, list);
	if (b) {
		list_del(&b->list);
		WRITE_ONCE(q->len, q->len - 1);
	} else if (q->cur) {
		long left = q->cur->since + FLUSH_TIME - jiffies;

		if (all || left <= 0) {
			b = q->cur;
			WRITE_ONCE(q->cur, NULL);
		} else {
			*wait = left;
		}
	}
	spin_unlock_bh(&q->lock);
	return b;
}

static int sock_send(struct socket *sock, struct vs_sync_buf *b)
{
	struct msghdr msg = { .msg_flags = MSG_DONTWAIT | MSG_NOSIGNAL };
	struct kvec vec = { .iov_base = b->data, .iov_len = b->msg.len };

	return kernel_sendmsg(sock, &msg, &vec, 1, vec.iov_len);
}

/* For how long a thread may wait for room in its socket before it looks again
 * whether the daemon stops; 0 when the time for that is over. */
static long thread_patience(const struct vs_sync_thread *t)
{
	const struct vs_sync_daemon *d = t->daemon;

	if (!smp_load_acquire(&d->stopping))
		return HZ;
	return max((long)(d->deadline - jiffies), 0L);
}

/* Sends @b, and waits for room in the socket. */
static void thread_send(struct vs_sync_thread *t, struct vs_sync_buf *b)
{
	struct vs_net *vn = t->daemon->vn;
	struct sock *sk = t->sock->sk;
	bool has_room;
	long wait;
	int err;

	do {
		has_room = sock_writeable(sk);
		err = sock_send(t->sock, b);
		/* with room there is nothing to wait for */
		if (err != -EAGAIN || has_room)
			break;
		wait = thread_patience(t);
		wait_event_interruptible_timeout(*sk_sleep(sk),
						 sock_writeable(sk), wait);
	} while (wait);
	if (err >= 0) {
		vs_event(vn, VS_EV_SYNC_SENT);
		vs_sync_sock_set_lost(t, 0);
	} else {
		vs_event(vn, VS_EV_SYNC_UNSENT);
		if (!READ_ONCE(t->daemon->stopping))
			vs_sync_sock_reopen(t);
	}
	buf_free(t->daemon, b);
}

/* Whether there is a message to wait for that was not there when queue_take()
 * has returned @wait. */
static bool queue_has_news(const struct vs_sync_queue *q, long wait)
{
	return READ_ONCE(q->len) ||
	       (wait == MAX_SCHEDULE_TIMEOUT && READ_ONCE(q->cur));
}

/* What was queued is sent, also when the daemon is stopped, as far as the sockets
 * take it within a second: a director that hands over in good order loses nothing
 * unless its link is too slow for that. */
int vs_sync_master_run(void *data)
{
	struct vs_sync_thread *t = data;
	struct vs_sync_queue *q = &t->queue;
	struct vs_sync_buf *b;
	bool stop, sent;
	long wait;

	do {
		stop = kthread_should_stop();
		sent = false;
		while ((b = queue_take(q, stop, &wait))) {
			thread_send(t, b);
			sent = true;
			cond_resched();
		}
		if (stop)
			break;
		if (sent)
			schedule_timeout_interruptible(PAUSE);
		else
			wait_event_interruptible_timeout(q->wait,
						queue_has_news(q, wait) ||
						kthread_should_stop(), wait);
	} while (1);
	return 0;
}
