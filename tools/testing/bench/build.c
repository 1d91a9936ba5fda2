// SPDX-License-Identifier: GPL-2.0
/* Builds packets as a driver would pass them to the stack. */
#include <linux/etherdevice.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <net/checksum.h>
#include <net/ip.h>
#include <net/ip6_checksum.h>

#include "wb.h"

/* The tuple with which the packet of @flow is sent. */
void wb_sent_tuple(const struct wb_job *job, u32 flow, struct wb_tuple *t)
{
	const struct wb_type *type = job->type;
	int server = wb_flow_server(flow);

	if (type->from == WB_SERVER) {
		wb_server(job->family, max(server, 0), &t->saddr);
		wb_client(job->family, flow, &t->daddr, &t->dport);
		t->sport = htons(WB_RPORT);
		return;
	}
	wb_client(job->family, flow, &t->saddr, &t->sport);
	if (type->to_vip) {
		wb_vip(job->family, &t->daddr);
		t->dport = htons(WB_VPORT);
	} else {
		wb_server(job->family, flow % WB_SERVERS, &t->daddr);
		t->dport = htons(WB_RPORT);
	}
}

static void push_ipv4(struct sk_buff *skb, const struct wb_job *job,
		      const struct wb_tuple *t, u32 flow)
{
	struct iphdr *iph = skb_push(skb, sizeof(*iph));

	iph->version = 4;
	iph->ihl = 5;
	iph->tos = 0;
	iph->tot_len = htons(skb->len);
	iph->id = htons((u16)flow);
	iph->frag_off = htons(IP_DF);
	iph->ttl = WB_TTL;
	iph->protocol = job->proto;
	iph->saddr = t->saddr.s6_addr32[0];
	iph->daddr = t->daddr.s6_addr32[0];
	ip_send_check(iph);
}

static void push_ipv6(struct sk_buff *skb, const struct wb_job *job,
		      const struct wb_tuple *t)
{
	u16 len = skb->len;
	struct ipv6hdr *iph = skb_push(skb, sizeof(*iph));

	*(__be32 *)iph = htonl(0x60000000);
	iph->payload_len = htons(len);
	iph->nexthdr = job->proto;
	iph->hop_limit = WB_TTL;
	iph->saddr = t->saddr;
	iph->daddr = t->daddr;
}

static __sum16 l4_checksum(const struct wb_job *job, const void *l4, int len,
			   const struct wb_tuple *t)
{
	__wsum sum = csum_partial(l4, len, 0);

	if (job->family == AF_INET)
		return csum_tcpudp_magic(t->saddr.s6_addr32[0],
					 t->daddr.s6_addr32[0], len,
					 job->proto, sum);
	return csum_ipv6_magic(&t->saddr, &t->daddr, len, job->proto, sum);
}

static void push_tcp(struct sk_buff *skb, const struct wb_job *job,
		     const struct wb_tuple *t)
{
	struct tcphdr *th = skb_push(skb, sizeof(*th));

	memset(th, 0, sizeof(*th));
	th->source = t->sport;
	th->dest = t->dport;
	th->seq = htonl(1);
	th->doff = 5;
	th->window = htons(8192);
	((u8 *)th)[13] = job->type->tcp_flags;
	th->check = l4_checksum(job, th, skb->len, t);
}

static void push_udp(struct sk_buff *skb, const struct wb_job *job,
		     const struct wb_tuple *t)
{
	struct udphdr *uh = skb_push(skb, sizeof(*uh));

	uh->source = t->sport;
	uh->dest = t->dport;
	uh->len = htons(skb->len);
	uh->check = 0;
	uh->check = l4_checksum(job, uh, skb->len, t) ?: CSUM_MANGLED_0;
}

static void append_payload(struct sk_buff *skb, const struct wb_job *job,
			   u32 flow)
{
	struct wb_trailer *tail;

	memset(skb_put(skb, job->payload), 0, job->payload);
	tail = skb_put(skb, sizeof(*tail));
	tail->magic = htonl(WB_MAGIC);
	tail->flow = htonl(flow);
}

struct sk_buff *wb_build(const struct wb_job *job, u32 flow)
{
	enum wb_side side = job->type->from;
	unsigned int head = ETH_HLEN + sizeof(struct ipv6hdr) +
			    sizeof(struct tcphdr);
	struct net_device *dev = wb_dev(side);
	struct wb_tuple t;
	struct sk_buff *skb;
	struct ethhdr *eth;

	skb = napi_alloc_skb(wb_napi(side), head + job->payload +
			     sizeof(struct wb_trailer));
	if (unlikely(!skb))
		return NULL;
	wb_sent_tuple(job, flow, &t);
	/* Leave room for the headers pushed below, so that the Ethernet header
	 * starts where a driver would place it.
	 */
	skb_reserve(skb, ETH_HLEN +
		    (job->family == AF_INET ? sizeof(struct iphdr) :
					      sizeof(struct ipv6hdr)) +
		    (job->proto == IPPROTO_TCP ? sizeof(struct tcphdr) :
						 sizeof(struct udphdr)));
	append_payload(skb, job, flow);
	if (job->proto == IPPROTO_TCP)
		push_tcp(skb, job, &t);
	else
		push_udp(skb, job, &t);
	if (job->family == AF_INET)
		push_ipv4(skb, job, &t, flow);
	else
		push_ipv6(skb, job, &t);

	eth = skb_push(skb, ETH_HLEN);
	ether_addr_copy(eth->h_dest, dev->dev_addr);
	ether_addr_copy(eth->h_source, side == WB_CLIENT ? wb_gateway_mac :
							   wb_server_mac);
	eth->h_proto = job->family == AF_INET ? htons(ETH_P_IP) :
						htons(ETH_P_IPV6);
	skb->protocol = eth_type_trans(skb, dev);
	skb->ip_summed = CHECKSUM_UNNECESSARY;
	return skb;
}
