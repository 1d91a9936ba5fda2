/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_QUERY_H
#define VS_QUERY_H

#include "types.h"

/**
 * struct vs_query - what other modules may know of a packet's connection
 * @proto:	transport protocol
 * @vaddr:	virtual address, of the packet's family
 * @vport:	virtual port
 * @method:	IP_VS_CONN_F_MASQ, ...
 * @controlled:	a persistence template steers it
 * @control_vport: virtual port of that template
 */
struct vs_query {
	u8 proto;
	union nf_inet_addr vaddr;
	__be16 vport;
	u8 method;
	bool controlled;
	__be16 control_vport;
};

/* RCU. Whether @skb, with skb->data at the network header, is a client's packet
 * on its way to a real server, and what of. Packets of a tunnel are not: their
 * addresses are the tunnel's. */
bool vs_query_skb(const struct net *net, const struct sk_buff *skb, u8 af,
		  struct vs_query *q);

#endif /* VS_QUERY_H */
