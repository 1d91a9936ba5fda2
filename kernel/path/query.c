// SPDX-License-Identifier: GPL-2.0
/*
 * Queries of the connection table for other modules.
 */
#include <linux/export.h>
#include <linux/ip_vs.h>

#include "net.h"
#include "path/lookup.h"
#include "path/query.h"

/* After NAT the packet is the reverse of a reply from the real server; with the
 * other forwarding methods the client's packet is unchanged. */
static struct vs_conn *lookup_forwarded(const struct vs_pkt *p)
{
	struct vs_conn *cp;
	enum vs_dir dir;

	cp = vs_lookup_reverse(p, &dir);
	if (cp && dir == VS_DIR_OUT && cp->method == IP_VS_CONN_F_MASQ)
		return cp;
	cp = vs_lookup_client(p);
	return cp && cp->method != IP_VS_CONN_F_MASQ ? cp : NULL;
}

bool vs_query_skb(const struct net *net, const struct sk_buff *skb, u8 af,
		  struct vs_query *q)
{
	struct vs_pkt p = {
		.skb = (struct sk_buff *)skb,	/* only read */
		.vn = vs_net(net),
		.af = af,
	};
	const struct vs_conn *cp, *control;

	if (vs_pkt_parse(&p, 0) != VS_PARSE_OK)
		return false;
	cp = lookup_forwarded(&p);
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
