// SPDX-License-Identifier: GPL-2.0
/*
 * With net.ipv4.vs.conntrack=0 conntrack allocates an entry in PRE_ROUTING for
 * each packet, only for us to drop it. If no hook in between can observe it,
 * mark packets of known connections untracked instead.
 *
 * Any hook between conntrack's and ours can observe the entry: a firewall rule
 * for state "new" matches each of these packets, and must continue to. NAT
 * looks at new entries as well, but does not change the packets of a known
 * connection.
 *
 * The hooks are inspected anew for each packet that may bypass. Remembering the
 * result for a table of hooks would need its identity, which an address is not:
 * a new table may reuse the memory of an old one.
 */
#include <linux/netfilter_ipv4.h>
#include <linux/netfilter_ipv6.h>
#include <net/addrconf.h>
#include <net/net_namespace.h>
#include <net/route.h>

#include "compat/ipv6.h"
#include "compat/netfilter.h"
#include "net.h"
#include "path/hook.h"
#include "path/lookup.h"
#include "path/notrack.h"
#include "service/dest.h"

#ifdef VS_HAVE_NOTRACK	/* struct nf_hook_ops may be read under RCU */

#define NOTRACK_PERIOD	(2 * HZ)

static const struct nf_hook_entries *net_hook_entries(const struct net *net,
						      u8 af, u8 hook)
{
	if (af == AF_INET6)
		return rcu_dereference(net->nf.hooks_ipv6[hook]);
	return rcu_dereference(net->nf.hooks_ipv4[hook]);
}

static unsigned int num_hooks(const struct nf_hook_entries *e)
{
	return e ? e->num_hook_entries : 0;
}

/* An nf_tables chain or a BPF program, as opposed to a kernel function. */
static bool is_rule_hook(const struct nf_hook_ops *ops)
{
	return ops->hook_ops_type != NF_HOOK_OP_UNDEFINED &&
	       ops->hook_ops_type != NF_HOOK_OP_NAT;
}

static bool is_conntrack_hook(const struct nf_hook_ops *ops, u8 hook)
{
	return hook == NF_INET_PRE_ROUTING &&
	       ops->priority == NF_IP_PRI_CONNTRACK && !is_rule_hook(ops);
}

/* Whether @ops, on @hook, sees packets after conntrack and before us. */
static bool can_observe(const struct nf_hook_ops *ops, u8 hook)
{
	switch (hook) {
	case NF_INET_PRE_ROUTING:
		return ops->priority >= NF_IP_PRI_CONNTRACK &&
		       !is_conntrack_hook(ops, hook) &&
		       (ops->priority != NF_IP_PRI_NAT_DST ||
			is_rule_hook(ops));
	case NF_INET_LOCAL_IN:
		return ops->priority < VS_PRI_LOCAL_IN ||
		       (ops->priority == VS_PRI_LOCAL_IN && is_rule_hook(ops));
	case NF_INET_FORWARD:
		return ops->priority < VS_PRI_FORWARD ||
		       (ops->priority == VS_PRI_FORWARD && is_rule_hook(ops));
	/* an ICMP error that we send inherits the conntrack state of the packet
	 * that it is about */
	case NF_INET_LOCAL_OUT:
		return is_rule_hook(ops) ||
		       (ops->priority > NF_IP_PRI_CONNTRACK &&
			ops->priority != NF_IP_PRI_NAT_DST &&
			ops->priority != VS_PRI_LOCAL_OUT);
	default:
		return is_rule_hook(ops) || ops->priority < NF_IP_PRI_NAT_SRC;
	}
}

/* Whether @match is true for any entry of @hook. */
static bool hook_has(const struct nf_hook_entries *e, u8 hook,
		     bool (*match)(const struct nf_hook_ops *ops, u8 hook))
{
	struct nf_hook_ops **ops;
	unsigned int i;

	if (!e)
		return false;
	ops = nf_hook_entries_get_hook_ops(e);
	for (i = 0; i < num_hooks(e); i++)
		if (match(READ_ONCE(ops[i]), hook))
			return true;
	return false;
}

/* Whether conntrack can be bypassed without an observer noticing. */
static bool hooks_allow_bypass(const struct net *net, u8 af, enum vs_dir dir)
{
	const struct nf_hook_entries *e;
	u8 hook;

	e = net_hook_entries(net, af, NF_INET_PRE_ROUTING);
	if (!hook_has(e, NF_INET_PRE_ROUTING, is_conntrack_hook))
		return false;
	for (hook = 0; hook < NF_INET_NUMHOOKS; hook++) {
		if (hook == NF_INET_FORWARD && dir == VS_DIR_IN)
			continue;
		e = net_hook_entries(net, af, hook);
		if (hook_has(e, hook, can_observe))
			return false;
	}
	return true;
}

static bool has_our_addr(const struct vs_pkt *p)
{
	const struct vs_filter *f = &p->vn->filter;

	return vs_filter_has(f->vip, p->af, &p->daddr) ||
	       vs_filter_has(f->real, p->af, &p->saddr);
}

/* Whether the stack will deliver @p locally, so that we see it. A connection
 * may be left from a time when its virtual address was local. */
static bool is_to_local_addr(const struct vs_pkt *p)
{
	if (vs_is_ipv6(p->af))
		return ipv6_chk_addr(p->vn->net, &p->daddr.in6, NULL, 0);
	return inet_addr_type_dev_table(p->vn->net, p->skb->dev, p->daddr.ip) ==
	       RTN_LOCAL;
}

/* Whether @p belongs to a connection, does not open one, and may bypass
 * conntrack. */
static bool pkt_may_bypass(const struct vs_pkt *p)
{
	const struct vs_conn *cp;
	enum vs_dir dir;

	if (p->frag || p->truncated || vs_pkt_opens(p) || !has_our_addr(p))
		return false;
	cp = vs_lookup_conn(p, &dir);
	return cp && !(READ_ONCE(cp->st) & VS_ST_NFCT) &&
	       (!cp->dest || vs_dest_available(cp->dest)) &&
	       (dir == VS_DIR_OUT || is_to_local_addr(p)) &&
	       hooks_allow_bypass(p->vn->net, p->af, dir);
}

static unsigned int notrack_hook(void *priv, struct sk_buff *skb,
				 const struct nf_hook_state *state)
{
	struct vs_pkt p = {
		.skb = skb,
		.vn = vs_net(state->net),
		.af = state->pf == NFPROTO_IPV6 ? AF_INET6 : AF_INET,
		.hook = state->hook,
	};

	if (skb_get_nfct(skb) || skb->ipvs_property ||
	    skb->pkt_type != PACKET_HOST || READ_ONCE(p.vn->sysctl.conntrack))
		return NF_ACCEPT;
	if (vs_pkt_parse(&p, 0) == VS_PARSE_OK && pkt_may_bypass(&p))
		skb_set_nfct(skb, IP_CT_UNTRACKED);
	return NF_ACCEPT;
}

static const struct nf_hook_ops notrack_ops[] = {
	{
		.hook = notrack_hook,
		.pf = NFPROTO_IPV4,
		.hooknum = NF_INET_PRE_ROUTING,
		.priority = NF_IP_PRI_CONNTRACK - 1,
	}, {
		.hook = notrack_hook,
		.pf = NFPROTO_IPV6,
		.hooknum = NF_INET_PRE_ROUTING,
		.priority = NF_IP6_PRI_CONNTRACK - 1,
	},
};

/* Whether any packet of a family can bypass conntrack. */
static bool notrack_is_useful(struct vs_net *vn, u8 af)
{
	bool useful;

	rcu_read_lock();
	useful = !READ_ONCE(vn->sysctl.conntrack) &&
		 hooks_allow_bypass(vn->net, af, VS_DIR_IN);
	rcu_read_unlock();
	return useful;
}

static void notrack_unhook(struct vs_net *vn, u8 af)
{
	bool *hooked = &vn->notrack.hooked[vs_af_index(af)];

	lockdep_assert_held(&vn->notrack.lock);
	if (!*hooked)
		return;
	nf_unregister_net_hook(vn->net, &notrack_ops[vs_af_index(af)]);
	*hooked = false;
}

static void notrack_update(struct vs_net *vn, u8 af)
{
	bool *hooked = &vn->notrack.hooked[vs_af_index(af)];

	lockdep_assert_held(&vn->notrack.lock);
	/* The configuration lock is not held. If the last service is deleted
	 * after this check, vs_notrack_stop() takes the lock after us. */
	if (!READ_ONCE(vn->config.num_af[vs_af_index(af)]))
		return;
	if (!notrack_is_useful(vn, af))
		notrack_unhook(vn, af);
	else if (!*hooked)
		*hooked = !nf_register_net_hook(vn->net,
						&notrack_ops[vs_af_index(af)]);
}

static void notrack_work(struct work_struct *work)
{
	struct vs_net *vn = container_of(work, struct vs_net,
					 notrack.work.work);

	mutex_lock(&vn->notrack.lock);
	notrack_update(vn, AF_INET);
	notrack_update(vn, AF_INET6);
	mutex_unlock(&vn->notrack.lock);
	if (READ_ONCE(vn->config.num_services))
		vs_notrack_start(vn);
}

void vs_notrack_start(struct vs_net *vn)
{
	queue_delayed_work(vs_wq, &vn->notrack.work, NOTRACK_PERIOD);
}

void vs_notrack_stop(struct vs_net *vn, u8 af)
{
	mutex_lock(&vn->notrack.lock);
	notrack_unhook(vn, af);
	mutex_unlock(&vn->notrack.lock);
}

void vs_notrack_net_init(struct vs_net *vn)
{
	mutex_init(&vn->notrack.lock);
	INIT_DELAYED_WORK(&vn->notrack.work, notrack_work);
}

void vs_notrack_net_exit(struct vs_net *vn)
{
	cancel_delayed_work_sync(&vn->notrack.work);
	mutex_destroy(&vn->notrack.lock);
}

#endif /* VS_HAVE_NOTRACK */
