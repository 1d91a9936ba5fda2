// SPDX-License-Identifier: GPL-2.0
/*
 * Which packets change what the peers of the mesh know, and the queues in which
 * each CPU collects the changes.
 *
 * vs_conn.synced is the time of the last change that was sent, in jiffies (low 32
 * bits), VS_ST_TOLD the state that was sent, VS_ST_SHARED says that both are set.
 * A connection with VS_ST_REMOTE was received: @synced is the time in its last
 * entry, see struct vs_apply_peer, and VS_ST_TOLD the number of that peer. The first
 * packet of its client that arrives here takes it over.
 *
 * An established packet costs a comparison in the connection's first cache line,
 * unless it stamps the connection.
 */
#include <linux/ip_vs.h>
#include <linux/percpu.h>
#include <linux/slab.h>

#include "service/dest.h"
#include "sync/entry.h"
#include "sync/mesh_impl.h"

#define TELL_BITS	(VS_ST_REMOTE | VS_ST_TOLD | VS_ST_SHARED)

static struct vs_mesh *mesh_of(const struct vs_net *vn)
{
	return rcu_dereference(vn->sync.mesh);
}

/* Whether another director could go on with @cp. A single packet of UDP is not
 * worth a message. */
static bool conn_is_worth(const struct vs_conn *cp, u32 st)
{
	if (st & VS_ST_TEMPLATE)
		return !(st & VS_ST_STALE);
	if (cp->proto == IPPROTO_UDP)
		return st & VS_ST_KEEP || READ_ONCE(cp->in_pkts) > 1;
	return vs_sync_has_state(cp->proto, st & VS_ST_STATE);
}

static u32 told_bits(u32 st)
{
	u32 state = min_t(u32, st & VS_ST_STATE, VS_ST_TOLD >> VS_ST_TOLD_SHIFT);

	return state << VS_ST_TOLD_SHIFT | VS_ST_SHARED;
}

/* Before the entry is made: what changes meanwhile is sent again. */
static void conn_set_shared(struct vs_conn *cp)
{
	vs_conn_set_bits(cp, TELL_BITS, told_bits(READ_ONCE(cp->st)));
	WRITE_ONCE(cp->synced, (u32)jiffies);
}

bool vs_mesh_give(struct vs_conn *cp)
{
	u32 st = READ_ONCE(cp->st);

	/* no state has this number: the next packet tells all peers */
	while (!(st & (VS_ST_REMOTE | VS_ST_SHARED)))
		if (try_cmpxchg(&cp->st, &st, st | VS_ST_SHARED | VS_ST_TOLD))
			return true;
	return !(st & VS_ST_REMOTE);
}

/* Whether the peers should hear of @cp now. @stamped: a packet has just stamped
 * it. */
static bool conn_is_due(const struct vs_conn *cp, u32 st, bool stamped)
{
	if (!conn_is_worth(cp, st))
		return false;
	if ((st & TELL_BITS) != told_bits(st) ||
	    (unlikely(st & VS_ST_APP) && vs_sync_seq_is_due(cp)))
		return true;
	return stamped && (u32)jiffies - READ_ONCE(cp->synced) >=
			  vs_conn_timeout(cp) / VS_MESH_REFRESH;
}

struct vs_mesh_buf *vs_mesh_buf_new(const struct vs_mesh *m, u8 type, u8 hdr,
				    gfp_t gfp)
{
	u16 len = m->conf.sock.maxlen;
	struct vs_mesh_buf *b;

	b = kmalloc(struct_size(b, data, len), gfp | __GFP_NOWARN);
	if (b)
		vs_wire_begin2(&b->msg, b->data + VS_SEAL_HDR,
			       len - VS_SEAL_HDR - VS_SEAL_TAG, type, hdr);
	return b;
}

void vs_mesh_wake(struct vs_mesh *m)
{
	if (test_bit(0, &m->kick) || test_and_set_bit(0, &m->kick))
		return;
	wake_up(&m->wait);
}

void vs_mesh_give_up(struct vs_mesh *m)
{
	__vs_event(m->vn, VS_EV_SYNC_UNSENT);
	atomic_inc(&m->dropped);
}

/* Under q->lock. */
static void changes_push(struct vs_mesh *m, struct vs_mesh_queue *q)
{
	struct vs_mesh_buf *b = q->cur;

	q->cur = NULL;
	if (q->len >= READ_ONCE(m->vn->sysctl.sync_qlen_max) /
		      num_possible_cpus() + 1) {
		vs_mesh_give_up(m);
		kfree(b);
		return;
	}
	list_add_tail(&b->list, &q->full);
	q->len++;
}

static void changes_add(struct vs_mesh *m, const struct vs_sync_entry *e)
{
	struct vs_mesh_queue *q = this_cpu_ptr(m->queue);

	spin_lock(&q->lock);
	if (!q->cur || !vs_wire_add(&q->cur->msg, e)) {
		if (q->cur)
			changes_push(m, q);
		q->cur = vs_mesh_buf_new(m, VS_WIRE_CHANGES, VS_WIRE_HDR2,
					 GFP_ATOMIC);
		if (!q->cur || !vs_wire_add(&q->cur->msg, e))
			vs_mesh_give_up(m);
	}
	spin_unlock(&q->lock);
	vs_mesh_wake(m);
}

void vs_mesh_entry_fill(struct vs_sync_entry *e, const struct vs_net *vn,
			const struct vs_conn *cp, u32 timeout)
{
	vs_sync_entry_fill(e, vn, cp);
	e->time = vs_sync_time() - jiffies_to_msecs(vs_conn_idle(cp));
	timeout += vs_conn_timeout(cp) / VS_MESH_REFRESH;
	e->timeout = min_t(u32, timeout, S32_MAX) / HZ + 1;
	if (unlikely(READ_ONCE(cp->st) & VS_ST_APP))
		vs_sync_seq_get(cp, e);
}

static void change_send(struct vs_mesh *m, const struct vs_conn *cp, u32 flags)
{
	struct vs_sync_entry e;

	/* an entry has addresses of one family */
	if (cp->dest && cp->dest->key.af != cp->af)
		return;
	vs_mesh_entry_fill(&e, m->vn, cp, vs_conn_timeout(cp));
	e.time = vs_sync_time();
	e.flags |= flags;
	if (e.has_seq)
		vs_sync_seq_set_told(cp, &e);
	__vs_event(m->vn, VS_EV_SYNC_CONN_SENT);
	changes_add(m, &e);
}

/* A packet of @cp has passed here: no other director forwards it. */
static u32 conn_take_over(struct vs_mesh *m, struct vs_conn *cp)
{
	vs_conn_set_bits(cp, TELL_BITS, 0);
	WRITE_ONCE(cp->synced, vs_conn_synced_never());
	__vs_event(m->vn, VS_EV_SYNC_TAKEN_OVER);
	return READ_ONCE(cp->st);
}

/* Sends @cp if it is due. Of several packets at the same time one may send it
 * twice. Returns whether it was due. */
static bool change_offer(struct vs_mesh *m, struct vs_conn *cp, bool stamped)
{
	u32 st = READ_ONCE(cp->st);

	/* a dead control has lost its destination */
	if (unlikely(st & VS_ST_DEAD))
		return false;
	if (unlikely(st & VS_ST_REMOTE))
		st = conn_take_over(m, cp);
	if (likely(!conn_is_due(cp, st, stamped)) || !READ_ONCE(m->n_alive))
		return false;
	conn_set_shared(cp);
	change_send(m, cp, 0);
	return true;
}

/* The templates and control connections on which @cp depends. */
static void controls_offer(struct vs_mesh *m, const struct vs_conn *cp)
{
	struct vs_conn *control;

	while ((control = vs_sync_control(cp))) {
		change_offer(m, control, true);
		cp = control;
	}
}

/* Without a destination the packet was dropped. */
static bool conn_is_forwarded(const struct vs_conn *cp)
{
	return cp->dest || cp->method == IP_VS_CONN_F_BYPASS;
}

static void mesh_packet(struct vs_net *vn, struct vs_conn *cp,
			enum vs_touch touch)
{
	struct vs_mesh *m = mesh_of(vn);

	vs_assert_packet_context();
	vs_conn_count(cp);
	if (m && conn_is_forwarded(cp) &&
	    change_offer(m, cp, touch == VS_TOUCH_STAMPED))
		controls_offer(m, cp);
}

/* The client may have nothing to say for longer than the timeout. */
static void mesh_heard_server(struct vs_net *vn, struct vs_conn *cp)
{
	struct vs_mesh *m = mesh_of(vn);

	vs_assert_packet_context();
	if (m && change_offer(m, cp, true))
		controls_offer(m, cp);
}

static void mesh_one_packet(struct vs_net *vn, struct vs_conn *cp)
{
	struct vs_mesh *m = mesh_of(vn);

	vs_assert_packet_context();
	if (cp->control)
		vs_conn_count(cp->control);
	if (m)
		controls_offer(m, cp);
}

/* A director that has only received @cp does not speak of it. */
static void mesh_extended(struct vs_conn *cp)
{
	struct vs_mesh *m = mesh_of(cp->vn);
	u32 st = READ_ONCE(cp->st);

	vs_assert_packet_context();
	if (!m || !(st & VS_ST_SHARED) || st & VS_ST_REMOTE ||
	    !READ_ONCE(m->n_alive))
		return;
	conn_set_shared(cp);
	change_send(m, cp, 0);
}

/* What an administrator removes here may go on at a director that takes over. */
static void mesh_removed(struct vs_conn *cp, enum vs_counter why)
{
	struct vs_mesh *m = mesh_of(cp->vn);

	if (why == VS_EV_CONN_FLUSHED || why == VS_EV_CONN_NODEST)
		return;
	if (m && !(READ_ONCE(cp->st) & VS_ST_REMOTE) && READ_ONCE(m->n_alive))
		change_send(m, cp, VS_WIRE_REMOVED);
}

const struct vs_sync_ops vs_mesh_ops = {
	.packet = mesh_packet,
	.reply = mesh_heard_server,
	.one_packet = mesh_one_packet,
	.extended = mesh_extended,
	.removed = mesh_removed,
};

void vs_mesh_queue_init(struct vs_mesh *m)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		struct vs_mesh_queue *q = per_cpu_ptr(m->queue, cpu);

		spin_lock_init(&q->lock);
		INIT_LIST_HEAD(&q->full);
	}
}

void vs_mesh_queue_exit(struct vs_mesh *m)
{
	struct vs_mesh_buf *b, *next;
	LIST_HEAD(list);

	vs_mesh_queue_take(m, &list);
	list_for_each_entry_safe(b, next, &list, list)
		kfree(b);
}

void vs_mesh_queue_take(struct vs_mesh *m, struct list_head *list)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		struct vs_mesh_queue *q = per_cpu_ptr(m->queue, cpu);

		spin_lock_bh(&q->lock);
		list_splice_tail_init(&q->full, list);
		if (q->cur)
			list_add_tail(&q->cur->list, list);
		q->cur = NULL;
		q->len = 0;
		spin_unlock_bh(&q->lock);
	}
}
