// SPDX-License-Identifier: GPL-2.0
/*
 * Tunnel encapsulation: IPIP, GUE (over UDP) and GRE, IPv4 and IPv6 in either.
 * The outer header inherits the TTL, the DS field and, for path MTU discovery,
 * DF of the inner one.
 */
#include <linux/if_ether.h>
#include <linux/if_tunnel.h>
#include <linux/ip.h>
#include <linux/ip_vs.h>
#include <linux/ipv6.h>
#include <linux/netdevice.h>
#include <net/dsfield.h>
#include <net/gre.h>
#include <net/gue.h>
#include <net/inet_ecn.h>
#include <net/ip.h>
#include <net/ip6_checksum.h>
#include <net/ip_tunnels.h>
#include <net/ipv6.h>
#include <net/udp.h>

#include "path/encap.h"
#include "service/dest.h"

#define GUE_REMCSUM_LEN		(GUE_LEN_PRIV + GUE_PLEN_REMCSUM)
#define GRE_CSUM_LEN		sizeof(__be32)

/* The fields of the inner header that the outer one inherits. */
struct inner_hdr {
	u8 proto;
	u8 ttl;
	u8 dsfield;
	__be16 df;
};

void vs_encap_plan(struct vs_tunnel *tun, const struct vs_pkt *p,
		   const struct vs_dest *dest)
{
	u16 flags = READ_ONCE(dest->tun_flags);

	tun->type = READ_ONCE(dest->tun_type);
	tun->csum = flags & IP_VS_TUNNEL_ENCAP_FLAG_CSUM;
	tun->remcsum = false;
	tun->port = READ_ONCE(dest->tun_port);
	tun->overhead = dest->key.af == AF_INET6 ? sizeof(struct ipv6hdr) :
						   sizeof(struct iphdr);
	switch (tun->type) {
	case IP_VS_CONN_F_TUNNEL_TYPE_GUE:
		tun->overhead += sizeof(struct udphdr) + sizeof(struct guehdr);
		if (!(flags & IP_VS_TUNNEL_ENCAP_FLAG_REMCSUM))
			break;
		tun->csum = true;
		tun->remcsum = p->skb->ip_summed == CHECKSUM_PARTIAL &&
			       !skb_csum_is_sctp(p->skb);
		if (tun->remcsum)
			tun->overhead += GUE_REMCSUM_LEN;
		break;
	case IP_VS_CONN_F_TUNNEL_TYPE_GRE:
		tun->overhead += sizeof(struct gre_base_hdr);
		if (tun->csum)
			tun->overhead += GRE_CSUM_LEN;
		break;
	}
}

static struct inner_hdr read_inner(const struct vs_pkt *p,
				   const struct vs_tunnel *tun)
{
	struct inner_hdr in = { .df = 0 };

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
		if (tun->df)
			in.df = iph->frag_off & htons(IP_DF);
	}
	in.dsfield = INET_ECN_encapsulate(in.dsfield, in.dsfield);
	return in;
}

static int tunnel_gso_type(const struct vs_tunnel *tun, bool v6)
{
	int type = v6 ? SKB_GSO_IPXIP6 : SKB_GSO_IPXIP4;

	switch (tun->type) {
	case IP_VS_CONN_F_TUNNEL_TYPE_GUE:
		type |= tun->csum ? SKB_GSO_UDP_TUNNEL_CSUM :
				    SKB_GSO_UDP_TUNNEL;
		if (tun->remcsum)
			type |= SKB_GSO_TUNNEL_REMCSUM;
		return type;
	case IP_VS_CONN_F_TUNNEL_TYPE_GRE:
		return tun->csum ? SKB_GSO_GRE_CSUM : SKB_GSO_GRE;
	default:
		return type;
	}
}

/* GUE remote checksum offload: tell the decapsulator where the inner checksum
 * starts and where to store it, counted from the end of the GUE header. The
 * packet leaves with the outer checksum only. */
static bool push_remcsum(struct sk_buff *skb)
{
	int start = skb_checksum_start_offset(skb);
	struct {
		__be32 flags;
		__be16 start;
		__be16 offset;
	} *opt;

	if (start < 0 || start + skb->csum_offset > U16_MAX)
		return false;
	opt = skb_push(skb, GUE_REMCSUM_LEN);
	BUILD_BUG_ON(sizeof(*opt) != GUE_REMCSUM_LEN);
	opt->flags = GUE_PFLAG_REMCSUM;
	opt->start = htons(start);
	opt->offset = htons(start + skb->csum_offset);
	if (!skb_is_gso(skb)) {
		skb->ip_summed = CHECKSUM_NONE;
		skb->encapsulation = 0;
	}
	return true;
}

/* The source port is a hash of the flow, so that ECMP and receive queues spread
 * flows without reordering packets of a flow. */
static bool push_gue(struct vs_pkt *p, const struct vs_tunnel *tun, u8 proto)
{
	struct sk_buff *skb = p->skb;
	__be16 sport = udp_flow_src_port(tun->net, skb, 0, 0, false);
	struct guehdr *gue;
	struct udphdr *uh;

	if (tun->remcsum && !push_remcsum(skb))
		return false;
	gue = skb_push(skb, sizeof(*gue));
	*gue = (struct guehdr) {
		.hlen = tun->remcsum ? GUE_REMCSUM_LEN / 4 : 0,
		.proto_ctype = proto,
		.flags = tun->remcsum ? GUE_FLAG_PRIV : 0,
	};
	uh = skb_push(skb, sizeof(*uh));
	*uh = (struct udphdr) {
		.source = sport,
		.dest = tun->port,
		.len = htons(skb->len),
	};
	skb_reset_transport_header(skb);
	return true;
}

static void set_gue_csum(struct sk_buff *skb, const struct vs_tunnel *tun,
			 const struct vs_dest *dest, const struct vs_route *rt)
{
	if (dest->key.af == AF_INET6)
		udp6_set_csum(!tun->csum, skb, &rt->saddr.in6,
			      &dest->key.addr.in6, skb->len);
	else
		udp_set_csum(!tun->csum, skb, rt->saddr.ip, dest->key.addr.ip,
			     skb->len);
}

static void push_gre(struct vs_pkt *p, const struct vs_tunnel *tun)
{
	struct sk_buff *skb = p->skb;
	struct gre_base_hdr *gre;
	__sum16 *csum;

	skb_set_inner_protocol(skb, p->af == AF_INET6 ? htons(ETH_P_IPV6) :
							htons(ETH_P_IP));
	gre = skb_push(skb, sizeof(*gre) + (tun->csum ? GRE_CSUM_LEN : 0));
	gre->flags = tun->csum ? GRE_CSUM : 0;
	gre->protocol = skb->inner_protocol;
	skb_reset_transport_header(skb);
	if (!tun->csum)
		return;
	*(__be32 *)(gre + 1) = 0;
	if (skb_is_gso(skb))		/* computed for each segment */
		return;
	csum = (__sum16 *)(gre + 1);
	if (skb->ip_summed == CHECKSUM_PARTIAL)
		*csum = csum_fold(lco_csum(skb));
	else
		*csum = csum_fold(skb_checksum(skb, 0, skb->len, 0));
}

/* ip_local_out() fills in the length and the checksum. */
static void write_outer4(struct sk_buff *skb, struct net *net,
			 const struct inner_hdr *in, u8 proto,
			 __be32 saddr, __be32 daddr)
{
	struct iphdr *iph = ip_hdr(skb);

	iph->version = 4;
	iph->ihl = sizeof(*iph) / 4;
	iph->tos = in->dsfield;
	iph->frag_off = in->df;
	iph->ttl = in->ttl;
	iph->protocol = proto;
	iph->saddr = saddr;
	iph->daddr = daddr;
	ip_select_ident(net, skb, NULL);
	memset(IPCB(skb), 0, sizeof(*IPCB(skb)));
}

/* ip6_local_out() fills in the length. */
static void write_outer6(struct sk_buff *skb, const struct inner_hdr *in,
			 u8 proto, const struct in6_addr *saddr,
			 const struct in6_addr *daddr)
{
	struct ipv6hdr *iph = ipv6_hdr(skb);

	ip6_flow_hdr(iph, in->dsfield, 0);
	iph->nexthdr = proto;
	iph->hop_limit = in->ttl;
	iph->saddr = *saddr;
	iph->daddr = *daddr;
	memset(IP6CB(skb), 0, sizeof(*IP6CB(skb)));
}

/* Tunnel offload and GSO take CHECKSUM_PARTIAL for the Internet checksum.
 * Resolve an SCTP CRC32c here; GSO segments get it when segmented. */
static bool resolve_sctp_crc(struct sk_buff *skb)
{
	if (likely(skb->ip_summed != CHECKSUM_PARTIAL ||
		   !skb_csum_is_sctp(skb) || skb_is_gso(skb)))
		return true;
	return !skb_csum_hwoffload_help(skb, 0);
}

/* Push the encapsulation header(s) and set *@proto to the outer IP header's
 * protocol. */
static bool push_tunnel_hdr(struct vs_pkt *p, const struct vs_tunnel *tun,
			    const struct vs_dest *dest,
			    const struct vs_route *rt, u8 *proto)
{
	struct sk_buff *skb = p->skb;

	switch (tun->type) {
	case IP_VS_CONN_F_TUNNEL_TYPE_GUE:
		skb_set_inner_ipproto(skb, *proto);
		if (!push_gue(p, tun, *proto))
			return false;
		set_gue_csum(skb, tun, dest, rt);
		*proto = IPPROTO_UDP;
		return true;
	case IP_VS_CONN_F_TUNNEL_TYPE_GRE:
		push_gre(p, tun);
		*proto = IPPROTO_GRE;
		return true;
	default:
		skb_set_inner_ipproto(skb, *proto);
		skb->transport_header = skb->network_header;
		return true;
	}
}

bool vs_encap(struct vs_pkt *p, const struct vs_tunnel *tun,
	      const struct vs_dest *dest, const struct vs_route *rt)
{
	bool v6 = dest->key.af == AF_INET6;
	struct sk_buff *skb = p->skb;
	struct inner_hdr in;
	u8 proto;

	if (skb_cow_head(skb, LL_RESERVED_SPACE(dst_dev_rcu(rt->dst)) +
			      tun->overhead))
		return false;
	in = read_inner(p, tun);
	proto = in.proto;
	if (!resolve_sctp_crc(skb) ||
	    iptunnel_handle_offloads(skb, tunnel_gso_type(tun, v6)))
		return false;
	/* GSO takes the bytes between the transport header and the inner MAC
	 * header for the tunnel header */
	skb_set_inner_mac_header(skb, skb_inner_network_offset(skb));
	if (!push_tunnel_hdr(p, tun, dest, rt, &proto))
		return false;

	skb_push(skb, v6 ? sizeof(struct ipv6hdr) : sizeof(struct iphdr));
	skb_reset_network_header(skb);
	if (v6)
		write_outer6(skb, &in, proto, &rt->saddr.in6,
			     &dest->key.addr.in6);
	else
		write_outer4(skb, tun->net, &in, proto, rt->saddr.ip,
			     dest->key.addr.ip);
	return true;
}
