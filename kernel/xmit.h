/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_XMIT_H
#define VS_XMIT_H

#include "conn.h"
#include "pkt.h"

/* Forwards a client's packet by the connection's method: NF_STOLEN when it
 * went out, NF_ACCEPT when the local stack is to have it, else NF_DROP
 * (counted). BH disabled, RCU. The skb may have moved. */
unsigned int vs_xmit_in(struct vs_pkt *p, struct vs_conn *cp);

/* Rewrites a real server's reply so that it comes from the virtual address
 * and lets it go on: NF_ACCEPT or NF_DROP (counted). */
unsigned int vs_xmit_reply(struct vs_pkt *p, struct vs_conn *cp);

/* Marks @skb as seen, so that the hooks it still passes leave it alone. */
static inline void vs_skb_mark_owned(struct sk_buff *skb)
{
	skb->ipvs_property = 1;
}

#endif /* VS_XMIT_H */
