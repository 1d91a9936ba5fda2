/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_NOTRACK_H
#define VS_NOTRACK_H

#include <linux/mutex.h>
#include <linux/workqueue.h>

#include "types.h"

/**
 * struct vs_notrack - state of a namespace's conntrack bypass
 * @hooked:	by family: the hook before conntrack's is registered
 * @lock:	protects @hooked
 * @work:	registers the hook where packets can bypass conntrack
 */
struct vs_notrack {
	bool hooked[2];
	struct mutex lock;
	struct delayed_work work;
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
