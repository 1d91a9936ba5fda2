// SPDX-License-Identifier: GPL-2.0
/*
 * Checksums of packets that are read, not only passed on.
 */
#include <linux/skbuff.h>
#include <net/checksum.h>
#include <net/ip6_checksum.h>

#include "path/csum.h"
#include "path/pkt.h"

/* nf_checksum() would take the IPv4 header in, which does not sum up while the
 * stack fills in its options, and believes any sum that a device made but on
 * two hooks. */
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
