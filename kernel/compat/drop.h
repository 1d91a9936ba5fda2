/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_COMPAT_DROP_H
#define VS_COMPAT_DROP_H

#include <linux/errno.h>
#include <linux/netfilter.h>
#include <linux/skbuff.h>

/* What a hook returns to drop @skb for @reason, with the error for a sending
 * process that NF_DROP means. Older kernels know no reason there. */
static inline unsigned int vs_nf_drop(struct sk_buff *skb,
				      enum skb_drop_reason reason)
{
#ifdef VS_HAVE_NF_DROP_REASON
	return NF_DROP_REASON(skb, reason, EPERM);
#else
	return NF_DROP;
#endif
}

#endif /* VS_COMPAT_DROP_H */
