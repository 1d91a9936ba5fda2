/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_ENCAP_H
#define VS_ENCAP_H

#include "path/pkt.h"
#include "path/route.h"

/**
 * struct vs_tunnel - how one packet is wrapped
 * @type:	IP_VS_CONN_F_TUNNEL_TYPE_*
 * @csum:	the outer UDP or GRE header carries a checksum
 * @remcsum:	GUE tells the other end to complete the inner checksum
 * @port:	GUE: the other end's port, network order
 * @overhead:	bytes in front of the packet, outer IP header and all
 *
 * The destination may be edited meanwhile: its settings are read once.
 */
struct vs_tunnel {
	u8 type;
	bool csum;
	bool remcsum;
	__be16 port;
	unsigned int overhead;
};

/* How @p goes to @dest. Reads whether @p's checksum is still to be made. */
void vs_tunnel_plan(struct vs_tunnel *tun, const struct vs_pkt *p,
		    const struct vs_dest *dest);

/* Puts the outer header(s) in front of @p for @dest over @rt; makes room,
 * keeps GSO. skb->data is then the outer header, so that p->l3 and p->l4 no
 * longer hold. false: failed, p->skb is still to be freed. */
bool vs_encap(struct vs_pkt *p, const struct vs_tunnel *tun,
	      const struct vs_dest *dest, const struct vs_route *rt);

#endif /* VS_ENCAP_H */
