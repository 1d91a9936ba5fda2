// SPDX-License-Identifier: GPL-2.0
/*
 * Checksum verification, for packets whose payload is interpreted.
 */
#include <linux/skbuff.h>
#include <net/checksum.h>
#include <net/ip6_checksum.h>

#include "path/csum.h"
#include "path/pkt.h"

/* Not nf_checksum(): it covers the IPv4 header, whose checksum is invalid while
 * IP options are being filled in, and it verifies CHECKSUM_COMPLETE only at
 * PRE_ROUTING and LOCAL_IN. */
bool vs_csum_ok(const struct vs_pkt *p)
{
	const struct sk_buff *skb = p->skb;
	unsigned int len = skb->len - p->l4;
	__wsum sum;

	if (skb_csum_unnecessary(skb))
		return true;
	sum = skb_checksum(skb, p->l4, len, 0);
	if (p->af == AF_INET6)
		return !csum_ipv6_magic(&p->saddr.in6, &p->daddr.in6, len,
					p->proto, sum);
	if (p->proto != IPPROTO_ICMP)
		sum = csum_tcpudp_nofold(p->saddr.ip, p->daddr.ip, len,
					 p->proto, sum);
	return !csum_fold(sum);
}
