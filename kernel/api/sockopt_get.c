// SPDX-License-Identifier: GPL-2.0
/*
 * Get commands. The argument in the caller's buffer is overwritten with the
 * answer; the table below has the minimum length of both.
 */
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "api/sockopt_impl.h"
#include "config/config.h"
#include "net.h"
#include "sync/sync.h"
#include "sched/sched.h"

/* ABI */
static_assert(sizeof(struct ip_vs_service_entry) == 104);
static_assert(sizeof(struct ip_vs_dest_entry) == 96);

/**
 * struct get_request - a get command
 * @vn:		namespace
 * @user:	argument and answer
 * @len:	size of the argument; the size of the answer if it differs
 */
struct get_request {
	struct vs_net *vn;
	void __user *user;
	int *len;
};

static int user_answer(void __user *user, const void *from, size_t len)
{
	return copy_to_user(user, from, len) ? -EFAULT : 0;
}

static int get_version(const struct get_request *req)
{
	u32 code = IP_VS_VERSION_CODE;
	char buf[64];
	int n;

	n = scnprintf(buf, sizeof(buf),
		      "IP Virtual Server version %u.%u.%u (size=%u)",
		      code >> 16 & 0xff, code >> 8 & 0xff, code & 0xff,
		      vs_table_size(&req->vn->table));
	*req->len = n + 1;
	return user_answer(req->user, buf, n + 1);
}

static int get_table_info(const struct get_request *req)
{
	struct ip_vs_getinfo info = {
		.version = IP_VS_VERSION_CODE,
		.size = vs_table_size(&req->vn->table),
	};

	vs_config_read_begin(req->vn);
	info.num_services = req->vn->config.num_af[vs_af_index(AF_INET)];
	vs_config_read_end(req->vn);
	return user_answer(req->user, &info, sizeof(info));
}

static int get_timeout(const struct get_request *req)
{
	struct ip_vs_timeout_user u = {};
	struct vs_timeouts t;

	vs_config_get_timeouts(req->vn, &t);
	u.tcp_timeout = t.tcp;
	u.tcp_fin_timeout = t.tcp_fin;
	u.udp_timeout = t.udp;
	return user_answer(req->user, &u, sizeof(u));
}

static void user_put_daemon(struct ip_vs_daemon_user *u, struct vs_net *vn,
			    u32 state)
{
	struct vs_sync_conf conf;

	if (!vs_sync_get(vn, state, &conf))
		return;
	u->state = state;
	strscpy(u->mcast_ifn, conf.ifname, sizeof(u->mcast_ifn));
	u->syncid = conf.syncid;
}

static int get_daemon(const struct get_request *req)
{
	struct ip_vs_daemon_user u[2] = {};

	user_put_daemon(&u[0], req->vn, IP_VS_STATE_MASTER);
	user_put_daemon(&u[1], req->vn, IP_VS_STATE_BACKUP);
	return user_answer(req->user, u, sizeof(u));
}

static void entry_put_stats(struct ip_vs_stats_user *u,
			    const struct vs_stats_view *v)
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
static void entry_put_service(struct ip_vs_service_entry *e,
			      const struct vs_service *svc)
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
	entry_put_stats(&e->stats, &v);
}

static void entry_put_dest(struct ip_vs_dest_entry *e,
			   const struct vs_dest *dest)
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
	entry_put_stats(&e->stats, &v);
}

static int get_service(const struct get_request *req)
{
	struct ip_vs_service_entry u, e = {};
	struct vs_service *svc;
	struct vs_svc_key key;

	if (copy_from_user(&u, req->user, sizeof(u)))
		return -EFAULT;
	vs_sockopt_key(&key, u.fwmark, u.protocol, u.addr, u.port);
	if (!u.fwmark && u.protocol > U8_MAX)
		return -ESRCH;
	vs_config_read_begin(req->vn);
	svc = vs_config_lookup(req->vn, &key, NULL);
	if (!IS_ERR(svc))
		entry_put_service(&e, svc);
	vs_config_read_end(req->vn);
	return PTR_ERR_OR_ZERO(svc) ?: user_answer(req->user, &e, sizeof(e));
}

static u32 list_services(struct vs_net *vn, struct ip_vs_service_entry *e,
			 u32 max)
{
	struct vs_service *svc;
	u32 n = 0;

	vs_config_read_begin(vn);
	vs_config_for_each_service(svc, vn) {
		if (n == max)
			break;
		if (svc->key.af == AF_INET)
			entry_put_service(&e[n++], svc);
	}
	vs_config_read_end(vn);
	return n;
}

/* The caller has sized its table after IP_VS_SO_GET_INFO; the number of
 * services may have changed since. Answers as many as exist and fit. */
static int get_services(const struct get_request *req)
{
	struct ip_vs_get_services u, __user *to = req->user;
	struct ip_vs_service_entry *e;
	u32 n;
	int err;

	if (copy_from_user(&u, req->user, sizeof(u)))
		return -EFAULT;
	if (*req->len != struct_size(&u, entrytable, u.num_services))
		return -EINVAL;
	n = min(u.num_services,
		READ_ONCE(req->vn->config.num_af[vs_af_index(AF_INET)]));
	e = kvcalloc(n, sizeof(*e), GFP_KERNEL_ACCOUNT);
	if (!e)
		return -ENOMEM;
	n = list_services(req->vn, e, n);
	err = user_answer(to->entrytable, e, n * sizeof(*e));
	kvfree(e);
	return err;
}

/* IPv4 destinations only: the struct has no room for IPv6 tunnel endpoints. */
static int list_dests(struct vs_net *vn, const struct vs_svc_key *key,
		      struct ip_vs_dest_entry *e, u32 max)
{
	struct vs_service *svc;
	struct vs_dest *dest;
	u32 n = 0;

	vs_config_read_begin(vn);
	svc = vs_config_lookup(vn, key, NULL);
	if (IS_ERR(svc)) {
		vs_config_read_end(vn);
		return PTR_ERR(svc);
	}
	list_for_each_entry(dest, &svc->dests, list) {
		if (n == max)
			break;
		if (dest->key.af == AF_INET)
			entry_put_dest(&e[n++], dest);
	}
	vs_config_read_end(vn);
	return n;
}

static u32 count_dests(struct vs_net *vn, const struct vs_svc_key *key)
{
	const struct vs_service *svc;
	u32 n;

	vs_config_read_begin(vn);
	svc = vs_config_lookup(vn, key, NULL);
	n = IS_ERR(svc) ? 0 : svc->num_dests;
	vs_config_read_end(vn);
	return n;
}

static int get_dests(const struct get_request *req)
{
	struct ip_vs_get_dests u, __user *to = req->user;
	struct ip_vs_dest_entry *e;
	struct vs_svc_key key;
	u32 max;
	int n;

	if (copy_from_user(&u, req->user, sizeof(u)))
		return -EFAULT;
	if (*req->len != struct_size(&u, entrytable, u.num_dests))
		return -EINVAL;
	vs_sockopt_key(&key, u.fwmark, u.protocol, u.addr, u.port);
	if (!u.fwmark && u.protocol > U8_MAX)
		return -ESRCH;
	max = min(u.num_dests, count_dests(req->vn, &key));
	e = kvcalloc(max, sizeof(*e), GFP_KERNEL_ACCOUNT);
	if (!e)
		return -ENOMEM;
	n = list_dests(req->vn, &key, e, max);
	if (n > 0)
		n = user_answer(to->entrytable, e, n * sizeof(*e));
	kvfree(e);
	return n;
}

static const struct get_command {
	u8 len;
	int (*run)(const struct get_request *req);
} get_commands[] = {
#define GET(name, size, fn)	\
	[IP_VS_SO_GET_##name - IP_VS_BASE_CTL] = { size, fn }
	GET(VERSION, 64, get_version),
	GET(INFO, sizeof(struct ip_vs_getinfo), get_table_info),
	GET(SERVICES, sizeof(struct ip_vs_get_services), get_services),
	GET(SERVICE, sizeof(struct ip_vs_service_entry), get_service),
	GET(DESTS, sizeof(struct ip_vs_get_dests), get_dests),
	GET(TIMEOUT, sizeof(struct ip_vs_timeout_user), get_timeout),
	GET(DAEMON, 2 * sizeof(struct ip_vs_daemon_user), get_daemon),
#undef GET
};

int vs_sockopt_get(struct vs_net *vn, int cmd, void __user *user, int *len)
{
	const struct get_command *c = &get_commands[cmd - IP_VS_BASE_CTL];
	const struct get_request req = { .vn = vn, .user = user, .len = len };

	if (!c->run || *len < c->len)
		return -EINVAL;
	return c->run(&req);
}
