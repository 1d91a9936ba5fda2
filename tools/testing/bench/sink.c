// SPDX-License-Identifier: GPL-2.0
/* Checks transmitted packets, so that a lost packet does not count as fast. */
#include <linux/etherdevice.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>
#include <net/checksum.h>
#include <net/ip.h>
#include <net/ip6_checksum.h>

#include "wb.h"

/* The headers of a transmitted packet. */
struct wb_seen {
	u8 family, proto;
	int server;			/* from the destination MAC, or -1 */
	bool tunnelled;
	struct in6_addr outer_daddr;
	struct wb_tuple t;
	u8 ttl;
	const u8 *l3, *l4, *end;
};

static void record_bad(const char *what, u32 flow)
{
	if (!wb_result.bad++)
		snprintf(wb_result.why, sizeof(wb_result.why), "%s (flow %u)",
			 what, flow);
}

static int server_of_mac(const struct ethhdr *eth)
{
	int server = eth->h_dest[5] - WB_SERVER_FIRST;

	if (memcmp(eth->h_dest, wb_server_mac, ETH_ALEN - 1) ||
	    server < 0 || server >= WB_SERVERS)
		return -1;
	return server;
}

static const u8 *seen_read_ip(const u8 *p, struct wb_seen *s)
{
	const struct ipv6hdr *ip6 = (const void *)p;
	const struct iphdr *ip = (const void *)p;

	s->l3 = p;
	memset(&s->t, 0, sizeof(s->t));
	if (p + sizeof(*ip) <= s->end && ip->version == 4) {
		s->family = AF_INET;
		s->t.saddr.s6_addr32[0] = ip->saddr;
		s->t.daddr.s6_addr32[0] = ip->daddr;
		s->proto = ip->protocol;
		s->ttl = ip->ttl;
		return p + ip->ihl * 4;
	}
	if (p + sizeof(*ip6) <= s->end && ip6->version == 6) {
		s->family = AF_INET6;
		s->t.saddr = ip6->saddr;
		s->t.daddr = ip6->daddr;
		s->proto = ip6->nexthdr;
		s->ttl = ip6->hop_limit;
		return p + sizeof(*ip6);
	}
	return NULL;
}

static bool seen_read(const struct sk_buff *skb, struct wb_seen *s)
{
	const u8 *p = skb->data;

	s->end = skb_tail_pointer(skb);
	s->tunnelled = false;
	s->server = server_of_mac((const struct ethhdr *)p);
	p = seen_read_ip(p + ETH_HLEN, s);
	if (p && (s->proto == IPPROTO_IPIP || s->proto == IPPROTO_IPV6)) {
		s->tunnelled = true;
		s->outer_daddr = s->t.daddr;
		p = seen_read_ip(p, s);
	}
	if (!p || p + sizeof(struct udphdr) > s->end)
		return false;
	s->l4 = p;
	s->t.sport = *(const __be16 *)p;
	s->t.dport = *(const __be16 *)(p + 2);
	return true;
}

/* The tuple that the packet of @flow must have when it is transmitted. */
static void expected_tuple(u32 flow, const struct wb_seen *s, struct wb_tuple *t)
{
	const struct wb_job *job = &wb_job;

	wb_sent_tuple(job, flow, t);
	if (job->method != WB_NAT)
		return;
	if (job->type->from == WB_SERVER) {
		wb_vip(job->family, &t->saddr);
		t->sport = htons(WB_VPORT);
	} else if (job->type->to_vip) {
		wb_server(job->family, max(s->server, 0), &t->daddr);
		t->dport = htons(WB_RPORT);
	}
}

static const char *check_server(u32 flow, const struct wb_seen *s)
{
	struct in6_addr addr;

	if (s->server < 0)
		return "destination MAC is not a server's";
	if (!wb_job.type->to_vip)
		return s->server == flow % WB_SERVERS ? NULL : "wrong server";
	if (wb_flow_server(flow) < 0)
		wb_flow_set_server(flow, s->server);
	else if (wb_flow_server(flow) != s->server)
		return "flow moved to another server";
	if (wb_job.method != WB_TUN)
		return s->tunnelled ? "encapsulated" : NULL;
	if (!s->tunnelled)
		return "not encapsulated";
	wb_server(wb_job.family, s->server, &addr);
	return ipv6_addr_equal(&addr, &s->outer_daddr) ? NULL :
							 "wrong outer address";
}

static const char *check_checksums(const struct wb_seen *s)
{
	int len = s->end - s->l4;
	__wsum sum = csum_partial(s->l4, len, 0);

	/* Forwarding decrements the TTL, of the inner packet for a tunnel. */
	if (s->ttl != WB_TTL - 1)
		return "TTL not decremented by one";
	if (s->family == AF_INET6)
		return csum_ipv6_magic(&s->t.saddr, &s->t.daddr, len, s->proto,
				       sum) ? "wrong checksum" : NULL;
	if (ip_fast_csum(s->l3, ((const struct iphdr *)s->l3)->ihl))
		return "wrong IP header checksum";
	return csum_tcpudp_magic(s->t.saddr.s6_addr32[0],
				 s->t.daddr.s6_addr32[0], len, s->proto, sum) ?
		"wrong checksum" : NULL;
}

static const char *check_packet(u32 flow, struct sk_buff *skb, enum wb_side side)
{
	const char *why = NULL;
	struct wb_tuple want;
	struct wb_seen seen;

	if (side == wb_job.type->from)
		return "transmitted on the device it came from";
	if (!seen_read(skb, &seen))
		return "headers cannot be parsed";
	if (side == WB_SERVER)
		why = check_server(flow, &seen);
	else if (memcmp(skb->data, wb_gateway_mac, ETH_ALEN))
		why = "destination MAC is not the gateway's";
	if (why)
		return why;
	expected_tuple(flow, &seen, &want);
	if (!ipv6_addr_equal(&want.saddr, &seen.t.saddr) ||
	    !ipv6_addr_equal(&want.daddr, &seen.t.daddr))
		return "wrong address";
	if (want.sport != seen.t.sport || want.dport != seen.t.dport)
		return "wrong port";
	return wb_job.full ? check_checksums(&seen) : NULL;
}

void wb_sink(struct sk_buff *skb, enum wb_side side)
{
	struct wb_trailer *tail;
	const char *why;
	u32 flow;

	if (skb_is_nonlinear(skb) || skb->len < ETH_HLEN + sizeof(*tail)) {
		wb_result.other++;
		return;
	}
	tail = (void *)(skb_tail_pointer(skb) - sizeof(*tail));
	flow = ntohl(tail->flow);
	/* neighbour discovery and other traffic of the host */
	if (tail->magic != htonl(WB_MAGIC) || flow >= wb_flows_max()) {
		wb_result.other++;
		return;
	}
	why = check_packet(flow, skb, side);
	if (why)
		record_bad(why, flow);
	else
		wb_result.good++;
}
