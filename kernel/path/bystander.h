/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_BYSTANDER_H
#define VS_BYSTANDER_H

#include <linux/ip.h>
#include <linux/ipv6.h>
#include <net/ipv6.h>

#include "conn/filter.h"
#include "net.h"
#include "path/pkt.h"

/**
 * vs_pkt_is_bystander - test whether neither address is of interest
 * @p: packet with @skb, @vn, @af and @hook set; not parsed yet
 *
 * Runs for every packet that passes a hook, with two or three bitmap tests (see
 * struct vs_filter). ICMP is never a bystander: what matters is the packet
 * embedded in the error, and IPv6 extension headers may hide the ICMPv6 header.
 *
 * Return: true if the packet does not concern the director.
 */
static inline bool vs_pkt_is_bystander(const struct vs_pkt *p)
{
	const struct vs_net *vn = p->vn;
	union nf_inet_addr saddr, daddr;

	if (p->af == AF_INET6) {
		const struct ipv6hdr *iph = ipv6_hdr(p->skb);

		if (iph->nexthdr == IPPROTO_ICMPV6 ||
		    ipv6_ext_hdr(iph->nexthdr))
			return false;
		saddr.in6 = iph->saddr;
		daddr.in6 = iph->daddr;
	} else {
		const struct iphdr *iph = ip_hdr(p->skb);

		if (iph->protocol == IPPROTO_ICMP)
			return false;
		saddr.ip = iph->saddr;
		daddr.ip = iph->daddr;
	}
	if (vs_filter_has(vn->filter.real, p->af, &saddr))
		return false;
	if (p->hook != NF_INET_FORWARD &&
	    (vs_filter_has(vn->filter.vip, p->af, &daddr) ||
	     (p->skb->mark &&
	      READ_ONCE(vn->config.num_fwmark[vs_af_index(p->af)]))))
		return false;
	return !vs_filter_has(vn->filter.vip, p->af, &saddr);
}

#endif /* VS_BYSTANDER_H */
