// SPDX-License-Identifier: GPL-2.0
/*
 * The socket of a mesh daemon: one for all that it sends and receives.
 */
#include <linux/net.h>
#include <linux/netdevice.h>
#include <linux/sched.h>
#include <net/sock.h>

#include "sync/daemon.h"
#include "sync/mesh_impl.h"

static int sock_setup(struct socket *sock, const struct vs_mesh *m,
		      const struct net_device *dev)
{
	const struct vs_sync_conf *conf = &m->conf.sock;
	const union nf_inet_addr any = {};
	struct sockaddr_storage ss;
	int err, len;

	sock->sk->sk_rcvtimeo = HZ;	/* looks after the interface then */
	if (conf->af == AF_INET6)
		sock->sk->sk_ipv6only = true;
	err = vs_sync_sock_set_size(sock, m->vn, SO_SNDBUF) ?:
	      vs_sync_sock_set_size(sock, m->vn, SO_RCVBUF);
	if (err)
		return err;
	len = vs_sync_sock_addr(conf->af, &any, conf->port, &ss);
	err = dev ? sock_bindtoindex(sock->sk, dev->ifindex, true) : 0;
	/* beside the socket that it replaces, and no other */
	sock->sk->sk_reuse = m->sock ? SK_CAN_REUSE : SK_NO_REUSE;
	err = err ?: kernel_bind(sock, (void *)&ss, len);
	sock->sk->sk_reuse = SK_NO_REUSE;
	if (err || !m->conf.multicast)
		return err;
	return vs_sync_sock_set_multicast(sock, conf->af, dev, conf->ttl) ?:
	       vs_sync_sock_join(sock, conf, dev);
}

struct socket *vs_mesh_sock_open(const struct vs_mesh *m,
				 const struct net_device *dev)
{
	struct socket *sock;
	int err;

	err = sock_create_kern(m->vn->net, m->conf.sock.af, SOCK_DGRAM,
			       IPPROTO_UDP, &sock);
	if (err)
		return ERR_PTR(err);
	err = sock_setup(sock, m, dev);
	if (!err)
		return sock;
	sock_release(sock);
	return ERR_PTR(err);
}

/* Whether the interface of the socket exists, and is a member of the group. */
static bool sock_has_dev(const struct vs_mesh *m)
{
	int ifindex = READ_ONCE(m->sock->sk->sk_bound_dev_if);
	bool has;

	if (m->conf.multicast)
		return vs_sync_sock_is_member(m->sock, &m->conf.sock);
	rcu_read_lock();
	has = !ifindex || dev_get_by_index_rcu(m->vn->net, ifindex);
	rcu_read_unlock();
	return has;
}

static void sock_set_lost(struct vs_mesh *m, int err)
{
	if (!!err == m->lost)
		return;
	m->lost = err;
	if (err)
		pr_warn_ratelimited("sync: mesh daemon cannot use %s (%d), waits for it\n",
			m->conf.sock.ifname, err);
	else
		pr_info_ratelimited("sync: mesh daemon uses %s again\n",
			m->conf.sock.ifname);
}

void vs_mesh_sock_watch(struct vs_mesh *m)
{
	struct socket *sock = ERR_PTR(-ENODEV), *old;
	struct net_device *dev;

	if (time_before(jiffies, m->retry_at))
		return;
	m->retry_at = jiffies + HZ;
	if (!m->lost && sock_has_dev(m))
		return;
	if (m->conf.multicast)
		vs_sync_sock_leave(m->sock, &m->conf.sock);
	m->sock->sk->sk_reuse = SK_CAN_REUSE;
	dev = dev_get_by_name(m->vn->net, m->conf.sock.ifname);
	if (dev) {
		sock = vs_mesh_sock_open(m, dev);
		dev_put(dev);
	}
	sock_set_lost(m, PTR_ERR_OR_ZERO(sock));
	if (IS_ERR(sock))
		return;
	mutex_lock(&m->sock_lock);
	old = sock;
	if (!READ_ONCE(m->stopping))
		swap(m->sock, old);
	mutex_unlock(&m->sock_lock);
	sock_release(old);
}

int vs_mesh_sock_send(struct vs_mesh *m, const union nf_inet_addr *to, u8 *data,
		      size_t len)
{
	struct kvec vec = { .iov_base = data, .iov_len = len };
	struct sockaddr_storage ss;
	struct msghdr msg = {
		.msg_flags = MSG_DONTWAIT | MSG_NOSIGNAL,
		.msg_name = &ss,
	};
	int err;

	msg.msg_namelen = vs_sync_sock_addr(m->conf.sock.af, to,
					    m->conf.sock.port, &ss);
	mutex_lock(&m->sock_lock);
	err = kernel_sendmsg(m->sock, &msg, &vec, 1, len);
	mutex_unlock(&m->sock_lock);
	vs_event(m->vn, err < 0 ? VS_EV_SYNC_UNSENT : VS_EV_SYNC_SENT);
	return err;
}

int vs_mesh_sock_receive(struct vs_mesh *m, union nf_inet_addr *from)
{
	struct kvec vec = { .iov_base = m->buf, .iov_len = VS_MESH_BUF_LEN };
	struct sockaddr_storage ss = {};
	struct msghdr msg = { .msg_name = &ss };
	int len;

	len = kernel_recvmsg(m->sock, &msg, &vec, 1, vec.iov_len, MSG_TRUNC);
	if (len < 0)
		return len;
	memset(from, 0, sizeof(*from));
	if (ss.ss_family == AF_INET6)
		from->in6 = ((struct sockaddr_in6 *)&ss)->sin6_addr;
	else
		from->in = ((struct sockaddr_in *)&ss)->sin_addr;
	return len;
}
