/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_ICMP_H
#define VS_ICMP_H

#include "path/pkt.h"

/* An ICMP or ICMPv6 packet at one of the hooks: errors about packets of our
 * connections are rewritten and sent on, anything else is accepted. */
unsigned int vs_icmp_in(struct vs_pkt *p);	/* from a client or a router */
unsigned int vs_icmp_out(struct vs_pkt *p);	/* from a real server's side */

/* Tells the sender of @p that nobody serves the port. */
void vs_icmp_unreachable(struct vs_pkt *p);

#endif /* VS_ICMP_H */
