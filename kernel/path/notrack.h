/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_NOTRACK_H
#define VS_NOTRACK_H

#include <linux/mutex.h>
#include <linux/netfilter.h>
#include <linux/workqueue.h>

#include "types.h"

/**
 * struct vs_notrack_af - whether packets of a family may bypass conntrack
 * @judged:	the hooks for which @in and @out were decided: per NF_INET_* hook
 *		the address of its table, for comparison only, and its length
 * @in:		requests may
 * @out:	replies of NAT connections may, too
 * @hooked:	our hook before conntrack's is registered; under vs_notrack.lock
 */
struct vs_notrack_af {
	struct {
		const void *hooks;
		unsigned int num;
	} judged[NF_INET_NUMHOOKS];
	bool in;
	bool out;
	bool hooked;
};

/**
 * struct vs_notrack - a namespace's packets that may bypass conntrack
 * @af:		by vs_af_index(); read per packet
 * @lock:	serializes decisions and the registration of the hook
 * @work:	decides anew every two seconds while there are services
 */
struct vs_notrack {
	struct vs_notrack_af af[2];
	struct mutex lock;
	struct delayed_work work;
};

#ifdef VS_HAVE_NOTRACK

/* A service was added: start to look at the hooks periodically. */
void vs_notrack_start(struct vs_net *vn);

/* The last service of the family was deleted, and vn->config.num_af[] says so:
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
