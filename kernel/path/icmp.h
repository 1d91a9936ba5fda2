/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_ICMP_H
#define VS_ICMP_H

#include "path/pkt.h"

/*
 * An ICMP or ICMPv6 packet at one of the hooks. An error about a packet of a
 * connection is rewritten and forwarded; anything else gets NF_ACCEPT.
 * Context: RCU, BH disabled.
 */

/* From a client or a router, about what a real server sent; or about a tunnel
 * packet that the director sent. */
unsigned int vs_icmp_in(struct vs_pkt *p);

/* From a real server or a router on its side, about what a client sent. */
unsigned int vs_icmp_out(struct vs_pkt *p);

#endif /* VS_ICMP_H */
