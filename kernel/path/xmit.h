/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_XMIT_H
#define VS_XMIT_H

#include "conn/conn.h"
#include "path/pkt.h"

/* Forwards a client's packet by the connection's method: NF_ACCEPT when the
 * local stack is to have it, else NF_STOLEN: it went out, or was dropped
 * (counted) without an error for its sender's socket. BH disabled, RCU. */
unsigned int vs_xmit_in(struct vs_pkt *p, struct vs_conn *cp);

/* Rewrites a real server's reply so that it comes from the virtual address
 * and lets it go on: NF_ACCEPT, or NF_STOLEN when it was dropped (counted). */
unsigned int vs_xmit_out(struct vs_pkt *p, struct vs_conn *cp);

/* The same for ICMP errors about a packet of @cp: @p is the error, @in the
 * packet embedded in it. */
unsigned int vs_xmit_icmp_in(struct vs_pkt *p, const struct vs_pkt *in,
			     struct vs_conn *cp);
unsigned int vs_xmit_icmp_out(struct vs_pkt *p, const struct vs_pkt *in,
				struct vs_conn *cp);

/* Marks @skb as seen, so that the hooks it still passes leave it alone. */
static inline void vs_skb_mark_owned(struct sk_buff *skb)
{
	skb->ipvs_property = 1;
}

#endif /* VS_XMIT_H */
