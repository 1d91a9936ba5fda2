/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_ENCAP_H
#define VS_ENCAP_H

#include "path/pkt.h"
#include "path/route.h"

struct net;

/**
 * struct vs_tunnel - encapsulation of one packet
 * @net:	network namespace; set by the caller
 * @df:		an outer IPv4 header inherits DF from an inner one; set by the
 *		caller
 * @type:	IP_VS_CONN_F_TUNNEL_TYPE_*
 * @csum:	the outer UDP or GRE header carries a checksum
 * @remcsum:	GUE remote checksum offload of the inner checksum
 * @port:	GUE: destination port, network order
 * @overhead:	length of all headers to push, outer IP header included
 *
 * A snapshot of the settings, which may be edited concurrently: vs_encap_plan()
 * reads the destination's once.
 */
struct vs_tunnel {
	struct net *net;
	bool df;
	u8 type;
	bool csum;
	bool remcsum;
	__be16 port;
	unsigned int overhead;
};

/**
 * vs_encap_plan - decide how to encapsulate a packet
 * @tun: @net and @df are set; the other fields are filled in
 * @p: packet; its ip_summed decides on @remcsum
 * @dest: destination, forwarding method tunnel
 */
void vs_encap_plan(struct vs_tunnel *tun, const struct vs_pkt *p,
		   const struct vs_dest *dest);

/**
 * vs_encap - push the outer headers
 * @p: packet; its headroom is expanded as needed, GSO is kept
 * @tun: from vs_encap_plan()
 * @dest: destination
 * @rt: route to @dest
 *
 * On return skb->data is at the outer header: @p->l3 and @p->l4 are invalid.
 *
 * Context: RCU.
 * Return: false on failure; the skb is the caller's to free.
 */
bool vs_encap(struct vs_pkt *p, const struct vs_tunnel *tun,
	      const struct vs_dest *dest, const struct vs_route *rt);

#endif /* VS_ENCAP_H */
