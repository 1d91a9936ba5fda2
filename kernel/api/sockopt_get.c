// SPDX-License-Identifier: GPL-2.0
/*
 * The socket options that get. A command reads its argument at @user, of which
 * there are at least as many bytes as its struct has, and leaves the answer
 * there.
 */
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "api/sockopt.h"
#include "config/config.h"
#include "net.h"
#include "sched/sched.h"

/* programs depend on the lengths */
static_assert(sizeof(struct ip_vs_service_entry) == 104);
static_assert(sizeof(struct ip_vs_dest_entry) == 96);

static int answer(void __user *user, const void *from, size_t len)
{
	return copy_to_user(user, from, len) ? -EFAULT : 0;
}

static int get_version(struct vs_net *vn, void __user *user, int *len)
{
	u32 code = IP_VS_VERSION_CODE;
	char buf[64];
	int n;

	n = scnprintf(buf, sizeof(buf),
		      "IP Virtual Server version %u.%u.%u (size=%u)",
		      code >> 16 & 0xff, code >> 8 & 0xff, code & 0xff,
		      vs_table_size(&vn->table));
	*len = n + 1;
	return answer(user, buf, n + 1);
}

static int get_info(struct vs_net *vn, void __user *user, int *len)
{
	struct ip_vs_getinfo info = {
		.version = IP_VS_VERSION_CODE,
		.size = vs_table_size(&vn->table),
	};

	mutex_lock(&vn->config.lock);
	info.num_services = vn->config.num_af[vs_af_index(AF_INET)];
	mutex_unlock(&vn->config.lock);
	return answer(user, &info, sizeof(info));
}

static int get_timeout(struct vs_net *vn, void __user *user, int *len)
{
	struct ip_vs_timeout_user u = {};
	struct vs_timeouts t;

	vs_config_get_timeouts(vn, &t);
	u.tcp_timeout = t.tcp;
	u.tcp_fin_timeout = t.tcp_fin;
	u.udp_timeout = t.udp;
	return answer(user, &u, sizeof(u));
}

static int get_daemon(struct vs_net *vn, void __user *user, int *len)
{
	static const struct ip_vs_daemon_user none[2];

	return answer(user, none, sizeof(none));
}

static void put_stats(struct ip_vs_stats_user *u, const struct vs_stats_view *v)
{
	u->conns = v->cnt[VS_CNT_CONNS];
	u->inpkts = v->cnt[VS_CNT_INPKTS];
	u->outpkts = v->cnt[VS_CNT_OUTPKTS];
	u->inbytes = v->cnt[VS_CNT_INBYTES];
	u->outbytes = v->cnt[VS_CNT_OUTBYTES];
	u->cps = v->rate[VS_CNT_CONNS];
	u->inpps = v->rate[VS_CNT_INPKTS];
	u->outpps = v->rate[VS_CNT_OUTPKTS];
	u->inbps = v->rate[VS_CNT_INBYTES];
	u->outbps = v->rate[VS_CNT_OUTBYTES];
}

/* @e is zeroed. */
static void put_service(struct ip_vs_service_entry *e, struct vs_service *svc)
{
	struct vs_stats_view v;

	e->protocol = vs_service_proto(svc);
	e->addr = svc->key.addr.ip;
	e->port = svc->key.port;
	e->fwmark = svc->key.fwmark;
	strscpy(e->sched_name, svc->sched ? svc->sched->name : "none",
		sizeof(e->sched_name));
	e->flags = svc->flags;
	e->timeout = svc->timeout / HZ;
	e->netmask = svc->netmask;
	e->num_dests = svc->num_dests;
	vs_stats_view_service(svc, &v);
	put_stats(&e->stats, &v);
}

static void put_dest(struct ip_vs_dest_entry *e, struct vs_dest *dest)
{
	struct vs_stats_view v;

	e->addr = dest->key.addr.ip;
	e->port = dest->key.port;
	e->conn_flags = dest->conn_flags;
	e->weight = dest->weight;
	e->u_threshold = dest->u_threshold;
	e->l_threshold = dest->l_threshold;
	e->activeconns = atomic_read(&dest->active);
	e->inactconns = vs_dest_inactive(dest);
	e->persistconns = atomic_read(&dest->persist);
	vs_stats_view_dest(dest, &v);
	put_stats(&e->stats, &v);
}

static int get_service(struct vs_net *vn, void __user *user, int *len)
{
	struct ip_vs_service_entry u, e = {};
	struct vs_service *svc;
	struct vs_svc_key key;

	if (copy_from_user(&u, user, sizeof(u)))
		return -EFAULT;
	vs_sockopt_key(&key, u.fwmark, u.protocol, u.addr, u.port);
	if (!u.fwmark && u.protocol > U8_MAX)
		return -ESRCH;
	mutex_lock(&vn->config.lock);
	svc = vs_config_lookup(vn, &key);
	if (svc)
		put_service(&e, svc);
	mutex_unlock(&vn->config.lock);
	return svc ? answer(user, &e, sizeof(e)) : -ESRCH;
}

static u32 list_services(struct vs_net *vn, struct ip_vs_service_entry *e,
			 u32 max)
{
	struct vs_service *svc;
	u32 n = 0;

	mutex_lock(&vn->config.lock);
	list_for_each_entry(svc, &vn->config.services, list) {
		if (n == max)
			break;
		if (svc->key.af == AF_INET)
			put_service(&e[n++], svc);
	}
	mutex_unlock(&vn->config.lock);
	return n;
}

/* The caller had asked how many there are and made room: for more or fewer by
 * now, so be it. */
static int get_services(struct vs_net *vn, void __user *user, int *len)
{
	struct ip_vs_get_services u, __user *to = user;
	struct ip_vs_service_entry *e;
	u32 n;
	int err;

	if (copy_from_user(&u, user, sizeof(u)))
		return -EFAULT;
	if (*len != struct_size(&u, entrytable, u.num_services))
		return -EINVAL;
	n = min(u.num_services,
		READ_ONCE(vn->config.num_af[vs_af_index(AF_INET)]));
	e = kvcalloc(n, sizeof(*e), GFP_KERNEL_ACCOUNT);
	if (!e)
		return -ENOMEM;
	n = list_services(vn, e, n);
	err = answer(to->entrytable, e, n * sizeof(*e));
	kvfree(e);
	return err;
}

/* Those of IPv4: an IPv6 destination of a tunnel does not fit in. */
static int list_dests(struct vs_net *vn, const struct vs_svc_key *key,
		      struct ip_vs_dest_entry *e, u32 max)
{
	struct vs_service *svc;
	struct vs_dest *dest;
	int n = -ESRCH;

	mutex_lock(&vn->config.lock);
	svc = vs_config_lookup(vn, key);
	if (!svc)
		goto out;
	n = 0;
	list_for_each_entry(dest, &svc->dests, list) {
		if (n == max)
			break;
		if (dest->key.af == AF_INET)
			put_dest(&e[n++], dest);
	}
out:
	mutex_unlock(&vn->config.lock);
	return n;
}

static u32 count_dests(struct vs_net *vn, const struct vs_svc_key *key)
{
	const struct vs_service *svc;
	u32 n;

	mutex_lock(&vn->config.lock);
	svc = vs_config_lookup(vn, key);
	n = svc ? svc->num_dests : 0;
	mutex_unlock(&vn->config.lock);
	return n;
}

static int get_dests(struct vs_net *vn, void __user *user, int *len)
{
	struct ip_vs_get_dests u, __user *to = user;
	struct ip_vs_dest_entry *e;
	struct vs_svc_key key;
	u32 max;
	int n;

	if (copy_from_user(&u, user, sizeof(u)))
		return -EFAULT;
	if (*len != struct_size(&u, entrytable, u.num_dests))
		return -EINVAL;
	vs_sockopt_key(&key, u.fwmark, u.protocol, u.addr, u.port);
	if (!u.fwmark && u.protocol > U8_MAX)
		return -ESRCH;
	max = min(u.num_dests, count_dests(vn, &key));
	e = kvcalloc(max, sizeof(*e), GFP_KERNEL_ACCOUNT);
	if (!e)
		return -ENOMEM;
	n = list_dests(vn, &key, e, max);
	if (n > 0)
		n = answer(to->entrytable, e, n * sizeof(*e));
	kvfree(e);
	return n;
}

static const struct get_command {
	u8 len;
	int (*run)(struct vs_net *vn, void __user *user, int *len);
} get_commands[] = {
#define GET(name, size, fn)	\
	[IP_VS_SO_GET_##name - IP_VS_BASE_CTL] = { size, fn }
	GET(VERSION, 64, get_version),
	GET(INFO, sizeof(struct ip_vs_getinfo), get_info),
	GET(SERVICES, sizeof(struct ip_vs_get_services), get_services),
	GET(SERVICE, sizeof(struct ip_vs_service_entry), get_service),
	GET(DESTS, sizeof(struct ip_vs_get_dests), get_dests),
	GET(TIMEOUT, sizeof(struct ip_vs_timeout_user), get_timeout),
	GET(DAEMON, 2 * sizeof(struct ip_vs_daemon_user), get_daemon),
#undef GET
};

int vs_sockopt_get(struct sock *sk, int cmd, void __user *user, int *len)
{
	const struct get_command *c;

	if (!vs_sockopt_allowed(sk))
		return -EPERM;
	if (cmd < IP_VS_BASE_CTL || cmd > IP_VS_SO_GET_MAX)
		return -EINVAL;
	c = &get_commands[cmd - IP_VS_BASE_CTL];
	if (!c->run || *len < c->len)
		return -EINVAL;
	return c->run(vs_net(sock_net(sk)), user, len);
}
