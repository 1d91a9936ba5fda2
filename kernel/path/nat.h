/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_NAT_H
#define VS_NAT_H

#include "conn/conn.h"
#include "path/pkt.h"

/* Rewrite addresses and ports of @p (at p->l3, p->l4) with incremental
 * checksums, whatever the CHECKSUM_* mode and GSO type. These are the only
 * functions that edit a forwarded packet's addresses and ports. They make the
 * headers writable themselves: the skb's data may move. false: not possible
 * (counted by the caller). */
bool vs_nat_in(struct vs_pkt *p, struct vs_conn *cp);	/* daddr, dport */
bool vs_nat_out(struct vs_pkt *p, struct vs_conn *cp);	/* saddr, sport */

/* The same for the ICMP error @p, which travels in direction @dir: its own
 * address, and the mirrored ones of @in, the packet embedded in it. */
bool vs_nat_icmp(struct vs_pkt *p, const struct vs_pkt *in,
		 struct vs_conn *cp, enum vs_dir dir);

#endif /* VS_NAT_H */
