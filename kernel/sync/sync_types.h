/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_SYNC_TYPES_H
#define VS_SYNC_TYPES_H

#include <linux/mutex.h>

#include "types.h"

struct vs_sync_daemon;

/**
 * struct vs_sync - the sync daemons of a namespace
 * @lock:	serialises start and stop
 * @master:	the daemon that sends, or NULL; RCU
 * @backup:	the daemon that receives, or NULL; packets only test it
 * @threads:	of each daemon, see net.ipv4.vs.sync_ports; set when the first one
 *		starts
 * @extended:	told of each connection that stays because it controls others;
 *		NULL without a master
 * @conns:	connections and templates that were received
 * @gen:	number of the namespace, in the names of the threads
 */
struct vs_sync {
	struct mutex lock;
	struct vs_sync_daemon __rcu *master;
	struct vs_sync_daemon *backup;
	unsigned int threads;
	void (*extended)(struct vs_conn *cp);
	atomic_t conns;
	int gen;
};

#endif /* VS_SYNC_TYPES_H */
