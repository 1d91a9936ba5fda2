// SPDX-License-Identifier: GPL-2.0
/*
 * The sockets of the sync daemons: UDP multicast over one interface.
 */
#include <linux/igmp.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/inetdevice.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/net.h>
#include <linux/netdevice.h>
#include <linux/rtnetlink.h>
#include <linux/udp.h>
#include <net/addrconf.h>
#include <net/sock.h>

#include "sync/daemon.h"
#include "sync/wire.h"

/* The system's default is enough for a hundred messages: fewer than arrive while a
 * receiver waits for its CPU. */
#define BUF_SIZE	(4 << 20)

/* setsockopt() as from userspace: takes RTNL where the option requires it. */
static int sock_set(struct socket *sock, int level, int opt, const void *val,
		    unsigned int len)
{
	return sock->ops->setsockopt(sock, level, opt,
				     KERNEL_SOCKPTR((void *)val), len);
}

static int sock_set_int(struct socket *sock, int level, int opt, int val)
{
	return sock_set(sock, level, opt, &val, sizeof(val));
}

int vs_sync_sock_set_multicast(struct socket *sock, u8 af,
			       const struct net_device *dev, u8 ttl)
{
	struct ip_mreqn mreq = { .imr_ifindex = dev->ifindex };

	if (af == AF_INET6)
		return sock_set_int(sock, SOL_IPV6, IPV6_MULTICAST_IF,
				    dev->ifindex) ?:
		       sock_set_int(sock, SOL_IPV6, IPV6_MULTICAST_LOOP, 0) ?:
		       sock_set_int(sock, SOL_IPV6, IPV6_MULTICAST_HOPS, ttl) ?:
		       sock_set_int(sock, SOL_IPV6, IPV6_MTU_DISCOVER,
				    IPV6_PMTUDISC_DONT);
	return sock_set(sock, SOL_IP, IP_MULTICAST_IF, &mreq, sizeof(mreq)) ?:
	       sock_set_int(sock, SOL_IP, IP_MULTICAST_LOOP, 0) ?:
	       sock_set_int(sock, SOL_IP, IP_MULTICAST_TTL, ttl) ?:
	       sock_set_int(sock, SOL_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT);
}

/* Joins @conf's group on an interface, or leaves it. */
static int sock_set_member(struct socket *sock, const struct vs_sync_conf *conf,
			   int ifindex, bool member)
{
	struct ip_mreqn mreq = {
		.imr_multiaddr.s_addr = conf->group.ip,
		.imr_ifindex = ifindex,
	};
	struct ipv6_mreq mreq6 = {
		.ipv6mr_multiaddr = conf->group.in6,
		.ipv6mr_ifindex = ifindex,
	};

	if (conf->af == AF_INET6)
		return sock_set(sock, SOL_IPV6, member ? IPV6_ADD_MEMBERSHIP :
							 IPV6_DROP_MEMBERSHIP,
				&mreq6, sizeof(mreq6));
	return sock_set(sock, SOL_IP, member ? IP_ADD_MEMBERSHIP :
					       IP_DROP_MEMBERSHIP,
			&mreq, sizeof(mreq));
}

int vs_sync_sock_join(struct socket *sock, const struct vs_sync_conf *conf,
		      const struct net_device *dev)
{
	return sock_set_member(sock, conf, dev->ifindex, true);
}

void vs_sync_sock_leave(struct socket *sock, const struct vs_sync_conf *conf)
{
	sock_set_member(sock, conf, READ_ONCE(sock->sk->sk_bound_dev_if), false);
}

static bool dev_has_group4(const struct net_device *dev, __be32 group)
{
	const struct in_device *in_dev = __in_dev_get_rcu(dev);
	const struct ip_mc_list *mc;

	if (!in_dev)
		return false;
	for (mc = rcu_dereference(in_dev->mc_list); mc;
	     mc = rcu_dereference(mc->next_rcu))
		if (mc->multiaddr == group)
			return true;
	return false;
}

static bool dev_has_group6(const struct net_device *dev,
			   const struct in6_addr *group)
{
#if IS_ENABLED(CONFIG_IPV6)
	const struct inet6_dev *idev = __in6_dev_get(dev);
	const struct ifmcaddr6 *mc;

	if (!idev)
		return false;
	for (mc = rcu_dereference(idev->mc_list); mc;
	     mc = rcu_dereference(mc->next))
		if (ipv6_addr_equal(&mc->mca_addr, group))
			return true;
#endif
	return false;
}

bool vs_sync_sock_is_member(const struct socket *sock,
			    const struct vs_sync_conf *conf)
{
	const struct sock *sk = sock->sk;
	const struct net_device *dev;
	bool is_member = false;

	rcu_read_lock();
	dev = dev_get_by_index_rcu(sock_net(sk), READ_ONCE(sk->sk_bound_dev_if));
	if (dev)
		is_member = conf->af == AF_INET6 ?
			    dev_has_group6(dev, &conf->group.in6) :
			    dev_has_group4(dev, conf->group.ip);
	rcu_read_unlock();
	return is_member;
}

unsigned int vs_sync_sock_complete(struct vs_sync_conf *conf)
{
	if (!conf->af) {
		conf->af = AF_INET;
		conf->group.ip = htonl(VS_SYNC_GROUP);
	}
	if (!conf->port)
		conf->port = VS_SYNC_PORT;
	if (!conf->ttl)
		conf->ttl = 1;
	return (conf->af == AF_INET6 ? sizeof(struct ipv6hdr) :
				       sizeof(struct iphdr)) +
	       sizeof(struct udphdr);
}

int vs_sync_sock_addr(u8 af, const union nf_inet_addr *addr, u16 port,
		      struct sockaddr_storage *ss)
{
	struct sockaddr_in6 *sin6 = (void *)ss;
	struct sockaddr_in *sin = (void *)ss;

	memset(ss, 0, sizeof(*ss));
	if (af == AF_INET6) {
		sin6->sin6_family = AF_INET6;
		sin6->sin6_port = htons(port);
		sin6->sin6_addr = addr->in6;
		return sizeof(*sin6);
	}
	sin->sin_family = AF_INET;
	sin->sin_port = htons(port);
	sin->sin_addr = addr->in;
	return sizeof(*sin);
}

/* Returns the length of the group's address, with the thread's port. */
static int group_addr(const struct vs_sync_thread *t,
		      struct sockaddr_storage *ss)
{
	const struct vs_sync_conf *conf = &t->daemon->conf;

	return vs_sync_sock_addr(conf->af, &conf->group, conf->port + t->id,
				 ss);
}

/* The messages' source is the interface's address, whatever the routes say. */
static int sock_bind_source(struct socket *sock, const struct net_device *dev)
{
	struct sockaddr_in sin = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = inet_select_addr(dev, htonl(INADDR_ANY),
						    RT_SCOPE_UNIVERSE),
	};

	if (!sin.sin_addr.s_addr)
		pr_err_ratelimited("sync: interface %s has no IPv4 address\n",
				   dev->name);
	return kernel_bind(sock, (void *)&sin, sizeof(sin));
}

static struct socket *sock_new(const struct vs_sync_thread *t)
{
	const struct vs_sync_daemon *d = t->daemon;
	struct socket *sock;
	int err;

	err = sock_create_kern(d->vn->net, d->conf.af, SOCK_DGRAM, IPPROTO_UDP,
			       &sock);
	return err ? ERR_PTR(err) : sock;
}

int vs_sync_sock_set_size(struct socket *sock, const struct vs_net *vn, int opt)
{
	int size = READ_ONCE(vn->sysctl.sync_sock_size);
	struct sock *sk = sock->sk;

	if (size <= 0) {
		if (vn->net->user_ns == &init_user_ns)
			WRITE_ONCE(*(opt == SO_SNDBUF ? &sk->sk_sndbuf :
							&sk->sk_rcvbuf),
				   BUF_SIZE);
		return 0;
	}
	return sock_setsockopt(sock, SOL_SOCKET, opt, KERNEL_SOCKPTR(&size),
			       sizeof(size));
}

static int sock_setup_send(struct socket *sock, const struct vs_sync_thread *t,
			   const struct net_device *dev)
{
	const struct vs_sync_conf *conf = &t->daemon->conf;
	struct sockaddr_storage ss;
	int err, len = group_addr(t, &ss);

	err = vs_sync_sock_set_multicast(sock, conf->af, dev, conf->ttl) ?:
	      vs_sync_sock_set_size(sock, t->daemon->vn, SO_SNDBUF);
	if (!err && conf->af == AF_INET)
		err = sock_bind_source(sock, dev);
	return err ?: kernel_connect(sock, (void *)&ss, len, 0);
}

static int sock_setup_receive(struct socket *sock,
			      const struct vs_sync_thread *t,
			      const struct net_device *dev)
{
	const struct vs_sync_conf *conf = &t->daemon->conf;
	struct sockaddr_storage ss;
	int err, len = group_addr(t, &ss);

	sock_set_reuseaddr(sock->sk);
	sock->sk->sk_rcvtimeo = HZ;	/* looks after the interface then */
	err = vs_sync_sock_set_size(sock, t->daemon->vn, SO_RCVBUF) ?:
	      sock_bindtoindex(sock->sk, dev->ifindex, true) ?:
	      kernel_bind(sock, (void *)&ss, len);
	return err ?: vs_sync_sock_join(sock, conf, dev);
}

struct socket *vs_sync_sock_open(const struct vs_sync_thread *t,
				 const struct net_device *dev)
{
	struct socket *sock = sock_new(t);
	int err;

	if (IS_ERR(sock))
		return sock;
	err = t->daemon->master ? sock_setup_send(sock, t, dev) :
				  sock_setup_receive(sock, t, dev);
	if (!err)
		return sock;
	sock_release(sock);
	return ERR_PTR(err);
}

void vs_sync_sock_set_lost(struct vs_sync_thread *t, int err)
{
	const struct vs_sync_daemon *d = t->daemon;

	if (!!err == t->lost)
		return;
	t->lost = err;
	if (err)
		pr_warn_ratelimited("sync: %s daemon cannot use %s (%d), waits for it\n",
				    d->name, d->conf.ifname, err);
	else
		pr_info_ratelimited("sync: %s daemon uses %s again\n", d->name,
				    d->conf.ifname);
}

void vs_sync_sock_reopen(struct vs_sync_thread *t)
{
	struct vs_sync_daemon *d = t->daemon;
	struct socket *sock = ERR_PTR(-ENODEV), *old;
	struct net_device *dev;

	if (time_before(jiffies, t->retry_at))
		return;
	t->retry_at = jiffies + HZ;
	if (!d->master)
		vs_sync_sock_leave(t->sock, &d->conf);
	dev = dev_get_by_name(d->vn->net, d->conf.ifname);
	if (dev) {
		sock = vs_sync_sock_open(t, dev);
		dev_put(dev);
	}
	vs_sync_sock_set_lost(t, PTR_ERR_OR_ZERO(sock));
	if (IS_ERR(sock))
		return;
	mutex_lock(&d->lock);
	old = sock;
	if (!d->stopping)
		swap(t->sock, old);
	mutex_unlock(&d->lock);
	sock_release(old);
}
