// SPDX-License-Identifier: GPL-2.0
/*
 * netfilter's connection tracking, kept in step with our connections.
 *
 * An entry has two tuples: what the client sends, and what the answer will be.
 * The second one is guessed from the first, and we know better: the answer comes
 * from the real server. It can be set for as long as the entry is not confirmed,
 * which is until the connection's first packet leaves the host.
 */
#include <linux/ip_vs.h>
#include <net/net_namespace.h>
#include <net/netfilter/nf_conntrack.h>
#include <net/netfilter/nf_conntrack_core.h>
#include <net/netfilter/nf_conntrack_zones.h>

#include "conntrack.h"
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

void vs_ct_follow(struct sk_buff *skb, const struct vs_conn *cp,
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

bool vs_ct_confirm(struct sk_buff *skb)
{
	return nf_conntrack_confirm(skb) == NF_ACCEPT;
}

bool vs_ct_is_old(const struct sk_buff *skb)
{
	enum ip_conntrack_info info;
	const struct nf_conn *ct = nf_ct_get(skb, &info);

	return ct && nf_ct_is_confirmed(ct);
}

void vs_ct_kill(const struct vs_conn *cp)
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
