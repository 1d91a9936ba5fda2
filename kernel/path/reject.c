// SPDX-License-Identifier: GPL-2.0
/*
 * ICMP errors that the director sends itself. Errors that it relays for others
 * are in icmp.c.
 */
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/netdevice.h>
#include <net/addrconf.h>
#include <net/icmp.h>
#include <net/ip.h>
#include <net/ipv6.h>

#include "net.h"
#include "path/reject.h"

/* icmpv6_send() reads skb->dev; a packet sent from here has none. */
static void skb_need_dev(struct vs_pkt *p)
{
	if (!p->skb->dev)
		p->skb->dev = p->vn->net->loopback_dev;
}

void vs_reject_unreachable(struct vs_pkt *p)
{
	vs_event(p->vn, VS_EV_UNREACHABLE_SENT);
	if (p->af == AF_INET6) {
		skb_need_dev(p);
		icmpv6_send(p->skb, ICMPV6_DEST_UNREACH, ICMPV6_PORT_UNREACH,
			    0);
	} else {
		icmp_send(p->skb, ICMP_DEST_UNREACH, ICMP_PORT_UNREACH, 0);
	}
}

void vs_reject_too_big(struct vs_pkt *p, unsigned int mtu)
{
	if (p->af == AF_INET6) {
		skb_need_dev(p);
		icmpv6_send(p->skb, ICMPV6_PKT_TOOBIG, 0, mtu);
	} else {
		icmp_send(p->skb, ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED,
			  htonl(mtu));
	}
}

void vs_reject_ttl(struct vs_pkt *p)
{
	struct sk_buff *skb = p->skb;

	if (p->af == AF_INET6) {
		__IP6_INC_STATS(p->vn->net, __in6_dev_get_safely(skb->dev),
				IPSTATS_MIB_INHDRERRORS);
		/* The source address is chosen from the device of the packet's
		 * present route, as the kernel's ip_vs does. */
		skb->dev = skb_dst_dev_rcu(skb);
		icmpv6_send(skb, ICMPV6_TIME_EXCEED, ICMPV6_EXC_HOPLIMIT, 0);
	} else {
		__IP_INC_STATS(p->vn->net, IPSTATS_MIB_INHDRERRORS);
		icmp_send(skb, ICMP_TIME_EXCEEDED, ICMP_EXC_TTL, 0);
	}
}
