// SPDX-License-Identifier: GPL-2.0
/*
 * Relays ICMP errors about packets of our connections to the sender of the
 * embedded packet. Errors that the director sends itself are in reject.c.
 */
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/ip_vs.h>
#include <linux/udp.h>
#include <net/gre.h>
#include <net/gue.h>
#include <net/icmp.h>
#include <net/ip.h>
#include <net/route.h>

#include "net.h"
#include "path/csum.h"
#include "path/icmp.h"
#include "path/lookup.h"
#include "path/mtu.h"
#include "path/route.h"
#include "path/schedule.h"
#include "path/xmit.h"
#include "service/dest.h"
#include "stats.h"
#include "trace.h"

/* The start of an ICMP or ICMPv6 error; both have this layout. */
struct icmp_error {
	u8 type;
	u8 code;
	__sum16 check;
	__be32 info;
};

static bool is_error_type(u8 af, u8 type)
{
	if (af == AF_INET6)
		return !(type & ICMPV6_INFOMSG_MASK);
	return type == ICMP_DEST_UNREACH || type == ICMP_SOURCE_QUENCH ||
	       type == ICMP_TIME_EXCEEDED;
}

/* Whether @p is an error that may concern us. If not, p->verdict is set. */
static bool read_icmp_error(struct vs_pkt *p, struct icmp_error *e)
{
	p->verdict = NF_ACCEPT;
	if (p->nonfirst_frag)
		return false;
	if (skb_copy_bits(p->skb, p->l4, e, sizeof(*e))) {
		p->verdict = vs_drop(p, VS_DROP_TRUNCATED);
		return false;
	}
	if (!is_error_type(p->af, e->type))
		return false;
	if (p->frag) {		/* errors are never fragmented */
		p->verdict = vs_drop(p, VS_DROP_ICMP_FRAG);
		return false;
	}
	return true;
}

/* @p is about a packet without a connection. Counted once, in the last pipeline
 * that sees it (@hook), and not if the local stack sent it. */
static unsigned int pass_unrelated(const struct vs_pkt *p, u8 hook)
{
	return p->hook == hook ? vs_pass(p, VS_PASS_ICMP_UNRELATED) : NF_ACCEPT;
}

/* Parses the packet that @p embeds at offset @l3. */
static enum vs_parse parse_embedded(const struct vs_pkt *p, struct vs_pkt *in,
				    unsigned int l3)
{
	in->skb = p->skb;
	in->vn = p->vn;
	in->af = p->af;
	in->hook = p->hook;
	in->verdict = NF_ACCEPT;
	return vs_pkt_parse(in, l3);
}

/* The connection of an embedded packet that we forwarded with the client's and
 * the virtual address unchanged. */
static struct vs_conn *lookup_unchanged(const struct vs_pkt *in)
{
	struct vs_conn *cp = vs_lookup_client(in);

	return cp && cp->method != IP_VS_CONN_F_MASQ ? cp : NULL;
}

static void account_error(const struct vs_conn *cp, enum vs_count pkts,
			  enum vs_count bytes, unsigned int len)
{
	if (cp->dest)
		vs_stats_packet(cp->dest->stats, pkts, bytes, len);
}

/*
 * Updates the PMTU to the real server after a router reported @mtu, and returns
 * the MTU to report to the client. skb->data is at the tunnel packet that was
 * too big, with @overhead bytes before the client's packet.
 */
static unsigned int tunnel_update_pmtu(struct vs_pkt *p, struct vs_dest *dest,
				       unsigned int mtu,
				       unsigned int overhead)
{
	const struct vs_route *rt;

	ipv4_update_pmtu(p->skb, p->vn->net, mtu, 0, 0);
	rt = vs_route_to(p, dest, false);
	if (rt)
		mtu = dst_mtu(rt->dst);
	return mtu > IPV4_MIN_MTU + overhead ? mtu - overhead : mtu;
}

/*
 * An error @e about a tunnel packet that we sent: @outer, which contains the
 * client's packet @req. Sends the client an error about its own packet.
 */
static unsigned int relay_tunnel_error(struct vs_pkt *p,
				       const struct icmp_error *e,
				       const struct vs_pkt *outer,
				       const struct vs_pkt *req,
				       struct vs_conn *cp)
{
	unsigned int overhead = req->l3 - outer->l3;
	bool too_big = e->type == ICMP_DEST_UNREACH &&
		       e->code == ICMP_FRAG_NEEDED;
	struct sk_buff *skb = p->skb;
	__be32 info = e->info;

	if (!pskb_may_pull(skb, req->l4 + 2 * sizeof(__be16)))
		return vs_drop(p, VS_DROP_TRUNCATED);
	/* IPCB describes the options of the error's own header, not of the
	 * embedded ones that skb->data moves to */
	memset(IPCB(skb), 0, sizeof(*IPCB(skb)));

	__skb_pull(skb, outer->l3);
	skb_reset_network_header(skb);
	if (too_big)
		info = htonl(tunnel_update_pmtu(p, cp->dest,
						ntohl(info) & 0xffff,
						overhead));

	__skb_pull(skb, overhead);
	skb_reset_network_header(skb);
	if (!too_big || ip_hdr(skb)->frag_off & htons(IP_DF)) {
		icmp_send(skb, e->type, e->code, info);
		account_error(cp, VS_CNT_OUTPKTS, VS_CNT_OUTBYTES, skb->len);
	}
	vs_event(p->vn, VS_EV_ICMP_TUNNEL);
	consume_skb(skb);
	return NF_STOLEN;
}

/* Length of the UDP and GUE headers of @outer, 0 if it is not a tunnel packet
 * with an IPv4 packet inside. */
static unsigned int gue_len(const struct vs_pkt *outer)
{
	unsigned int off = outer->l4 + sizeof(struct udphdr);
	struct guehdr gue;

	if (skb_copy_bits(outer->skb, off, &gue, sizeof(gue)) || gue.version ||
	    gue.control || gue.proto_ctype != IPPROTO_IPIP)
		return 0;
	return sizeof(struct udphdr) + sizeof(gue) + gue.hlen * 4;
}

/* Length of the GRE header of @outer, 0 if it is not a tunnel packet with an
 * IPv4 packet inside. */
static unsigned int gre_len(const struct vs_pkt *outer)
{
	struct gre_base_hdr gre;

	if (skb_copy_bits(outer->skb, outer->l4, &gre, sizeof(gre)) ||
	    gre.flags & ~GRE_CSUM || gre.protocol != htons(ETH_P_IP))
		return 0;
	return sizeof(gre) + (gre.flags & GRE_CSUM ? sizeof(__be32) : 0);
}

/* The offset of the client's packet if @outer has the form of a tunnel packet,
 * with its type in *@type; else 0. */
static unsigned int tunnel_payload(const struct vs_pkt *outer, u8 *type)
{
	unsigned int len = 0;

	switch (outer->proto) {
	case IPPROTO_IPIP:
		*type = IP_VS_CONN_F_TUNNEL_TYPE_IPIP;
		return outer->l4;
	case IPPROTO_UDP:
		*type = IP_VS_CONN_F_TUNNEL_TYPE_GUE;
		len = gue_len(outer);
		break;
	case IPPROTO_GRE:
		*type = IP_VS_CONN_F_TUNNEL_TYPE_GRE;
		len = gre_len(outer);
		break;
	}
	return len ? outer->l4 + len : 0;
}

/* Whether @outer, of tunnel type @type, goes to @dest. */
static bool is_tunnel_to(const struct vs_dest *dest, u8 type,
			 const struct vs_pkt *outer)
{
	if (!dest || dest->key.af != AF_INET ||
	    dest->key.addr.ip != outer->daddr.ip ||
	    READ_ONCE(dest->tun_type) != type)
		return false;
	return type != IP_VS_CONN_F_TUNNEL_TYPE_GUE ||
	       READ_ONCE(dest->tun_port) == outer->dport;
}

/* @outer, embedded in the error @p, may be a tunnel packet that the director
 * sent. */
static unsigned int tunnel_error(struct vs_pkt *p, const struct icmp_error *e,
				 const struct vs_pkt *outer)
{
	struct vs_conn *cp;
	struct vs_pkt req;
	unsigned int l3;
	u8 type;

	l3 = tunnel_payload(outer, &type);
	if (!l3 || outer->nonfirst_frag ||
	    !vs_route_is_local(skb_dst(p->skb), p->af) ||
	    parse_embedded(p, &req, l3) != VS_PARSE_OK)
		return NF_ACCEPT;
	cp = vs_lookup_client(&req);
	if (!cp || cp->method != IP_VS_CONN_F_TUNNEL ||
	    !is_tunnel_to(cp->dest, type, outer))
		return NF_ACCEPT;
	trace_weir_lookup(&req, cp, VS_DIR_IN);
	if (!vs_csum_ok(p))
		return vs_drop(p, VS_DROP_ICMP_CSUM);
	return relay_tunnel_error(p, e, outer, &req, cp);
}

/* With net.ipv4.vs.schedule_icmp, an error about the packet @in of an unknown
 * connection is scheduled like the client's packets. The connection may be
 * another director's, which has made the same choice. */
static struct vs_conn *schedule_reverse(struct vs_pkt *p,
					const struct vs_pkt *in)
{
	struct vs_conn *cp;
	struct vs_pkt req;

	if (likely(!READ_ONCE(p->vn->sysctl.schedule_icmp)))
		return NULL;
	req = *in;
	req.saddr = in->daddr;
	req.daddr = in->saddr;
	req.sport = in->dport;
	req.dport = in->sport;
	cp = vs_schedule(&req);
	p->verdict = req.verdict;
	return cp;
}

/* Forwards the error @p about @in as @cp's packets are forwarded. The checksum
 * only matters if NAT rewrites the error; else the receiver verifies it. */
static unsigned int forward_error(struct vs_pkt *p, const struct vs_pkt *in,
				  struct vs_conn *cp)
{
	if (cp->method == IP_VS_CONN_F_MASQ && !vs_csum_ok(p))
		return vs_drop(p, VS_DROP_ICMP_CSUM);
	account_error(cp, VS_CNT_INPKTS, VS_CNT_INBYTES, p->skb->len);
	vs_event(p->vn, VS_EV_ICMP_TO_SERVER);
	return vs_xmit_icmp_in(p, in, cp);
}

unsigned int vs_icmp_in(struct vs_pkt *p)
{
	enum vs_parse parsed;
	struct vs_conn *cp;
	enum vs_dir dir;
	struct vs_pkt in;
	struct icmp_error e;

	vs_assert_packet_context();
	if (!read_icmp_error(p, &e))
		return p->verdict;
	parsed = parse_embedded(p, &in, p->l4 + sizeof(e));
	cp = parsed == VS_PARSE_OK ? vs_lookup_reverse(&in, &dir) : NULL;
	if (cp && dir == VS_DIR_OUT)
		return NF_ACCEPT;
	if (cp) {
		trace_weir_lookup(&in, cp, dir);
		return forward_error(p, &in, cp);
	}
	if (p->af == AF_INET && parsed != VS_PARSE_BAD)
		p->verdict = tunnel_error(p, &e, &in);
	if (p->verdict != NF_ACCEPT)
		return p->verdict;
	cp = parsed == VS_PARSE_OK ? schedule_reverse(p, &in) : NULL;
	if (!cp)
		return p->verdict == NF_ACCEPT ?
		       pass_unrelated(p, NF_INET_LOCAL_IN) : p->verdict;
	p->verdict = forward_error(p, &in, cp);
	if (READ_ONCE(cp->st) & VS_ST_ONE_PACKET)
		vs_conn_end(cp);
	return p->verdict;
}

unsigned int vs_icmp_out(struct vs_pkt *p)
{
	unsigned int len = p->skb->len;
	struct vs_conn *cp;
	enum vs_dir dir;
	struct vs_pkt in;
	struct icmp_error e;

	vs_assert_packet_context();
	if (!read_icmp_error(p, &e))
		return p->verdict;
	if (parse_embedded(p, &in, p->l4 + sizeof(e)) != VS_PARSE_OK)
		return pass_unrelated(p, NF_INET_FORWARD);
	cp = vs_lookup_reverse(&in, &dir);
	if (!cp) {
		dir = VS_DIR_OUT;
		cp = lookup_unchanged(&in);
	}
	if (!cp || dir != VS_DIR_OUT)
		return pass_unrelated(p, NF_INET_FORWARD);
	trace_weir_lookup(&in, cp, dir);
	if (cp->method == IP_VS_CONN_F_MASQ && !vs_csum_ok(p))
		return vs_drop(p, VS_DROP_ICMP_CSUM);
	p->verdict = vs_xmit_icmp_out(p, &in, cp);
	if (p->verdict != NF_ACCEPT)
		return p->verdict;
	account_error(cp, VS_CNT_OUTPKTS, VS_CNT_OUTBYTES, len);
	/* not an error that the director itself sent about a request */
	if (p->hook == NF_INET_FORWARD || cp->method == IP_VS_CONN_F_MASQ)
		vs_event(p->vn, VS_EV_ICMP_TO_CLIENT);
	return NF_ACCEPT;
}
