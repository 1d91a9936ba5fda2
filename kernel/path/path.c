// SPDX-License-Identifier: GPL-2.0
/*
 * The packet path: parse, look up the connection, schedule on a miss, update
 * the protocol state, rewrite or encapsulate, transmit. One pipeline for the
 * local hooks, one for FORWARD; both are at the end of the file.
 */
#include <net/ip.h>
#include <net/netfilter/ipv4/nf_defrag_ipv4.h>

#include "conn/expect.h"
#include "net.h"
#include "path/icmp.h"
#include "path/lookup.h"
#include "path/path.h"
#include "path/reject.h"
#include "path/reuse.h"
#include "path/schedule.h"
#include "path/segment.h"
#include "path/xmit.h"
#include "service/dest.h"
#include "sync/sync.h"
#include "trace.h"

/* The only packet of a connection. */
static unsigned int path_in_one_packet(struct vs_pkt *p, struct vs_conn *cp)
{
	const struct vs_sync_ops *sync = vs_sync_ops(p->vn);

	if (cp->control && !sync)
		vs_conn_count(cp->control);
	p->verdict = vs_xmit_in(p, cp);
	if (unlikely(sync))
		sync->one_packet(p->vn, cp);
	vs_conn_end(cp);
	return p->verdict;
}

/* The first packets of a connection, apps, one-packet scheduling, sync. */
static noinline unsigned int path_in_slow(struct vs_pkt *p, struct vs_conn *cp,
					  enum vs_touch touch)
{
	const struct vs_sync_ops *sync;
	u32 st = READ_ONCE(cp->st);

	if (st & VS_ST_ONE_PACKET)
		return path_in_one_packet(p, cp);
	sync = vs_sync_ops(p->vn);
	if (!sync)
		vs_conn_count(cp);
	if (unlikely(st & VS_ST_APP) && !vs_segment_in(p, cp))
		return p->verdict;
	p->verdict = vs_xmit_in(p, cp);
	if (unlikely(sync))
		sync->packet(p->vn, cp, touch);
	return p->verdict;
}

/*
 * Returns the connection of a client's packet: @cp, which the lookup found, one
 * that an app expects, or a new one. NULL: see p->verdict.
 */
static __always_inline struct vs_conn *path_conn(struct vs_pkt *p,
						 struct vs_conn *cp)
{
	if (!cp && unlikely(atomic_read(&p->vn->any_cport))) {
		cp = vs_expect_confirm(p);
		if (p->verdict != NF_ACCEPT)
			return NULL;
	}
	if (cp && unlikely(!vs_reuse_may_continue(p, cp))) {
		if (p->verdict != NF_ACCEPT)
			return NULL;
		cp = NULL;
	}
	return cp ?: vs_schedule(p);
}

/* A client's packet. @cp is its connection, NULL if the lookup found none. */
static unsigned int path_in(struct vs_pkt *p, struct vs_conn *cp)
{
	enum vs_touch touch = VS_TOUCH_FRESH;

	cp = path_conn(p, cp);
	if (cp)
		touch = vs_conn_touch(cp);
	if (unlikely(touch == VS_TOUCH_DEAD))
		cp = vs_schedule(p);
	if (!cp)
		return p->verdict;
	if (unlikely(!cp->dest) && READ_ONCE(cp->st) & VS_ST_SYNCED)
		cp = vs_sync_bind(p->vn, cp);
	if (cp->dest)
		vs_stats_packet(cp->dest->stats, VS_CNT_INPKTS,
				VS_CNT_INBYTES, p->skb->len);
	vs_proto_state(cp, p, VS_DIR_IN);
	if (likely(vs_conn_is_plain(cp)) && likely(!vs_sync_ops(p->vn)))
		return vs_xmit_in(p, cp);
	return path_in_slow(p, cp, touch);
}

/* A real server's reply. */
static unsigned int path_out(struct vs_pkt *p, struct vs_conn *cp)
{
	unsigned int len = p->skb->len;
	unsigned int verdict;
	enum vs_touch touch;

	if (unlikely(READ_ONCE(cp->st) & VS_ST_APP) && !vs_segment_out(p, cp))
		return p->verdict;
	verdict = vs_xmit_out(p, cp);
	if (verdict != NF_ACCEPT)
		return verdict;
	touch = vs_conn_touch(cp);
	if (cp->dest && vs_dest_available(cp->dest))
		vs_stats_packet(cp->dest->stats, VS_CNT_OUTPKTS,
				VS_CNT_OUTBYTES, len);
	vs_proto_state(cp, p, VS_DIR_OUT);
	if (unlikely(touch == VS_TOUCH_STAMPED))
		vs_sync_reply(p->vn, cp);
	return NF_ACCEPT;
}

/* A datagram that a real server sends without a connection: persistence engines
 * may open one for it (SIP requests of a server). */
static unsigned int path_out_first(struct vs_pkt *p)
{
	struct vs_conn *cp;

	p->verdict = NF_ACCEPT;
	if (likely(!READ_ONCE(p->vn->config.num_pe_out[vs_af_index(p->af)])))
		return NF_ACCEPT;
	cp = vs_schedule_out(p);
	if (!cp)
		return NF_ACCEPT;
	p->verdict = path_out(p, cp);
	if (READ_ONCE(cp->st) & VS_ST_ONE_PACKET)
		vs_conn_end(cp);
	return p->verdict;
}

/* With net.ipv4.vs.nat_icmp_send, a packet from a real server's service port
 * without a connection is rejected. */
static bool is_stray(const struct vs_pkt *p)
{
	if (likely(!READ_ONCE(p->vn->sysctl.nat_icmp_send)) ||
	    vs_pkt_aborts(p))
		return false;
	return vs_dest_lookup_real(p->vn, p->af, p->proto, &p->saddr, p->sport);
}

static unsigned int reject_stray(struct vs_pkt *p)
{
	vs_reject_unreachable(p);
	return vs_drop(p, VS_DROP_STRAY);
}

static bool is_fragment4(const struct vs_pkt *p)
{
	return p->af == AF_INET && ip_is_fragment(ip_hdr(p->skb));
}

/* Reassembles IPv4 fragments in FORWARD and LOCAL_OUT; the stack has done so
 * before LOCAL_IN, and nf_defrag_ipv6 before every IPv6 hook. False: the
 * fragment was queued, or dropped. */
static bool pkt_defrag4(struct vs_pkt *p)
{
	u32 user = p->hook == NF_INET_FORWARD ? IP_DEFRAG_VS_FWD :
						IP_DEFRAG_VS_OUT;

	if (ip_defrag(p->vn->net, p->skb, user)) {
		vs_event(p->vn, VS_EV_FRAG_TAKEN);
		return false;
	}
	vs_event(p->vn, VS_EV_FRAG_WHOLE);
	ip_send_check(ip_hdr(p->skb));
	return true;
}

/* Any protocol that is neither balanced nor IPsec may be that of a tunnel. */
void vs_path_mark_tunneled(struct vs_pkt *p)
{
	vs_pkt_parse(p, 0);
	switch (p->proto) {
	case 0:				/* no valid header */
	case IPPROTO_TCP:
	case IPPROTO_UDP:
	case IPPROTO_SCTP:
	case IPPROTO_AH:
	case IPPROTO_ESP:
		break;
	default:
		vs_skb_mark_owned(p->skb);
	}
}

/* Out of line: the hot path only contains the static branch. */
static noinline __cold void trace_packet(const struct vs_pkt *p, int parsed)
{
	trace_weir_packet(p, parsed);
}

static noinline __cold void trace_lookup(const struct vs_pkt *p,
					 const struct vs_conn *cp,
					 const enum vs_dir *dir)
{
	trace_weir_lookup(p, cp, cp ? *dir : VS_DIR_IN);
}

static __always_inline enum vs_parse path_parse(struct vs_pkt *p)
{
	enum vs_parse parsed = vs_pkt_parse(p, 0);

	if (trace_weir_packet_enabled())
		trace_packet(p, parsed);
	return parsed;
}

/*
 * The connection of @p. Replies are in the table only where NAT rewrites them.
 * With the other methods the real server replies from the virtual address; such
 * a reply is seen if the server is this host, or routes through it.
 */
static struct vs_conn *path_lookup(const struct vs_pkt *p, enum vs_dir *dir)
{
	struct vs_conn *cp = vs_lookup_conn(p, dir);

	if (unlikely(!cp) &&
	    vs_filter_has(p->vn->filter.vip, p->af, &p->saddr)) {
		cp = vs_lookup_reverse(p, dir);
		if (cp && (*dir != VS_DIR_IN ||
			   cp->method == IP_VS_CONN_F_MASQ))
			cp = NULL;
		*dir = VS_DIR_OUT;
	}
	if (trace_weir_lookup_enabled())
		trace_lookup(p, cp, dir);
	return cp;
}

/* From a virtual address to another host's: not a request to a service. */
static bool is_from_vip_only(const struct vs_pkt *p)
{
	return !p->skb->mark &&
	       vs_filter_has(p->vn->filter.vip, p->af, &p->saddr) &&
	       !vs_filter_has(p->vn->filter.vip, p->af, &p->daddr);
}

unsigned int vs_path_local(struct vs_pkt *p)
{
	struct vs_conn *cp;
	enum vs_dir dir;

	vs_assert_packet_context();
	if (unlikely(is_fragment4(p)) && !pkt_defrag4(p))
		return NF_STOLEN;

	switch (path_parse(p)) {
	case VS_PARSE_OK:
		break;
	case VS_PARSE_ICMP:
		p->verdict = vs_icmp_out(p);
		return p->verdict == NF_ACCEPT && !p->skb->ipvs_property &&
		       !vs_sync_is_idle_backup(p->vn) ?
		       vs_icmp_in(p) : p->verdict;
	case VS_PARSE_BAD:
		return vs_drop(p, VS_DROP_TRUNCATED);
	default:
		vs_pass(p, VS_PASS_NOT_BALANCED);
		return vs_path_pass_unclaimed(p);
	}
	if (unlikely(p->truncated))
		return vs_drop(p, VS_DROP_TRUNCATED);

	cp = path_lookup(p, &dir);
	if (cp && dir == VS_DIR_OUT)
		return path_out(p, cp);
	if (!cp && p->hook == NF_INET_LOCAL_OUT &&
	    (path_out_first(p) != NF_ACCEPT || p->skb->ipvs_property))
		return p->verdict;
	if (!cp && unlikely(is_stray(p)))
		return reject_stray(p);
	if (!cp && is_from_vip_only(p))
		return NF_ACCEPT;
	if (unlikely(vs_sync_is_idle_backup(p->vn)))
		return NF_ACCEPT;
	return path_in(p, cp);
}

unsigned int vs_path_forward(struct vs_pkt *p)
{
	struct vs_conn *cp;
	enum vs_dir dir;

	vs_assert_packet_context();
	if (unlikely(is_fragment4(p)) && !pkt_defrag4(p))
		return NF_STOLEN;

	switch (path_parse(p)) {
	case VS_PARSE_OK:
		break;
	case VS_PARSE_ICMP:
		if (!vs_sync_is_idle_backup(p->vn))
			p->verdict = vs_icmp_in(p);
		return p->verdict == NF_ACCEPT && !p->skb->ipvs_property ?
		       vs_icmp_out(p) : p->verdict;
	default:
		return NF_ACCEPT;
	}

	cp = path_lookup(p, &dir);
	if (!cp || dir != VS_DIR_OUT) {
		if (unlikely(vs_pkt_is_syn(p)))
			vs_reuse_end_direct(p);
		if (path_out_first(p) != NF_ACCEPT || p->skb->ipvs_property)
			return p->verdict;
		return unlikely(is_stray(p)) ? reject_stray(p) : NF_ACCEPT;
	}
	if (unlikely(p->truncated))
		return vs_drop(p, VS_DROP_TRUNCATED);
	return path_out(p, cp);
}
