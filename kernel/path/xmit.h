/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_XMIT_H
#define VS_XMIT_H

#include "conn/conn.h"
#include "path/pkt.h"

/*
 * Each of these finishes with the packet: NF_ACCEPT if the packet continues
 * through its hook, NF_STOLEN if it was sent or dropped. A drop is
 * counted, and a local sender's system call does not fail. Context: RCU, BH
 * disabled.
 */

/* Forwards a client's packet by the connection's forwarding method. NF_ACCEPT:
 * to the local stack. */
unsigned int vs_xmit_in(struct vs_pkt *p, struct vs_conn *cp);

/* Rewrites the source of a real server's reply to the virtual address and,
 * where needed, routes the reply again. */
unsigned int vs_xmit_out(struct vs_pkt *p, struct vs_conn *cp);

/* The same for an ICMP error @p about the packet @in of @cp, which is embedded
 * in it. */
unsigned int vs_xmit_icmp_in(struct vs_pkt *p, const struct vs_pkt *in,
			     struct vs_conn *cp);
unsigned int vs_xmit_icmp_out(struct vs_pkt *p, const struct vs_pkt *in,
			      struct vs_conn *cp);

/* Marks @skb as processed: the hooks that it still passes ignore it. */
static inline void vs_skb_mark_owned(struct sk_buff *skb)
{
	skb->ipvs_property = 1;
}

#endif /* VS_XMIT_H */
