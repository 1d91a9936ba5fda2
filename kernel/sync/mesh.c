// SPDX-License-Identifier: GPL-2.0
/*
 * Starting and stopping the mesh daemon of a namespace: two threads and a socket.
 */
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/netdevice.h>
#include <linux/random.h>
#include <linux/string.h>
#include <net/sock.h>

#include "extack.h"
#include "sync/daemon.h"
#include "sync/mesh_impl.h"

/* Smallest message: any entry, or a status, fits. */
#define MIN_LEN		1024

/* Largest in a namespace whose root is not that of the host: what is kept to be
 * sent again is not charged to anybody. */
#define GUEST_LEN	1900

static struct vs_mesh *mesh_get_locked(struct vs_net *vn)
{
	return rcu_dereference_protected(vn->sync.mesh,
					 lockdep_is_held(&vn->sync.lock));
}

/* Completes the parameters. @dev may be NULL. */
static void mesh_conf_complete(struct vs_mesh_conf *mc,
			       const struct vs_net *vn,
			       const struct net_device *dev)
{
	struct vs_sync_conf *conf = &mc->sock;
	unsigned int headers = vs_sync_sock_complete(conf);
	unsigned int max, mtu = dev ? READ_ONCE(dev->mtu) : 1500;

	mc->multicast |= !mc->n_peers;
	max = vn->net->user_ns == &init_user_ns ? U16_MAX : GUEST_LEN;
	conf->maxlen = clamp_t(unsigned int, conf->maxlen ?: mtu - headers,
			       MIN_LEN, max - headers);
}

static int mesh_conf_check(const struct vs_mesh_conf *mc,
			   const struct net_device *dev,
			   struct netlink_ext_ack *extack)
{
	unsigned int i, k;

	if (!dev && !mc->n_peers)
		return vs_refuse(extack, "a mesh needs peers, or an interface for multicast",
				 -EINVAL);
	if (!dev && mc->multicast)
		return vs_refuse(extack, "a multicast group needs an interface",
				 -EINVAL);
	for (i = 0; i < mc->n_peers && !dev; i++)
		if (mc->sock.af == AF_INET6 &&
		    ipv6_addr_type(&mc->peer[i].in6) & IPV6_ADDR_LINKLOCAL)
			return vs_refuse(extack, "a peer with a link-local address needs an interface",
					 -EINVAL);
	for (i = 0; i < mc->n_peers; i++)
		for (k = 0; k < i; k++)
			if (vs_addr_eq(mc->sock.af, &mc->peer[i], &mc->peer[k]))
				return vs_refuse(extack, "two peers have the same address",
						 -EINVAL);
	return 0;
}

static void mesh_interrupt(struct vs_mesh *m)
{
	mutex_lock(&m->sock_lock);
	WRITE_ONCE(m->stopping, true);
	if (m->sock)
		kernel_sock_shutdown(m->sock, SHUT_RD);
	mutex_unlock(&m->sock_lock);
}

static void thread_stop(struct task_struct *task)
{
	if (!task)
		return;
	kthread_stop(task);
	put_task_struct(task);
}

static void mesh_free(struct vs_mesh *m)
{
	unsigned int i;

	/* while the sender says farewell, the receiver hears the answers */
	thread_stop(m->sender);
	mesh_interrupt(m);
	thread_stop(m->receiver);
	if (m->sock)
		sock_release(m->sock);
	if (m->queue) {
		vs_mesh_queue_exit(m);
		free_percpu(m->queue);
	}
	for (i = 0; i < VS_MESH_PEERS; i++)
		vs_mesh_resync_end(&m->peer[i]);
	vs_mesh_ring_free(&m->changes);
	kvfree(m->buf);
	kvfree_sensitive(m, sizeof(*m));
}

static struct task_struct *mesh_thread_create(struct vs_mesh *m,
					      int (*run)(void *data),
					      const char *name)
{
	struct task_struct *task = kthread_create(run, m, "ipvs-%s:%d", name,
						  m->vn->sync.gen);

	return IS_ERR(task) ? task : get_task_struct(task);
}

static int mesh_set_threads(struct vs_mesh *m)
{
	struct task_struct *task;

	task = mesh_thread_create(m, vs_mesh_send_run, "mesh-tx");
	if (IS_ERR(task))
		return PTR_ERR(task);
	m->sender = task;
	task = mesh_thread_create(m, vs_mesh_receive_run, "mesh-rx");
	if (IS_ERR(task))
		return PTR_ERR(task);
	m->receiver = task;
	return 0;
}

static int mesh_prepare(struct vs_mesh *m, const struct net_device *dev)
{
	struct socket *sock;

	m->buf = kvmalloc(VS_MESH_BUF_LEN, GFP_KERNEL_ACCOUNT);
	m->queue = alloc_percpu(struct vs_mesh_queue);
	if (!m->buf || !m->queue)
		return -ENOMEM;
	vs_mesh_queue_init(m);
	sock = vs_mesh_sock_open(m, dev);
	if (IS_ERR(sock))
		return PTR_ERR(sock);
	m->sock = sock;
	return mesh_set_threads(m);
}

static struct vs_mesh *mesh_new(struct vs_net *vn,
				const struct vs_mesh_conf *conf,
				const struct vs_mesh_keys *keys,
				const struct net_device *dev)
{
	struct vs_mesh *m = kvzalloc(sizeof(*m), GFP_KERNEL_ACCOUNT);
	unsigned int i;
	int err;

	if (!m)
		return ERR_PTR(-ENOMEM);
	m->vn = vn;
	m->conf = *conf;
	m->keys = *keys;
	m->started = jiffies;
	m->status_at = jiffies;
	m->retry_at = jiffies;
	mutex_init(&m->lock);
	mutex_init(&m->sock_lock);
	init_waitqueue_head(&m->wait);
	get_random_bytes(m->session, sizeof(m->session));
	get_random_bytes(&m->secret, sizeof(m->secret));
	for (i = 0; i < conf->n_peers; i++) {
		m->peer[i].used = true;
		m->peer[i].addr = conf->peer[i];
	}
	err = mesh_prepare(m, dev);
	if (!err)
		return m;
	mesh_free(m);
	return ERR_PTR(err);
}

/* Under sync.lock. @conf is completed. */
static int mesh_start(struct vs_net *vn, struct vs_mesh_conf *conf,
		      const struct vs_mesh_keys *keys,
		      const struct net_device *dev,
		      struct netlink_ext_ack *extack)
{
	struct vs_mesh *m;
	int err;

	if (mesh_get_locked(vn))
		return vs_refuse(extack, "such a daemon is running", -EEXIST);
	if (rcu_access_pointer(vn->sync.master) || vn->sync.backup)
		return vs_refuse(extack, "a master or backup daemon is running",
				 -EBUSY);
	err = mesh_conf_check(conf, dev, extack);
	if (err)
		return err;
	mesh_conf_complete(conf, vn, dev);
	m = mesh_new(vn, conf, keys, dev);
	if (IS_ERR(m))
		return vs_refuse(extack, PTR_ERR(m) == -ENOMEM ? "out of memory" :
				 "cannot open the daemon's socket", PTR_ERR(m));
	rcu_assign_pointer(vn->sync.mesh, m);
	rcu_assign_pointer(vn->sync.ops, &vs_mesh_ops);
	static_branch_inc(&vs_sync_used);
	wake_up_process(m->sender);
	wake_up_process(m->receiver);
	pr_info_ratelimited("sync: mesh daemon started, sync id %u, %u peers\n",
		conf->sock.syncid, conf->n_peers);
	return 0;
}

int vs_mesh_start(struct vs_net *vn, const struct vs_mesh_conf *conf,
		  const struct vs_mesh_keys *keys,
		  struct netlink_ext_ack *extack)
{
	struct vs_mesh_conf full = *conf;
	struct net_device *dev = NULL;
	int err;

	/* nonces and challenges must not occur again after a boot */
	err = wait_for_random_bytes();
	if (err)
		return err;
	err = -ENOPROTOOPT;
	if (*full.sock.ifname) {
		dev = dev_get_by_name(vn->net, full.sock.ifname);
		if (!dev)
			return vs_refuse(extack, "no such interface", -ENODEV);
	}
	if (try_module_get(THIS_MODULE)) {
		mutex_lock(&vn->sync.lock);
		err = mesh_start(vn, &full, keys, dev, extack);
		mutex_unlock(&vn->sync.lock);
		if (err)
			module_put(THIS_MODULE);
	}
	dev_put(dev);
	return err;
}

int vs_mesh_stop(struct vs_net *vn, struct netlink_ext_ack *extack)
{
	struct vs_mesh *m;

	mutex_lock(&vn->sync.lock);
	m = mesh_get_locked(vn);
	if (m) {
		pr_info_ratelimited("sync: mesh daemon is stopped\n");
		static_branch_dec(&vs_sync_used);
		RCU_INIT_POINTER(vn->sync.ops, NULL);
		RCU_INIT_POINTER(vn->sync.mesh, NULL);
		/* packets that add to its queues */
		synchronize_rcu();
		mesh_free(m);
	}
	mutex_unlock(&vn->sync.lock);
	if (!m)
		return vs_refuse(extack, "no such daemon is running", -ESRCH);
	module_put(THIS_MODULE);
	return 0;
}

/* Under m->lock. What can be sent again is encrypted by the key that all peers will
 * have. */
static void mesh_replace_keys(struct vs_mesh *m, const struct vs_mesh_keys *keys)
{
	struct vs_mesh_keys old = m->keys;
	unsigned int i;

	m->keys = *keys;
	if (keys->id[0] != old.id[0] ||
	    memcmp(keys->secret[0], old.secret[0], VS_SEAL_KEY_LEN)) {
		vs_mesh_ring_reseal(&m->changes, &old, keys);
		for (i = 0; i < VS_MESH_PEERS; i++)
			if (m->peer[i].giving)
				vs_mesh_ring_reseal(&m->peer[i].giving->ring,
						    &old, keys);
	}
	memzero_explicit(&old, sizeof(old));
}

int vs_mesh_set_keys(struct vs_net *vn, const struct vs_mesh_keys *keys,
		     struct netlink_ext_ack *extack)
{
	struct vs_mesh *m;

	mutex_lock(&vn->sync.lock);
	m = mesh_get_locked(vn);
	if (m) {
		mutex_lock(&m->lock);
		mesh_replace_keys(m, keys);
		mutex_unlock(&m->lock);
	}
	mutex_unlock(&vn->sync.lock);
	return m ? 0 : vs_refuse(extack, "no such daemon is running", -ESRCH);
}

static void peer_get_info(const struct vs_mesh *m, const struct vs_mesh_peer *p,
			  struct vs_mesh_peer_info *info)
{
	*info = (struct vs_mesh_peer_info) {
		.addr = p->addr,
		.state = vs_mesh_peer_state(m, p),
		.heard = p->heard,
		.in_sync = vs_mesh_peer_has_all(p),
		.silence = jiffies_to_msecs(jiffies - p->heard_at),
		.conns = p->told.conns,
		.lag = m->changes.top - min(p->told.base, m->changes.top),
		.resent = p->resent,
		.lost = p->changes.lost,
		.got = p->got,
		.given = p->given,
		.resyncs = p->resyncs,
	};
}

static void mesh_get_info(struct vs_mesh *m, struct vs_mesh_info *info)
{
	unsigned int i;

	memset(info, 0, sizeof(*info));
	info->conns = percpu_counter_sum_positive(&m->vn->conns);
	mutex_lock(&m->lock);
	info->conf = m->conf;
	info->state = vs_mesh_state(m);
	info->key_id = m->keys.id[0];
	for (i = 0; i < VS_MESH_PEERS; i++)
		if (m->peer[i].used)
			peer_get_info(m, &m->peer[i], &info->peer[info->n++]);
	mutex_unlock(&m->lock);
}

int vs_mesh_get(struct vs_net *vn, struct vs_mesh_info *info)
{
	struct vs_mesh *m;

	mutex_lock(&vn->sync.lock);
	m = mesh_get_locked(vn);
	if (m)
		mesh_get_info(m, info);
	mutex_unlock(&vn->sync.lock);
	return m ? 0 : -ESRCH;
}
