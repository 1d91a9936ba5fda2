/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_BYSTANDER_H
#define VS_BYSTANDER_H

#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <net/ip.h>
#include <net/ipv6.h>

#include "conn/filter.h"
#include "net.h"
#include "path/pkt.h"

/* Whether the TCP header at @off is that of the first segment of a
 * connection. */
static inline bool vs_skb_is_syn(const struct sk_buff *skb, unsigned int off)
{
	const struct tcphdr *th;
	struct tcphdr buf;

	th = skb_header_pointer(skb, off, sizeof(buf), &buf);
	return th && (tcp_flag_word(th) & (TCP_FLAG_SYN | TCP_FLAG_ACK |
					   TCP_FLAG_RST | TCP_FLAG_FIN)) ==
		     TCP_FLAG_SYN;
}

/**
 * vs_pkt_is_bystander - test whether neither address is of interest
 * @p: packet with @skb, @vn, @af and @hook set; not parsed yet
 *
 * Runs for every packet that passes a hook, with three bitmap tests (see struct
 * vs_filter). ICMP is never a bystander: what matters is the packet embedded in
 * the error, and IPv6 extension headers may hide the ICMPv6 header. Of the
 * packets that are forwarded to a real server's own address only a SYN matters,
 * see vs_reuse_end_direct().
 *
 * Return: true if the packet does not concern the director.
 */
static inline bool vs_pkt_is_bystander(const struct vs_pkt *p)
{
	const struct vs_net *vn = p->vn;
	union nf_inet_addr saddr, daddr;
	unsigned int tcp = 0;	/* offset of a TCP header */

	if (p->af == AF_INET6) {
		const struct ipv6hdr *iph = ipv6_hdr(p->skb);

		if (iph->nexthdr == IPPROTO_ICMPV6 ||
		    ipv6_ext_hdr(iph->nexthdr))
			return false;
		if (iph->nexthdr == IPPROTO_TCP)
			tcp = sizeof(*iph);
		saddr.in6 = iph->saddr;
		daddr.in6 = iph->daddr;
	} else {
		const struct iphdr *iph = ip_hdr(p->skb);

		if (iph->protocol == IPPROTO_ICMP)
			return false;
		if (iph->protocol == IPPROTO_TCP && !ip_is_fragment(iph))
			tcp = iph->ihl * 4;
		saddr.ip = iph->saddr;
		daddr.ip = iph->daddr;
	}
	if (vs_filter_has(vn->filter.real, p->af, &saddr))
		return false;
	if (p->hook == NF_INET_FORWARD) {
		if (unlikely(vs_filter_has(vn->filter.real, p->af, &daddr)) &&
		    tcp && vs_skb_is_syn(p->skb, tcp))
			return false;
	} else if (vs_filter_has(vn->filter.vip, p->af, &daddr) ||
		   (p->skb->mark &&
		    READ_ONCE(vn->config.num_fwmark[vs_af_index(p->af)]))) {
		return false;
	}
	return !vs_filter_has(vn->filter.vip, p->af, &saddr);
}

#endif /* VS_BYSTANDER_H */
