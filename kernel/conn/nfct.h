/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_NFCT_H
#define VS_NFCT_H

#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/skbuff.h>

#include "conn/conn.h"

/*
 * What netfilter's connection tracking is told. Whether a connection is to
 * stay in its table (VS_ST_NFCT) is decided when it is made, by
 * net.ipv4.vs.conntrack or by who needs it. Such a connection's entry is
 * rewritten while it is new, so that the real server's replies belong to it,
 * and goes when the connection does. The packets of all others leave
 * conntrack where we meet them.
 */

#if IS_ENABLED(CONFIG_NF_CONNTRACK)

/* @skb, in direction @dir, has an entry that is to stay. */
void vs_nfct_follow(struct sk_buff *skb, const struct vs_conn *cp,
		  enum vs_dir dir);

/* @skb goes into a tunnel, where its own entry cannot go along: it is put into
 * the table now. false: drop the packet. */
bool vs_nfct_confirm(struct sk_buff *skb);

/* Whether @skb belongs to an entry that is in the table: it knows its real
 * server and cannot have another one. */
bool vs_nfct_is_old(const struct sk_buff *skb);

/* @cp was announced by @skb, of its control connection: its entry will be
 * related to that one's, if that has a helper. Called again, it begins again.
 * RCU. */
void vs_nfct_expect(const struct sk_buff *skb, const struct vs_conn *cp);

/* @cp, which is dead and in the table, ends: it is not expected any more, but
 * in another zone than the default one. BH disabled. */
void vs_nfct_unexpect(const struct vs_conn *cp);

/* @cp ends, and its entry with it. BH disabled. */
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

static inline bool vs_nfct_is_old(const struct sk_buff *skb)
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

/* @skb, of @cp, has been dealt with: conntrack is to know it as rewritten, or
 * not at all. */
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
