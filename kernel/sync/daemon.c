// SPDX-License-Identifier: GPL-2.0
/*
 * Starting and stopping the sync daemons. A namespace has at most one master,
 * which sends its connections to others, and one backup, which takes those of
 * others over. Each has a thread per UDP port; a connection's messages come from
 * the same thread, so that they stay in order. (Other threads may send of the
 * copies that vs_sync_bind() and vs_expect_confirm() put in a connection's place.)
 */
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/netdevice.h>
#include <linux/slab.h>
#include <net/sock.h>

#include "extack.h"
#include "sync/daemon.h"
#include "sync/mesh.h"
#include "sync/wire.h"

DEFINE_STATIC_KEY_FALSE(vs_sync_used);

/* Smallest buffer of a backup: a master's messages may be larger than its own. */
#define BACKUP_MIN_LEN	1024

/* A master that is stopped sends for so long. */
#define STOP_TIME	HZ

/* Memory that the messages of a master may take where root is not the host's:
 * nobody is charged for it. */
#define GUEST_BYTES	(2L << 20)

static struct vs_sync_daemon *daemon_of(struct vs_net *vn, u32 state)
{
	return state == IP_VS_STATE_MASTER ?
	       rcu_dereference_protected(vn->sync.master,
					 lockdep_is_held(&vn->sync.lock)) :
	       vn->sync.backup;
}

/* Completes the parameters by the kernel's defaults. */
static void conf_complete(struct vs_sync_conf *conf, u32 state,
			  const struct net_device *dev)
{
	bool backup = state == IP_VS_STATE_BACKUP;
	unsigned int headers = vs_sync_sock_complete(conf), mtu = 1500;

	if (conf->maxlen) {
		conf->maxlen = clamp_t(unsigned int, conf->maxlen,
				       backup ? BACKUP_MIN_LEN : 1,
				       U16_MAX - headers);
		return;
	}
	if (backup)
		mtu = clamp(READ_ONCE(dev->mtu), 1500U, (unsigned int)U16_MAX);
	conf->maxlen = mtu - headers;
}

static void thread_release(struct vs_sync_thread *t)
{
	if (t->daemon->master)
		vs_sync_master_exit(t);
	if (t->sock)
		sock_release(t->sock);
	kfree(t->buf);
}

/* Lets the threads of a backup return from their sockets, and gives all those of
 * a master the same time to send what is left. */
static void daemon_interrupt(struct vs_sync_daemon *d)
{
	unsigned int i;

	mutex_lock(&d->lock);
	d->deadline = jiffies + STOP_TIME;
	/* pairs with thread_patience() */
	smp_store_release(&d->stopping, true);
	for (i = 0; i < d->n; i++)
		if (d->thread[i].sock && !d->master)
			kernel_sock_shutdown(d->thread[i].sock, SHUT_RDWR);
	mutex_unlock(&d->lock);
}

static void daemon_free(struct vs_sync_daemon *d)
{
	unsigned int i;

	daemon_interrupt(d);
	for (i = 0; i < d->n; i++) {
		if (!d->thread[i].task)
			continue;
		kthread_stop(d->thread[i].task);
		put_task_struct(d->thread[i].task);
	}
	for (i = 0; i < d->n; i++)
		thread_release(&d->thread[i]);
	kfree(d);
}

static int thread_prepare(struct vs_sync_thread *t, struct net_device *dev)
{
	struct socket *sock;

	if (t->daemon->master) {
		vs_sync_master_init(t);
	} else {
		t->buf = kmalloc(t->daemon->conf.maxlen, GFP_KERNEL_ACCOUNT);
		if (!t->buf)
			return -ENOMEM;
	}
	sock = vs_sync_sock_open(t, dev);
	if (IS_ERR(sock))
		return PTR_ERR(sock);
	t->sock = sock;
	return 0;
}

static int thread_create(struct vs_sync_thread *t)
{
	bool master = t->daemon->master;
	struct task_struct *task;

	task = kthread_create(master ? vs_sync_master_run : vs_sync_backup_run,
			      t, master ? "ipvs-m:%d:%u" : "ipvs-b:%d:%u",
			      t->daemon->vn->sync.gen, t->id);
	if (IS_ERR(task))
		return PTR_ERR(task);
	t->task = get_task_struct(task);
	return 0;
}

/* A daemon whose threads exist, but do not run yet; or an ERR_PTR(). */
static struct vs_sync_daemon *daemon_new(struct vs_net *vn, u32 state,
					 const struct vs_sync_conf *conf,
					 struct net_device *dev)
{
	unsigned int i, n = vn->sync.threads;
	struct vs_sync_daemon *d;
	int err = 0;

	d = kzalloc(struct_size(d, thread, n), GFP_KERNEL_ACCOUNT);
	if (!d)
		return ERR_PTR(-ENOMEM);
	d->vn = vn;
	d->master = state == IP_VS_STATE_MASTER;
	d->name = d->master ? "master" : "backup";
	d->conf = *conf;
	d->max_bytes = vn->net->user_ns == &init_user_ns ? LONG_MAX :
							   GUEST_BYTES;
	mutex_init(&d->lock);
	for (i = 0; i < n && !err; i++) {
		d->thread[i].daemon = d;
		d->thread[i].id = i;
		d->thread[i].retry_at = jiffies;
		d->n = i + 1;
		err = thread_prepare(&d->thread[i], dev) ?:
		      thread_create(&d->thread[i]);
	}
	if (!err)
		return d;
	daemon_free(d);
	return ERR_PTR(err);
}

static void daemon_publish(struct vs_net *vn, u32 state,
			   struct vs_sync_daemon *d)
{
	struct vs_sync *sync = &vn->sync;

	if (state == IP_VS_STATE_MASTER) {
		rcu_assign_pointer(sync->master, d);
		rcu_assign_pointer(sync->ops, &vs_sync_master_ops);
	} else {
		WRITE_ONCE(sync->backup, d);
	}
	static_branch_inc(&vs_sync_used);
}

static void daemon_withdraw(struct vs_net *vn, u32 state)
{
	struct vs_sync *sync = &vn->sync;

	static_branch_dec(&vs_sync_used);
	if (state == IP_VS_STATE_BACKUP) {
		WRITE_ONCE(sync->backup, NULL);
		return;
	}
	RCU_INIT_POINTER(sync->ops, NULL);
	RCU_INIT_POINTER(sync->master, NULL);
	/* packets that add to its queues */
	synchronize_rcu();
}

/* Under sync.lock. @conf is completed. */
static int daemon_start(struct vs_net *vn, u32 state,
			struct vs_sync_conf *conf, struct net_device *dev,
			struct netlink_ext_ack *extack)
{
	struct vs_sync_daemon *d;
	unsigned int i;

	if (rcu_access_pointer(vn->sync.mesh))
		return vs_refuse(extack, "a mesh daemon is running", -EBUSY);
	if (daemon_of(vn, state))
		return vs_refuse(extack, "such a daemon is running", -EEXIST);
	if (!daemon_of(vn, IP_VS_STATE_MASTER) &&
	    !daemon_of(vn, IP_VS_STATE_BACKUP))
		vn->sync.threads = clamp(READ_ONCE(vn->sysctl.sync_ports), 1,
					 VS_SYNC_THREADS_MAX);
	conf_complete(conf, state, dev);
	if (conf->port + vn->sync.threads - 1 > U16_MAX)
		return vs_refuse(extack,
				 "the ports of the threads exceed 65535",
				 -EINVAL);
	d = daemon_new(vn, state, conf, dev);
	if (d == ERR_PTR(-ENOMEM))
		return -ENOMEM;
	if (IS_ERR(d))
		return vs_refuse(extack, "cannot open the daemon's socket",
				 PTR_ERR(d));
	daemon_publish(vn, state, d);
	for (i = 0; i < d->n; i++)
		wake_up_process(d->thread[i].task);
	pr_info_ratelimited("sync: %s daemon started on %s, sync id %u, %u threads\n",
			    d->name, conf->ifname, conf->syncid, d->n);
	return 0;
}

static int state_check(u32 state, struct netlink_ext_ack *extack)
{
	if (state == IP_VS_STATE_MASTER || state == IP_VS_STATE_BACKUP)
		return 0;
	return vs_refuse(extack, "a daemon is either master or backup", -EINVAL);
}

int vs_sync_start(struct vs_net *vn, u32 state, const struct vs_sync_conf *conf,
		  struct netlink_ext_ack *extack)
{
	struct vs_sync_conf full = *conf;
	struct net_device *dev;
	int err;

	dev = dev_get_by_name(vn->net, conf->ifname);
	if (!dev)
		return vs_refuse(extack, "no such interface", -ENODEV);
	err = state_check(state, extack);
	if (!err && !try_module_get(THIS_MODULE))
		err = -ENOPROTOOPT;
	if (!err) {
		mutex_lock(&vn->sync.lock);
		err = daemon_start(vn, state, &full, dev, extack);
		mutex_unlock(&vn->sync.lock);
		if (err)
			module_put(THIS_MODULE);
	}
	dev_put(dev);
	return err;
}

int vs_sync_stop(struct vs_net *vn, u32 state, struct netlink_ext_ack *extack)
{
	struct vs_sync_daemon *d;
	int err = state_check(state, extack);

	if (err)
		return err;
	mutex_lock(&vn->sync.lock);
	d = daemon_of(vn, state);
	if (d) {
		pr_info_ratelimited("sync: %s daemon is stopped\n", d->name);
		daemon_withdraw(vn, state);
		daemon_free(d);
	}
	mutex_unlock(&vn->sync.lock);
	if (!d)
		return vs_refuse(extack, "no such daemon is running", -ESRCH);
	module_put(THIS_MODULE);
	return 0;
}

bool vs_sync_get(struct vs_net *vn, u32 state, struct vs_sync_conf *conf)
{
	const struct vs_sync_daemon *d;

	mutex_lock(&vn->sync.lock);
	d = daemon_of(vn, state);
	if (d)
		*conf = d->conf;
	mutex_unlock(&vn->sync.lock);
	return d;
}

void vs_sync_net_init(struct vs_net *vn)
{
	static atomic_t last = ATOMIC_INIT(-1);

	mutex_init(&vn->sync.lock);
	vn->sync.gen = atomic_inc_return(&last);
}

void vs_sync_net_exit(struct vs_net *vn)
{
	vs_sync_stop(vn, IP_VS_STATE_MASTER, NULL);
	vs_sync_stop(vn, IP_VS_STATE_BACKUP, NULL);
	vs_mesh_stop(vn, NULL);
}
