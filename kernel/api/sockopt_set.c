// SPDX-License-Identifier: GPL-2.0
/*
 * The socket options that set: fixed structs of exact length, services and
 * destinations of IPv4 only. They become calls of config.h, one function a
 * command.
 */
#include <linux/module.h>
#include <linux/sockptr.h>

#include "api/sockopt.h"
#include "config/config.h"
#include "net.h"

struct pair {
	struct ip_vs_service_user svc;
	struct ip_vs_dest_user dest;
};

union set_arg {
	struct pair pair;
	struct ip_vs_timeout_user timeout;
	struct ip_vs_daemon_user daemon;
};

/* programs depend on the lengths */
static_assert(sizeof(struct ip_vs_service_user) == 44);
static_assert(sizeof(struct pair) == 68);

static int get_key(struct vs_svc_key *key, const struct ip_vs_service_user *u)
{
	if (u->protocol != IPPROTO_TCP && u->protocol != IPPROTO_UDP &&
	    u->protocol != IPPROTO_SCTP)
		return -EFAULT;	/* sic */
	vs_sockopt_key(key, u->fwmark, u->protocol, u->addr, u->port);
	return 0;
}

/* Also a service of a mark is known by the protocol it was made with. */
static int get_known_key(struct vs_net *vn, struct vs_svc_key *key,
			 const struct ip_vs_service_user *u)
{
	const struct vs_service *svc;
	int err = get_key(key, u);

	if (err)
		return err;
	mutex_lock(&vn->config.lock);
	svc = vs_config_lookup(vn, key);
	if (!svc || vs_service_proto(svc) != u->protocol)
		err = -ESRCH;
	mutex_unlock(&vn->config.lock);
	return err;
}

static int get_conf(struct vs_svc_conf *conf,
		    const struct ip_vs_service_user *u)
{
	memset(conf, 0, sizeof(*conf));
	if (strscpy(conf->sched_name, u->sched_name,
		    sizeof(conf->sched_name)) < 0)
		return -EINVAL;
	conf->fwmark_proto = u->protocol;
	conf->flags = u->flags;
	conf->flags_mask = ~0;
	conf->timeout = u->timeout;
	conf->netmask = u->netmask;
	return 0;
}

static void get_dest(struct vs_dest_conf *conf, const struct ip_vs_dest_user *u)
{
	*conf = (struct vs_dest_conf) {
		.addr.ip = u->addr,
		.port = u->port,
		.af = AF_INET,
		.conn_flags = u->conn_flags,
		.weight = u->weight,
		.u_threshold = u->u_threshold,
		.l_threshold = u->l_threshold,
	};
}

static int add(struct vs_net *vn, const union set_arg *arg)
{
	struct vs_svc_conf conf;
	struct vs_svc_key key;
	int err;

	err = get_conf(&conf, &arg->pair.svc) ?: get_key(&key, &arg->pair.svc);
	return err ?: vs_config_add_service(vn, &key, &conf, NULL);
}

static int edit(struct vs_net *vn, const union set_arg *arg)
{
	struct vs_svc_conf conf;
	struct vs_svc_key key;
	int err;

	err = get_conf(&conf, &arg->pair.svc) ?:
	      get_known_key(vn, &key, &arg->pair.svc);
	return err ?: vs_config_edit_service(vn, &key, &conf, NULL);
}

static int del(struct vs_net *vn, const union set_arg *arg)
{
	struct vs_svc_key key;
	int err = get_known_key(vn, &key, &arg->pair.svc);

	return err ?: vs_config_del_service(vn, &key, NULL);
}

static int flush(struct vs_net *vn, const union set_arg *arg)
{
	return vs_config_flush(vn);
}

static int zero(struct vs_net *vn, const union set_arg *arg)
{
	const struct ip_vs_service_user *u = &arg->pair.svc;
	struct vs_svc_key key;
	int err;

	if (!u->fwmark && !u->addr && !u->port)
		return vs_config_zero(vn, NULL, NULL);
	err = get_known_key(vn, &key, u);
	return err ?: vs_config_zero(vn, &key, NULL);
}

static int set_dest(struct vs_net *vn, const union set_arg *arg,
		    int (*change)(struct vs_net *vn,
				  const struct vs_svc_key *key,
				  const struct vs_dest_conf *conf,
				  struct netlink_ext_ack *extack))
{
	struct vs_dest_conf conf;
	struct vs_svc_key key;
	int err = get_known_key(vn, &key, &arg->pair.svc);

	get_dest(&conf, &arg->pair.dest);
	return err ?: change(vn, &key, &conf, NULL);
}

static int add_dest(struct vs_net *vn, const union set_arg *arg)
{
	return set_dest(vn, arg, vs_config_add_dest);
}

static int edit_dest(struct vs_net *vn, const union set_arg *arg)
{
	return set_dest(vn, arg, vs_config_edit_dest);
}

static int del_dest(struct vs_net *vn, const union set_arg *arg)
{
	return set_dest(vn, arg, vs_config_del_dest);
}

static int set_timeout(struct vs_net *vn, const union set_arg *arg)
{
	const struct vs_timeouts t = {	/* negative: above any limit */
		.tcp = arg->timeout.tcp_timeout,
		.tcp_fin = arg->timeout.tcp_fin_timeout,
		.udp = arg->timeout.udp_timeout,
	};

	return vs_config_set_timeouts(vn, &t, NULL);
}

/* There is no synchronisation daemon. */

static int start_daemon(struct vs_net *vn, const union set_arg *arg)
{
	const char *name = arg->daemon.mcast_ifn;

	if (!name[0] || strnlen(name, IP_VS_IFNAME_MAXLEN) == IP_VS_IFNAME_MAXLEN)
		return -EINVAL;
	return -EOPNOTSUPP;
}

static int stop_daemon(struct vs_net *vn, const union set_arg *arg)
{
	int state = arg->daemon.state;

	if (state != IP_VS_STATE_MASTER && state != IP_VS_STATE_BACKUP)
		return -EINVAL;
	return -ESRCH;
}

static const struct set_command {
	u8 len;
	int (*run)(struct vs_net *vn, const union set_arg *arg);
} set_commands[] = {
#define SET(name, size, fn)	\
	[IP_VS_SO_SET_##name - IP_VS_BASE_CTL] = { size, fn }
	SET(ADD, sizeof(struct ip_vs_service_user), add),
	SET(EDIT, sizeof(struct ip_vs_service_user), edit),
	SET(DEL, sizeof(struct ip_vs_service_user), del),
	SET(FLUSH, 0, flush),
	SET(ADDDEST, sizeof(struct pair), add_dest),
	SET(DELDEST, sizeof(struct pair), del_dest),
	SET(EDITDEST, sizeof(struct pair), edit_dest),
	SET(TIMEOUT, sizeof(struct ip_vs_timeout_user), set_timeout),
	SET(STARTDAEMON, sizeof(struct ip_vs_daemon_user), start_daemon),
	SET(STOPDAEMON, sizeof(struct ip_vs_daemon_user), stop_daemon),
	SET(ZERO, sizeof(struct ip_vs_service_user), zero),
#undef SET
};

static int set(struct sock *sk, int cmd, sockptr_t from, unsigned int len)
{
	const struct set_command *c;
	union set_arg arg = {};

	if (!vs_sockopt_allowed(sk))
		return -EPERM;
	if (cmd < IP_VS_BASE_CTL || cmd > IP_VS_SO_SET_MAX)
		return -EINVAL;
	c = &set_commands[cmd - IP_VS_BASE_CTL];
	if (!c->run || len != c->len)
		return -EINVAL;
	if (copy_from_sockptr(&arg, from, len))
		return -EFAULT;
	return c->run(vs_net(sock_net(sk)), &arg);
}

static struct nf_sockopt_ops sockopts = {
	.pf = PF_INET,
	.set_optmin = IP_VS_BASE_CTL,
	.set_optmax = IP_VS_SO_SET_MAX + 1,
	.set = set,
	.get_optmin = IP_VS_BASE_CTL,
	.get_optmax = IP_VS_SO_GET_MAX + 1,
	.get = vs_sockopt_get,
	.owner = THIS_MODULE,
};

int vs_sockopt_init(void)
{
	return nf_register_sockopt(&sockopts);
}

void vs_sockopt_exit(void)
{
	nf_unregister_sockopt(&sockopts);
}
