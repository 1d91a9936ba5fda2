// SPDX-License-Identifier: GPL-2.0
/*
 * Attributes of the netlink family "IPVS". Requests are validated as leniently
 * as in the kernel's ip_vs: unknown attributes are ignored, addresses have 4 or
 * 16 bytes, attributes that later kernels added are optional.
 */
#include "api/genl.h"
#include "extack.h"
#include "net.h"
#include "pe/pe.h"
#include "sched/sched.h"
#include "sync/sync.h"

static const struct nla_policy svc_policy[IPVS_SVC_ATTR_MAX + 1] = {
	[IPVS_SVC_ATTR_AF]		= { .type = NLA_U16 },
	[IPVS_SVC_ATTR_PROTOCOL]	= { .type = NLA_U16 },
	[IPVS_SVC_ATTR_ADDR]		= { .type = NLA_BINARY,
					    .len = sizeof(union nf_inet_addr) },
	[IPVS_SVC_ATTR_PORT]		= { .type = NLA_U16 },
	[IPVS_SVC_ATTR_FWMARK]		= { .type = NLA_U32 },
	[IPVS_SVC_ATTR_SCHED_NAME]	= { .type = NLA_NUL_STRING,
					    .len = IP_VS_SCHEDNAME_MAXLEN - 1 },
	[IPVS_SVC_ATTR_FLAGS]		= { .type = NLA_BINARY,
					    .len = sizeof(struct ip_vs_flags) },
	[IPVS_SVC_ATTR_TIMEOUT]		= { .type = NLA_U32 },
	[IPVS_SVC_ATTR_NETMASK]		= { .type = NLA_U32 },
	[IPVS_SVC_ATTR_PE_NAME]		= { .type = NLA_NUL_STRING,
					    .len = IP_VS_PENAME_MAXLEN },
};

static const struct nla_policy dest_policy[IPVS_DEST_ATTR_MAX + 1] = {
	[IPVS_DEST_ATTR_ADDR]		= { .type = NLA_BINARY,
					    .len = sizeof(union nf_inet_addr) },
	[IPVS_DEST_ATTR_PORT]		= { .type = NLA_U16 },
	[IPVS_DEST_ATTR_FWD_METHOD]	= { .type = NLA_U32 },
	[IPVS_DEST_ATTR_WEIGHT]		= { .type = NLA_U32 },
	[IPVS_DEST_ATTR_U_THRESH]	= { .type = NLA_U32 },
	[IPVS_DEST_ATTR_L_THRESH]	= { .type = NLA_U32 },
	[IPVS_DEST_ATTR_ADDR_FAMILY]	= { .type = NLA_U16 },
	[IPVS_DEST_ATTR_TUN_TYPE]	= { .type = NLA_U8 },
	[IPVS_DEST_ATTR_TUN_PORT]	= { .type = NLA_U16 },
	[IPVS_DEST_ATTR_TUN_FLAGS]	= { .type = NLA_U16 },
};

static const struct nla_policy daemon_policy[IPVS_DAEMON_ATTR_MAX + 1] = {
	[IPVS_DAEMON_ATTR_STATE]	= { .type = NLA_U32 },
	[IPVS_DAEMON_ATTR_MCAST_IFN]	= { .type = NLA_NUL_STRING,
					    .len = IP_VS_IFNAME_MAXLEN - 1 },
	[IPVS_DAEMON_ATTR_SYNC_ID]	= { .type = NLA_U32 },
	[IPVS_DAEMON_ATTR_SYNC_MAXLEN]	= { .type = NLA_U16 },
	[IPVS_DAEMON_ATTR_MCAST_GROUP]	= { .type = NLA_U32 },
	[IPVS_DAEMON_ATTR_MCAST_GROUP6]	=
		NLA_POLICY_MIN_LEN(sizeof(struct in6_addr)),
	[IPVS_DAEMON_ATTR_MCAST_PORT]	= { .type = NLA_U16 },
	[IPVS_DAEMON_ATTR_MCAST_TTL]	= { .type = NLA_U8 },
};

static int attrs_parse(struct nlattr **attrs, int max, const struct nlattr *nla,
		       const struct nla_policy *policy, const char *missing,
		       struct netlink_ext_ack *extack)
{
	if (!nla)
		return vs_refuse(extack, missing, -EINVAL);
	/* ip_vs returns EINVAL for any malformed nest */
	return nla_parse_nested_deprecated(attrs, max, nla, policy, extack) ?
	       -EINVAL : 0;
}

/* Missing address bytes are zero. */
static void attr_get_addr(u16 af, union nf_inet_addr *addr,
			  const struct nlattr *nla)
{
	union nf_inet_addr raw = {};

	nla_memcpy(&raw, nla, sizeof(raw));
	vs_addr_set(af, addr, &raw);
}

static int attrs_get_key(struct nlattr **attrs, struct vs_svc_key *key,
			 struct netlink_ext_ack *extack)
{
	const struct nlattr *mark = attrs[IPVS_SVC_ATTR_FWMARK];
	u16 af, proto;

	if (!attrs[IPVS_SVC_ATTR_AF])
		return vs_refuse(extack, "service has no address family",
				 -EINVAL);
	if (!mark && !(attrs[IPVS_SVC_ATTR_PROTOCOL] &&
		       attrs[IPVS_SVC_ATTR_ADDR] && attrs[IPVS_SVC_ATTR_PORT]))
		return vs_refuse(extack,
				 "service has neither a firewall mark nor protocol, address and port",
				 -EINVAL);

	memset(key, 0, sizeof(*key));
	af = nla_get_u16(attrs[IPVS_SVC_ATTR_AF]);
	if (af != AF_INET && !(af == AF_INET6 && ipv6_mod_enabled()))
		return vs_refuse(extack, "unknown address family of the service",
				 -EAFNOSUPPORT);
	key->af = af;
	if (mark) {
		key->fwmark = nla_get_u32(mark);
		if (!key->fwmark)	/* as in ip_vs: TCP to 0.0.0.0:0 */
			key->proto = IPPROTO_TCP;
		return 0;
	}
	proto = nla_get_u16(attrs[IPVS_SVC_ATTR_PROTOCOL]);
	if (proto > U8_MAX)	/* ip_vs accepts it, but no packet matches */
		return vs_refuse(extack, "protocol is above 255",
				 -EINVAL);
	key->proto = proto;
	attr_get_addr(af, &key->addr, attrs[IPVS_SVC_ATTR_ADDR]);
	key->port = nla_get_be16(attrs[IPVS_SVC_ATTR_PORT]);
	return 0;
}

static int attrs_get_svc_conf(struct nlattr **attrs, struct vs_svc_conf *conf,
			      struct netlink_ext_ack *extack)
{
	struct ip_vs_flags flags = {};

	if (!attrs[IPVS_SVC_ATTR_SCHED_NAME])
		return vs_refuse(extack, "service has no scheduler", -EINVAL);
	if (!attrs[IPVS_SVC_ATTR_FLAGS])
		return vs_refuse(extack, "service has no flags", -EINVAL);
	if (!attrs[IPVS_SVC_ATTR_TIMEOUT])
		return vs_refuse(extack, "service has no timeout", -EINVAL);
	if (!attrs[IPVS_SVC_ATTR_NETMASK])
		return vs_refuse(extack, "service has no netmask", -EINVAL);

	memset(conf, 0, sizeof(*conf));
	conf->fwmark_proto = IPPROTO_TCP;
	nla_memcpy(&flags, attrs[IPVS_SVC_ATTR_FLAGS], sizeof(flags));
	conf->flags = flags.flags;
	conf->flags_mask = flags.mask;
	nla_strscpy(conf->sched_name, attrs[IPVS_SVC_ATTR_SCHED_NAME],
		    sizeof(conf->sched_name));
	if (attrs[IPVS_SVC_ATTR_PE_NAME])
		nla_strscpy(conf->pe_name, attrs[IPVS_SVC_ATTR_PE_NAME],
			    sizeof(conf->pe_name));
	conf->timeout = nla_get_u32(attrs[IPVS_SVC_ATTR_TIMEOUT]);
	conf->netmask = nla_get_be32(attrs[IPVS_SVC_ATTR_NETMASK]);
	return 0;
}

int vs_attr_get_service(const struct nlattr *nla, struct vs_svc_key *key,
			struct vs_svc_conf *conf, bool full,
			struct netlink_ext_ack *extack)
{
	struct nlattr *attrs[IPVS_SVC_ATTR_MAX + 1];
	int err;

	err = attrs_parse(attrs, IPVS_SVC_ATTR_MAX, nla, svc_policy,
			  "service is missing", extack);
	if (!err)
		err = attrs_get_key(attrs, key, extack);
	if (!err && full)
		err = attrs_get_svc_conf(attrs, conf, extack);
	return err;
}

static int attrs_get_dest_conf(struct nlattr **attrs, struct vs_dest_conf *conf,
			       struct netlink_ext_ack *extack)
{
	if (!attrs[IPVS_DEST_ATTR_FWD_METHOD])
		return vs_refuse(extack, "destination has no forwarding method",
				 -EINVAL);
	if (!attrs[IPVS_DEST_ATTR_WEIGHT])
		return vs_refuse(extack, "destination has no weight", -EINVAL);
	if (!attrs[IPVS_DEST_ATTR_U_THRESH] || !attrs[IPVS_DEST_ATTR_L_THRESH])
		return vs_refuse(extack, "destination has no thresholds", -EINVAL);

	conf->conn_flags = nla_get_u32(attrs[IPVS_DEST_ATTR_FWD_METHOD]) &
			   IP_VS_CONN_F_FWD_MASK;
	conf->weight = nla_get_u32(attrs[IPVS_DEST_ATTR_WEIGHT]);
	conf->u_threshold = nla_get_u32(attrs[IPVS_DEST_ATTR_U_THRESH]);
	conf->l_threshold = nla_get_u32(attrs[IPVS_DEST_ATTR_L_THRESH]);
	if (attrs[IPVS_DEST_ATTR_TUN_TYPE])
		conf->tun_type = nla_get_u8(attrs[IPVS_DEST_ATTR_TUN_TYPE]);
	if (attrs[IPVS_DEST_ATTR_TUN_PORT])
		conf->tun_port = nla_get_be16(attrs[IPVS_DEST_ATTR_TUN_PORT]);
	if (attrs[IPVS_DEST_ATTR_TUN_FLAGS])
		conf->tun_flags = nla_get_u16(attrs[IPVS_DEST_ATTR_TUN_FLAGS]);
	return 0;
}

int vs_attr_get_dest(const struct nlattr *nla, struct vs_dest_conf *conf,
		     bool full, struct netlink_ext_ack *extack)
{
	struct nlattr *attrs[IPVS_DEST_ATTR_MAX + 1];
	int err;

	err = attrs_parse(attrs, IPVS_DEST_ATTR_MAX, nla, dest_policy,
			  "destination is missing", extack);
	if (err)
		return err;
	if (!attrs[IPVS_DEST_ATTR_ADDR] || !attrs[IPVS_DEST_ATTR_PORT])
		return vs_refuse(extack, "destination has no address and port",
				 -EINVAL);

	memset(conf, 0, sizeof(*conf));
	nla_memcpy(&conf->addr, attrs[IPVS_DEST_ATTR_ADDR], sizeof(conf->addr));
	conf->port = nla_get_be16(attrs[IPVS_DEST_ATTR_PORT]);
	if (attrs[IPVS_DEST_ATTR_ADDR_FAMILY])
		conf->af = nla_get_u16(attrs[IPVS_DEST_ATTR_ADDR_FAMILY]);
	return full ? attrs_get_dest_conf(attrs, conf, extack) : 0;
}

static int attrs_get_group(struct nlattr **attrs, struct vs_sync_conf *conf,
			   struct netlink_ext_ack *extack)
{
	const struct nlattr *group = attrs[IPVS_DAEMON_ATTR_MCAST_GROUP];
	const struct nlattr *group6 = attrs[IPVS_DAEMON_ATTR_MCAST_GROUP6];

	if (group) {
		conf->af = AF_INET;
		conf->group.ip = nla_get_in_addr(group);
		if (ipv4_is_multicast(conf->group.ip))
			return 0;
	} else if (group6) {
		if (!ipv6_mod_enabled())
			return vs_refuse(extack, "IPv6 is not available",
					 -EAFNOSUPPORT);
		conf->af = AF_INET6;
		nla_memcpy(&conf->group, group6, sizeof(conf->group.in6));
		if (ipv6_addr_is_multicast(&conf->group.in6))
			return 0;
	} else {
		return 0;
	}
	return vs_refuse(extack, "the group is not a multicast address",
			 -EINVAL);
}

static int attrs_get_sync_conf(struct nlattr **attrs, struct vs_sync_conf *conf,
			       struct netlink_ext_ack *extack)
{
	if (!attrs[IPVS_DAEMON_ATTR_MCAST_IFN] ||
	    !attrs[IPVS_DAEMON_ATTR_SYNC_ID])
		return vs_refuse(extack, "daemon has no interface and sync id",
				 -EINVAL);
	memset(conf, 0, sizeof(*conf));
	nla_strscpy(conf->ifname, attrs[IPVS_DAEMON_ATTR_MCAST_IFN],
		    sizeof(conf->ifname));
	conf->syncid = nla_get_u32(attrs[IPVS_DAEMON_ATTR_SYNC_ID]);
	if (attrs[IPVS_DAEMON_ATTR_SYNC_MAXLEN])
		conf->maxlen = nla_get_u16(attrs[IPVS_DAEMON_ATTR_SYNC_MAXLEN]);
	if (attrs[IPVS_DAEMON_ATTR_MCAST_PORT])
		conf->port = nla_get_u16(attrs[IPVS_DAEMON_ATTR_MCAST_PORT]);
	if (attrs[IPVS_DAEMON_ATTR_MCAST_TTL])
		conf->ttl = nla_get_u8(attrs[IPVS_DAEMON_ATTR_MCAST_TTL]);
	return attrs_get_group(attrs, conf, extack);
}

int vs_attr_get_daemon(const struct nlattr *nla, u32 *state,
		       struct vs_sync_conf *conf,
		       struct netlink_ext_ack *extack)
{
	struct nlattr *attrs[IPVS_DAEMON_ATTR_MAX + 1];
	int err;

	err = attrs_parse(attrs, IPVS_DAEMON_ATTR_MAX, nla, daemon_policy,
			  "daemon is missing", extack);
	if (err)
		return err;
	if (!attrs[IPVS_DAEMON_ATTR_STATE])
		return vs_refuse(extack, "daemon has no state", -EINVAL);
	*state = nla_get_u32(attrs[IPVS_DAEMON_ATTR_STATE]);
	return conf ? attrs_get_sync_conf(attrs, conf, extack) : 0;
}

int vs_attr_put_daemon(struct sk_buff *skb, u32 state,
		       const struct vs_sync_conf *conf)
{
	struct nlattr *nest = nla_nest_start_noflag(skb, IPVS_CMD_ATTR_DAEMON);
	int err;

	if (!nest)
		return -EMSGSIZE;
	err = nla_put_u32(skb, IPVS_DAEMON_ATTR_STATE, state) ?:
	      nla_put_string(skb, IPVS_DAEMON_ATTR_MCAST_IFN, conf->ifname) ?:
	      nla_put_u32(skb, IPVS_DAEMON_ATTR_SYNC_ID, conf->syncid) ?:
	      nla_put_u16(skb, IPVS_DAEMON_ATTR_SYNC_MAXLEN, conf->maxlen) ?:
	      nla_put_u16(skb, IPVS_DAEMON_ATTR_MCAST_PORT, conf->port) ?:
	      nla_put_u8(skb, IPVS_DAEMON_ATTR_MCAST_TTL, conf->ttl);
	if (!err && conf->af == AF_INET6)
		err = nla_put_in6_addr(skb, IPVS_DAEMON_ATTR_MCAST_GROUP6,
				       &conf->group.in6);
	else if (!err)
		err = nla_put_in_addr(skb, IPVS_DAEMON_ATTR_MCAST_GROUP,
				      conf->group.ip);
	if (err)
		nla_nest_cancel(skb, nest);
	else
		nla_nest_end(skb, nest);
	return err;
}

/* Attributes of the counts and rates, by enum vs_count. */
static const u8 cnt_attr[VS_CNT_MAX] = {
	[VS_CNT_CONNS] = IPVS_STATS_ATTR_CONNS,
	[VS_CNT_INPKTS] = IPVS_STATS_ATTR_INPKTS,
	[VS_CNT_OUTPKTS] = IPVS_STATS_ATTR_OUTPKTS,
	[VS_CNT_INBYTES] = IPVS_STATS_ATTR_INBYTES,
	[VS_CNT_OUTBYTES] = IPVS_STATS_ATTR_OUTBYTES,
};

static const u8 rate_attr[VS_CNT_MAX] = {
	[VS_CNT_CONNS] = IPVS_STATS_ATTR_CPS,
	[VS_CNT_INPKTS] = IPVS_STATS_ATTR_INPPS,
	[VS_CNT_OUTPKTS] = IPVS_STATS_ATTR_OUTPPS,
	[VS_CNT_INBYTES] = IPVS_STATS_ATTR_INBPS,
	[VS_CNT_OUTBYTES] = IPVS_STATS_ATTR_OUTBPS,
};

static int attr_put_u64(struct sk_buff *skb, int attr, u64 value)
{
	return nla_put_u64_64bit(skb, attr, value, IPVS_STATS_ATTR_PAD);
}

/* @wide: all values in 64 bits. In the older form only the byte counts have 64
 * bits, the others are truncated to 32. */
static int attr_put_stats(struct sk_buff *skb, int type,
			  const struct vs_stats_view *v, bool wide)
{
	struct nlattr *nest = nla_nest_start_noflag(skb, type);
	int i, err = nest ? 0 : -EMSGSIZE;

	for (i = 0; i < VS_CNT_MAX && !err; i++)
		err = wide || i == VS_CNT_INBYTES || i == VS_CNT_OUTBYTES ?
		      attr_put_u64(skb, cnt_attr[i], v->cnt[i]) :
		      nla_put_u32(skb, cnt_attr[i], v->cnt[i]);
	for (i = 0; i < VS_CNT_MAX && !err; i++)
		err = wide ? attr_put_u64(skb, rate_attr[i], v->rate[i]) :
			     nla_put_u32(skb, rate_attr[i], v->rate[i]);
	if (!err)
		nla_nest_end(skb, nest);
	return err;
}

static int attr_put_svc_key(struct sk_buff *skb, const struct vs_svc_key *key)
{
	if (nla_put_u16(skb, IPVS_SVC_ATTR_AF, key->af))
		return -EMSGSIZE;
	if (key->fwmark)
		return nla_put_u32(skb, IPVS_SVC_ATTR_FWMARK, key->fwmark);
	return nla_put_u16(skb, IPVS_SVC_ATTR_PROTOCOL, key->proto) ?:
	       nla_put(skb, IPVS_SVC_ATTR_ADDR, sizeof(key->addr),
		       &key->addr) ?:
	       nla_put_be16(skb, IPVS_SVC_ATTR_PORT, key->port);
}

int vs_attr_put_service(struct sk_buff *skb, const struct vs_service *svc)
{
	struct nlattr *nest = nla_nest_start_noflag(skb, IPVS_CMD_ATTR_SERVICE);
	const char *sched = svc->sched ? svc->sched->name : "none";
	struct ip_vs_flags flags = { .flags = svc->flags, .mask = ~0 };
	const struct vs_pe *pe;
	struct vs_stats_view v;
	int err;

	if (!nest)
		return -EMSGSIZE;
	pe = vs_config_dereference(svc->vn, svc->pe);
	vs_stats_view_service(svc, &v);
	err = attr_put_svc_key(skb, &svc->key) ?:
	      nla_put_string(skb, IPVS_SVC_ATTR_SCHED_NAME, sched) ?:
	      (pe ? nla_put_string(skb, IPVS_SVC_ATTR_PE_NAME, pe->name) : 0) ?:
	      nla_put(skb, IPVS_SVC_ATTR_FLAGS, sizeof(flags), &flags) ?:
	      nla_put_u32(skb, IPVS_SVC_ATTR_TIMEOUT, svc->timeout / HZ) ?:
	      nla_put_be32(skb, IPVS_SVC_ATTR_NETMASK, svc->netmask) ?:
	      attr_put_stats(skb, IPVS_SVC_ATTR_STATS, &v, false) ?:
	      attr_put_stats(skb, IPVS_SVC_ATTR_STATS64, &v, true);
	if (err)
		nla_nest_cancel(skb, nest);
	else
		nla_nest_end(skb, nest);
	return err;
}

static int attr_put_dest_conf(struct sk_buff *skb, const struct vs_dest *dest)
{
	return nla_put(skb, IPVS_DEST_ATTR_ADDR, sizeof(dest->key.addr),
		       &dest->key.addr) ?:
	       nla_put_be16(skb, IPVS_DEST_ATTR_PORT, dest->key.port) ?:
	       nla_put_u32(skb, IPVS_DEST_ATTR_FWD_METHOD, dest->method) ?:
	       nla_put_u32(skb, IPVS_DEST_ATTR_WEIGHT, dest->weight) ?:
	       nla_put_u8(skb, IPVS_DEST_ATTR_TUN_TYPE, dest->tun_type) ?:
	       nla_put_be16(skb, IPVS_DEST_ATTR_TUN_PORT, dest->tun_port) ?:
	       nla_put_u16(skb, IPVS_DEST_ATTR_TUN_FLAGS, dest->tun_flags) ?:
	       nla_put_u32(skb, IPVS_DEST_ATTR_U_THRESH, dest->u_threshold) ?:
	       nla_put_u32(skb, IPVS_DEST_ATTR_L_THRESH, dest->l_threshold);
}

static int attr_put_dest_conns(struct sk_buff *skb, const struct vs_dest *dest)
{
	return nla_put_u32(skb, IPVS_DEST_ATTR_ACTIVE_CONNS,
			   atomic_read(&dest->active)) ?:
	       nla_put_u32(skb, IPVS_DEST_ATTR_INACT_CONNS,
			   vs_dest_inactive(dest)) ?:
	       nla_put_u32(skb, IPVS_DEST_ATTR_PERSIST_CONNS,
			   atomic_read(&dest->persist));
}

int vs_attr_put_dest(struct sk_buff *skb, const struct vs_dest *dest)
{
	struct nlattr *nest = nla_nest_start_noflag(skb, IPVS_CMD_ATTR_DEST);
	struct vs_stats_view v;
	int err;

	if (!nest)
		return -EMSGSIZE;
	vs_stats_view_dest(dest, &v);
	err = attr_put_dest_conf(skb, dest) ?:
	      attr_put_dest_conns(skb, dest) ?:
	      nla_put_u16(skb, IPVS_DEST_ATTR_ADDR_FAMILY, dest->key.af) ?:
	      attr_put_stats(skb, IPVS_DEST_ATTR_STATS, &v, false) ?:
	      attr_put_stats(skb, IPVS_DEST_ATTR_STATS64, &v, true);
	if (err)
		nla_nest_cancel(skb, nest);
	else
		nla_nest_end(skb, nest);
	return err;
}
