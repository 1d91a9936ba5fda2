// SPDX-License-Identifier: GPL-2.0
/*
 * Without net.ipv4.vs.conntrack a packet of ours has a conntrack entry from
 * PRE_ROUTING to where we meet it, where it is freed, and so has the next one.
 * Where nothing in between can tell, packets of known connections
 * go past conntrack instead.
 *
 * Who can tell is anybody with a hook on the way: a firewall's rule for "new"
 * matches each of these packets, and must go on to do so. NAT looks at new
 * entries, too, but a known connection is none for NAT to change.
 */
#include <linux/netfilter_ipv4.h>
#include <linux/netfilter_ipv6.h>
#include <net/addrconf.h>
#include <net/net_namespace.h>
#include <net/route.h>

#include "net.h"
#include "path/notrack.h"
#include "path/pkt.h"
#include "service/dest.h"

#ifdef VS_HAVE_NOTRACK	/* else hooks may not be looked at */

/* Where we meet packets. */
#define OUR_INPUT	(NF_IP_PRI_NAT_SRC - 2)
#define OUR_FORWARD	99
#define OUR_OUTPUT	(NF_IP_PRI_NAT_DST + 1)

#define PERIOD		(2 * HZ)

static const struct nf_hook_entries *hooks(const struct net *net, u8 af,
					   u8 hook)
{
	if (af == AF_INET6)
		return rcu_dereference(net->nf.hooks_ipv6[hook]);
	return rcu_dereference(net->nf.hooks_ipv4[hook]);
}

static unsigned int num_hooks(const struct nf_hook_entries *e)
{
	return e ? e->num_hook_entries : 0;
}

static bool is_rule(const struct nf_hook_ops *ops)
{
	return ops->hook_ops_type != NF_HOOK_OP_UNDEFINED;
}

static bool is_conntrack(const struct nf_hook_ops *ops, u8 hook)
{
	return hook == NF_INET_PRE_ROUTING &&
	       ops->priority == NF_IP_PRI_CONNTRACK && !is_rule(ops);
}

/* Whether @ops, on @hook, sees a packet after conntrack and before us. */
static bool can_tell(const struct nf_hook_ops *ops, u8 hook)
{
	switch (hook) {
	case NF_INET_PRE_ROUTING:
		return ops->priority >= NF_IP_PRI_CONNTRACK &&
		       !is_conntrack(ops, hook) &&
		       (ops->priority != NF_IP_PRI_NAT_DST || is_rule(ops));
	case NF_INET_LOCAL_IN:
		return ops->priority < OUR_INPUT ||
		       (ops->priority == OUR_INPUT && is_rule(ops));
	case NF_INET_FORWARD:
		return ops->priority < OUR_FORWARD ||
		       (ops->priority == OUR_FORWARD && is_rule(ops));
	/* errors that we send about a packet inherit what it is to conntrack */
	case NF_INET_LOCAL_OUT:
		return is_rule(ops) ||
		       (ops->priority > NF_IP_PRI_CONNTRACK &&
			ops->priority != NF_IP_PRI_NAT_DST &&
			ops->priority != OUR_OUTPUT);
	default:
		return is_rule(ops) || ops->priority < NF_IP_PRI_NAT_SRC;
	}
}

/* Whether @match is true of anybody on @hook. */
static bool any(const struct nf_hook_entries *e, u8 hook,
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

/* Whether the rules are still those that were judged. */
static bool is_current(const struct vs_notrack *n, const struct net *net,
		       u8 af)
{
	u8 hook;

	for (hook = 0; hook < NF_INET_NUMHOOKS; hook++) {
		const struct nf_hook_entries *e = hooks(net, af, hook);

		/* the number, too: memory may be used again */
		if (e != READ_ONCE(n->judged[hook].hooks) ||
		    num_hooks(e) != READ_ONCE(n->judged[hook].num))
			return false;
	}
	smp_rmb();	/* pairs with judge() */
	return true;
}

static bool is_ours(const struct vs_pkt *p)
{
	const struct vs_filter *f = &p->vn->filter;

	return vs_filter_has(f->vip, p->af, &p->daddr) ||
	       vs_filter_has(f->real, p->af, &p->saddr);
}

/* What is routed on is not for us, though a connection may be left over from
 * when it was. */
static bool is_local(const struct vs_pkt *p)
{
	if (p->af == AF_INET6)
		return ipv6_chk_addr(p->vn->net, &p->daddr.in6, NULL, 0);
	return inet_addr_type_dev_table(p->vn->net, p->skb->dev, p->daddr.ip) ==
	       RTN_LOCAL;
}

/* @p is of a connection that nobody wants tracked, and does not begin one. */
static bool is_known(const struct vs_pkt *p, const struct vs_notrack *n)
{
	const struct vs_conn *cp;
	enum vs_dir dir;

	if (p->frag || p->cut || vs_pkt_opens(p) || !is_ours(p))
		return false;
	cp = vs_conn_lookup(p, &dir);
	return cp && !(READ_ONCE(cp->st) & VS_ST_NFCT) &&
	       (!cp->dest || vs_dest_available(cp->dest)) &&
	       (dir == VS_DIR_OUT || is_local(p)) &&
	       READ_ONCE(*(dir == VS_DIR_IN ? &n->in : &n->out));
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
	const struct vs_notrack *n = &p.vn->notrack[vs_af_index(p.af)];

	if (skb_get_nfct(skb) || skb->ipvs_property ||
	    skb->pkt_type != PACKET_HOST ||
	    !is_current(n, state->net, p.af))
		return NF_ACCEPT;
	if (vs_pkt_parse(&p, 0) == VS_PARSE_OK && is_known(&p, n))
		skb_set_nfct(skb, IP_CT_UNTRACKED);
	return NF_ACCEPT;
}

/* IPv6 has the same priorities. */
static const struct nf_hook_ops early[] = {
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

static void judge(struct vs_net *vn, u8 af)
{
	struct vs_notrack *n = &vn->notrack[vs_af_index(af)];
	const struct nf_hook_entries *e[NF_INET_NUMHOOKS];
	u8 watched = 0;	/* by BIT() of the hook */
	bool tracked = false;
	u8 hook;

	for (hook = 0; hook < NF_INET_NUMHOOKS; hook++) {
		e[hook] = hooks(vn->net, af, hook);
		tracked |= any(e[hook], hook, is_conntrack);
		if (any(e[hook], hook, can_tell))
			watched |= BIT(hook);
	}
	tracked &= !READ_ONCE(vn->sysctl.conntrack) &&
		   !(watched & ~BIT(NF_INET_FORWARD));
	WRITE_ONCE(n->in, tracked);
	WRITE_ONCE(n->out, tracked && !watched);
	smp_wmb();	/* pairs with is_current() */
	for (hook = 0; hook < NF_INET_NUMHOOKS; hook++) {
		WRITE_ONCE(n->judged[hook].hooks, e[hook]);
		WRITE_ONCE(n->judged[hook].num, num_hooks(e[hook]));
	}
}

static void judge_again(struct vs_net *vn, u8 af)
{
	rcu_read_lock();
	judge(vn, af);
	rcu_read_unlock();
}

static void notrack_unhook(struct vs_net *vn, u8 af)
{
	struct vs_notrack *n = &vn->notrack[vs_af_index(af)];

	lockdep_assert_held(&vn->notrack_lock);
	if (!n->hooked)
		return;
	nf_unregister_net_hook(vn->net, &early[vs_af_index(af)]);
	n->hooked = false;
}

static void update(struct vs_net *vn, u8 af)
{
	struct vs_notrack *n = &vn->notrack[vs_af_index(af)];

	lockdep_assert_held(&vn->notrack_lock);
	if (!READ_ONCE(vn->config.num_af[vs_af_index(af)]))
		return;
	judge_again(vn, af);
	if (n->in && !n->hooked) {
		n->hooked = !nf_register_net_hook(vn->net,
						  &early[vs_af_index(af)]);
		judge_again(vn, af);
	} else if (!n->in) {
		notrack_unhook(vn, af);
	}
}

void vs_notrack_stop(struct vs_net *vn, u8 af)
{
	mutex_lock(&vn->notrack_lock);
	notrack_unhook(vn, af);
	mutex_unlock(&vn->notrack_lock);
}

static void work(struct work_struct *work)
{
	struct vs_net *vn = container_of(work, struct vs_net,
					 notrack_work.work);

	mutex_lock(&vn->notrack_lock);
	update(vn, AF_INET);
	update(vn, AF_INET6);
	mutex_unlock(&vn->notrack_lock);
	if (READ_ONCE(vn->config.num_services))
		vs_notrack_start(vn);
}

void vs_notrack_start(struct vs_net *vn)
{
	queue_delayed_work(vs_wq, &vn->notrack_work, PERIOD);
}

void vs_notrack_net_init(struct vs_net *vn)
{
	mutex_init(&vn->notrack_lock);
	INIT_DELAYED_WORK(&vn->notrack_work, work);
}

void vs_notrack_net_exit(struct vs_net *vn)
{
	cancel_delayed_work_sync(&vn->notrack_work);
}

#endif /* VS_HAVE_NOTRACK */
