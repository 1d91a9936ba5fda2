// SPDX-License-Identifier: GPL-2.0
/*
 * What other modules may ask of the connection table.
 */
#include <linux/export.h>
#include <linux/ip_vs.h>

#include "conn/table.h"
#include "net.h"
#include "path/pkt.h"
#include "path/query.h"

/* Translated, the packet is the reverse of a reply of the real server; by the
 * other methods it is still as the client sent it. */
static struct vs_conn *find_sent(struct vs_pkt *p)
{
	struct vs_tuple reverse = {
		.saddr = &p->daddr, .daddr = &p->saddr,
		.sport = p->dport, .dport = p->sport,
		.af = p->af, .proto = p->proto,
	};
	struct vs_conn *cp;
	enum vs_dir dir;

	cp = vs_table_lookup(&p->vn->table, &reverse, &dir);
	if (cp && dir == VS_DIR_OUT && cp->method == IP_VS_CONN_F_MASQ)
		return cp;
	cp = vs_conn_lookup_in(p);
	return cp && cp->method != IP_VS_CONN_F_MASQ ? cp : NULL;
}

bool vs_query_skb(const struct net *net, const struct sk_buff *skb, u8 af,
		  struct vs_query *q)
{
	struct vs_pkt p = {
		.skb = (struct sk_buff *)skb,	/* to be read only */
		.vn = vs_net(net),
		.af = af,
	};
	const struct vs_conn *cp, *control;

	if (vs_pkt_parse(&p, 0) != VS_PARSE_OK)
		return false;
	cp = find_sent(&p);
	if (!cp)
		return false;
	q->proto = p.proto;
	vs_addr_set(af, &q->vaddr, vs_conn_addr(cp, VS_VADDR));
	q->vport = cp->vport;
	q->method = cp->method;
	control = READ_ONCE(cp->control);
	q->controlled = control;
	q->control_vport = control ? control->vport : 0;
	return true;
}
EXPORT_SYMBOL_GPL(vs_query_skb);
