// SPDX-License-Identifier: GPL-2.0
/*
 * Where packets come in. One hook function for each netfilter hook; the way of
 * a packet is vs_in() or vs_out().
 */
#include <linux/ip.h>
#include <linux/netfilter_ipv4.h>
#include <linux/netfilter_ipv6.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include <net/netfilter/ipv4/nf_defrag_ipv4.h>

#include "compat/sock.h"
#include "conn/app.h"
#include "conn/nfct.h"
#include "net.h"
#include "path/hook.h"
#include "path/icmp.h"
#include "path/schedule.h"
#include "path/xmit.h"
#include "service/dest.h"
#include "trace.h"

/* Whether @cp is over and its client may use the port again. */
static bool is_over(const struct vs_pkt *p, const struct vs_conn *cp, int mode)
{
	u8 state = vs_conn_state(cp);

	if (p->proto == IPPROTO_SCTP)
		return state == VS_SCTP_S_CLOSED;
	switch (state) {
	case VS_TCP_S_TIME_WAIT:
	case VS_TCP_S_CLOSE:
		return true;
	case VS_TCP_S_FIN_WAIT:
		return (mode & 2) && (READ_ONCE(cp->st) & VS_ST_NOOUTPUT);
	default:
		return false;
	}
}

/* A SYN or INIT that hits a connection which is over: the client uses its port
 * again (net.ipv4.vs.conn_reuse_mode). Connections under a template stay with
 * it. */
static bool is_reuse(const struct vs_pkt *p, const struct vs_conn *cp)
{
	int mode = READ_ONCE(p->vn->sysctl.conn_reuse_mode);
	const struct vs_dest *dest = cp->dest;

	if (READ_ONCE(p->vn->sysctl.expire_nodest_conn) && dest &&
	    !READ_ONCE(dest->weight))
		return true;
	if (!mode || cp->control || !is_over(p, cp, mode))
		return false;
	/* what it controls is not over, and conntrack would drop the packet */
	return !atomic_read(&cp->n_control) || !vs_nfct_is_old(p->skb);
}

/* The next connection is as good as this one, unless conntrack knows this one:
 * then it begins with the client's next attempt. */
static void end_conn(struct vs_pkt *p, struct vs_conn *cp, enum vs_counter why)
{
	vs_conn_kill_as(cp, why);
	if (unlikely(vs_nfct_is_old(p->skb)))
		p->verdict = vs_drop(p, VS_DROP_CONNTRACK);
}

/*
 * Whether @cp goes on with @p. When not, it was ended and the packet is
 * scheduled anew (p->verdict NF_ACCEPT) or dropped.
 */
static bool goes_on(struct vs_pkt *p, struct vs_conn *cp)
{
	p->verdict = NF_ACCEPT;
	if (unlikely(vs_pkt_opens(p)) && is_reuse(p, cp)) {
		end_conn(p, cp, VS_EV_CONN_REUSED);
		return false;
	}
	if (likely(!cp->dest || vs_dest_available(cp->dest)))
		return true;
	if (READ_ONCE(p->vn->sysctl.expire_nodest_conn))
		end_conn(p, cp, VS_EV_CONN_NODEST);
	else
		p->verdict = vs_drop(p, VS_DROP_DEST_GONE);
	return false;
}

/* A client's packet: its connection (NULL: none yet) decides where it goes. */
static unsigned int vs_in(struct vs_pkt *p, struct vs_conn *cp)
{
	u32 st;

	if (!cp && unlikely(atomic_read(&p->vn->expected))) {
		cp = vs_expect_confirm(p);
		if (p->verdict != NF_ACCEPT)
			return p->verdict;
	}
	if (cp && unlikely(!goes_on(p, cp))) {
		if (p->verdict != NF_ACCEPT)
			return p->verdict;
		cp = NULL;
	}
	if (!cp) {
		cp = vs_schedule(p);
		if (!cp)
			return p->verdict;
	}
	vs_conn_touch(cp);
	if (cp->dest)
		vs_stats_packet(cp->dest->stats, VS_CNT_INPKTS,
				VS_CNT_INBYTES, p->skb->len);
	vs_proto_state(cp, p, VS_DIR_IN);
	st = READ_ONCE(cp->st);
	if (likely((st & (VS_ST_ONE_PACKET | VS_ST_KEEP | VS_ST_APP)) ==
		   VS_ST_KEEP))
		return vs_xmit_in(p, cp);
	if (!(st & VS_ST_ONE_PACKET)) {
		vs_conn_count(cp);
		if (unlikely(st & VS_ST_APP) && !vs_app_in(p, cp))
			return p->verdict;
		return vs_xmit_in(p, cp);
	}
	if (cp->control)
		vs_conn_count(cp->control);
	p->verdict = vs_xmit_in(p, cp);
	vs_conn_end(cp);
	return p->verdict;
}

/* A real server's reply that goes back through us. */
static unsigned int vs_out(struct vs_pkt *p, struct vs_conn *cp)
{
	unsigned int len = p->skb->len;
	unsigned int verdict;

	if (unlikely(READ_ONCE(cp->st) & VS_ST_APP) && !vs_app_out(p, cp))
		return p->verdict;
	verdict = vs_xmit_out(p, cp);
	if (verdict != NF_ACCEPT)
		return verdict;
	vs_conn_touch(cp);
	if (cp->dest && vs_dest_available(cp->dest))
		vs_stats_packet(cp->dest->stats, VS_CNT_OUTPKTS,
				VS_CNT_OUTBYTES, len);
	vs_proto_state(cp, p, VS_DIR_OUT);
	return NF_ACCEPT;
}

/* Likewise what a real server sends of its own accord. */
static unsigned int vs_out_first(struct vs_pkt *p)
{
	struct vs_conn *cp;

	p->verdict = NF_ACCEPT;
	if (likely(!READ_ONCE(p->vn->config.num_pe_out[vs_af_index(p->af)])))
		return NF_ACCEPT;
	cp = vs_schedule_out(p);
	if (!cp)
		return NF_ACCEPT;
	p->verdict = vs_out(p, cp);
	if (READ_ONCE(cp->st) & VS_ST_ONE_PACKET)
		vs_conn_end(cp);
	return p->verdict;
}

/*
 * With net.ipv4.vs.nat_icmp_send a real server that sends from its service's
 * port for no connection hears that there is none.
 */
static bool is_stray(const struct vs_pkt *p)
{
	if (likely(!READ_ONCE(p->vn->sysctl.nat_icmp_send)) ||
	    vs_pkt_aborts(p))
		return false;
	return vs_dest_lookup_real(p->vn, p->af, p->proto, &p->saddr, p->sport);
}

static unsigned int refuse_stray(struct vs_pkt *p)
{
	vs_icmp_unreachable(p);
	return vs_drop(p, VS_DROP_STRAY);
}

static bool is_fragment(const struct sk_buff *skb, u8 af)
{
	return af == AF_INET && ip_is_fragment(ip_hdr(skb));
}

/* IPv4 fragments of what may be ours are put together first; the stack has
 * done so already before LOCAL_IN, and for IPv6 before every hook. */
static bool gather(struct vs_pkt *p)
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

/*
 * Whether neither address is one of ours, so that the packet is not either.
 * ICMP, which extension headers may hide, is told apart by what it carries.
 */
static bool is_bystander(const struct vs_net *vn, const struct sk_buff *skb,
			 u8 af, u8 hook)
{
	union nf_inet_addr s, d;

	if (af == AF_INET6) {
		const struct ipv6hdr *iph = ipv6_hdr(skb);

		if (iph->nexthdr == IPPROTO_ICMPV6 ||
		    ipv6_ext_hdr(iph->nexthdr))
			return false;
		s.in6 = iph->saddr;
		d.in6 = iph->daddr;
	} else {
		const struct iphdr *iph = ip_hdr(skb);

		if (iph->protocol == IPPROTO_ICMP)
			return false;
		s.ip = iph->saddr;
		d.ip = iph->daddr;
	}
	if (vs_filter_has(vn->filter.real, af, &s))
		return false;
	if (hook != NF_INET_FORWARD &&
	    (vs_filter_has(vn->filter.vip, af, &d) ||
	     (skb->mark && READ_ONCE(vn->config.num_fwmark[vs_af_index(af)]))))
		return false;
	return !vs_filter_has(vn->filter.vip, af, &s);
}

/* Packets that pass a second time, and those that are none of our business by
 * the way they came. */
static bool is_exempt(const struct sk_buff *skb,
		      const struct nf_hook_state *state)
{
	if (skb->ipvs_property || !skb_dst(skb))
		return true;
	if (state->hook == NF_INET_LOCAL_OUT)
		return state->sk && vs_sk_nodefrag(state->sk);
	return skb->pkt_type != PACKET_HOST;
}

/*
 * A packet that is none of ours. With net.ipv4.vs.ignore_tunneled, what may
 * carry another packet, any protocol that is not balanced, is marked: what
 * comes out of it is none of ours, either.
 */
static unsigned int leave(struct vs_pkt *p)
{
	if (likely(!READ_ONCE(p->vn->sysctl.ignore_tunneled)) ||
	    p->hook == NF_INET_FORWARD)
		return NF_ACCEPT;
	vs_pkt_parse(p, 0);
	switch (p->proto) {
	case 0:				/* cannot be told */
	case IPPROTO_TCP:
	case IPPROTO_UDP:
	case IPPROTO_SCTP:
	case IPPROTO_AH:
	case IPPROTO_ESP:
		break;
	default:
		vs_skb_mark_owned(p->skb);
	}
	return NF_ACCEPT;
}

static bool begin(struct vs_pkt *p, struct vs_net *vn, struct sk_buff *skb,
		  const struct nf_hook_state *state)
{
	p->skb = skb;
	p->vn = vn;
	p->af = state->pf == NFPROTO_IPV6 ? AF_INET6 : AF_INET;
	p->hook = state->hook;
	p->verdict = NF_ACCEPT;
	return !is_bystander(vn, skb, p->af, p->hook);
}

/* Kept out of the packets' way, which has but the jump to them. */
static noinline __cold void show_packet(const struct vs_pkt *p, int what)
{
	trace_weir_packet(p, what);
}

static noinline __cold void show_lookup(const struct vs_pkt *p,
					const struct vs_conn *cp,
					const enum vs_dir *dir)
{
	trace_weir_lookup(p, cp, cp ? *dir : VS_DIR_IN);
}

static __always_inline enum vs_parse parse(struct vs_pkt *p)
{
	enum vs_parse what = vs_pkt_parse(p, 0);

	if (trace_weir_packet_enabled())
		show_packet(p, what);
	return what;
}

/*
 * The connection of @p. The table has replies only where NAT rewrites them; a
 * server that answers by the virtual address itself is seen if it is this
 * host, or has it as its router.
 */
static struct vs_conn *find(const struct vs_pkt *p, enum vs_dir *dir)
{
	struct vs_conn *cp = vs_conn_lookup(p, dir);

	if (likely(cp) ||
	    !vs_filter_has(p->vn->filter.vip, p->af, &p->saddr))
		return cp;
	cp = vs_conn_lookup_reverse(p, dir);
	if (!cp || *dir != VS_DIR_IN || cp->method == IP_VS_CONN_F_MASQ)
		return NULL;
	*dir = VS_DIR_OUT;
	return cp;
}

static struct vs_conn *look_up(const struct vs_pkt *p, enum vs_dir *dir)
{
	struct vs_conn *cp = find(p, dir);

	if (trace_weir_lookup_enabled())
		show_lookup(p, cp, dir);
	return cp;
}

/* What a virtual address sends to somebody else asks for no service of ours. */
static bool is_only_from_us(const struct vs_pkt *p)
{
	return !p->skb->mark &&
	       vs_filter_has(p->vn->filter.vip, p->af, &p->saddr) &&
	       !vs_filter_has(p->vn->filter.vip, p->af, &p->daddr);
}

/* Requests to a virtual address, and replies whose client or real server is
 * this host. */
static unsigned int local_packet(struct vs_pkt *p)
{
	struct sk_buff *skb = p->skb;
	struct vs_conn *cp;
	enum vs_dir dir;

	if (unlikely(is_fragment(skb, p->af)) && !gather(p))
		return NF_STOLEN;

	switch (parse(p)) {
	case VS_PARSE_OK:
		break;
	case VS_PARSE_ICMP:
		p->verdict = vs_icmp_out(p);
		return p->verdict == NF_ACCEPT && !skb->ipvs_property ?
		       vs_icmp_in(p) : p->verdict;
	case VS_PARSE_BAD:
		return vs_drop(p, VS_DROP_TRUNCATED);
	default:
		vs_pass(p, VS_PASS_NOT_BALANCED);
		return leave(p);
	}
	if (unlikely(p->cut))
		return vs_drop(p, VS_DROP_TRUNCATED);
	cp = look_up(p, &dir);
	if (cp && dir == VS_DIR_OUT)
		return vs_out(p, cp);
	if (!cp && p->hook == NF_INET_LOCAL_OUT &&
	    (vs_out_first(p) != NF_ACCEPT || skb->ipvs_property))
		return p->verdict;
	if (!cp && unlikely(is_stray(p)))
		return refuse_stray(p);
	if (!cp && is_only_from_us(p))
		return NF_ACCEPT;
	return vs_in(p, cp);
}

/* A packet may be carried by a process, which sends it or gives it back from a
 * queue, and which another packet may interrupt that takes our locks. */
static __always_inline unsigned int
undisturbed(unsigned int (*way)(struct vs_pkt *p), struct vs_pkt *p)
{
	unsigned int verdict;

	if (likely(in_softirq()))
		return way(p);
	local_bh_disable();
	verdict = way(p);
	local_bh_enable();
	return verdict;
}

static unsigned int input_hook(void *priv, struct sk_buff *skb,
			       const struct nf_hook_state *state)
{
	struct vs_pkt p;

	if (is_exempt(skb, state))
		return NF_ACCEPT;
	if (!begin(&p, vs_net(state->net), skb, state))
		return leave(&p);
	return vs_verdict(skb, undisturbed(local_packet, &p));
}

static unsigned int output_hook(void *priv, struct sk_buff *skb,
				const struct nf_hook_state *state)
{
	struct vs_pkt p;

	if (is_exempt(skb, state))
		return NF_ACCEPT;
	if (!begin(&p, vs_net(state->net), skb, state))
		return leave(&p);
	return vs_verdict(skb, undisturbed(local_packet, &p));
}

/* Replies of real servers on their way to the client. */
static unsigned int forwarded_packet(struct vs_pkt *p)
{
	struct sk_buff *skb = p->skb;
	enum vs_dir dir;
	struct vs_conn *cp;

	if (unlikely(is_fragment(skb, p->af)) && !gather(p))
		return NF_STOLEN;

	switch (parse(p)) {
	case VS_PARSE_OK:
		break;
	case VS_PARSE_ICMP:
		p->verdict = vs_icmp_in(p);
		return p->verdict == NF_ACCEPT && !skb->ipvs_property ?
		       vs_icmp_out(p) : p->verdict;
	default:
		return NF_ACCEPT;
	}
	cp = look_up(p, &dir);
	if (!cp || dir != VS_DIR_OUT) {
		if (vs_out_first(p) != NF_ACCEPT || skb->ipvs_property)
			return p->verdict;
		return unlikely(is_stray(p)) ? refuse_stray(p) : NF_ACCEPT;
	}
	if (unlikely(p->cut))
		return vs_drop(p, VS_DROP_TRUNCATED);
	return vs_out(p, cp);
}

static unsigned int forward_hook(void *priv, struct sk_buff *skb,
				 const struct nf_hook_state *state)
{
	struct vs_net *vn = vs_net(state->net);
	struct vs_pkt p;

	if (skb->ipvs_property || !skb_dst(skb) || !begin(&p, vn, skb, state))
		return NF_ACCEPT;
	return vs_verdict(skb, undisturbed(forwarded_packet, &p));
}

#define HOOK(func, family, num, prio) {		\
	.hook = (func),				\
	.pf = (family),				\
	.hooknum = (num),			\
	.priority = (prio),			\
}

/* The kernel's ip_vs sits at the same places: just before source NAT of what
 * is delivered here, just after destination NAT of what is sent from here,
 * after the filter of what is forwarded. */
static const struct nf_hook_ops hooks4[] = {
	HOOK(input_hook, NFPROTO_IPV4, NF_INET_LOCAL_IN, NF_IP_PRI_NAT_SRC - 2),
	HOOK(output_hook, NFPROTO_IPV4, NF_INET_LOCAL_OUT, NF_IP_PRI_NAT_DST + 1),
	HOOK(forward_hook, NFPROTO_IPV4, NF_INET_FORWARD, 99),
};

static const struct nf_hook_ops hooks6[] = {
	HOOK(input_hook, NFPROTO_IPV6, NF_INET_LOCAL_IN, NF_IP6_PRI_NAT_SRC - 2),
	HOOK(output_hook, NFPROTO_IPV6, NF_INET_LOCAL_OUT, NF_IP6_PRI_NAT_DST + 1),
	HOOK(forward_hook, NFPROTO_IPV6, NF_INET_FORWARD, 99),
};

int vs_hooks_register(struct vs_net *vn, u8 af)
{
	return nf_register_net_hooks(vn->net, af == AF_INET6 ? hooks6 : hooks4,
				     ARRAY_SIZE(hooks4));
}

void vs_hooks_unregister(struct vs_net *vn, u8 af)
{
	nf_unregister_net_hooks(vn->net, af == AF_INET6 ? hooks6 : hooks4,
				ARRAY_SIZE(hooks4));
}
