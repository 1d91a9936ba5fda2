/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_ENCAP_H
#define VS_ENCAP_H

#include "pkt.h"
#include "route.h"

/* Whether @dest's kind of tunnel is one that vs_encap() can make. */
bool vs_encap_supported(const struct vs_dest *dest);

/* Bytes that forwarding through @dest's tunnel adds in front of the packet. */
unsigned int vs_encap_overhead(const struct vs_pkt *p, const struct vs_dest *dest);

/* Puts the outer header(s) in front of @p for @dest over @rt; makes room,
 * keeps GSO. skb->data is then the outer header, so that p->l3 and p->l4 no
 * longer hold. false: failed, p->skb is still to be freed. */
bool vs_encap(struct vs_pkt *p, const struct vs_dest *dest,
	      const struct vs_route *rt);

#endif /* VS_ENCAP_H */
