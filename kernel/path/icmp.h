/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_ICMP_H
#define VS_ICMP_H

#include "path/pkt.h"

/*
 * An ICMP or ICMPv6 packet at one of the hooks. An error about a packet of a
 * connection is rewritten and forwarded; anything else gets NF_ACCEPT.
 * Context: RCU, BH disabled.
 */

/* A packet from a client or a router: an error is about a real server's packet
 * or about a tunnel packet that the director sent. */
unsigned int vs_icmp_in(struct vs_pkt *p);

/* A packet from a real server or a router on its side: an error is about a
 * client's packet. */
unsigned int vs_icmp_out(struct vs_pkt *p);

#endif /* VS_ICMP_H */
