// SPDX-License-Identifier: GPL-2.0
/*
 * The generic netlink family "weir": what family IPVS has no attributes for.
 * Requests are validated strictly; each command has its own policy.
 */
#include <linux/module.h>
#include <linux/weir.h>

#include "api/genl.h"
#include "net.h"

static struct genl_family weir_family;

/* For requests without attributes. */
static const struct nla_policy empty_policy[WEIR_ATTR_MAX + 1] = {
	[WEIR_ATTR_COUNTER] = { .type = NLA_REJECT },
	[WEIR_ATTR_MESH] = { .type = NLA_REJECT },
};

static const struct nla_policy mesh_policy[WEIR_ATTR_MAX + 1] = {
	[WEIR_ATTR_COUNTER] = { .type = NLA_REJECT },
	[WEIR_ATTR_MESH] = { .type = NLA_NESTED },
};

static struct vs_net *weir_info_net(struct genl_info *info)
{
	return vs_net(genl_info_net(info));
}

static int attr_put_counter(struct sk_buff *skb, enum vs_counter c, u64 value)
{
	struct nlattr *nest = nla_nest_start(skb, WEIR_ATTR_COUNTER);

	if (!nest ||
	    nla_put_string(skb, WEIR_COUNTER_NAME, vs_counter_name(c)) ||
	    nla_put_u64_64bit(skb, WEIR_COUNTER_VALUE, value,
			      WEIR_COUNTER_PAD) ||
	    nla_put_string(skb, WEIR_COUNTER_TEXT, vs_counter_text(c)))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

/* cb->args[0]: number of counters sent. */
static int genl_dump_counters(struct sk_buff *skb, struct netlink_callback *cb)
{
	u64 sum[VS_COUNTERS];
	void *hdr;

	vs_counters_sum(vs_net(sock_net(skb->sk)), sum);
	for (; VS_COUNTER_NONE + 1 + cb->args[0] < VS_COUNTERS; cb->args[0]++) {
		enum vs_counter c = VS_COUNTER_NONE + 1 + cb->args[0];

		hdr = genlmsg_put(skb, NETLINK_CB(cb->skb).portid,
				  cb->nlh->nlmsg_seq, &weir_family, NLM_F_MULTI,
				  WEIR_CMD_GET_COUNTERS);
		if (!hdr)
			break;
		if (attr_put_counter(skb, c, sum[c])) {
			genlmsg_cancel(skb, hdr);
			break;
		}
		genlmsg_end(skb, hdr);
	}
	return skb->len;
}

static int genl_start_mesh(struct sk_buff *skb, struct genl_info *info)
{
	struct vs_mesh_conf conf;
	struct vs_mesh_keys keys;
	int err;

	err = vs_genl_mesh_get(info->attrs[WEIR_ATTR_MESH], &conf, &keys,
			       info->extack);
	if (!err)
		err = vs_config_start_mesh(weir_info_net(info), &conf, &keys,
					   info->extack);
	memzero_explicit(&keys, sizeof(keys));
	return err;
}

static int genl_stop_mesh(struct sk_buff *skb, struct genl_info *info)
{
	return vs_mesh_stop(weir_info_net(info), info->extack);
}

static int genl_set_mesh_keys(struct sk_buff *skb, struct genl_info *info)
{
	struct vs_mesh_keys keys;
	int err;

	err = vs_genl_mesh_get_keys(info->attrs[WEIR_ATTR_MESH], &keys,
				    info->extack);
	if (!err)
		err = vs_mesh_set_keys(weir_info_net(info), &keys, info->extack);
	memzero_explicit(&keys, sizeof(keys));
	return err;
}

static int mesh_reply(struct genl_info *info, const struct vs_mesh_info *mesh)
{
	struct sk_buff *skb = genlmsg_new(NLMSG_GOODSIZE, GFP_KERNEL);
	void *hdr;

	if (!skb)
		return -ENOMEM;
	hdr = genlmsg_put_reply(skb, info, &weir_family, 0, WEIR_CMD_GET_MESH);
	if (!hdr || vs_genl_mesh_put(skb, mesh)) {
		nlmsg_free(skb);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, hdr);
	return genlmsg_reply(skb, info);
}

static int genl_get_mesh(struct sk_buff *skb, struct genl_info *info)
{
	struct vs_mesh_info *mesh = kmalloc(sizeof(*mesh), GFP_KERNEL);
	int err = -ENOMEM;

	if (mesh)
		err = vs_mesh_get(weir_info_net(info), mesh) ?:
		      mesh_reply(info, mesh);
	kfree(mesh);
	return err;
}

#define MESH_OP(command, rules, function) {				\
	.cmd = (command),						\
	.flags = GENL_ADMIN_PERM,					\
	.policy = (rules),						\
	.maxattr = WEIR_ATTR_MAX,					\
	.doit = (function),						\
}

static const struct genl_ops weir_ops[] = {
	MESH_OP(WEIR_CMD_START_MESH, mesh_policy, genl_start_mesh),
	MESH_OP(WEIR_CMD_STOP_MESH, empty_policy, genl_stop_mesh),
	MESH_OP(WEIR_CMD_SET_MESH_KEYS, mesh_policy, genl_set_mesh_keys),
	MESH_OP(WEIR_CMD_GET_MESH, empty_policy, genl_get_mesh),
	{
		.cmd = WEIR_CMD_GET_COUNTERS,
		.flags = GENL_ADMIN_PERM,
		.policy = empty_policy,
		.maxattr = WEIR_ATTR_MAX,
		.dumpit = genl_dump_counters,
	},
};

static struct genl_family weir_family __ro_after_init = {
	.name = WEIR_GENL_NAME,
	.version = WEIR_GENL_VERSION,
	.netnsok = true,
	.parallel_ops = true,
	.module = THIS_MODULE,
	.ops = weir_ops,
	.n_ops = ARRAY_SIZE(weir_ops),
	.resv_start_op = WEIR_CMD_UNSPEC + 1,
};

int vs_genl_weir_init(void)
{
	return genl_register_family(&weir_family);
}

void vs_genl_weir_exit(void)
{
	genl_unregister_family(&weir_family);
}

MODULE_ALIAS_GENL_FAMILY("weir");
