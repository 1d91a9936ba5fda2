/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_SYNC_DAEMON_H
#define VS_SYNC_DAEMON_H

#include <linux/spinlock.h>
#include <linux/wait.h>

#include "sync/sync.h"

struct net_device;
struct socket;

#define VS_SYNC_THREADS_MAX	64

/**
 * struct vs_sync_queue - messages that a master's thread has to send
 * @lock:	of the others. Taken in packet context
 * @cur:	message that is being filled, or NULL
 * @full:	messages to be sent
 * @len:	number of @full
 * @wait:	the thread
 */
struct vs_sync_queue {
	spinlock_t lock;
	struct vs_sync_buf *cur;
	struct list_head full;
	unsigned long len;
	wait_queue_head_t wait;
};

/**
 * struct vs_sync_thread - a thread of a daemon, for one UDP port
 * @daemon:	the daemon
 * @id:		number of the thread; added to the port
 * @task:	the thread
 * @sock:	its socket
 * @queue:	of a master
 * @buf:	of a backup, vs_sync_conf.maxlen bytes
 */
struct vs_sync_thread {
	struct vs_sync_daemon *daemon;
	unsigned int id;
	struct task_struct *task;
	struct socket *sock;
	struct vs_sync_queue queue;
	u8 *buf;
};

/**
 * struct vs_sync_daemon - a master or backup daemon
 * @vn:		namespace
 * @conf:	parameters, complete
 * @n:		number of threads, a power of two
 * @thread:	the threads
 */
struct vs_sync_daemon {
	struct vs_net *vn;
	struct vs_sync_conf conf;
	unsigned int n;
	struct vs_sync_thread thread[];
};

/* sock.c: a connected or bound socket of a thread on @dev, or an ERR_PTR().
 * Process context, takes RTNL. */
struct socket *vs_sync_sock_send(const struct vs_sync_thread *t,
				 struct net_device *dev);
struct socket *vs_sync_sock_receive(const struct vs_sync_thread *t,
				    struct net_device *dev);

/* master.c, backup.c: the thread functions, and what they need before they run
 * and leave behind. vs_sync_master_stop() is called before its threads are
 * stopped, when no packet adds to the queues any more. */
void vs_sync_master_init(struct vs_sync_thread *t);
void vs_sync_master_exit(struct vs_sync_thread *t);
int vs_sync_master_run(void *data);
void vs_sync_master_extended(struct vs_conn *cp);
int vs_sync_backup_run(void *data);

#endif /* VS_SYNC_DAEMON_H */
