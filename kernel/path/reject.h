/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_REJECT_H
#define VS_REJECT_H

#include "path/pkt.h"

/*
 * ICMP errors that the director sends itself, to the sender of @p. The caller
 * still has to drop the packet. Context: RCU, BH disabled.
 */

/* No destination serves the port: port unreachable. */
void vs_reject_unreachable(struct vs_pkt *p);

/* Fragmentation needed or packet too big, with @mtu for the network packet. */
void vs_reject_too_big(struct vs_pkt *p, unsigned int mtu);

/* TTL or hop limit exceeded in transit; also counted as a header error (MIB
 * InHdrErrors), as by a router. May change skb->dev. */
void vs_reject_ttl(struct vs_pkt *p);

#endif /* VS_REJECT_H */
