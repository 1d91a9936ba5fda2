// SPDX-License-Identifier: GPL-2.0
/*
 * Keeps netfilter's connection tracking in step with our connections.
 *
 * A conntrack entry has an original and a reply tuple. conntrack derives the
 * latter by inverting the former, but the reply will come from the real server.
 * The reply tuple can be altered until the entry is confirmed, which happens
 * when the connection's first packet leaves the host.
 *
 * An expectation describes the first packet of an expected connection, so that
 * its entry becomes related to that of the control connection. Ours have no
 * callback: the reply tuple is altered as for any other entry, and no pointer
 * into the module can outlive it.
 */
#include <linux/ip_vs.h>
#include <net/net_namespace.h>
#include <net/netfilter/nf_conntrack.h>
#include <net/netfilter/nf_conntrack_core.h>
#include <net/netfilter/nf_conntrack_expect.h>
#include <net/netfilter/nf_conntrack_helper.h>
#include <net/netfilter/nf_conntrack_zones.h>

#include "conn/nfct.h"
#include "net.h"

static void nfct_set_addr(const struct vs_conn *cp, union nf_inet_addr *to,
			  int which)
{
	vs_addr_set(cp->af, to, vs_conn_addr(cp, which));
}

static bool nfct_has_ports(const struct nf_conntrack_tuple *t)
{
	return t->dst.protonum != IPPROTO_ICMP &&
	       t->dst.protonum != IPPROTO_ICMPV6;
}

/* The packet that has created @ct went in direction @dir: its reply comes from
 * the real server, or goes to the virtual address. */
static void nfct_alter_reply(struct nf_conn *ct, const struct vs_conn *cp,
			     enum vs_dir dir)
{
	struct nf_conntrack_tuple t = ct->tuplehash[IP_CT_DIR_REPLY].tuple;

	if (dir == VS_DIR_IN) {
		nfct_set_addr(cp, &t.src.u3, VS_DADDR);
		if (nfct_has_ports(&t))
			t.src.u.all = cp->dport;
	} else {
		nfct_set_addr(cp, &t.dst.u3, VS_VADDR);
		if (nfct_has_ports(&t))
			t.dst.u.all = cp->vport;
	}
	nf_conntrack_alter_reply(ct, &t);
}

static bool nfct_is_new(const struct nf_conn *ct)
{
	return !nf_ct_is_confirmed(ct) && !nf_ct_is_dying(ct);
}

void vs_nfct_follow(struct sk_buff *skb, const struct vs_conn *cp,
		    enum vs_dir dir)
{
	enum ip_conntrack_info info;
	struct nf_conn *ct = nf_ct_get(skb, &info);

	/* A one-packet connection gets no replies, and other methods do not
	 * translate. */
	if (!ct || !nfct_is_new(ct) || CTINFO2DIR(info) != IP_CT_DIR_ORIGINAL ||
	    cp->method != IP_VS_CONN_F_MASQ ||
	    READ_ONCE(cp->st) & VS_ST_ONE_PACKET)
		return;
	nfct_alter_reply(ct, cp, dir);
}

bool vs_nfct_confirm(struct sk_buff *skb)
{
	return nf_conntrack_confirm(skb) == NF_ACCEPT;
}

bool vs_nfct_is_confirmed(const struct sk_buff *skb)
{
	enum ip_conntrack_info info;
	const struct nf_conn *ct = nf_ct_get(skb, &info);

	return ct && nf_ct_is_confirmed(ct);
}

/* The tuple that conntrack sees in the first packet of @cp, an expected
 * connection: the client's, from any port (passive FTP), or the real server's
 * (active). It is the one that nf_conntrack_ftp would expect. nf_conntrack
 * replaces an equal expectation; one that merely overlaps would be refused, and
 * nf_conntrack_ftp would drop its packet. */
static struct nf_conntrack_tuple nfct_first_tuple(const struct vs_conn *cp)
{
	struct nf_conntrack_tuple t = {
		.src.l3num = cp->af,
		.dst.protonum = cp->proto,
	};
	bool passive = !cp->cport;

	nfct_set_addr(cp, &t.src.u3, passive ? VS_CADDR : VS_DADDR);
	nfct_set_addr(cp, &t.dst.u3, passive ? VS_VADDR : VS_CADDR);
	t.dst.u.all = passive ? cp->vport : cp->cport;
	return t;
}

static void nfct_unexpect(const struct vs_conn *cp,
			  const struct nf_conntrack_zone *zone)
{
	struct nf_conntrack_tuple t = nfct_first_tuple(cp);
	struct nf_conntrack_expect *exp;

	exp = nf_ct_expect_find_get(cp->vn->net, zone, &t);
	if (!exp)
		return;
	/* Keep expectations for any source and those of the administrator. */
	if (nf_inet_addr_cmp(&exp->tuple.src.u3, &t.src.u3) &&
	    !(exp->flags & (NF_CT_EXPECT_PERMANENT | NF_CT_EXPECT_USERSPACE)))
		nf_ct_unexpect_related(exp);
	nf_ct_expect_put(exp);
}

/* An expectation's timeout comes from its master's conntrack helper. */
static bool nfct_has_helper(const struct nf_conn *ct)
{
	const struct nf_conn_help *help = nfct_help(ct);

	return help && rcu_access_pointer(help->helper);
}

void vs_nfct_expect(const struct sk_buff *skb, const struct vs_conn *cp)
{
	struct nf_conntrack_tuple t = nfct_first_tuple(cp);
	struct nf_conntrack_expect *exp;
	enum ip_conntrack_info info;
	struct nf_conn *master = nf_ct_get(skb, &info);

	if (!master || !nfct_has_helper(master))
		return;
	/* Another session may have expected the same connection before. */
	nfct_unexpect(cp, nf_ct_zone(master));
	exp = nf_ct_expect_alloc(master);
	if (!exp)
		return;
	nf_ct_expect_init(exp, NF_CT_EXPECT_CLASS_DEFAULT, cp->af, &t.src.u3,
			  &t.dst.u3, cp->proto, NULL, &t.dst.u.all);
	nf_ct_expect_related(exp, 0);
	/* A CPU that has just killed @cp may have looked for the expectation
	 * before it was inserted. Full barrier between the insertion and the
	 * read, pairs with the cmpxchg in vs_conn_kill() and vs_conn_expire()
	 * before vs_nfct_unexpect(): either that finds the expectation, or we
	 * see that @cp is dead. */
	smp_mb();
	if (READ_ONCE(cp->st) & VS_ST_DEAD)
		nf_ct_unexpect_related(exp);
	nf_ct_expect_put(exp);
}

/* Whether @cp may have an expectation: it was negotiated by its own client and
 * has not been opened. */
static bool nfct_may_be_expected(const struct vs_conn *cp)
{
	const struct vs_conn *control = cp->control;

	return control && READ_ONCE(control->st) & VS_ST_APP &&
	       vs_conn_state(cp) == VS_TCP_S_LISTEN &&
	       vs_addr_eq(cp->af, vs_conn_addr(control, VS_CADDR),
			  vs_conn_addr(cp, VS_CADDR));
}

void vs_nfct_unexpect(const struct vs_conn *cp)
{
	if (nfct_may_be_expected(cp))
		nfct_unexpect(cp, &nf_ct_zone_dflt);
}

void vs_nfct_kill(const struct vs_conn *cp)
{
	struct nf_conntrack_tuple t = {
		.src.u.all = cp->cport,
		.src.l3num = cp->af,
		.dst.u.all = cp->vport,
		.dst.protonum = cp->proto,
		.dst.dir = IP_CT_DIR_ORIGINAL,
	};
	struct nf_conntrack_tuple_hash *h;
	struct nf_conn *ct;

	/* When the namespace exits, conntrack deletes its entries; when the
	 * module is unloaded, they stay. */
	if (!cp->cport || READ_ONCE(cp->vn->exiting))
		return;
	nfct_set_addr(cp, &t.src.u3, VS_CADDR);
	nfct_set_addr(cp, &t.dst.u3, VS_VADDR);
	h = nf_conntrack_find_get(cp->vn->net, &nf_ct_zone_dflt, &t);
	if (!h)
		return;
	ct = nf_ct_tuplehash_to_ctrack(h);
	nf_ct_kill(ct);
	nf_ct_put(ct);
}
