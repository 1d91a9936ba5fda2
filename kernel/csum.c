// SPDX-License-Identifier: GPL-2.0
/*
 * Checksums of packets that are read, not only passed on.
 */
#include <linux/netfilter.h>
#include <net/checksum.h>

#include "csum.h"
#include "pkt.h"

/* nf_checksum() would take the IPv4 header in, which does not sum up while the
 * stack fills in its options. */
bool vs_csum_ok(const struct vs_pkt *p)
{
	struct sk_buff *skb = p->skb;
	unsigned int len = skb->len - p->l4;
	__wsum sum;

	if (skb_csum_unnecessary(skb))
		return true;
	if (p->af == AF_INET6)
		return !nf_checksum(skb, p->hook, p->l4, p->proto, p->af);
	sum = skb_checksum(skb, p->l4, len, 0);
	if (p->proto != IPPROTO_ICMP)
		sum = csum_tcpudp_nofold(p->saddr.ip, p->daddr.ip, len,
					 p->proto, sum);
	return !csum_fold(sum);
}
