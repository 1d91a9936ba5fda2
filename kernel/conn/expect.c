// SPDX-License-Identifier: GPL-2.0
/*
 * Connections that an app expects, because a client and a real server have
 * negotiated them on a control connection (FTP's data connections).
 *
 * An expected connection is an ordinary connection in state LISTEN, controlled
 * by the control connection and leading to the same real server. Its
 * client-side tuple is known in advance. If the client may connect from any port (passive
 * FTP), its client port is 0 and VS_ST_ANY_CPORT is set. No packet matches it
 * then, and vs_expect_confirm() replaces it as soon as a SYN for its virtual
 * port comes from the client.
 *
 * There can be only one connection with a tuple, but several sessions may ask
 * for it, and the payload can name any address, including a third party's. Up
 * to three parties are involved:
 *
 *	the control connection	on which the new expectation was negotiated,
 *				with its client
 *	the old connection	which has the tuple already: expected, in use or
 *				finished
 *	its control connection	another session, of the same client or foreign:
 *				of another client (FTP allows a client to name a
 *				third party's address)
 *
 * What happens to the old connection:
 *
 * 1. Opening or established (see vs_proto_phase()), it is in use and stays. The new expectation is met
 *    if it leads to the same server and port, and otherwise fails (-EEXIST).
 *
 * 2. Expected or finished, and leading to the same server and port, it serves
 *    the new expectation and waits again. The exception: it belongs to the
 *    client of the new session, but a foreign session controls it. That session
 *    could withdraw it by its next command, so rule 3 is applied.
 *
 * 3. Expected or finished, and leading elsewhere, it may only be displaced by a
 *    session of the client that it belongs to. If any session could, naming a
 *    victim's address would be enough to take the victim's connections away.
 *    Even the client's own session does not displace what another living session
 *    (of whichever client) still waits for, unless the client has chosen the
 *    port itself (active FTP): then the newest request reflects what the client
 *    wants. In passive FTP the app tries another virtual port instead.
 *
 * In conntrack an expected connection becomes related to its control connection
 * only if both belong to the same client: a firewall that accepts "related"
 * must not admit third parties.
 */
#include <linux/ip_vs.h>
#include <linux/netfilter.h>

#include "conn/app.h"
#include "conn/expect.h"
#include "conn/ext.h"
#include "conn/nfct.h"
#include "net.h"
#include "path/pkt.h"

/* The connection with the given client-side tuple, expected or in use. */
static struct vs_conn *expect_lookup(struct vs_net *vn,
				     const struct vs_tuple *k)
{
	struct vs_conn *cp;
	enum vs_dir dir;

	cp = vs_table_lookup(&vn->table, k, &dir);
	return cp && dir == VS_DIR_IN ? cp : NULL;
}

static struct vs_conn *expect_lookup_conf(const struct vs_conn *cp,
					  const struct vs_expect_conf *d)
{
	struct vs_tuple k = {
		.saddr = d->client, .daddr = vs_conn_addr(cp, VS_VADDR),
		.sport = d->cport, .dport = d->vport,
		.af = cp->af, .proto = cp->proto,
	};

	return expect_lookup(cp->vn, &k);
}

/* Whether @client, named in the payload, is the client of @control itself. */
static bool expect_is_own(const struct vs_conn *control,
			  const union nf_inet_addr *client)
{
	return vs_addr_eq(control->af, client,
			  vs_conn_addr(control, VS_CADDR));
}

/* Rule 2: whether @old belongs to @cp's client but is controlled by a session
 * of another client. */
static bool expect_is_foreign(const struct vs_conn *cp,
			      const struct vs_conn *old,
			      const struct vs_expect_conf *d)
{
	const struct vs_conn *control = old->control;

	return expect_is_own(cp, d->client) && control &&
	       !expect_is_own(control, d->client);
}

/* Rule 3: whether @old, which is not in use, makes room for @d. */
static bool expect_gives_way(const struct vs_conn *cp,
			     const struct vs_conn *old,
			     const struct vs_expect_conf *d)
{
	const struct vs_conn *control = old->control;

	if (!expect_is_own(cp, d->client))
		return false;
	return vs_conn_state(old) != VS_TCP_S_LISTEN || d->cport ||
	       !control || control == cp ||
	       READ_ONCE(control->st) & VS_ST_DEAD;
}

/* Applies the rules above to @old, which has the tuple of @d. Returns whether
 * it serves as the expected connection; if not, it may have been killed. */
static bool expect_adopt(const struct vs_conn *cp, struct vs_conn *old,
			 const struct vs_expect_conf *d)
{
	bool unused = vs_proto_phase(old) == VS_PHASE_ENDING;

	if (old->dest == cp->dest && old->dport == d->dport &&
	    !(unused && expect_is_foreign(cp, old, d))) {
		if (unused)
			vs_proto_set_state(old, VS_TCP_S_LISTEN);
		/* It may have expired just now. */
		return !(READ_ONCE(old->st) & VS_ST_DEAD);
	}
	if (unused && expect_gives_way(cp, old, d))
		vs_conn_kill(old, VS_EV_CONN_KILLED);
	return false;
}

static struct vs_conn *expect_create(struct vs_conn *cp,
				     const struct vs_expect_conf *d)
{
	struct vs_conn_conf conf = {
		.caddr = d->client,
		.vaddr = vs_conn_addr(cp, VS_VADDR),
		.cport = d->cport,
		.vport = d->vport,
		.dport = d->dport,
		.af = cp->af,
		.proto = cp->proto,
		.st = d->cport ? 0 : VS_ST_ANY_CPORT,
		.fwmark = cp->fwmark,
		.dest = cp->dest,
		.control = cp,
	};
	struct vs_conn *exp = vs_conn_new(cp->vn, &conf);

	if (IS_ERR(exp))
		return exp;
	vs_event(cp->vn, VS_EV_DATA_EXPECTED);
	vs_proto_set_state(exp, VS_TCP_S_LISTEN);
	return exp;
}

/* A session expects one connection at a time: a client that negotiates anew has
 * given up the previous one. Kills it, unless it was opened or belongs to
 * another session by now, and remembers @d. */
static void expect_replace_last(struct vs_conn *cp, struct vs_app_session *s,
				const struct vs_expect_conf *d)
{
	const struct vs_expect_conf last = {
		.client = &s->expect_client,
		.cport = s->expect_cport,
		.vport = s->expect_vport,
	};
	struct vs_conn *old = NULL;

	if (last.vport && (last.vport != d->vport || last.cport != d->cport ||
			   !vs_addr_eq(cp->af, last.client, d->client)))
		old = expect_lookup_conf(cp, &last);
	if (old && old->control == cp && vs_conn_state(old) == VS_TCP_S_LISTEN)
		vs_conn_kill(old, VS_EV_CONN_KILLED);
	vs_addr_set(cp->af, &s->expect_client, d->client);
	s->expect_cport = d->cport;
	s->expect_vport = d->vport;
}

static void expect_relate(const struct vs_app_segment *t,
			  const struct vs_conn *exp,
			  const struct vs_expect_conf *d)
{
	if (likely(!(READ_ONCE(exp->st) & READ_ONCE(t->cp->st) & VS_ST_NFCT)))
		return;
	if (vs_conn_state(exp) == VS_TCP_S_LISTEN &&
	    expect_is_own(t->cp, d->client))
		vs_nfct_expect(t->skb, exp);
}

int vs_expect_new(struct vs_app_segment *t, const struct vs_expect_conf *d)
{
	struct vs_conn *cp = t->cp, *exp;

	vs_assert_packet_context();
	lockdep_assert_held(&cp->ext->app->lock);
	exp = expect_lookup_conf(cp, d);
	if (!exp || !expect_adopt(cp, exp, d)) {
		exp = expect_create(cp, d);
		if (IS_ERR(exp))
			return PTR_ERR(exp);
	}
	expect_replace_last(cp, t->s, d);
	expect_relate(t, exp, d);
	return 0;
}
EXPORT_SYMBOL_GPL(vs_expect_new);

/* Replaces @exp, expected from any port, by a connection from @p's port. The
 * new connection is created before @exp is killed, so that two CPUs with SYNs
 * from two ports cannot both succeed: the CPU that kills @exp wins, the other
 * one kills its new connection. */
static struct vs_conn *expect_replace_by(struct vs_pkt *p, struct vs_conn *exp)
{
	struct vs_conn_conf conf = {
		.caddr = &p->saddr,
		.vaddr = &p->daddr,
		.cport = p->sport,
		.vport = p->dport,
		.dport = exp->dport,
		.af = p->af,
		.proto = p->proto,
		.st = READ_ONCE(exp->st) & VS_ST_SYNCED,
		.fwmark = exp->fwmark,
		.dest = exp->dest,
		.control = exp->control,
		.ignore_limit = true,
	};
	struct vs_tuple k = {
		.saddr = &p->saddr, .daddr = &p->daddr,
		.sport = p->sport, .dport = p->dport,
		.af = p->af, .proto = p->proto,
	};
	struct vs_conn *cp = vs_conn_new(p->vn, &conf);

	/* Another CPU has handled the same SYN. */
	if (cp == ERR_PTR(-EEXIST))
		return expect_lookup(p->vn, &k);
	if (IS_ERR(cp)) {
		p->verdict = vs_drop(p, VS_DROP_NO_MEMORY);
		return NULL;
	}
	if (vs_conn_kill(exp, VS_EV_DATA_CONFIRMED))
		return cp;
	vs_conn_kill(cp, VS_EV_CONN_KILLED);
	return NULL;
}

struct vs_conn *vs_expect_confirm(struct vs_pkt *p)
{
	struct vs_tuple k = {
		.saddr = &p->saddr, .daddr = &p->daddr, .dport = p->dport,
		.af = p->af, .proto = p->proto,
	};
	struct vs_conn *exp;

	vs_assert_packet_context();
	p->verdict = NF_ACCEPT;
	if ((p->tcp & VS_TCP_FLAGS) != VS_TCP_SYN)
		return NULL;
	exp = expect_lookup(p->vn, &k);
	/* a received one may lack its destination */
	if (!exp || !(READ_ONCE(exp->st) & VS_ST_ANY_CPORT) || !exp->dest)
		return NULL;
	return expect_replace_by(p, exp);
}
