/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_NFCT_H
#define VS_NFCT_H

#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/skbuff.h>

#include "conn/conn.h"

/*
 * The connection's entry in netfilter's connection tracking. Whether it is kept
 * (VS_ST_NFCT) is decided when the connection is created, by
 * net.ipv4.vs.conntrack or by the feature that needs it. Such an entry has its
 * reply tuple altered while it is unconfirmed, so that it matches the real
 * server's replies, and is deleted together with the connection. Packets of
 * other connections are detached from conntrack in our hooks.
 */

#if IS_ENABLED(CONFIG_NF_CONNTRACK)

/* Alters the reply tuple of @skb's entry if the entry is new; @dir is the
 * packet's direction. BH disabled. */
void vs_nfct_follow(struct sk_buff *skb, const struct vs_conn *cp,
		    enum vs_dir dir);

/* Confirms the entry of @skb, which is about to be encapsulated: the outer
 * packet has no entry, so that the stack would not confirm it. Returns false if
 * the packet must be dropped. */
bool vs_nfct_confirm(struct sk_buff *skb);

/* Whether the entry of @skb is confirmed: its reply tuple names a real server
 * and cannot be altered any more. */
bool vs_nfct_is_confirmed(const struct sk_buff *skb);

/* Makes the future conntrack entry of @cp related to that of its control
 * connection, if the latter has a conntrack helper. @skb is a packet of the
 * control connection. A repeated call renews the expectation. RCU, BH
 * disabled. */
void vs_nfct_expect(const struct sk_buff *skb, const struct vs_conn *cp);

/* Removes the expectation of @cp, which is dead but still hashed. Finds only
 * those in the default zone. RCU, BH disabled. */
void vs_nfct_unexpect(const struct vs_conn *cp);

/* Deletes the conntrack entry of @cp, in the default zone. RCU, BH disabled. */
void vs_nfct_kill(const struct vs_conn *cp);

#else

static inline void vs_nfct_follow(struct sk_buff *skb, const struct vs_conn *cp,
				  enum vs_dir dir)
{
}

static inline bool vs_nfct_confirm(struct sk_buff *skb)
{
	return true;
}

static inline bool vs_nfct_is_confirmed(const struct sk_buff *skb)
{
	return false;
}

static inline void vs_nfct_expect(const struct sk_buff *skb,
				  const struct vs_conn *cp)
{
}

static inline void vs_nfct_unexpect(const struct vs_conn *cp)
{
}

static inline void vs_nfct_kill(const struct vs_conn *cp)
{
}

#endif

/* Settles the conntrack state of @skb, a packet of @cp that was processed: its
 * entry follows the translation, or the packet becomes untracked. */
static inline void vs_nfct_settle(struct sk_buff *skb, const struct vs_conn *cp,
				  enum vs_dir dir)
{
	if (likely(!skb_nfct(skb)))
		return;
	if (READ_ONCE(cp->st) & VS_ST_NFCT) {
		vs_nfct_follow(skb, cp, dir);
	} else {
		nf_reset_ct(skb);
		skb_set_nfct(skb, IP_CT_UNTRACKED);
	}
}

#endif /* VS_NFCT_H */
