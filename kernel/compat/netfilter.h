/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_COMPAT_NETFILTER_H
#define VS_COMPAT_NETFILTER_H

#include <linux/netfilter.h>
#include <linux/skbuff.h>

/* Where a hook cannot both free the packet and return an error, netfilter frees
 * it, with its own drop reason. */
#ifndef VS_HAVE_NF_DROP_REASON
static inline int NF_DROP_REASON(struct sk_buff *skb,
				 enum skb_drop_reason reason, u32 err)
{
	return err << NF_VERDICT_QBITS | NF_DROP;
}
#endif

/* The type of NAT's own hooks. */
#ifndef VS_HAVE_HOOK_OP_NAT
#define NF_HOOK_OP_NAT NF_HOOK_OP_UNDEFINED
#endif

#endif /* VS_COMPAT_NETFILTER_H */
