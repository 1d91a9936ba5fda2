// SPDX-License-Identifier: GPL-2.0
/*
 * Giving a peer all connections: a walk over the table while packets go on, in
 * steps whose size is limited.
 */
#include <linux/ip_vs.h>
#include <linux/slab.h>

#include "compat/unaligned.h"
#include "service/dest.h"
#include "sync/entry.h"
#include "sync/mesh_impl.h"

/* Steps per second, as many as the rounds of the thread. */
#define STEPS		50

/* Parts of a step, also of an empty table. */
#define PARTS		512

static struct vs_mesh_resync *resync_new(struct vs_mesh *m, u32 id, u64 top)
{
	struct vs_mesh_resync *r = kvzalloc(sizeof(*r), GFP_KERNEL_ACCOUNT);

	if (!r)
		return NULL;
	r->id = id;
	r->it.t = &m->vn->table;
	r->it.end = VS_TABLE_SPAN;
	INIT_LIST_HEAD(&r->open);
	r->ring.top = top;
	r->ring.acked = top;
	return r;
}

void vs_mesh_resync_begin(struct vs_mesh *m, struct vs_mesh_peer *p, u32 id)
{
	if (p->giving && p->giving->id == id)
		return;
	vs_mesh_resync_end(p);
	/* without memory, the peer asks again */
	p->giving = resync_new(m, id, p->given_top);
	if (!p->giving)
		return;
	p->given = 0;
	vs_mesh_wake(m);
}

void vs_mesh_resync_end(struct vs_mesh_peer *p)
{
	struct vs_mesh_buf *b, *next;

	if (!p->giving)
		return;
	list_for_each_entry_safe(b, next, &p->giving->open, list)
		kfree(b);
	vs_mesh_ring_free(&p->giving->ring);
	kvfree(p->giving);
	p->giving = NULL;
}

static bool conn_is_given(const struct vs_conn *cp)
{
	u32 st = READ_ONCE(cp->st);

	if (st & (VS_ST_DEAD | VS_ST_STALE) || !(st & VS_ST_HASHED) ||
	    (cp->dest && cp->dest->key.af != cp->af))
		return false;
	return st & (VS_ST_TEMPLATE | VS_ST_REMOTE) ||
	       vs_sync_has_state(cp->proto, st & VS_ST_STATE);
}

/* Adds @cp to the last open message, or to a new one. Returns false if there is no
 * memory. */
static bool resync_add_conn(struct vs_mesh *m, struct vs_mesh_peer *p,
			    struct vs_conn *cp)
{
	struct vs_mesh_resync *r = p->giving;
	struct vs_mesh_buf *b = NULL;
	bool ours = vs_mesh_give(cp);
	struct vs_sync_entry e;

	vs_mesh_entry_fill(&e, m->vn, cp, vs_conn_left(cp));
	if (!ours)
		e.flags |= VS_WIRE_HEARSAY;
	if (!list_empty(&r->open))
		b = list_last_entry(&r->open, struct vs_mesh_buf, list);
	if (b && vs_wire_add(&b->msg, &e))
		return true;
	b = vs_mesh_buf_new(m, VS_WIRE_RESYNC, VS_MESH_RESYNC_HDR, GFP_ATOMIC);
	if (!b)
		return false;
	memcpy(b->msg.buf + VS_WIRE_HDR2, p->session, VS_SEAL_SESSION_LEN);
	put_unaligned_be32(r->id, b->msg.buf + VS_WIRE_HDR2 +
				  VS_SEAL_SESSION_LEN);
	list_add_tail(&b->list, &r->open);
	return vs_wire_add(&b->msg, &e);
}

/* The walk up to its next pause. Returns the number of entries, or -ENOMEM. */
static int table_walk_part(struct vs_mesh *m, struct vs_mesh_peer *p)
{
	struct vs_mesh_resync *r = p->giving;
	struct vs_conn *cp;
	int n = 0;

	local_bh_disable();
	rcu_read_lock();
	while (n >= 0 && (cp = vs_table_next(&r->it)))
		if (conn_is_given(cp))
			n = resync_add_conn(m, p, cp) ? n + 1 : -ENOMEM;
	r->it.at = NULL;
	if (n < 0)
		p->gaps++;	/* this peer has to ask again */
	rcu_read_unlock();
	local_bh_enable();
	return n;
}

/* Numbers the messages that are full, or all. */
static void resync_close(struct vs_mesh *m, struct vs_mesh_peer *p, bool all)
{
	struct vs_mesh_resync *r = p->giving;
	struct vs_mesh_buf *b, *next;

	list_for_each_entry_safe(b, next, &r->open, list) {
		if (!all && list_is_last(&b->list, &r->open))
			break;
		list_del(&b->list);
		vs_mesh_seal(m, b, VS_LANE_RESYNC + (p - m->peer),
			     r->ring.top + 1);
		vs_mesh_ring_add(&r->ring, b);
	}
	p->given_top = r->ring.top;
}

void vs_mesh_resync_step(struct vs_mesh *m, struct vs_mesh_peer *p)
{
	struct vs_mesh_resync *r = p->giving;
	s64 rate = max(READ_ONCE(m->vn->sysctl.sync_resync_rate), 1);
	int n, parts = PARTS;

	if (p->told.want == r->id)
		r->ring.acked = clamp(p->told.want_base, r->ring.acked,
				      r->ring.top);
	/* a part may exceed what is due, and the next steps have to wait */
	r->credit = min(r->credit + rate, rate);
	while (!r->done && r->credit > 0 && parts-- &&
	       r->ring.top - r->ring.acked < VS_MESH_RING / 2) {
		n = table_walk_part(m, p);
		if (n < 0)
			break;
		r->credit -= n * STEPS;
		p->given += n;
		r->done = r->it.done;
		resync_close(m, p, r->done);
		cond_resched();
	}
}
