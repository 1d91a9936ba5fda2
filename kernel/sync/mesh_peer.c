// SPDX-License-Identifier: GPL-2.0
/*
 * The peers of a mesh: their sessions, what was received of them, what they say
 * about themselves and what they are told.
 */
#include <linux/jiffies.h>
#include <linux/random.h>
#include <linux/weir.h>

#include "sync/mesh_impl.h"

static bool session_eq(const u8 *a, const u8 *b)
{
	return !memcmp(a, b, VS_SEAL_SESSION_LEN);
}

/* What @session at the address of @p has to return, in order to prove that it
 * lives: nobody else can know it, and it works once. */
static u64 peer_challenge(const struct vs_mesh *m, const struct vs_mesh_peer *p,
			  const u8 *session)
{
	struct {
		u8 session[VS_SEAL_SESSION_LEN];
		union nf_inet_addr addr;
		u64 epoch;
	} seed = { .addr = p->addr, .epoch = p->epoch };

	memcpy(seed.session, session, VS_SEAL_SESSION_LEN);
	/* 0 is "none" */
	return siphash(&seed, sizeof(seed), &m->secret) ?: 1;
}

struct vs_mesh_peer *vs_mesh_peer_find(struct vs_mesh *m,
				       const union nf_inet_addr *addr)
{
	struct vs_mesh_peer *free = NULL;
	unsigned int i;

	for (i = 0; i < VS_MESH_PEERS; i++) {
		struct vs_mesh_peer *p = &m->peer[i];

		if (p->used && vs_addr_eq(m->conf.sock.af, &p->addr, addr))
			return p;
		/* an established one keeps its lane and its challenges */
		if (!free && (!p->used || (!m->conf.n_peers && !p->epoch)))
			free = p;
	}
	if (m->conf.n_peers || !free)
		return NULL;
	memset(free, 0, sizeof(*free));
	free->used = true;
	free->addr = *addr;
	return free;
}

static void peers_count(struct vs_mesh *m)
{
	unsigned int i, n = 0;

	for (i = 0; i < VS_MESH_PEERS; i++)
		n += m->peer[i].alive;
	WRITE_ONCE(m->n_alive, n);
}

static void peer_set_alive(struct vs_mesh *m, struct vs_mesh_peer *p, bool alive)
{
	if (alive)
		p->heard_at = jiffies;
	if (p->alive == alive)
		return;
	p->alive = alive;
	peers_count(m);
	if (m->conf.sock.af == AF_INET6)
		pr_info("sync: peer %pI6c %s\n", &p->addr.in6,
			alive ? "answers" : "does not answer");
	else
		pr_info("sync: peer %pI4 %s\n", &p->addr.ip,
			alive ? "answers" : "does not answer");
}

static void peer_answer(struct vs_mesh *m, struct vs_mesh_peer *p)
{
	p->answer = true;
	vs_mesh_wake(m);
}

/* Asks for everything. If a resync is under way, what was lost may concern
 * connections that it has passed: another one follows. */
static void peer_want_all(struct vs_mesh *m, struct vs_mesh_peer *p)
{
	if (p->want) {
		p->again = true;
		return;
	}
	p->want = get_random_u32() | 1;
	p->got = 0;
	peer_answer(m, p);
}

static void peer_establish(struct vs_mesh *m, struct vs_mesh_peer *p,
			   const struct vs_seal_hdr *h,
			   const struct vs_status *s)
{
	vs_mesh_resync_end(p);
	memcpy(p->session, h->session, VS_SEAL_SESSION_LEN);
	p->epoch++;
	p->established = true;
	p->candidate = false;
	p->heard = true;
	p->apply = (struct vs_apply_peer) { .id = p - m->peer };
	vs_window_start(&p->status, h->number - 1);
	vs_window_start(&p->changes, s->top);
	vs_window_start(&p->resync, s->giving_top);
	p->lost = 0;
	p->told.dropped = s->dropped;
	p->want = 0;
	p->again = false;
	peer_want_all(m, p);
}

/* The peer wants to send again, or has lost for good. */
static void peer_miss(struct vs_mesh *m, struct vs_mesh_peer *p,
		      const struct vs_status *s)
{
	u64 oldest = min(s->oldest, s->top + 1);

	if (oldest > p->changes.base + 1)
		vs_window_give_up(&p->changes, oldest - 1);
	if (p->changes.lost != p->lost || p->told.dropped != s->dropped) {
		vs_events(m->vn, VS_EV_SYNC_LOST, p->changes.lost - p->lost);
		p->lost = p->changes.lost;
		peer_want_all(m, p);
	}
	if (p->changes.base < s->top)
		peer_answer(m, p);
}

static void peer_finish_resync(struct vs_mesh *m, struct vs_mesh_peer *p,
			       const struct vs_status *s)
{
	if (!p->want || s->giving != p->want)
		return;
	if (p->resync.base < s->giving_top) {
		peer_answer(m, p);
		return;
	}
	if (!(s->flags & VS_STATUS_GIVEN))
		return;
	p->want = 0;
	p->resyncs++;
	peer_answer(m, p);
	if (!p->again)
		return;
	p->again = false;
	peer_want_all(m, p);
}

enum vs_counter vs_mesh_peer_hear(struct vs_mesh *m, struct vs_mesh_peer *p,
				  const struct vs_seal_hdr *h,
				  const struct vs_status *s)
{
	bool ours = session_eq(s->to, m->session);
	bool same = p->established && session_eq(h->session, p->session);

	if (!same && (!ours ||
		      s->echo != peer_challenge(m, p, h->session))) {
		p->candidate = true;
		memcpy(p->candidate_session, h->session, VS_SEAL_SESSION_LEN);
		p->candidate_echo = s->challenge;
		peer_answer(m, p);
		return VS_COUNTER_NONE;
	}
	if (!same)
		peer_establish(m, p, h, s);
	if (!vs_window_accept(&p->status, h->number))
		return VS_EV_SYNC_REPLAYED;
	/* an older status than the last one */
	if (h->number < p->status.top)
		return VS_COUNTER_NONE;
	/* It was not told of what has changed meanwhile. */
	if (same && !p->alive)
		p->gaps++;
	peer_set_alive(m, p, !(s->flags & VS_STATUS_LEAVES));
	if (s->flags & VS_STATUS_LEAVES) {
		p->established = false;
		vs_mesh_resync_end(p);
		return VS_COUNTER_NONE;
	}
	p->echo = s->challenge;
	/* It does not know us yet, or tells a group that it lives. */
	if (!ours)
		return VS_COUNTER_NONE;
	peer_miss(m, p, s);
	p->told = *s;
	if (s->want)
		vs_mesh_resync_begin(m, p, s->want);
	else
		vs_mesh_resync_end(p);
	peer_finish_resync(m, p, s);
	if (s->n)
		vs_mesh_wake(m);
	return VS_COUNTER_NONE;
}

enum vs_counter vs_mesh_peer_accept(struct vs_mesh *m, struct vs_mesh_peer *p,
				    const struct vs_seal_hdr *h)
{
	struct vs_window *w = h->lane == VS_LANE_CHANGES ? &p->changes :
							   &p->resync;

	if (!p->established || !session_eq(h->session, p->session))
		return VS_EV_SYNC_STRANGER;
	if (!vs_window_accept(w, h->number))
		return VS_EV_SYNC_REPLAYED;
	if (w->base < w->top || w == &p->resync)
		peer_answer(m, p);
	return VS_COUNTER_NONE;
}

/* Adds what is missing up to number @upto in one lane. */
static void status_add_missing(struct vs_status *s, const struct vs_window *w,
			       u64 upto, bool resync)
{
	unsigned int i, n;

	n = vs_window_missing(w, upto, s->range + s->n,
			      VS_STATUS_RANGES - s->n);
	for (i = 0; i < n; i++)
		s->resync[s->n++] = resync;
}

void vs_mesh_peer_tell(struct vs_mesh *m, struct vs_mesh_peer *p,
		       struct vs_status *s)
{
	u8 state = vs_mesh_state(m);

	*s = (struct vs_status) {
		.top = m->changes.top,
		.oldest = vs_mesh_ring_oldest(&m->changes),
		.dropped = atomic_read(&m->dropped) + p->gaps,
		.giving_top = p->given_top,
		.conns = min_t(u64, percpu_counter_sum_positive(&m->vn->conns),
			       U32_MAX),
	};
	if (state == WEIR_SYNC_IN_SYNC || state == WEIR_SYNC_ALONE)
		s->flags |= VS_STATUS_IN_SYNC;
	if (READ_ONCE(m->stopping))
		s->flags |= VS_STATUS_LEAVES;
	p->answer = false;
	if (p->candidate) {
		p->candidate = false;
		memcpy(s->to, p->candidate_session, VS_SEAL_SESSION_LEN);
		s->echo = p->candidate_echo;
		s->challenge = peer_challenge(m, p, p->candidate_session);
		return;
	}
	if (!p->established)
		return;
	memcpy(s->to, p->session, VS_SEAL_SESSION_LEN);
	s->echo = p->echo;
	s->challenge = peer_challenge(m, p, p->session);
	s->base = p->changes.base;
	s->want = p->want;
	s->want_base = p->resync.base;
	if (p->giving) {
		s->giving = p->giving->id;
		s->flags |= p->giving->done ? VS_STATUS_GIVEN : 0;
	}
	status_add_missing(s, &p->changes, p->told.top, false);
	if (p->want)
		status_add_missing(s, &p->resync,
				   p->told.giving == p->want ?
				   p->told.giving_top : p->resync.top, true);
}

void vs_mesh_peer_watch(struct vs_mesh *m)
{
	unsigned int i;

	for (i = 0; i < VS_MESH_PEERS; i++) {
		struct vs_mesh_peer *p = &m->peer[i];

		if (p->alive && time_after(jiffies, p->heard_at +
						    VS_MESH_SILENCE))
			peer_set_alive(m, p, false);
	}
}

u8 vs_mesh_peer_state(const struct vs_mesh *m, const struct vs_mesh_peer *p)
{
	if (!p->alive)
		return time_before(jiffies, m->started + VS_MESH_SILENCE) &&
		       !p->heard ? WEIR_SYNC_STARTING : WEIR_SYNC_ALONE;
	if (p->want)
		return WEIR_SYNC_RESYNC;
	if (p->changes.base < p->told.top)
		return WEIR_SYNC_BEHIND;
	return WEIR_SYNC_IN_SYNC;
}

/* The state of the peer that is furthest from being in sync, without those that do
 * not answer. */
u8 vs_mesh_state(const struct vs_mesh *m)
{
	u8 state = WEIR_SYNC_IN_SYNC, one;
	unsigned int i;

	for (i = 0; i < VS_MESH_PEERS; i++) {
		if (!m->peer[i].used)
			continue;
		one = vs_mesh_peer_state(m, &m->peer[i]);
		if (one != WEIR_SYNC_ALONE)
			state = min(state, one);
	}
	if (m->n_alive)
		return state;
	return time_before(jiffies, m->started + VS_MESH_SILENCE) ?
	       WEIR_SYNC_STARTING : WEIR_SYNC_ALONE;
}
