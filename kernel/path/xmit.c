// SPDX-License-Identifier: GPL-2.0
/*
 * Transmission: a client's packet to its real server by the connection's
 * forwarding method, and a real server's reply to the client.
 */
#include <linux/ip_vs.h>
#include <linux/netdevice.h>
#include <linux/netfilter.h>
#include <net/dst.h>
#include <net/ip.h>
#include <net/ip6_route.h>
#include <net/ipv6.h>
#include <net/route.h>
#include <net/sock.h>

#include "compat/gso.h"
#include "compat/ipv6.h"
#include "conn/nfct.h"
#include "net.h"
#include "path/encap.h"
#include "path/mtu.h"
#include "path/nat.h"
#include "path/route.h"
#include "path/xmit.h"
#include "service/dest.h"
#include "trace.h"

static void mark_and_settle(struct vs_pkt *p, const struct vs_conn *cp,
			    enum vs_dir dir)
{
	vs_skb_mark_owned(p->skb);
	vs_nfct_settle(p->skb, cp, dir);
}

/* Out of line: the hot path only contains the static branch. */
static noinline __cold void trace_xmit(const struct vs_pkt *p,
				       const struct vs_conn *cp,
				       enum vs_dir dir, bool sent)
{
	trace_weir_xmit(p, cp, dir, sent);
}

/* Early demux may have assigned a received packet to a local socket
 * (TIME_WAIT, say), but the packet goes elsewhere. A locally sent packet
 * keeps its socket. */
static void drop_early_demux(struct sk_buff *skb)
{
	if (skb->dev)
		skb_orphan(skb);
}

static void set_route(struct sk_buff *skb, const struct vs_route *rt)
{
	skb_dst_drop(skb);
	skb_dst_set_noref(skb, rt->dst);
	/* its size was checked here, fragmentation must not check it again */
	skb->ignore_df = 1;
}

/* Sends a packet through LOCAL_OUT. @dst: the route that is set in the skb. */
static unsigned int send_routed(struct vs_pkt *p, const struct vs_conn *cp,
				const struct dst_entry *dst)
{
	struct net_device *dev = dst_dev_rcu(dst);
	struct sk_buff *skb = p->skb;
	struct net *net = p->vn->net;

	if (trace_weir_xmit_enabled())
		trace_xmit(p, cp, VS_DIR_IN, true);
	mark_and_settle(p, cp, VS_DIR_IN);
	drop_early_demux(skb);
	skb_forward_csum(skb);
	if (skb->dev)
		skb_clear_tstamp(skb);
	if (p->af == AF_INET6)
		NF_HOOK(NFPROTO_IPV6, NF_INET_LOCAL_OUT, net, NULL, skb, NULL,
			dev, dst_output);
	else
		NF_HOOK(NFPROTO_IPV4, NF_INET_LOCAL_OUT, net, NULL, skb, NULL,
			dev, dst_output);
	return NF_STOLEN;
}

/* The packet continues through the hook that it is in. */
static __always_inline unsigned int
pass_to_stack(struct vs_pkt *p, const struct vs_conn *cp, enum vs_dir dir)
{
	if (trace_weir_xmit_enabled())
		trace_xmit(p, cp, dir, false);
	mark_and_settle(p, cp, dir);
	return NF_ACCEPT;
}

static unsigned int drop_unroutable(struct vs_pkt *p, const struct vs_route *rt)
{
	return vs_drop_silent(p, rt ? VS_DROP_ROUTE_REFUSED : VS_DROP_NO_ROUTE);
}

/* A received packet must not be sent to a loopback address. */
static bool is_loopback_intrusion(const struct vs_pkt *p,
				  const struct vs_dest *dest)
{
	const struct sk_buff *skb = p->skb;

	if (p->af == AF_INET6)
		return ipv6_addr_loopback(&dest->key.addr.in6) && skb->dev &&
		       !(skb->dev->flags & IFF_LOOPBACK);
	return ipv4_is_loopback(dest->key.addr.ip) &&
	       rt_is_input_route(skb_rtable(skb));
}

/* Whether NAT changes nothing: the real server has the virtual address. */
static bool nat_is_identity(const struct vs_conn *cp)
{
	return cp->vport == cp->dport &&
	       (cp->af == AF_INET6 ?
		ipv6_addr_equal(&cp->a6[VS_VADDR], &cp->a6[VS_DADDR]) :
		cp->a4[VS_VADDR] == cp->a4[VS_DADDR]);
}

static bool nat_in(struct vs_pkt *p, const struct vs_pkt *in,
		   struct vs_conn *cp)
{
	return in ? vs_nat_icmp(p, in, cp, VS_DIR_IN) : vs_nat_in(p, cp);
}

/* The real server is this host: rewrite, and pass to the local stack. */
static unsigned int xmit_nat_local(struct vs_pkt *p, const struct vs_pkt *in,
				   struct vs_conn *cp,
				   const struct vs_route *rt)
{
	struct sk_buff *skb = p->skb;

	if (p->hook == NF_INET_FORWARD)
		return vs_drop_silent(p, VS_DROP_ROUTE_REFUSED);
	if (is_loopback_intrusion(p, cp->dest))
		return vs_drop_silent(p, VS_DROP_LOOPBACK);
	/* the conntrack entry may have been synchronized as well */
	if (skb_nfct(skb) && READ_ONCE(cp->st) & VS_ST_SYNCED)
		return vs_drop_silent(p, VS_DROP_CONNTRACK);
	if (!nat_in(p, in, cp))
		return vs_drop_silent(p, VS_DROP_HEADROOM);
	if (!vs_route_is_local(skb_dst(skb), p->af)) {
		skb_dst_drop(skb);
		skb_dst_set(skb, dst_clone(rt->dst));
	}
	skb->ignore_df = 1;
	if (!nat_is_identity(cp))
		drop_early_demux(skb);
	return pass_to_stack(p, cp, VS_DIR_IN);
}

/* @in: the packet embedded in an ICMP error, NULL if @p is not an error. */
static __always_inline unsigned int
xmit_nat(struct vs_pkt *p, const struct vs_pkt *in, struct vs_conn *cp)
{
	const struct vs_route *rt = vs_route_to(p, cp->dest, false);
	enum vs_counter why;

	if (unlikely(!rt || !vs_route_allowed(p, rt, true)))
		return drop_unroutable(p, rt);
	if (unlikely(rt->local))
		return xmit_nat_local(p, in, cp, rt);
	why = vs_ttl_dec(p);
	if (unlikely(why))
		return vs_drop_silent(p, why);
	if (!vs_mtu_fits(p, dst_mtu(rt->dst)))
		return vs_drop_silent(p, VS_DROP_TOO_BIG);
	if (!nat_in(p, in, cp))
		return vs_drop_silent(p, VS_DROP_HEADROOM);
	set_route(p->skb, rt);
	return send_routed(p, cp, rt->dst);
}

static unsigned int xmit_direct(struct vs_pkt *p, struct vs_conn *cp)
{
	const struct vs_route *rt = vs_route_to(p, cp->dest, true);
	enum vs_counter why;

	if (unlikely(!rt || !vs_route_allowed(p, rt, false)))
		return drop_unroutable(p, rt);
	if (unlikely(rt->local))
		return pass_to_stack(p, cp, VS_DIR_IN);
	why = vs_ttl_dec(p);
	if (unlikely(why))
		return vs_drop_silent(p, why);
	if (!vs_mtu_fits(p, dst_mtu(rt->dst)))
		return vs_drop_silent(p, VS_DROP_TOO_BIG);
	set_route(p->skb, rt);
	return send_routed(p, cp, rt->dst);
}

/* A reassembled skb may exceed the outer header's 16-bit length once
 * encapsulated. */
static bool exceeds_outer_len(const struct sk_buff *skb,
			      const struct vs_tunnel *tun, u8 outer_af)
{
	unsigned int max_len = outer_af == AF_INET6 ?
			       sizeof(struct ipv6hdr) + IPV6_MAXPLEN :
			       IP_MAX_MTU;

	return skb->len + tun->overhead > max_len && !skb_is_gso(skb);
}

/* VS_COUNTER_NONE, or the reason why @p does not fit into the tunnel over @rt.
 * Without path MTU discovery an IPv4 packet always fits: the outer packet is
 * fragmented. */
static enum vs_counter tunnel_check_len(struct vs_pkt *p,
					const struct vs_tunnel *tun,
					const struct vs_dest *dest,
					const struct vs_route *rt)
{
	unsigned int min_mtu = dest->key.af == AF_INET6 ? IPV6_MIN_MTU :
							  IPV4_MIN_MTU;
	unsigned int mtu = dst_mtu(rt->dst);
	struct sk_buff *skb = p->skb;
	struct dst_entry *dst = skb_dst(skb);

	if (unlikely(exceeds_outer_len(skb, tun, dest->key.af)))
		return VS_DROP_TOO_BIG;
	if (mtu < min_mtu + tun->overhead)
		return VS_DROP_TUNNEL_MTU;
	mtu -= tun->overhead;
	if (!skb->dev && skb->sk && sk_fullsock(skb->sk))
		dst->ops->update_pmtu(dst, skb->sk, NULL, mtu, true);
	if (p->af == AF_INET && !tun->df)
		return VS_COUNTER_NONE;
	return vs_mtu_fits(p, mtu) ? VS_COUNTER_NONE : VS_DROP_TOO_BIG;
}

/* Encapsulates and sends a packet. The outer packet is sent as one of this
 * host's own: the conntrack entry of the inner packet does not apply to it. */
static unsigned int tunnel_send(struct vs_pkt *p, const struct vs_conn *cp,
				const struct vs_tunnel *tun,
				const struct vs_route *rt)
{
	struct sk_buff *skb = p->skb;

	drop_early_demux(skb);
	if (!vs_encap(p, tun, cp->dest, rt))
		return vs_drop_silent(p, VS_DROP_ENCAP);
	set_route(skb, rt);
	vs_skb_mark_owned(skb);
	if (unlikely(READ_ONCE(cp->st) & VS_ST_NFCT) && !vs_nfct_confirm(skb))
		return vs_drop_silent(p, VS_DROP_CONNTRACK);
	nf_reset_ct(skb);
	skb_forward_csum(skb);
	if (skb->dev)
		skb_clear_tstamp(skb);
	if (trace_weir_xmit_enabled())
		trace_xmit(p, cp, VS_DIR_IN, true);
	if (vs_is_ipv6(cp->dest->key.af))
		ip6_local_out(tun->net, skb->sk, skb);
	else
		ip_local_out(tun->net, skb->sk, skb);
	return NF_STOLEN;
}

/* An SCTP GSO packet whose segments will be fragmented is segmented here:
 * fragmentation resolves CHECKSUM_PARTIAL as the Internet checksum, but SCTP
 * needs a CRC32c. */
static unsigned int tunnel_send_segments(struct vs_pkt *p,
					 const struct vs_conn *cp,
					 const struct vs_tunnel *tun,
					 const struct vs_route *rt)
{
	struct sk_buff *segs = skb_gso_segment(p->skb, NETIF_F_SG), *seg, *next;

	if (IS_ERR_OR_NULL(segs))
		return vs_drop_silent(p, VS_DROP_ENCAP);
	consume_skb(p->skb);
	skb_list_walk_safe(segs, seg, next) {
		skb_mark_not_on_list(seg);
		p->skb = seg;
		tunnel_send(p, cp, tun, rt);
	}
	return NF_STOLEN;
}

static unsigned int xmit_tunnel(struct vs_pkt *p, struct vs_conn *cp)
{
	const struct vs_route *rt = vs_route_to(p, cp->dest, false);
	const struct vs_dest *dest = cp->dest;
	struct vs_tunnel tun = {
		.net = p->vn->net,
		.df = READ_ONCE(p->vn->sysctl.pmtu_disc),
	};
	enum vs_counter why;

	if (unlikely(!rt || !vs_route_allowed(p, rt, false)))
		return drop_unroutable(p, rt);
	if (unlikely(rt->local))
		return pass_to_stack(p, cp, VS_DIR_IN);
	why = vs_ttl_dec(p);
	if (unlikely(why))
		return vs_drop_silent(p, why);
	vs_encap_plan(&tun, p, dest);
	why = tunnel_check_len(p, &tun, dest, rt);
	if (unlikely(why))
		return vs_drop_silent(p, why);
	if (unlikely(skb_is_gso_sctp(p->skb)) &&
	    !skb_gso_validate_network_len(p->skb,
					  dst_mtu(rt->dst) - tun.overhead))
		return tunnel_send_segments(p, cp, &tun, rt);
	return tunnel_send(p, cp, &tun, rt);
}

/* Sends to the packet's own destination address, as if there were no
 * service. */
static unsigned int xmit_bypass(struct vs_pkt *p, struct vs_conn *cp)
{
	struct dst_entry *dst = vs_route_onward(p);
	enum vs_counter why;

	if (!dst)
		return vs_drop_silent(p, VS_DROP_NO_ROUTE);
	why = vs_ttl_dec(p);
	if (why)
		goto drop;
	why = VS_DROP_TOO_BIG;
	if (!vs_mtu_fits(p, dst_mtu(dst)))
		goto drop;
	skb_dst_drop(p->skb);
	skb_dst_set(p->skb, dst);
	p->skb->ignore_df = 1;
	return send_routed(p, cp, dst);
drop:
	dst_release(dst);
	return vs_drop_silent(p, why);
}

unsigned int vs_xmit_in(struct vs_pkt *p, struct vs_conn *cp)
{
	vs_assert_packet_context();
	if (unlikely(!cp->dest))
		return cp->method == IP_VS_CONN_F_BYPASS ?
		       xmit_bypass(p, cp) :
		       vs_drop_silent(p, VS_DROP_DEST_GONE);

	switch (cp->method) {
	case IP_VS_CONN_F_MASQ:
		return xmit_nat(p, NULL, cp);
	case IP_VS_CONN_F_TUNNEL:
		return xmit_tunnel(p, cp);
	case IP_VS_CONN_F_DROUTE:
		return xmit_direct(p, cp);
	case IP_VS_CONN_F_LOCALNODE:
		return pass_to_stack(p, cp, VS_DIR_IN);
	default:
		return vs_drop_silent(p, VS_DROP_METHOD);
	}
}

unsigned int vs_xmit_icmp_in(struct vs_pkt *p, const struct vs_pkt *in,
			     struct vs_conn *cp)
{
	/* only NAT changes the embedded packet */
	if (cp->dest && cp->method == IP_VS_CONN_F_MASQ)
		return xmit_nat(p, in, cp);
	return vs_xmit_in(p, cp);
}

unsigned int vs_xmit_out(struct vs_pkt *p, struct vs_conn *cp)
{
	vs_assert_packet_context();
	if (unlikely(cp->method != IP_VS_CONN_F_MASQ))
		return pass_to_stack(p, cp, VS_DIR_OUT);
	if (!vs_nat_out(p, cp))
		return vs_drop_silent(p, VS_DROP_HEADROOM);
	if (!vs_route_out(p, cp))
		return vs_drop_silent(p, VS_DROP_REPLY_ROUTE);
	return pass_to_stack(p, cp, VS_DIR_OUT);
}

unsigned int vs_xmit_icmp_out(struct vs_pkt *p, const struct vs_pkt *in,
			      struct vs_conn *cp)
{
	if (cp->method != IP_VS_CONN_F_MASQ)
		return pass_to_stack(p, cp, VS_DIR_OUT);
	if (!vs_nat_icmp(p, in, cp, VS_DIR_OUT))
		return vs_drop_silent(p, VS_DROP_HEADROOM);
	if (!vs_route_out(p, cp))
		return vs_drop_silent(p, VS_DROP_REPLY_ROUTE);
	return pass_to_stack(p, cp, VS_DIR_OUT);
}
