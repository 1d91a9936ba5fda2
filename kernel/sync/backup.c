// SPDX-License-Identifier: GPL-2.0
/*
 * The backup: threads that receive sync messages of versions 0 and 1.
 */
#include <linux/kthread.h>
#include <linux/net.h>
#include <net/sock.h>

#include "sync/apply.h"
#include "sync/daemon.h"

static void message_apply(struct vs_net *vn, const u8 *buf, size_t len,
			  u32 syncid)
{
	struct vs_wire_reader r;

	vs_event(vn, VS_EV_SYNC_RECEIVED);
	vs_apply_all(vn, &r, vs_wire_open(&r, buf, len, syncid),
		     NULL);
}

/* Waits for a message, for a second. Returns its length, which may exceed the
 * buffer. */
static int sock_receive(struct vs_sync_thread *t)
{
	struct kvec vec = {
		.iov_base = t->buf,
		.iov_len = t->daemon->conf.maxlen,
	};
	struct msghdr msg = {};

	return kernel_recvmsg(t->sock, &msg, &vec, 1, vec.iov_len, MSG_TRUNC);
}

/* There was no message. */
static void thread_look_after(struct vs_sync_thread *t, int err)
{
	if (t->lost || !vs_sync_sock_is_member(t->sock, &t->daemon->conf))
		vs_sync_sock_reopen(t);
	if (err != -EAGAIN)
		schedule_timeout_idle(1);
}

int vs_sync_backup_run(void *data)
{
	struct vs_sync_thread *t = data;
	const struct vs_sync_daemon *d = t->daemon;
	int len;

	while (!READ_ONCE(d->stopping)) {
		len = sock_receive(t);
		if (len < 0)
			thread_look_after(t, len);
		else if (len > d->conf.maxlen)
			vs_event(d->vn, VS_EV_SYNC_BAD_SIZE);
		else if (!READ_ONCE(d->stopping))
			message_apply(d->vn, t->buf, len, d->conf.syncid);
		cond_resched();
	}
	while (!kthread_should_stop())
		schedule_timeout_idle(1);
	return 0;
}
