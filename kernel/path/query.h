/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_QUERY_H
#define VS_QUERY_H

#include "types.h"

/**
 * struct vs_query - properties of a packet's connection, for other modules
 * @proto:	transport protocol
 * @vaddr:	virtual address, of the packet's family
 * @vport:	virtual port
 * @method:	IP_VS_CONN_F_MASQ, ...
 * @controlled:	controlled by a template or by an app's control connection
 * @control_vport: virtual port of that
 */
struct vs_query {
	u8 proto;
	union nf_inet_addr vaddr;
	__be16 vport;
	u8 method;
	bool controlled;
	__be16 control_vport;
};

/**
 * vs_query_skb - query the connection of a packet on its way to a real server
 * @net: namespace
 * @skb: packet with skb->data at the network header; not modified
 * @af: address family
 * @q: filled in on success
 *
 * Context: RCU.
 * Return: false unless @skb is a client's packet that is being forwarded. False
 * for a tunnel packet, too: its addresses are those of the tunnel.
 */
bool vs_query_skb(const struct net *net, const struct sk_buff *skb, u8 af,
		  struct vs_query *q);

#endif /* VS_QUERY_H */
