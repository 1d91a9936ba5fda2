/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_SYNC_TYPES_H
#define VS_SYNC_TYPES_H

#include <linux/mutex.h>

#include "types.h"

struct vs_mesh;
struct vs_sync_daemon;

/* vs_sync.room of a template with an engine's key, which takes up to 512 bytes
 * besides. Of all others it is 1. */
#define VS_SYNC_ROOM_KEY	4

/**
 * struct vs_sync_ops - what the daemon that sends is told; RCU, BH disabled
 * @packet:	a client's packet of a connection was handled, of all but
 *		one-packet scheduling; it is not counted yet
 * @reply:	a real server's packet has stamped the connection; or NULL
 * @one_packet:	the only packet of a connection was handled
 * @extended:	the connection has expired, but stays as it controls others
 * @removed:	the connection, with VS_ST_SHARED, is dead, for this reason; or
 *		NULL
 */
struct vs_sync_ops {
	void (*packet)(struct vs_net *vn, struct vs_conn *cp,
		       enum vs_touch touch);
	void (*reply)(struct vs_net *vn, struct vs_conn *cp);
	void (*one_packet)(struct vs_net *vn, struct vs_conn *cp);
	void (*extended)(struct vs_conn *cp);
	void (*removed)(struct vs_conn *cp, enum vs_counter why);
};

/**
 * struct vs_sync - the sync daemons of a namespace
 * @ops:	of @master or @mesh, or NULL; RCU
 * @master:	the daemon that sends, or NULL; RCU
 * @backup:	the daemon that receives, or NULL; packets only test it
 * @mesh:	the daemon that does both, without the others; or NULL; RCU
 * @lock:	serialises start and stop
 * @threads:	of each daemon, see net.ipv4.vs.sync_ports; set when the first one
 *		starts
 * @room:	memory of connections and templates that were received, in units of
 *		the larger connection; see VS_SYNC_ROOM_KEY
 * @gen:	number of the namespace, in the names of the threads
 */
struct vs_sync {
	/* read per packet */
	const struct vs_sync_ops __rcu *ops;
	struct vs_sync_daemon __rcu *master;
	struct vs_sync_daemon *backup;
	struct vs_mesh __rcu *mesh;

	struct mutex lock;
	unsigned int threads;
	atomic_t room;
	int gen;
};

#endif /* VS_SYNC_TYPES_H */
