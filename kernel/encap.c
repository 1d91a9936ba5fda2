// SPDX-License-Identifier: GPL-2.0
/*
 * IP in IP, each family in each. The outer header takes TTL, type of service
 * and, for path MTU discovery, DF from the inner one.
 */
#include <linux/ip.h>
#include <linux/ip_vs.h>
#include <linux/ipv6.h>
#include <linux/netdevice.h>
#include <net/dsfield.h>
#include <net/inet_ecn.h>
#include <net/ip.h>
#include <net/ip_tunnels.h>
#include <net/ipv6.h>

#include "dest.h"
#include "encap.h"
#include "net.h"

/* What the outer header takes from the inner one. */
struct inner {
	u8 proto;
	u8 ttl;
	u8 dsfield;
	__be16 df;
};

bool vs_encap_supported(const struct vs_dest *dest)
{
	return dest->tun_type == IP_VS_CONN_F_TUNNEL_TYPE_IPIP;
}

unsigned int vs_encap_overhead(const struct vs_pkt *p,
			       const struct vs_dest *dest)
{
	return dest->key.af == AF_INET6 ? sizeof(struct ipv6hdr) :
					  sizeof(struct iphdr);
}

static struct inner read_inner(const struct vs_pkt *p)
{
	struct inner in = { .df = 0 };

	if (p->af == AF_INET6) {
		const struct ipv6hdr *iph = ipv6_hdr(p->skb);

		in.proto = IPPROTO_IPV6;
		in.ttl = iph->hop_limit;
		in.dsfield = ipv6_get_dsfield(iph);
	} else {
		const struct iphdr *iph = ip_hdr(p->skb);

		in.proto = IPPROTO_IPIP;
		in.ttl = iph->ttl;
		in.dsfield = ipv4_get_dsfield(iph);
		if (READ_ONCE(p->vn->sysctl.pmtu_disc))
			in.df = iph->frag_off & htons(IP_DF);
	}
	in.dsfield = INET_ECN_encapsulate(in.dsfield, in.dsfield);
	return in;
}

/* Length and checksum are filled in by ip_local_out(). */
static void write_outer4(struct vs_pkt *p, const struct inner *in,
			 __be32 saddr, __be32 daddr)
{
	struct sk_buff *skb = p->skb;
	struct iphdr *iph = ip_hdr(skb);

	iph->version = 4;
	iph->ihl = sizeof(*iph) / 4;
	iph->tos = in->dsfield;
	iph->frag_off = in->df;
	iph->ttl = in->ttl;
	iph->protocol = in->proto;
	iph->saddr = saddr;
	iph->daddr = daddr;
	ip_select_ident(p->vn->net, skb, NULL);
	memset(IPCB(skb), 0, sizeof(*IPCB(skb)));
}

/* Length is filled in by ip6_local_out(). */
static void write_outer6(struct vs_pkt *p, const struct inner *in,
			 const struct in6_addr *saddr,
			 const struct in6_addr *daddr)
{
	struct sk_buff *skb = p->skb;
	struct ipv6hdr *iph = ipv6_hdr(skb);

	ip6_flow_hdr(iph, in->dsfield, 0);
	iph->nexthdr = in->proto;
	iph->hop_limit = in->ttl;
	iph->saddr = *saddr;
	iph->daddr = *daddr;
	memset(IP6CB(skb), 0, sizeof(*IP6CB(skb)));
}

bool vs_encap(struct vs_pkt *p, const struct vs_dest *dest,
	      const struct vs_route *rt)
{
	bool v6 = dest->key.af == AF_INET6;
	unsigned int hlen = vs_encap_overhead(p, dest);
	struct sk_buff *skb = p->skb;
	struct inner in;

	if (skb_cow_head(skb, LL_RESERVED_SPACE(dst_dev_rcu(rt->dst)) + hlen))
		return false;
	in = read_inner(p);
	if (iptunnel_handle_offloads(skb, v6 ? SKB_GSO_IPXIP6 :
					       SKB_GSO_IPXIP4))
		return false;

	skb->transport_header = skb->network_header;
	skb_push(skb, hlen);
	skb_reset_network_header(skb);
	skb_set_inner_ipproto(skb, in.proto);
	if (v6)
		write_outer6(p, &in, &rt->saddr.in6, &dest->key.addr.in6);
	else
		write_outer4(p, &in, rt->saddr.ip, dest->key.addr.ip);
	return true;
}
