// SPDX-License-Identifier: GPL-2.0
/*
 * What a router does beside choosing the way: time to live and packet size,
 * and telling the sender.
 */
#include <linux/icmpv6.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <net/addrconf.h>
#include <net/icmp.h>
#include <net/ip.h>
#include <net/ipv6.h>

#include "compat/gso.h"
#include "net.h"
#include "path/mtu.h"

/* GSO packets count by the size of the segments they will become. */
static bool is_longer(const struct sk_buff *skb, unsigned int mtu)
{
	return skb->len > mtu &&
	       !(skb_is_gso(skb) && skb_gso_validate_network_len(skb, mtu));
}

static bool fits4(struct vs_pkt *p, unsigned int mtu)
{
	struct sk_buff *skb = p->skb;

	if (likely(!is_longer(skb, mtu)) || p->proto == IPPROTO_ICMP ||
	    !(ip_hdr(skb)->frag_off & htons(IP_DF)))
		return true;
	icmp_send(skb, ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED, htonl(mtu));
	return false;
}

/* Packets put together by conntrack's defragmentation leave in fragments of
 * their original size: that is the size that counts. */
static bool fits6(struct vs_pkt *p, unsigned int mtu)
{
	struct sk_buff *skb = p->skb;
	unsigned int frag_max = IP6CB(skb)->frag_max_size;

	if (likely(frag_max ? frag_max <= mtu : !is_longer(skb, mtu)))
		return true;
	if (!skb->dev)
		skb->dev = p->vn->net->loopback_dev;
	if (!p->later_frag && p->proto != IPPROTO_ICMPV6)
		icmpv6_send(skb, ICMPV6_PKT_TOOBIG, 0, mtu);
	return false;
}

bool vs_mtu_fits(struct vs_pkt *p, unsigned int mtu)
{
	return p->af == AF_INET6 ? fits6(p, mtu) : fits4(p, mtu);
}

static void expired6(struct vs_pkt *p)
{
	struct sk_buff *skb = p->skb;
	struct inet6_dev *idev = __in6_dev_get_safely(skb->dev);

	__IP6_INC_STATS(p->vn->net, idev, IPSTATS_MIB_INHDRERRORS);
	/* the answer comes from an address of the way the packet came */
	skb->dev = skb_dst_dev_rcu(skb);
	icmpv6_send(skb, ICMPV6_TIME_EXCEED, ICMPV6_EXC_HOPLIMIT, 0);
}

static enum vs_counter ttl_dec6(struct vs_pkt *p)
{
	if (ipv6_hdr(p->skb)->hop_limit <= 1) {
		expired6(p);
		return VS_DROP_TTL;
	}
	if (!vs_pkt_writable(p, sizeof(struct ipv6hdr)))
		return VS_DROP_HEADROOM;
	ipv6_hdr(p->skb)->hop_limit--;
	return VS_COUNTER_NONE;
}

static enum vs_counter ttl_dec4(struct vs_pkt *p)
{
	if (ip_hdr(p->skb)->ttl <= 1) {
		__IP_INC_STATS(p->vn->net, IPSTATS_MIB_INHDRERRORS);
		icmp_send(p->skb, ICMP_TIME_EXCEEDED, ICMP_EXC_TTL, 0);
		return VS_DROP_TTL;
	}
	if (!vs_pkt_writable(p, sizeof(struct iphdr)))
		return VS_DROP_HEADROOM;
	ip_decrease_ttl(ip_hdr(p->skb));
	/* the stack records routes and times without a look at the checksum */
	if (unlikely(ip_hdr(p->skb)->ihl > sizeof(struct iphdr) / 4))
		ip_send_check(ip_hdr(p->skb));
	return VS_COUNTER_NONE;
}

enum vs_counter vs_ttl_dec(struct vs_pkt *p)
{
	return p->af == AF_INET6 ? ttl_dec6(p) : ttl_dec4(p);
}
