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
 * @sock:	its socket; replaced by the thread under vs_sync_daemon.lock
 * @lost:	the socket is of no use: its interface is gone, say
 * @retry_at:	jiffies of the next attempt to replace it
 * @queue:	of a master
 * @buf:	of a backup, vs_sync_conf.maxlen bytes
 */
struct vs_sync_thread {
	struct vs_sync_daemon *daemon;
	unsigned int id;
	struct task_struct *task;
	struct socket *sock;
	bool lost;
	unsigned long retry_at;
	struct vs_sync_queue queue;
	u8 *buf;
};

/**
 * struct vs_sync_daemon - a master or backup daemon
 * @vn:		namespace
 * @master:	it sends, rather than receives
 * @name:	"master" or "backup"
 * @conf:	parameters, complete
 * @lock:	serialises a thread that replaces its socket and the end
 * @stopping:	sockets are shut down, threads end
 * @bytes:	memory of a master's messages, of all threads
 * @max_bytes:	and its limit
 * @deadline:	jiffies until which a master that is @stopping waits for room in
 *		its sockets
 * @n:		number of threads, a power of two
 * @thread:	the threads
 */
struct vs_sync_daemon {
	struct vs_net *vn;
	bool master;
	const char *name;
	struct vs_sync_conf conf;
	struct mutex lock;
	bool stopping;
	atomic_long_t bytes;
	long max_bytes;
	unsigned long deadline;
	unsigned int n;
	struct vs_sync_thread thread[];
};

/* sock.c, process context */

/* Multicast of @sock goes to @dev, does not return, and may be fragmented. Takes
 * RTNL. */
int vs_sync_sock_set_multicast(struct socket *sock, u8 af,
			       const struct net_device *dev, u8 ttl);

/* Receives @conf's group from @dev. Takes RTNL. */
int vs_sync_sock_join(struct socket *sock, const struct vs_sync_conf *conf,
		      const struct net_device *dev);

/*
 * Leaves @conf's group on the interface that @sock is bound to. Of use before
 * another socket joins there: a membership that an interface has lost counts when
 * it ends, as soon as there is another interface with the same index. Takes RTNL.
 */
void vs_sync_sock_leave(struct socket *sock, const struct vs_sync_conf *conf);

/* Sets the size of a new socket's buffer, SO_SNDBUF or SO_RCVBUF, to
 * net.ipv4.vs.sync_sock_size; by default it is large where root is the host's. */
int vs_sync_sock_set_size(struct socket *sock, const struct vs_net *vn, int opt);

/* Whether the interface that @sock is bound to exists and is a member of @conf's
 * group. It is not when it has been away meanwhile, and has returned with the
 * same index. */
bool vs_sync_sock_is_member(const struct socket *sock,
			    const struct vs_sync_conf *conf);

/* Completes group, port and TTL by their defaults. Returns the bytes of the IP and
 * UDP headers of a message. */
unsigned int vs_sync_sock_complete(struct vs_sync_conf *conf);

/* Composes an address; @port is in host order. Returns its length. */
int vs_sync_sock_addr(u8 af, const union nf_inet_addr *addr, u16 port,
		      struct sockaddr_storage *ss);

/* A thread's socket on @dev, connected (master) or bound; or an ERR_PTR(). Takes
 * RTNL. */
struct socket *vs_sync_sock_open(const struct vs_sync_thread *t,
				 const struct net_device *dev);

/* The thread's socket is of no use because of @err, or works (0): logs a
 * change. */
void vs_sync_sock_set_lost(struct vs_sync_thread *t, int err);

/**
 * vs_sync_sock_reopen - replace a thread's socket
 * @t: the thread that calls
 *
 * For a socket whose interface or address has gone: an interface of that name may
 * have come meanwhile. At most once a second; says so in the log when the
 * interface has gone, and when the daemon works again. Takes RTNL.
 */
void vs_sync_sock_reopen(struct vs_sync_thread *t);

/* master.c: a thread's queue, its function, and what it is told */
void vs_sync_master_init(struct vs_sync_thread *t);
void vs_sync_master_exit(struct vs_sync_thread *t);
int vs_sync_master_run(void *data);
extern const struct vs_sync_ops vs_sync_master_ops;

/* backup.c: the function of a thread */
int vs_sync_backup_run(void *data);

#endif /* VS_SYNC_DAEMON_H */
