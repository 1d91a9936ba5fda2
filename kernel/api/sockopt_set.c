// SPDX-License-Identifier: GPL-2.0
/*
 * Set commands: structs of fixed length, IPv4 services and destinations only.
 * One function per command translates the argument and calls config/.
 */
#include <linux/sockptr.h>

#include "api/sockopt_impl.h"
#include "config/config.h"
#include "net.h"
#include "sync/sync.h"

struct set_pair {
	struct ip_vs_service_user svc;
	struct ip_vs_dest_user dest;
};

union set_arg {
	struct set_pair pair;
	struct ip_vs_timeout_user timeout;
	struct ip_vs_daemon_user daemon;
};

/* ABI */
static_assert(sizeof(struct ip_vs_service_user) == 44);
static_assert(sizeof(struct set_pair) == 68);

static int user_get_key(struct vs_svc_key *key,
			const struct ip_vs_service_user *u)
{
	if (u->protocol != IPPROTO_TCP && u->protocol != IPPROTO_UDP &&
	    u->protocol != IPPROTO_SCTP)
		return -EFAULT;	/* as ip_vs does */
	vs_sockopt_key(key, u->fwmark, u->protocol, u->addr, u->port);
	return 0;
}

/* The key of a configured service. As in ip_vs the protocol must match even for
 * a fwmark service: it is the one with which the service was added. */
static int user_get_known_key(struct vs_net *vn, struct vs_svc_key *key,
			      const struct ip_vs_service_user *u)
{
	const struct vs_service *svc;
	int err = user_get_key(key, u);

	if (err)
		return err;
	vs_config_read_begin(vn);
	svc = vs_config_lookup(vn, key, NULL);
	if (IS_ERR(svc) || vs_service_proto(svc) != u->protocol)
		err = -ESRCH;
	vs_config_read_end(vn);
	return err;
}

static int user_get_conf(struct vs_svc_conf *conf,
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

static void user_get_dest(struct vs_dest_conf *conf,
			  const struct ip_vs_dest_user *u)
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

static int set_add_service(struct vs_net *vn, const union set_arg *arg)
{
	struct vs_svc_conf conf;
	struct vs_svc_key key;
	int err;

	err = user_get_conf(&conf, &arg->pair.svc) ?:
	      user_get_key(&key, &arg->pair.svc);
	return err ?: vs_config_add_service(vn, &key, &conf, NULL);
}

static int set_edit_service(struct vs_net *vn, const union set_arg *arg)
{
	struct vs_svc_conf conf;
	struct vs_svc_key key;
	int err;

	err = user_get_conf(&conf, &arg->pair.svc) ?:
	      user_get_known_key(vn, &key, &arg->pair.svc);
	return err ?: vs_config_edit_service(vn, &key, &conf, NULL);
}

static int set_del_service(struct vs_net *vn, const union set_arg *arg)
{
	struct vs_svc_key key;
	int err = user_get_known_key(vn, &key, &arg->pair.svc);

	return err ?: vs_config_del_service(vn, &key, NULL);
}

static int set_flush(struct vs_net *vn, const union set_arg *arg)
{
	vs_config_flush(vn);
	return 0;
}

static int set_zero(struct vs_net *vn, const union set_arg *arg)
{
	const struct ip_vs_service_user *u = &arg->pair.svc;
	struct vs_svc_key key;
	int err;

	if (!u->fwmark && !u->addr && !u->port)
		return vs_config_zero(vn, NULL, NULL);
	err = user_get_known_key(vn, &key, u);
	return err ?: vs_config_zero(vn, &key, NULL);
}

static int set_change_dest(struct vs_net *vn, const union set_arg *arg,
			   int (*change)(struct vs_net *vn,
					 const struct vs_svc_key *key,
					 const struct vs_dest_conf *conf,
					 struct netlink_ext_ack *extack))
{
	struct vs_dest_conf conf;
	struct vs_svc_key key;
	int err = user_get_known_key(vn, &key, &arg->pair.svc);

	user_get_dest(&conf, &arg->pair.dest);
	return err ?: change(vn, &key, &conf, NULL);
}

static int set_add_dest(struct vs_net *vn, const union set_arg *arg)
{
	return set_change_dest(vn, arg, vs_config_add_dest);
}

static int set_edit_dest(struct vs_net *vn, const union set_arg *arg)
{
	return set_change_dest(vn, arg, vs_config_edit_dest);
}

static int set_del_dest(struct vs_net *vn, const union set_arg *arg)
{
	return set_change_dest(vn, arg, vs_config_del_dest);
}

static int set_timeouts(struct vs_net *vn, const union set_arg *arg)
{
	/* negative values become too large ones */
	const struct vs_timeouts t = {
		.tcp = arg->timeout.tcp_timeout,
		.tcp_fin = arg->timeout.tcp_fin_timeout,
		.udp = arg->timeout.udp_timeout,
	};

	return vs_config_set_timeouts(vn, &t, NULL);
}

static int set_start_daemon(struct vs_net *vn, const union set_arg *arg)
{
	struct vs_sync_conf conf = {
		.syncid = arg->daemon.syncid,
		.mixed = true,	/* as in ip_vs, only netlink checks */
	};

	if (strscpy(conf.ifname, arg->daemon.mcast_ifn,
		    sizeof(conf.ifname)) <= 0)
		return -EINVAL;
	return vs_config_start_daemon(vn, arg->daemon.state, &conf, NULL);
}

static int set_stop_daemon(struct vs_net *vn, const union set_arg *arg)
{
	return vs_config_stop_daemon(vn, arg->daemon.state, NULL);
}

static const struct set_command {
	u8 len;
	int (*run)(struct vs_net *vn, const union set_arg *arg);
} set_commands[] = {
#define SET(name, size, fn)	\
	[IP_VS_SO_SET_##name - IP_VS_BASE_CTL] = { size, fn }
	SET(ADD, sizeof(struct ip_vs_service_user), set_add_service),
	SET(EDIT, sizeof(struct ip_vs_service_user), set_edit_service),
	SET(DEL, sizeof(struct ip_vs_service_user), set_del_service),
	SET(FLUSH, 0, set_flush),
	SET(ADDDEST, sizeof(struct set_pair), set_add_dest),
	SET(DELDEST, sizeof(struct set_pair), set_del_dest),
	SET(EDITDEST, sizeof(struct set_pair), set_edit_dest),
	SET(TIMEOUT, sizeof(struct ip_vs_timeout_user), set_timeouts),
	SET(STARTDAEMON, sizeof(struct ip_vs_daemon_user), set_start_daemon),
	SET(STOPDAEMON, sizeof(struct ip_vs_daemon_user), set_stop_daemon),
	SET(ZERO, sizeof(struct ip_vs_service_user), set_zero),
#undef SET
};

int vs_sockopt_set(struct vs_net *vn, int cmd, sockptr_t from,
		   unsigned int len)
{
	const struct set_command *c = &set_commands[cmd - IP_VS_BASE_CTL];
	union set_arg arg = {};

	if (!c->run || len != c->len)
		return -EINVAL;
	if (copy_from_sockptr(&arg, from, len))
		return -EFAULT;
	return c->run(vn, &arg);
}
