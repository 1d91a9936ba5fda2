/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_NOTRACK_H
#define VS_NOTRACK_H

#include <linux/netfilter.h>

#include "types.h"

/**
 * struct vs_notrack - whether packets of a family may bypass conntrack
 * @judged:	the hooks for which @in and @out were decided: per NF_INET_* hook
 *		the address of its table, for comparison only, and its length
 * @in:		requests may bypass it
 * @out:	replies of NAT connections may bypass it
 * @hooked:	our hook before conntrack's is registered
 *
 * Writers hold vs_net.notrack_lock. Packets read @judged, @in and @out without
 * it.
 */
struct vs_notrack {
	struct {
		const void *hooks;
		unsigned int num;
	} judged[NF_INET_NUMHOOKS];
	bool in;
	bool out;
	bool hooked;
};

#ifdef VS_HAVE_NOTRACK

/* A service was added: start to look at the hooks periodically. */
void vs_notrack_start(struct vs_net *vn);

/* The last service of the family was deleted, vn->config.num_af[] is 0:
 * unregister the hook. Process context, may sleep. */
void vs_notrack_stop(struct vs_net *vn, u8 af);

void vs_notrack_net_init(struct vs_net *vn);
void vs_notrack_net_exit(struct vs_net *vn);	/* no services are left */

#else

static inline void vs_notrack_start(struct vs_net *vn)
{
}

static inline void vs_notrack_stop(struct vs_net *vn, u8 af)
{
}

static inline void vs_notrack_net_init(struct vs_net *vn)
{
}

static inline void vs_notrack_net_exit(struct vs_net *vn)
{
}

#endif

#endif /* VS_NOTRACK_H */
