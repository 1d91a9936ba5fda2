// SPDX-License-Identifier: GPL-2.0
/*
 * The match "-m ipvs" of iptables and ip6tables, revision 0. Connection
 * properties match a client's packet once the director has forwarded it.
 */
#include <linux/ip_vs.h>
#include <linux/module.h>
#include <linux/netfilter/x_tables.h>
#include <linux/netfilter/xt_ipvs.h>
#include <net/netfilter/nf_conntrack.h>

#include "path/query.h"

/* False if @option was given and not inverted, but does not match, or was
 * inverted, but matches. */
static bool option_matches(const struct xt_ipvs_mtinfo *info, u8 option,
			   bool matches)
{
	return !(info->bitmask & option) ||
	       matches != !!(info->invert & option);
}

static bool addr_matches(const union nf_inet_addr *a,
			 const struct xt_ipvs_mtinfo *info, u8 family)
{
	if (family == NFPROTO_IPV6)
		return !ipv6_masked_addr_cmp(&a->in6, &info->vmask.in6,
					     &info->vaddr.in6);
	return !((a->ip ^ info->vaddr.ip) & info->vmask.ip);
}

/* An untracked packet has no direction: it matches neither. */
static bool direction_matches(const struct sk_buff *skb,
			      const struct xt_ipvs_mtinfo *info)
{
	enum ip_conntrack_info ctinfo;

	if (!(info->bitmask & XT_IPVS_DIR))
		return true;
	if (!nf_ct_get(skb, &ctinfo))
		return false;
	return (ctinfo >= IP_CT_IS_REPLY) == !!(info->invert & XT_IPVS_DIR);
}

static bool conn_matches(const struct vs_query *q,
			 const struct xt_ipvs_mtinfo *info, u8 family)
{
	return option_matches(info, XT_IPVS_PROTO, q->proto == info->l4proto) &&
	       option_matches(info, XT_IPVS_VPORT, q->vport == info->vport) &&
	       option_matches(info, XT_IPVS_VPORTCTL,
			      q->controlled && q->control_vport == info->vportctl) &&
	       option_matches(info, XT_IPVS_METHOD,
			      q->method == info->fwd_method) &&
	       option_matches(info, XT_IPVS_VADDR,
			      addr_matches(&q->vaddr, info, family));
}

static bool ipvs_mt(const struct sk_buff *skb, struct xt_action_param *par)
{
	const struct xt_ipvs_mtinfo *info = par->matchinfo;
	u8 family = xt_family(par);
	struct vs_query q;

	if (info->bitmask == XT_IPVS_IPVS_PROPERTY)
		return option_matches(info, XT_IPVS_IPVS_PROPERTY,
				      skb->ipvs_property);
	if (!skb->ipvs_property)
		return false;
	return vs_query_skb(xt_net(par), skb, family, &q) &&
	       conn_matches(&q, info, family) && direction_matches(skb, info);
}

static int ipvs_mt_check(const struct xt_mtchk_param *par)
{
	if (par->family == NFPROTO_IPV4 || par->family == NFPROTO_IPV6)
		return 0;
	pr_info_ratelimited("protocol family %u is not supported\n",
			    par->family);
	return -EINVAL;
}

static struct xt_match ipvs_mt_reg __read_mostly = {
	.name = "ipvs",
	.revision = 0,
	.family = NFPROTO_UNSPEC,
	.match = ipvs_mt,
	.checkentry = ipvs_mt_check,
	.matchsize = XT_ALIGN(sizeof(struct xt_ipvs_mtinfo)),
	.me = THIS_MODULE,
};

static int __init xt_ipvs_init(void)
{
	return xt_register_match(&ipvs_mt_reg);
}

static void __exit xt_ipvs_exit(void)
{
	xt_unregister_match(&ipvs_mt_reg);
}

module_init(xt_ipvs_init);
module_exit(xt_ipvs_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Weir: iptables match for IPVS connections");
MODULE_ALIAS("ipt_ipvs");
MODULE_ALIAS("ip6t_ipvs");
