// SPDX-License-Identifier: GPL-2.0
/*
 * The generic netlink family "IPVS", which ipvsadm, keepalived and others use:
 * one function per command translates the request and calls config/.
 *
 * Error texts: a missing or malformed attribute is reported by
 * genl_ipvs_attr.c, anything else by the vs_config_*() function of the command.
 */
#include <linux/module.h>

#include "api/genl.h"
#include "extack.h"
#include "net.h"
#include "sync/sync.h"

static struct genl_family ipvs_family;

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

static int genl_new_service(struct sk_buff *skb, struct genl_info *info)
{
	struct vs_svc_conf conf;
	struct vs_svc_key key;
	int err;

	err = vs_attr_get_service(info->attrs[IPVS_CMD_ATTR_SERVICE], &key,
				  &conf, true, info->extack);
	return err ?: vs_config_add_service(info_net(info), &key, &conf,
					    info->extack);
}

static int genl_set_service(struct sk_buff *skb, struct genl_info *info)
{
	struct vs_svc_conf conf;
	struct vs_svc_key key;
	int err;

	err = vs_attr_get_service(info->attrs[IPVS_CMD_ATTR_SERVICE], &key,
				  &conf, true, info->extack);
	return err ?: vs_config_edit_service(info_net(info), &key, &conf,
					     info->extack);
}

static int genl_del_service(struct sk_buff *skb, struct genl_info *info)
{
	struct vs_svc_key key;
	int err;

	err = vs_attr_get_service(info->attrs[IPVS_CMD_ATTR_SERVICE], &key,
				  NULL, false, info->extack);
	return err ?: vs_config_del_service(info_net(info), &key, info->extack);
}

static bool service_exists(struct vs_net *vn, const struct vs_svc_key *key,
			   struct netlink_ext_ack *extack)
{
	bool exists;

	vs_config_read_begin(vn);
	exists = !IS_ERR(vs_config_lookup(vn, key, extack));
	vs_config_read_end(vn);
	return exists;
}

/* The service and destination of a command. As in ip_vs an unknown service
 * (ESRCH) takes precedence over an invalid destination. */
static int info_get_dest(struct genl_info *info, struct vs_svc_key *key,
			 struct vs_dest_conf *conf, bool full)
{
	int err;

	err = vs_attr_get_service(info->attrs[IPVS_CMD_ATTR_SERVICE], key,
				  NULL, false, info->extack);
	if (err)
		return err;
	err = vs_attr_get_dest(info->attrs[IPVS_CMD_ATTR_DEST], conf, full,
			       info->extack);
	if (err && !service_exists(info_net(info), key, info->extack))
		return -ESRCH;
	return err;
}

static int genl_new_dest(struct sk_buff *skb, struct genl_info *info)
{
	struct vs_dest_conf conf;
	struct vs_svc_key key;
	int err;

	err = info_get_dest(info, &key, &conf, true);
	return err ?: vs_config_add_dest(info_net(info), &key, &conf,
					 info->extack);
}

static int genl_set_dest(struct sk_buff *skb, struct genl_info *info)
{
	struct vs_dest_conf conf;
	struct vs_svc_key key;
	int err;

	err = info_get_dest(info, &key, &conf, true);
	return err ?: vs_config_edit_dest(info_net(info), &key, &conf,
					  info->extack);
}

static int genl_del_dest(struct sk_buff *skb, struct genl_info *info)
{
	struct vs_dest_conf conf;
	struct vs_svc_key key;
	int err;

	err = info_get_dest(info, &key, &conf, false);
	return err ?: vs_config_del_dest(info_net(info), &key, &conf,
					 info->extack);
}

static int genl_zero(struct sk_buff *skb, struct genl_info *info)
{
	const struct nlattr *nla = info->attrs[IPVS_CMD_ATTR_SERVICE];
	struct vs_svc_key key;
	int err;

	if (!nla)
		return vs_config_zero(info_net(info), NULL, info->extack);
	err = vs_attr_get_service(nla, &key, NULL, false, info->extack);
	return err ?: vs_config_zero(info_net(info), &key, info->extack);
}

static int genl_flush(struct sk_buff *skb, struct genl_info *info)
{
	vs_config_flush(info_net(info));
	return 0;
}

static u32 info_get_timeout(const struct genl_info *info, int attr)
{
	return info->attrs[attr] ? nla_get_u32(info->attrs[attr]) : 0;
}

static int genl_set_config(struct sk_buff *skb, struct genl_info *info)
{
	struct vs_timeouts t = {
		.tcp = info_get_timeout(info, IPVS_CMD_ATTR_TIMEOUT_TCP),
		.tcp_fin = info_get_timeout(info,
					    IPVS_CMD_ATTR_TIMEOUT_TCP_FIN),
		.udp = info_get_timeout(info, IPVS_CMD_ATTR_TIMEOUT_UDP),
	};

	return vs_config_set_timeouts(info_net(info), &t, info->extack);
}

/* Replies. */

static int reply_put_service(struct sk_buff *msg, struct genl_info *info)
{
	struct vs_net *vn = info_net(info);
	struct vs_service *svc;
	struct vs_svc_key key;
	int err;

	err = vs_attr_get_service(info->attrs[IPVS_CMD_ATTR_SERVICE], &key,
				  NULL, false, info->extack);
	if (err)
		return err;
	vs_config_read_begin(vn);
	svc = vs_config_lookup(vn, &key, info->extack);
	err = PTR_ERR_OR_ZERO(svc) ?: vs_attr_put_service(msg, svc);
	vs_config_read_end(vn);
	return err;
}

static int reply_put_config(struct sk_buff *msg, struct genl_info *info)
{
	struct vs_timeouts t;

	vs_config_get_timeouts(info_net(info), &t);
	return nla_put_u32(msg, IPVS_CMD_ATTR_TIMEOUT_TCP, t.tcp) ?:
	       nla_put_u32(msg, IPVS_CMD_ATTR_TIMEOUT_TCP_FIN, t.tcp_fin) ?:
	       nla_put_u32(msg, IPVS_CMD_ATTR_TIMEOUT_UDP, t.udp);
}

static int reply_put_info(struct sk_buff *msg, struct genl_info *info)
{
	struct vs_net *vn = info_net(info);

	return nla_put_u32(msg, IPVS_INFO_ATTR_VERSION, IP_VS_VERSION_CODE) ?:
	       nla_put_u32(msg, IPVS_INFO_ATTR_CONN_TAB_SIZE,
			   vs_table_size(&vn->table));
}

static int genl_reply(struct genl_info *info, u8 cmd,
		      int (*put)(struct sk_buff *msg, struct genl_info *info))
{
	struct sk_buff *msg = nlmsg_new(NLMSG_DEFAULT_SIZE, GFP_KERNEL);
	void *hdr;
	int err;

	if (!msg)
		return -ENOMEM;
	hdr = genlmsg_put_reply(msg, info, &ipvs_family, 0, cmd);
	err = hdr ? put(msg, info) : -EMSGSIZE;
	if (err) {
		nlmsg_free(msg);
		return err;
	}
	genlmsg_end(msg, hdr);
	return genlmsg_reply(msg, info);
}

static int genl_get_service(struct sk_buff *skb, struct genl_info *info)
{
	return genl_reply(info, IPVS_CMD_NEW_SERVICE, reply_put_service);
}

static int genl_get_config(struct sk_buff *skb, struct genl_info *info)
{
	return genl_reply(info, IPVS_CMD_SET_CONFIG, reply_put_config);
}

static int genl_get_info(struct sk_buff *skb, struct genl_info *info)
{
	return genl_reply(info, IPVS_CMD_SET_INFO, reply_put_info);
}

/* Dumps. As in ip_vs, cb->seq stays 0, so that no dump is ever flagged as
 * interrupted by a change (NLM_F_DUMP_INTR): libnl turns the flag into the error
 * NLE_DUMP_INTR, which programs written for ip_vs (keepalived) do not expect. */

static void *dump_begin(struct sk_buff *skb, struct netlink_callback *cb,
			u8 cmd)
{
	return genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
			   &ipvs_family, NLM_F_MULTI, cmd);
}

static bool dump_end(struct sk_buff *skb, void *hdr, int err)
{
	if (err)
		genlmsg_cancel(skb, hdr);
	else
		genlmsg_end(skb, hdr);
	return !err;
}

/* State of a dump of services in netlink_callback.ctx, zeroed at its start. */
struct service_dump {
	struct vs_config_cursor cursor;
	unsigned long sent;
};

static int genl_dump_services(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct service_dump *dump = (void *)cb->ctx;
	struct vs_net *vn = vs_net(sock_net(skb->sk));
	struct vs_service *svc;
	void *hdr;

	BUILD_BUG_ON(sizeof(*dump) > sizeof(cb->ctx));
	vs_config_read_begin(vn);
	while ((svc = vs_config_seek(vn, &dump->cursor, dump->sent))) {
		hdr = dump_begin(skb, cb, IPVS_CMD_NEW_SERVICE);
		if (!hdr || !dump_end(skb, hdr, vs_attr_put_service(skb, svc)))
			break;
		dump->sent++;
	}
	vs_config_read_end(vn);
	return skb->len;
}

/* cb->args[0]: number of destinations sent. */
static void dump_service_dests(struct sk_buff *skb, struct netlink_callback *cb,
			       const struct vs_service *svc)
{
	const struct vs_dest *dest;
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

/* As in ip_vs, the dump is empty if the service is missing or unknown. */
static int genl_dump_dests(struct sk_buff *skb, struct netlink_callback *cb)
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
	vs_config_read_begin(vn);
	svc = vs_config_lookup(vn, &key, NULL);
	if (!IS_ERR(svc))
		dump_service_dests(skb, cb, svc);
	vs_config_read_end(vn);
	return skb->len;
}

static int genl_new_daemon(struct sk_buff *skb, struct genl_info *info)
{
	struct vs_sync_conf conf;
	u32 state;
	int err;

	err = vs_attr_get_daemon(info->attrs[IPVS_CMD_ATTR_DAEMON], &state,
				 &conf, info->extack);
	return err ?: vs_config_start_daemon(info_net(info), state, &conf,
					     info->extack);
}

static int genl_del_daemon(struct sk_buff *skb, struct genl_info *info)
{
	u32 state;
	int err;

	err = vs_attr_get_daemon(info->attrs[IPVS_CMD_ATTR_DAEMON], &state,
				 NULL, info->extack);
	return err ?: vs_config_stop_daemon(info_net(info), state,
					    info->extack);
}

/* cb->args[0]: the daemons before this one were sent. */
static int genl_dump_daemons(struct sk_buff *skb, struct netlink_callback *cb)
{
	static const u32 states[] = { IP_VS_STATE_MASTER, IP_VS_STATE_BACKUP };
	struct vs_net *vn = vs_net(sock_net(skb->sk));
	struct vs_sync_conf conf;
	void *hdr;

	for (; cb->args[0] < ARRAY_SIZE(states); cb->args[0]++) {
		u32 state = states[cb->args[0]];

		if (!vs_sync_get(vn, state, &conf))
			continue;
		hdr = dump_begin(skb, cb, IPVS_CMD_NEW_DAEMON);
		if (!hdr || !dump_end(skb, hdr,
				      vs_attr_put_daemon(skb, state, &conf)))
			break;
	}
	return skb->len;
}

#define OP(command, ...) {						\
	.cmd = (command),						\
	.validate = GENL_DONT_VALIDATE_STRICT | GENL_DONT_VALIDATE_DUMP, \
	.flags = GENL_ADMIN_PERM,					\
	__VA_ARGS__							\
}

static const struct genl_small_ops ipvs_ops[] = {
	OP(IPVS_CMD_NEW_SERVICE, .doit = genl_new_service),
	OP(IPVS_CMD_SET_SERVICE, .doit = genl_set_service),
	OP(IPVS_CMD_DEL_SERVICE, .doit = genl_del_service),
	OP(IPVS_CMD_GET_SERVICE, .doit = genl_get_service,
	   .dumpit = genl_dump_services),
	OP(IPVS_CMD_NEW_DEST, .doit = genl_new_dest),
	OP(IPVS_CMD_SET_DEST, .doit = genl_set_dest),
	OP(IPVS_CMD_DEL_DEST, .doit = genl_del_dest),
	OP(IPVS_CMD_GET_DEST, .dumpit = genl_dump_dests),
	OP(IPVS_CMD_NEW_DAEMON, .doit = genl_new_daemon),
	OP(IPVS_CMD_DEL_DAEMON, .doit = genl_del_daemon),
	OP(IPVS_CMD_GET_DAEMON, .dumpit = genl_dump_daemons),
	OP(IPVS_CMD_SET_CONFIG, .doit = genl_set_config),
	OP(IPVS_CMD_GET_CONFIG, .doit = genl_get_config),
	OP(IPVS_CMD_GET_INFO, .doit = genl_get_info),
	OP(IPVS_CMD_ZERO, .doit = genl_zero),
	OP(IPVS_CMD_FLUSH, .doit = genl_flush),
};

static struct genl_family ipvs_family __ro_after_init = {
	.name = IPVS_GENL_NAME,
	.version = IPVS_GENL_VERSION,
	.maxattr = IPVS_CMD_ATTR_MAX,
	.policy = cmd_policy,
	.netnsok = true,
	.parallel_ops = true,
	.module = THIS_MODULE,
	.small_ops = ipvs_ops,
	.n_small_ops = ARRAY_SIZE(ipvs_ops),
	.resv_start_op = IPVS_CMD_FLUSH + 1,
};

int vs_genl_init(void)
{
	return genl_register_family(&ipvs_family);
}

void vs_genl_exit(void)
{
	genl_unregister_family(&ipvs_family);
}

MODULE_ALIAS_GENL_FAMILY("IPVS");
