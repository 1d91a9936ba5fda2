/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_NOTRACK_H
#define VS_NOTRACK_H

#include <linux/netfilter.h>

#include "types.h"

/**
 * struct vs_notrack - packets that need not be tracked, of one family
 * @judged:	for which @in and @out were decided: who is on each
 *		NF_INET_* hook, to be compared only, and how many
 * @in:		requests go untracked
 * @out:	so do NAT's replies
 * @hooked:	our hook before conntrack's is there
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

/* Looks every two seconds, as long as there are services, whether it pays. */
void vs_notrack_start(struct vs_net *vn);

/* The family's last service has gone; vs_config.num_af says so. */
void vs_notrack_stop(struct vs_net *vn, u8 af);

void vs_notrack_net_init(struct vs_net *vn);
void vs_notrack_net_exit(struct vs_net *vn);

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
