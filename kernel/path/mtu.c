// SPDX-License-Identifier: GPL-2.0
/*
 * A router's checks before it forwards a packet: TTL and MTU.
 */
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <net/ip.h>
#include <net/ipv6.h>

#include "compat/gso.h"
#include "path/mtu.h"
#include "path/reject.h"

/* A GSO packet is judged by the size of its segments. */
static bool exceeds_mtu(const struct sk_buff *skb, unsigned int mtu)
{
	return skb->len > mtu &&
	       !(skb_is_gso(skb) && skb_gso_validate_network_len(skb, mtu));
}

static bool mtu_fits4(struct vs_pkt *p, unsigned int mtu)
{
	struct sk_buff *skb = p->skb;

	if (likely(!exceeds_mtu(skb, mtu)) || p->proto == IPPROTO_ICMP ||
	    !(ip_hdr(skb)->frag_off & htons(IP_DF)))
		return true;
	vs_reject_too_big(p, mtu);
	return false;
}

/* A packet reassembled by nf_defrag_ipv6 leaves in fragments of the original
 * size: judge it by that size. */
static bool mtu_fits6(struct vs_pkt *p, unsigned int mtu)
{
	struct sk_buff *skb = p->skb;
	unsigned int frag_max = IP6CB(skb)->frag_max_size;

	if (likely(frag_max ? frag_max <= mtu : !exceeds_mtu(skb, mtu)))
		return true;
	if (!p->nonfirst_frag && p->proto != IPPROTO_ICMPV6)
		vs_reject_too_big(p, mtu);
	return false;
}

bool vs_mtu_fits(struct vs_pkt *p, unsigned int mtu)
{
	return p->af == AF_INET6 ? mtu_fits6(p, mtu) : mtu_fits4(p, mtu);
}

static enum vs_counter ttl_dec6(struct vs_pkt *p)
{
	if (ipv6_hdr(p->skb)->hop_limit <= 1) {
		vs_reject_ttl(p);
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
		vs_reject_ttl(p);
		return VS_DROP_TTL;
	}
	if (!vs_pkt_writable(p, sizeof(struct iphdr)))
		return VS_DROP_HEADROOM;
	ip_decrease_ttl(ip_hdr(p->skb));
	/* IP options (RR, TS) may have been written without updating the header
	 * checksum */
	if (unlikely(ip_hdr(p->skb)->ihl > sizeof(struct iphdr) / 4))
		ip_send_check(ip_hdr(p->skb));
	return VS_COUNTER_NONE;
}

enum vs_counter vs_ttl_dec(struct vs_pkt *p)
{
	return p->af == AF_INET6 ? ttl_dec6(p) : ttl_dec4(p);
}
