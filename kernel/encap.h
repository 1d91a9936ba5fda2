/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_ENCAP_H
#define VS_ENCAP_H

#include "pkt.h"
#include "route.h"

/* Bytes that forwarding through @dest's tunnel adds in front of the packet. */
unsigned int vs_encap_overhead(const struct vs_pkt *p, const struct vs_dest *dest);

/* Puts the outer header(s) in front of @p for @dest over @rt; makes room,
 * keeps GSO. skb->data is then the outer header. The skb may be replaced:
 * p->skb is right afterwards. false: failed, p->skb is still to be freed. */
bool vs_encap(struct vs_pkt *p, const struct vs_dest *dest,
	      const struct vs_route *rt);

#endif /* VS_ENCAP_H */
