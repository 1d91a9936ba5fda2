// SPDX-License-Identifier: GPL-2.0
/*
 * The generic netlink family "IPVS", as ipvsadm, keepalived and others speak
 * it: requests become calls of config.h, one function a command.
 */
#include <linux/module.h>

#include "api/genl.h"
#include "net.h"

static struct genl_family family;

static const struct nla_policy cmd_policy[IPVS_CMD_ATTR_MAX + 1] = {
	[IPVS_CMD_ATTR_SERVICE]		= { .type = NLA_NESTED },
	[IPVS_CMD_ATTR_DEST]		= { .type = NLA_NESTED },
	[IPVS_CMD_ATTR_DAEMON]		= { .type = NLA_NESTED },
	[IPVS_CMD_ATTR_TIMEOUT_TCP]	= { .type = NLA_U32 },
	[IPVS_CMD_ATTR_TIMEOUT_TCP_FIN]	= { .type = NLA_U32 },
	[IPVS_CMD_ATTR_TIMEOUT_UDP]	= { .type = NLA_U32 },
};

static struct vs_net *info_net(struct genl_info *info)
{
	return vs_net(genl_info_net(info));
}

static int new_service(struct sk_buff *skb, struct genl_info *info)
{
	struct vs_svc_conf conf;
	struct vs_svc_key key;
	int err;

	err = vs_attr_get_service(info->attrs[IPVS_CMD_ATTR_SERVICE], &key,
				  &conf, true, info->extack);
	return err ?: vs_config_add_service(info_net(info), &key, &conf,
					    info->extack);
}

static int set_service(struct sk_buff *skb, struct genl_info *info)
{
	struct vs_svc_conf conf;
	struct vs_svc_key key;
	int err;

	err = vs_attr_get_service(info->attrs[IPVS_CMD_ATTR_SERVICE], &key,
				  &conf, true, info->extack);
	return err ?: vs_config_edit_service(info_net(info), &key, &conf,
					     info->extack);
}

static int del_service(struct sk_buff *skb, struct genl_info *info)
{
	struct vs_svc_key key;
	int err;

	err = vs_attr_get_service(info->attrs[IPVS_CMD_ATTR_SERVICE], &key,
				  NULL, false, info->extack);
	return err ?: vs_config_del_service(info_net(info), &key, info->extack);
}

/* The service and destination that a command names. An unknown service counts
 * for more than what is wrong with the destination. */
static int get_pair(struct genl_info *info, struct vs_svc_key *key,
		    struct vs_dest_conf *conf, bool full)
{
	struct vs_net *vn = info_net(info);
	bool known;
	int err;

	err = vs_attr_get_service(info->attrs[IPVS_CMD_ATTR_SERVICE], key,
				  NULL, false, info->extack);
	if (err)
		return err;
	err = vs_attr_get_dest(info->attrs[IPVS_CMD_ATTR_DEST], conf, full,
			       info->extack);
	if (!err)
		return 0;
	mutex_lock(&vn->config.lock);
	known = vs_config_lookup(vn, key);
	mutex_unlock(&vn->config.lock);
	if (known)
		return err;
	NL_SET_ERR_MSG(info->extack, "no such service");
	return -ESRCH;
}

static int new_dest(struct sk_buff *skb, struct genl_info *info)
{
	struct vs_dest_conf conf;
	struct vs_svc_key key;
	int err;

	err = get_pair(info, &key, &conf, true);
	return err ?: vs_config_add_dest(info_net(info), &key, &conf,
					 info->extack);
}

static int set_dest(struct sk_buff *skb, struct genl_info *info)
{
	struct vs_dest_conf conf;
	struct vs_svc_key key;
	int err;

	err = get_pair(info, &key, &conf, true);
	return err ?: vs_config_edit_dest(info_net(info), &key, &conf,
					  info->extack);
}

static int del_dest(struct sk_buff *skb, struct genl_info *info)
{
	struct vs_dest_conf conf;
	struct vs_svc_key key;
	int err;

	err = get_pair(info, &key, &conf, false);
	return err ?: vs_config_del_dest(info_net(info), &key, &conf,
					 info->extack);
}

static int zero(struct sk_buff *skb, struct genl_info *info)
{
	const struct nlattr *nla = info->attrs[IPVS_CMD_ATTR_SERVICE];
	struct vs_svc_key key;
	int err;

	if (!nla)
		return vs_config_zero(info_net(info), NULL, info->extack);
	err = vs_attr_get_service(nla, &key, NULL, false, info->extack);
	return err ?: vs_config_zero(info_net(info), &key, info->extack);
}

static int flush(struct sk_buff *skb, struct genl_info *info)
{
	return vs_config_flush(info_net(info));
}

static u32 get_timeout(const struct genl_info *info, int attr)
{
	return info->attrs[attr] ? nla_get_u32(info->attrs[attr]) : 0;
}

static int set_config(struct sk_buff *skb, struct genl_info *info)
{
	struct vs_timeouts t = {
		.tcp = get_timeout(info, IPVS_CMD_ATTR_TIMEOUT_TCP),
		.tcp_fin = get_timeout(info, IPVS_CMD_ATTR_TIMEOUT_TCP_FIN),
		.udp = get_timeout(info, IPVS_CMD_ATTR_TIMEOUT_UDP),
	};

	return vs_config_set_timeouts(info_net(info), &t, info->extack);
}

/* Replies. */

static int put_service(struct sk_buff *msg, struct genl_info *info)
{
	struct vs_net *vn = info_net(info);
	struct vs_service *svc;
	struct vs_svc_key key;
	int err;

	err = vs_attr_get_service(info->attrs[IPVS_CMD_ATTR_SERVICE], &key,
				  NULL, false, info->extack);
	if (err)
		return err;
	mutex_lock(&vn->config.lock);
	svc = vs_config_lookup(vn, &key);
	err = svc ? vs_attr_put_service(msg, svc) : -ESRCH;
	mutex_unlock(&vn->config.lock);
	if (!svc)
		NL_SET_ERR_MSG(info->extack, "no such service");
	return err;
}

static int put_config(struct sk_buff *msg, struct genl_info *info)
{
	struct vs_timeouts t;

	vs_config_get_timeouts(info_net(info), &t);
	return nla_put_u32(msg, IPVS_CMD_ATTR_TIMEOUT_TCP, t.tcp) ?:
	       nla_put_u32(msg, IPVS_CMD_ATTR_TIMEOUT_TCP_FIN, t.tcp_fin) ?:
	       nla_put_u32(msg, IPVS_CMD_ATTR_TIMEOUT_UDP, t.udp);
}

static int put_info(struct sk_buff *msg, struct genl_info *info)
{
	struct vs_net *vn = info_net(info);

	return nla_put_u32(msg, IPVS_INFO_ATTR_VERSION, IP_VS_VERSION_CODE) ?:
	       nla_put_u32(msg, IPVS_INFO_ATTR_CONN_TAB_SIZE,
			   vs_table_size(&vn->table));
}

static int reply(struct genl_info *info, u8 cmd,
		 int (*put)(struct sk_buff *msg, struct genl_info *info))
{
	struct sk_buff *msg = nlmsg_new(NLMSG_DEFAULT_SIZE, GFP_KERNEL);
	void *hdr;
	int err;

	if (!msg)
		return -ENOMEM;
	hdr = genlmsg_put_reply(msg, info, &family, 0, cmd);
	err = hdr ? put(msg, info) : -EMSGSIZE;
	if (err) {
		nlmsg_free(msg);
		return err;
	}
	genlmsg_end(msg, hdr);
	return genlmsg_reply(msg, info);
}

static int get_service(struct sk_buff *skb, struct genl_info *info)
{
	return reply(info, IPVS_CMD_NEW_SERVICE, put_service);
}

static int get_config(struct sk_buff *skb, struct genl_info *info)
{
	return reply(info, IPVS_CMD_SET_CONFIG, put_config);
}

static int get_info(struct sk_buff *skb, struct genl_info *info)
{
	return reply(info, IPVS_CMD_SET_INFO, put_info);
}

/* Dumps. cb->args[0]: entries sent so far. */

static void *dump_begin(struct sk_buff *skb, struct netlink_callback *cb,
			u8 cmd)
{
	return genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
			   &family, NLM_F_MULTI, cmd);
}

static bool dump_end(struct sk_buff *skb, void *hdr, int err)
{
	if (err)
		genlmsg_cancel(skb, hdr);
	else
		genlmsg_end(skb, hdr);
	return !err;
}

/* The last service sent, or the list's head. It is remembered in cb->args[2] and
 * counts for as long as no service has come or gone, see cb->args[1]. */
static struct list_head *dump_resume(const struct netlink_callback *cb,
				     struct vs_config *c)
{
	struct list_head *at = &c->services;
	long i;

	if (cb->args[0] && cb->args[1] == c->changes)
		return (struct list_head *)cb->args[2];
	for (i = 0; i < cb->args[0] && at->next != &c->services; i++)
		at = at->next;
	return at;
}

static int dump_services(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct vs_net *vn = vs_net(sock_net(skb->sk));
	struct vs_config *c = &vn->config;
	struct list_head *at;
	void *hdr;
	int err;

	mutex_lock(&c->lock);
	for (at = dump_resume(cb, c); at->next != &c->services; at = at->next) {
		hdr = dump_begin(skb, cb, IPVS_CMD_NEW_SERVICE);
		if (!hdr)
			break;
		err = vs_attr_put_service(skb, list_entry(at->next,
							  struct vs_service,
							  list));
		if (!dump_end(skb, hdr, err))
			break;
		cb->args[0]++;
		cb->args[2] = (long)at->next;
	}
	cb->args[1] = c->changes;
	mutex_unlock(&vn->config.lock);
	return skb->len;
}

static void dump_dests_of(struct sk_buff *skb, struct netlink_callback *cb,
			  struct vs_service *svc)
{
	struct vs_dest *dest;
	long i = 0;

	list_for_each_entry(dest, &svc->dests, list) {
		void *hdr;

		if (i++ < cb->args[0])
			continue;
		hdr = dump_begin(skb, cb, IPVS_CMD_NEW_DEST);
		if (!hdr || !dump_end(skb, hdr, vs_attr_put_dest(skb, dest)))
			break;
		cb->args[0] = i;
	}
}

/* A request that names no service, or none that exists, gets an empty dump. */
static int dump_dests(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct vs_net *vn = vs_net(sock_net(skb->sk));
	struct nlattr *attrs[IPVS_CMD_ATTR_MAX + 1];
	struct vs_service *svc;
	struct vs_svc_key key;

	if (nlmsg_parse_deprecated(cb->nlh, GENL_HDRLEN, attrs,
				   IPVS_CMD_ATTR_MAX, cmd_policy, cb->extack) ||
	    vs_attr_get_service(attrs[IPVS_CMD_ATTR_SERVICE], &key, NULL,
				false, NULL))
		return skb->len;
	mutex_lock(&vn->config.lock);
	svc = vs_config_lookup(vn, &key);
	if (svc)
		dump_dests_of(skb, cb, svc);
	mutex_unlock(&vn->config.lock);
	return skb->len;
}

/* The synchronisation daemons: none runs. */

static int new_daemon(struct sk_buff *skb, struct genl_info *info)
{
	int err = vs_attr_get_daemon(info->attrs[IPVS_CMD_ATTR_DAEMON], true,
				     info->extack);

	if (err)
		return err;
	NL_SET_ERR_MSG(info->extack,
		       "connection synchronisation is not supported");
	return -EOPNOTSUPP;
}

static int del_daemon(struct sk_buff *skb, struct genl_info *info)
{
	int err = vs_attr_get_daemon(info->attrs[IPVS_CMD_ATTR_DAEMON], false,
				     info->extack);

	if (err)
		return err;
	NL_SET_ERR_MSG(info->extack, "no such daemon is running");
	return -ESRCH;
}

static int dump_daemons(struct sk_buff *skb, struct netlink_callback *cb)
{
	return skb->len;
}

#define OP(command, ...) {						\
	.cmd = (command),						\
	.validate = GENL_DONT_VALIDATE_STRICT | GENL_DONT_VALIDATE_DUMP, \
	.flags = GENL_ADMIN_PERM,					\
	__VA_ARGS__							\
}

static const struct genl_small_ops ops[] = {
	OP(IPVS_CMD_NEW_SERVICE, .doit = new_service),
	OP(IPVS_CMD_SET_SERVICE, .doit = set_service),
	OP(IPVS_CMD_DEL_SERVICE, .doit = del_service),
	OP(IPVS_CMD_GET_SERVICE, .doit = get_service, .dumpit = dump_services),
	OP(IPVS_CMD_NEW_DEST, .doit = new_dest),
	OP(IPVS_CMD_SET_DEST, .doit = set_dest),
	OP(IPVS_CMD_DEL_DEST, .doit = del_dest),
	OP(IPVS_CMD_GET_DEST, .dumpit = dump_dests),
	OP(IPVS_CMD_NEW_DAEMON, .doit = new_daemon),
	OP(IPVS_CMD_DEL_DAEMON, .doit = del_daemon),
	OP(IPVS_CMD_GET_DAEMON, .dumpit = dump_daemons),
	OP(IPVS_CMD_SET_CONFIG, .doit = set_config),
	OP(IPVS_CMD_GET_CONFIG, .doit = get_config),
	OP(IPVS_CMD_GET_INFO, .doit = get_info),
	OP(IPVS_CMD_ZERO, .doit = zero),
	OP(IPVS_CMD_FLUSH, .doit = flush),
};

static struct genl_family family __ro_after_init = {
	.name = IPVS_GENL_NAME,
	.version = IPVS_GENL_VERSION,
	.maxattr = IPVS_CMD_ATTR_MAX,
	.policy = cmd_policy,
	.netnsok = true,
	.parallel_ops = true,
	.module = THIS_MODULE,
	.small_ops = ops,
	.n_small_ops = ARRAY_SIZE(ops),
	.resv_start_op = IPVS_CMD_FLUSH + 1,
};

int vs_genl_init(void)
{
	return genl_register_family(&family);
}

void vs_genl_exit(void)
{
	genl_unregister_family(&family);
}

MODULE_ALIAS_GENL_FAMILY("IPVS");
