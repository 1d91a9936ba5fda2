// SPDX-License-Identifier: GPL-2.0
/*
 * netfilter's connection tracking, kept in step with our connections.
 *
 * An entry has two tuples: what the client sends, and what the answer will be.
 * The second one is guessed from the first, and we know better: the answer
 * comes from the real server. It can be set for as long as the entry is not
 * confirmed, which is until the connection's first packet leaves the host.
 *
 * An expectation says so much of an announced connection's first packet that
 * the entry it gets is related to the control connection's. It has no callback:
 * the answer is set as for all others, and nothing that outlives us leads here.
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

static void set_addr(const struct vs_conn *cp, union nf_inet_addr *to,
		     int which)
{
	vs_addr_set(cp->af, to, vs_conn_addr(cp, which));
}

static bool has_ports(const struct nf_conntrack_tuple *t)
{
	return t->dst.protonum != IPPROTO_ICMP &&
	       t->dst.protonum != IPPROTO_ICMPV6;
}

/* The first packet of the new entry @ct went in direction @dir: the answer will
 * come from the real server, or go to the virtual address. */
static void set_reply(struct nf_conn *ct, const struct vs_conn *cp,
		      enum vs_dir dir)
{
	struct nf_conntrack_tuple t = ct->tuplehash[IP_CT_DIR_REPLY].tuple;

	if (dir == VS_DIR_IN) {
		set_addr(cp, &t.src.u3, VS_DADDR);
		if (has_ports(&t))
			t.src.u.all = cp->dport;
	} else {
		set_addr(cp, &t.dst.u3, VS_VADDR);
		if (has_ports(&t))
			t.dst.u.all = cp->vport;
	}
	nf_conntrack_alter_reply(ct, &t);
}

static bool is_new(const struct nf_conn *ct)
{
	return !nf_ct_is_confirmed(ct) && !nf_ct_is_dying(ct);
}

void vs_nfct_follow(struct sk_buff *skb, const struct vs_conn *cp,
		  enum vs_dir dir)
{
	enum ip_conntrack_info info;
	struct nf_conn *ct = nf_ct_get(skb, &info);

	/* nobody answers a one-packet connection; other methods change nothing */
	if (!ct || !is_new(ct) || CTINFO2DIR(info) != IP_CT_DIR_ORIGINAL ||
	    cp->method != IP_VS_CONN_F_MASQ ||
	    READ_ONCE(cp->st) & VS_ST_ONE_PACKET)
		return;
	set_reply(ct, cp, dir);
}

bool vs_nfct_confirm(struct sk_buff *skb)
{
	return nf_conntrack_confirm(skb) == NF_ACCEPT;
}

bool vs_nfct_is_old(const struct sk_buff *skb)
{
	enum ip_conntrack_info info;
	const struct nf_conn *ct = nf_ct_get(skb, &info);

	return ct && nf_ct_is_confirmed(ct);
}

/* What is known of the first packet of @cp, which was announced: the client's,
 * from any port, or the real server's. As the kernel's own FTP helper puts it:
 * the same expectation takes the place of the other, a similar one would be
 * refused, and the helper would drop its packet. */
static struct nf_conntrack_tuple first_packet(const struct vs_conn *cp)
{
	struct nf_conntrack_tuple t = {
		.src.l3num = cp->af,
		.dst.protonum = cp->proto,
	};
	bool passive = !cp->cport;

	set_addr(cp, &t.src.u3, passive ? VS_CADDR : VS_DADDR);
	set_addr(cp, &t.dst.u3, passive ? VS_VADDR : VS_CADDR);
	t.dst.u.all = passive ? cp->vport : cp->cport;
	return t;
}

static void unexpect(const struct vs_conn *cp,
		     const struct nf_conntrack_zone *zone)
{
	struct nf_conntrack_tuple t = first_packet(cp);
	struct nf_conntrack_expect *exp;

	exp = nf_ct_expect_find_get(cp->vn->net, zone, &t);
	if (!exp)
		return;
	/* neither one for everybody, nor an administrator's */
	if (nf_inet_addr_cmp(&exp->tuple.src.u3, &t.src.u3) &&
	    !(exp->flags & (NF_CT_EXPECT_PERMANENT | NF_CT_EXPECT_USERSPACE)))
		nf_ct_unexpect_related(exp);
	nf_ct_expect_put(exp);
}

/* Its helper says how long an expectation stays. */
static bool has_helper(const struct nf_conn *ct)
{
	const struct nf_conn_help *help = nfct_help(ct);

	return help && rcu_access_pointer(help->helper);
}

void vs_nfct_expect(const struct sk_buff *skb, const struct vs_conn *cp)
{
	struct nf_conntrack_tuple t = first_packet(cp);
	struct nf_conntrack_expect *exp;
	enum ip_conntrack_info info;
	struct nf_conn *master = nf_ct_get(skb, &info);

	if (!master || !has_helper(master))
		return;
	/* another session's, which announced the same: this one is later */
	unexpect(cp, nf_ct_zone(master));
	exp = nf_ct_expect_alloc(master);
	if (!exp)
		return;
	nf_ct_expect_init(exp, NF_CT_EXPECT_CLASS_DEFAULT, cp->af, &t.src.u3,
			  &t.dst.u3, cp->proto, NULL, &t.dst.u.all);
	nf_ct_expect_related(exp, 0);
	/* whoever kills @cp may have looked too early */
	if (READ_ONCE(cp->st) & VS_ST_DEAD)
		nf_ct_unexpect_related(exp);
	nf_ct_expect_put(exp);
}

/* Announced by its own client, and did not come. */
static bool is_awaited(const struct vs_conn *cp)
{
	const struct vs_conn *control = cp->control;

	return control && READ_ONCE(control->st) & VS_ST_APP &&
	       vs_conn_state(cp) == VS_TCP_S_LISTEN &&
	       vs_addr_eq(cp->af, vs_conn_addr(control, VS_CADDR),
			  vs_conn_addr(cp, VS_CADDR));
}

void vs_nfct_unexpect(const struct vs_conn *cp)
{
	if (is_awaited(cp))
		unexpect(cp, &nf_ct_zone_dflt);
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

	/* the namespace's entries go anyway, or outlive the module */
	if (!cp->cport || READ_ONCE(cp->vn->exiting))
		return;
	set_addr(cp, &t.src.u3, VS_CADDR);
	set_addr(cp, &t.dst.u3, VS_VADDR);
	h = nf_conntrack_find_get(cp->vn->net, &nf_ct_zone_dflt, &t);
	if (!h)
		return;
	ct = nf_ct_tuplehash_to_ctrack(h);
	nf_ct_kill(ct);
	nf_ct_put(ct);
}
