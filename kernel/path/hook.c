// SPDX-License-Identifier: GPL-2.0
/*
 * Netfilter glue: the hook functions and their registration. The pipelines
 * behind them are in path.c.
 */
#include <linux/netfilter_ipv4.h>
#include <linux/netfilter_ipv6.h>

#include "compat/sock.h"
#include "net.h"
#include "path/bystander.h"
#include "path/hook.h"
#include "path/path.h"
#include "path/pkt.h"

/* Whether to ignore a packet: it went through our hooks before, has no route, did
 * not come to this host's own link-layer address, or is from a raw socket with
 * IP_NODEFRAG. */
static bool hook_exempts(const struct sk_buff *skb,
			 const struct nf_hook_state *state)
{
	if (skb->ipvs_property || !skb_dst(skb))
		return true;
	if (state->hook == NF_INET_LOCAL_OUT)
		return state->sk && vs_sk_nodefrag(state->sk);
	return skb->pkt_type != PACKET_HOST;
}

static void pkt_init(struct vs_pkt *p, struct vs_net *vn, struct sk_buff *skb,
		     const struct nf_hook_state *state)
{
	p->skb = skb;
	p->vn = vn;
	p->af = state->pf == NFPROTO_IPV6 ? AF_INET6 : AF_INET;
	p->hook = state->hook;
	p->verdict = NF_ACCEPT;
}

/* LOCAL_OUT and nfqueue reinjection may run in process context. Disable BHs so that
 * a softirq on this CPU cannot deadlock on our locks. */
static __always_inline unsigned int
with_bh_disabled(unsigned int (*pipeline)(struct vs_pkt *p), struct vs_pkt *p)
{
	unsigned int verdict;

	if (likely(in_softirq()))
		return pipeline(p);
	local_bh_disable();
	verdict = pipeline(p);
	local_bh_enable();
	return verdict;
}

/* LOCAL_IN and LOCAL_OUT. */
static unsigned int local_hook(void *priv, struct sk_buff *skb,
			       const struct nf_hook_state *state)
{
	struct vs_pkt p;

	if (hook_exempts(skb, state))
		return NF_ACCEPT;
	pkt_init(&p, vs_net(state->net), skb, state);
	if (vs_pkt_is_bystander(&p))
		return vs_path_pass_unclaimed(&p);
	return vs_verdict(skb, with_bh_disabled(vs_path_local, &p));
}

static unsigned int forward_hook(void *priv, struct sk_buff *skb,
				 const struct nf_hook_state *state)
{
	struct vs_pkt p;

	if (skb->ipvs_property || !skb_dst(skb))
		return NF_ACCEPT;
	pkt_init(&p, vs_net(state->net), skb, state);
	if (vs_pkt_is_bystander(&p))
		return NF_ACCEPT;
	return vs_verdict(skb, with_bh_disabled(vs_path_forward, &p));
}

#define HOOK(func, family, num, prio) {		\
	.hook = (func),				\
	.pf = (family),				\
	.hooknum = (num),			\
	.priority = (prio),			\
}

static const struct nf_hook_ops hooks4[] = {
	HOOK(local_hook, NFPROTO_IPV4, NF_INET_LOCAL_IN, VS_PRI_LOCAL_IN),
	HOOK(local_hook, NFPROTO_IPV4, NF_INET_LOCAL_OUT, VS_PRI_LOCAL_OUT),
	HOOK(forward_hook, NFPROTO_IPV4, NF_INET_FORWARD, VS_PRI_FORWARD),
};

static const struct nf_hook_ops hooks6[] = {
	HOOK(local_hook, NFPROTO_IPV6, NF_INET_LOCAL_IN, VS_PRI_LOCAL_IN),
	HOOK(local_hook, NFPROTO_IPV6, NF_INET_LOCAL_OUT, VS_PRI_LOCAL_OUT),
	HOOK(forward_hook, NFPROTO_IPV6, NF_INET_FORWARD, VS_PRI_FORWARD),
};

int vs_hooks_register(struct vs_net *vn, u8 af)
{
	BUILD_BUG_ON((int)NF_IP_PRI_NAT_SRC != (int)NF_IP6_PRI_NAT_SRC ||
		     (int)NF_IP_PRI_NAT_DST != (int)NF_IP6_PRI_NAT_DST);

	return nf_register_net_hooks(vn->net, af == AF_INET6 ? hooks6 : hooks4,
				     ARRAY_SIZE(hooks4));
}

void vs_hooks_unregister(struct vs_net *vn, u8 af)
{
	nf_unregister_net_hooks(vn->net, af == AF_INET6 ? hooks6 : hooks4,
				ARRAY_SIZE(hooks4));
}
