// SPDX-License-Identifier: GPL-2.0
/*
 * The peers of a mesh: their sessions, what was received of them, what they say
 * about themselves and what they are told.
 */
#include <linux/jiffies.h>
#include <linux/random.h>
#include <linux/weir.h>

#include "sync/entry.h"
#include "sync/mesh_impl.h"

/* Jiffies until entries that have found no room are asked for again; twice as many
 * each time: a resync costs as much as the table is large. */
#define PATIENCE_MIN	(5 * HZ)
#define PATIENCE_MAX	(30 * 60 * HZ)

/* Milliseconds that the clock of a peer may have drifted. */
#define CLOCK_SLACK	500

/* A silent peer's slot may be used for another address after this many jiffies. */
#define PEER_GONE	(5 * 60 * HZ)

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
	unsigned int i;

	for (i = 0; i < VS_MESH_PEERS; i++)
		if (m->peer[i].used &&
		    vs_addr_eq(m->conf.sock.af, &m->peer[i].addr, addr))
			return &m->peer[i];
	return NULL;
}

/* Whether the slot of a peer may become another's: it has sent a message and no
 * answer to ours, or has not been heard for long. */
static bool peer_is_gone(const struct vs_mesh_peer *p)
{
	return p->heard ? !p->alive && time_after(jiffies, p->heard_at + PEER_GONE) :
			  !p->n_candidates;
}

/* A slot that is free, or another that may be used. */
static struct vs_mesh_peer *peer_free(struct vs_mesh *m)
{
	struct vs_mesh_peer *gone = NULL;
	unsigned int i;

	for (i = 0; i < VS_MESH_PEERS; i++) {
		struct vs_mesh_peer *p = &m->peer[i];

		if (!p->used)
			return p;
		if (peer_is_gone(p) && (!gone || gone->heard))
			gone = p;
	}
	return gone;
}

struct vs_mesh_peer *vs_mesh_peer_add(struct vs_mesh *m,
				      const union nf_inet_addr *addr)
{
	struct vs_mesh_peer *p = m->conf.n_peers ? NULL : peer_free(m);

	u64 top;

	if (!p)
		return NULL;
	/* the numbers of a lane are nonces, and must not occur again */
	top = p->given_top;
	vs_mesh_resync_end(p);
	memset(p, 0, sizeof(*p));
	p->used = true;
	p->addr = *addr;
	p->given_top = top;
	p->epoch = ++m->epoch;
	return p;
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
		pr_info_ratelimited("sync: peer %pI6c %s\n", &p->addr.in6,
			alive ? "answers" : "does not answer");
	else
		pr_info_ratelimited("sync: peer %pI4 %s\n", &p->addr.ip,
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
	p->refused = false;
	peer_answer(m, p);
}

/* A director whose address has changed is one peer: it has one window for all of
 * our resync lanes, and was not told of changes for a moment. */
static void peer_replace(struct vs_mesh *m, struct vs_mesh_peer *p,
			 const u8 *session)
{
	unsigned int i;

	for (i = 0; i < VS_MESH_PEERS; i++) {
		struct vs_mesh_peer *q = &m->peer[i];

		if (q == p || !q->established ||
		    !session_eq(q->session, session))
			continue;
		q->established = false;
		memset(q->session, 0, sizeof(q->session));
		q->epoch = ++m->epoch;
		q->want = 0;
		vs_mesh_resync_end(q);
		p->given_top = max(p->given_top, q->given_top);
		p->gaps = max(p->gaps, q->gaps) + 1;
	}
}

static void peer_establish(struct vs_mesh *m, struct vs_mesh_peer *p,
			   const struct vs_seal_hdr *h,
			   const struct vs_status *s)
{
	vs_mesh_resync_end(p);
	peer_replace(m, p, h->session);
	memcpy(p->session, h->session, VS_SEAL_SESSION_LEN);
	p->epoch = ++m->epoch;
	p->established = true;
	p->n_candidates = 0;
	p->heard = true;
	p->apply = (struct vs_apply_peer) {
		.id = p - m->peer,
		.clock = vs_sync_time() - s->time,
	};
	p->again_once = true;
	p->was_out = false;
	p->patience = PATIENCE_MIN;
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
	if (!p->refused)
		p->patience = PATIENCE_MIN;
	peer_answer(m, p);
	if (!p->again)
		return;
	p->again = false;
	peer_want_all(m, p);
}

/* A peer that was not in sync itself has given what it had. When it has the rest,
 * it is asked again; once, as two that wait for each other would not end. */
static void peer_complete(struct vs_mesh *m, struct vs_mesh_peer *p,
			  const struct vs_status *s)
{
	if (!(s->flags & VS_STATUS_IN_SYNC)) {
		p->was_out = true;
	} else if (p->again_once && p->was_out && !p->want) {
		p->again_once = false;
		peer_want_all(m, p);
	}
}

/* Whether a session is that of another peer, who lives: somebody has redirected
 * its messages. */
static bool session_is_taken(const struct vs_mesh *m, const u8 *session)
{
	unsigned int i;

	for (i = 0; i < VS_MESH_PEERS; i++)
		if (m->peer[i].alive &&
		    session_eq(m->peer[i].session, session))
			return true;
	return false;
}

/* Several, as recordings of earlier sessions are among them. */
static void peer_add_candidate(struct vs_mesh_peer *p, const u8 *session,
			       u64 challenge)
{
	struct vs_mesh_candidate *c;
	unsigned int i;

	for (i = 0; i < p->n_candidates; i++)
		if (session_eq(p->candidate[i].session, session))
			break;
	if (i == VS_MESH_CANDIDATES)
		i = get_random_u32() % VS_MESH_CANDIDATES;
	else if (i == p->n_candidates)
		p->n_candidates++;
	c = &p->candidate[i];
	memcpy(c->session, session, VS_SEAL_SESSION_LEN);
	c->challenge = challenge;
}

/* Clocks drift apart, by minutes in a year. Less is not corrected: it cannot be told
 * from the delay of messages, and times of a connection that go back are ignored. */
static void peer_follow_clock(struct vs_mesh_peer *p, u32 time)
{
	s32 diff = vs_sync_time() - time - p->apply.clock;

	if (abs(diff) > CLOCK_SLACK)
		p->apply.clock += clamp(diff, -1, 1);
}

enum vs_counter vs_mesh_peer_hear(struct vs_mesh *m, struct vs_mesh_peer *p,
				  const struct vs_seal_hdr *h,
				  const struct vs_status *s)
{
	bool ours = session_eq(s->to, m->session);
	bool same = p->established && session_eq(h->session, p->session);

	/* the session has said that it leaves */
	if (!same && session_eq(h->session, p->session))
		return VS_EV_SYNC_REPLAYED;
	if (!same && (!ours ||
		      s->echo != peer_challenge(m, p, h->session))) {
		peer_add_candidate(p, h->session, s->challenge);
		peer_answer(m, p);
		return VS_COUNTER_NONE;
	}
	if (!same && session_is_taken(m, h->session))
		return VS_EV_SYNC_REPLAYED;
	if (!same)
		peer_establish(m, p, h, s);
	if (!vs_window_accept(&p->status, h->number))
		return VS_EV_SYNC_REPLAYED;
	/* an older status than the last one */
	if (h->number < p->status.top)
		return VS_COUNTER_NONE;
	peer_set_alive(m, p, !(s->flags & VS_STATUS_LEAVES));
	/* what is not for us says nothing about us */
	if (!ours)
		return VS_COUNTER_NONE;
	peer_follow_clock(p, s->time);
	peer_miss(m, p, s);
	if (s->flags & VS_STATUS_LEAVES) {
		/* no recording of this session is of use */
		p->established = false;
		p->epoch = ++m->epoch;
		vs_mesh_resync_end(p);
		return VS_COUNTER_NONE;
	}
	peer_complete(m, p, s);
	p->told = *s;
	p->echo = s->challenge;
	if (s->want)
		vs_mesh_resync_begin(m, p, s->want);
	else
		vs_mesh_resync_end(p);
	peer_finish_resync(m, p, s);
	if (s->n)
		vs_mesh_wake(m);
	return VS_COUNTER_NONE;
}

struct vs_window *vs_mesh_peer_window(struct vs_mesh_peer *p, u8 lane)
{
	return lane == VS_LANE_CHANGES ? &p->changes : &p->resync;
}

enum vs_counter vs_mesh_peer_accept(struct vs_mesh *m, struct vs_mesh_peer *p,
				    const struct vs_seal_hdr *h)
{
	struct vs_window *w = vs_mesh_peer_window(p, h->lane);

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

/* Whether nothing is missing that others than @p, whom this concerns, have told:
 * it does not wait for itself. */
static bool mesh_has_others(const struct vs_mesh *m,
			    const struct vs_mesh_peer *p)
{
	unsigned int i;

	for (i = 0; i < VS_MESH_PEERS; i++)
		if (&m->peer[i] != p && m->peer[i].alive &&
		    vs_mesh_peer_state(m, &m->peer[i]) != WEIR_SYNC_IN_SYNC)
			return false;
	return true;
}

/* What every status says. */
static void status_begin(const struct vs_mesh *m, const struct vs_mesh_peer *p,
			 struct vs_status *s)
{
	*s = (struct vs_status) {
		.top = m->changes.top,
		.oldest = vs_mesh_ring_oldest(&m->changes),
		.dropped = atomic_read(&m->dropped) + p->gaps,
		.giving_top = p->given_top,
		.conns = m->conns,
		.time = vs_sync_time(),
	};
	if (mesh_has_others(m, p))
		s->flags |= VS_STATUS_IN_SYNC;
	if (m->leaves)
		s->flags |= VS_STATUS_LEAVES;
}

bool vs_mesh_peer_answer(struct vs_mesh *m, struct vs_mesh_peer *p,
			 struct vs_status *s)
{
	const struct vs_mesh_candidate *c;

	if (!p->n_candidates)
		return false;
	c = &p->candidate[--p->n_candidates];
	status_begin(m, p, s);
	memcpy(s->to, c->session, VS_SEAL_SESSION_LEN);
	s->echo = c->challenge;
	s->challenge = peer_challenge(m, p, c->session);
	return true;
}

void vs_mesh_peer_tell(struct vs_mesh *m, struct vs_mesh_peer *p,
		       struct vs_status *s)
{
	p->answer = false;
	status_begin(m, p, s);
	if (!p->established)
		return;
	memcpy(s->to, p->session, VS_SEAL_SESSION_LEN);
	s->echo = p->echo;
	s->challenge = peer_challenge(m, p, p->session);
	s->base = p->changes.base;
	s->want = p->want;
	s->flags |= p->refused ? VS_STATUS_NO_ROOM : 0;
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

void vs_mesh_peer_refuse(struct vs_mesh *m, struct vs_mesh_peer *p)
{
	if (!p->apply.refused)
		return;
	p->apply.refused = 0;
	if (p->refused)
		return;
	p->refused = true;
	p->refused_at = jiffies;
	p->refused_max = READ_ONCE(m->vn->sysctl.conn_max);
}

/* There may be room by now. If there is not, the next attempt comes later, or when
 * somebody raises the limit. */
static void peer_retry(struct vs_mesh *m, struct vs_mesh_peer *p)
{
	if (!p->refused || p->want)
		return;
	if (READ_ONCE(m->vn->sysctl.conn_max) > p->refused_max)
		p->patience = PATIENCE_MIN;
	if (!time_after(jiffies, p->refused_at + p->patience))
		return;
	p->patience = min_t(u32, p->patience * 2, PATIENCE_MAX);
	peer_want_all(m, p);
}

void vs_mesh_peer_watch(struct vs_mesh *m)
{
	unsigned int i;

	if (time_after(jiffies, m->started + VS_MESH_SILENCE))
		m->waited = true;
	for (i = 0; i < VS_MESH_PEERS; i++) {
		struct vs_mesh_peer *p = &m->peer[i];

		if (!p->alive)
			continue;
		if (!time_after(jiffies, p->heard_at + VS_MESH_SILENCE)) {
			peer_retry(m, p);
			continue;
		}
		/* from now on it is not told of changes, and has to know */
		p->gaps++;
		peer_set_alive(m, p, false);
	}
}

bool vs_mesh_peer_has_all(const struct vs_mesh_peer *p)
{
	return p->told.flags & VS_STATUS_IN_SYNC &&
	       !(p->told.flags & VS_STATUS_NO_ROOM) && !p->told.want;
}

u8 vs_mesh_peer_state(const struct vs_mesh *m, const struct vs_mesh_peer *p)
{
	if (!p->alive)
		return m->waited || p->heard ? WEIR_SYNC_ALONE :
					       WEIR_SYNC_STARTING;
	if (p->want)
		return WEIR_SYNC_RESYNC;
	if (p->changes.base < p->told.top)
		return WEIR_SYNC_BEHIND;
	return p->refused ? WEIR_SYNC_INCOMPLETE : WEIR_SYNC_IN_SYNC;
}

/* The state of the peer that is furthest from being in sync, without those that do
 * not answer. */
u8 vs_mesh_state(const struct vs_mesh *m)
{
	static const u8 rank[] = {
		[WEIR_SYNC_STARTING] = 0,
		[WEIR_SYNC_RESYNC] = 1,
		[WEIR_SYNC_BEHIND] = 2,
		[WEIR_SYNC_INCOMPLETE] = 3,
		[WEIR_SYNC_IN_SYNC] = 4,
	};
	u8 state = WEIR_SYNC_IN_SYNC, one;
	unsigned int i;

	for (i = 0; i < VS_MESH_PEERS; i++) {
		if (!m->peer[i].used)
			continue;
		one = vs_mesh_peer_state(m, &m->peer[i]);
		if (one != WEIR_SYNC_ALONE && rank[one] < rank[state])
			state = one;
	}
	if (m->n_alive)
		return state;
	return m->waited ? WEIR_SYNC_ALONE : WEIR_SYNC_STARTING;
}
