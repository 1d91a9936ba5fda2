// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <string.h>
#include <linux/weir.h>
#include <netlink/attr.h>

#include "attr.h"

static int put_service_key_attrs(struct nl_msg *msg, const struct ipvs_service *svc)
{
	NLA_PUT_U16(msg, IPVS_SVC_ATTR_AF, svc->addr.af);
	if (svc->fwmark) {
		NLA_PUT_U32(msg, IPVS_SVC_ATTR_FWMARK, svc->fwmark);
	} else {
		NLA_PUT_U16(msg, IPVS_SVC_ATTR_PROTOCOL, svc->protocol);
		NLA_PUT(msg, IPVS_SVC_ATTR_ADDR, sizeof(svc->addr.word), svc->addr.word);
		NLA_PUT_U16(msg, IPVS_SVC_ATTR_PORT, svc->port);
	}
	return 0;

nla_put_failure:
	return -ENOMEM;
}

int attr_put_service_key(struct nl_msg *msg, const struct ipvs_service *svc)
{
	struct nlattr *nest = nla_nest_start(msg, IPVS_CMD_ATTR_SERVICE);

	if (!nest || put_service_key_attrs(msg, svc))
		return -ENOMEM;
	nla_nest_end(msg, nest);
	return 0;
}

int attr_put_service(struct nl_msg *msg, const struct ipvs_service *svc)
{
	struct ip_vs_flags flags = { .flags = svc->flags, .mask = ~0u };
	struct nlattr *nest = nla_nest_start(msg, IPVS_CMD_ATTR_SERVICE);

	if (!nest || put_service_key_attrs(msg, svc))
		return -ENOMEM;
	NLA_PUT_STRING(msg, IPVS_SVC_ATTR_SCHED_NAME, svc->sched);
	if (*svc->pe)
		NLA_PUT_STRING(msg, IPVS_SVC_ATTR_PE_NAME, svc->pe);
	NLA_PUT(msg, IPVS_SVC_ATTR_FLAGS, sizeof(flags), &flags);
	NLA_PUT_U32(msg, IPVS_SVC_ATTR_TIMEOUT, svc->timeout);
	NLA_PUT_U32(msg, IPVS_SVC_ATTR_NETMASK, svc->netmask);
	nla_nest_end(msg, nest);
	return 0;

nla_put_failure:
	return -ENOMEM;
}

static int put_dest_key_attrs(struct nl_msg *msg, const struct ipvs_dest *dest)
{
	NLA_PUT_U16(msg, IPVS_DEST_ATTR_ADDR_FAMILY, dest->addr.af);
	NLA_PUT(msg, IPVS_DEST_ATTR_ADDR, sizeof(dest->addr.word), dest->addr.word);
	NLA_PUT_U16(msg, IPVS_DEST_ATTR_PORT, dest->port);
	return 0;

nla_put_failure:
	return -ENOMEM;
}

int attr_put_dest_key(struct nl_msg *msg, const struct ipvs_dest *dest)
{
	struct nlattr *nest = nla_nest_start(msg, IPVS_CMD_ATTR_DEST);

	if (!nest || put_dest_key_attrs(msg, dest))
		return -ENOMEM;
	nla_nest_end(msg, nest);
	return 0;
}

int attr_put_dest(struct nl_msg *msg, const struct ipvs_dest *dest)
{
	struct nlattr *nest = nla_nest_start(msg, IPVS_CMD_ATTR_DEST);

	if (!nest || put_dest_key_attrs(msg, dest))
		return -ENOMEM;
	NLA_PUT_U32(msg, IPVS_DEST_ATTR_FWD_METHOD, dest->method);
	NLA_PUT_U32(msg, IPVS_DEST_ATTR_WEIGHT, dest->weight);
	NLA_PUT_U32(msg, IPVS_DEST_ATTR_U_THRESH, dest->upper);
	NLA_PUT_U32(msg, IPVS_DEST_ATTR_L_THRESH, dest->lower);
	NLA_PUT_U8(msg, IPVS_DEST_ATTR_TUN_TYPE, dest->tun_type);
	NLA_PUT_U16(msg, IPVS_DEST_ATTR_TUN_PORT, dest->tun_port);
	NLA_PUT_U16(msg, IPVS_DEST_ATTR_TUN_FLAGS, dest->tun_flags);
	nla_nest_end(msg, nest);
	return 0;

nla_put_failure:
	return -ENOMEM;
}

static int put_daemon_options(struct nl_msg *msg, const struct ipvs_daemon *daemon)
{
	if (daemon->maxlen)
		NLA_PUT_U16(msg, IPVS_DAEMON_ATTR_SYNC_MAXLEN, daemon->maxlen);
	if (daemon->group.af == AF_INET)
		NLA_PUT_U32(msg, IPVS_DAEMON_ATTR_MCAST_GROUP, daemon->group.v4.s_addr);
	if (daemon->group.af == AF_INET6)
		NLA_PUT(msg, IPVS_DAEMON_ATTR_MCAST_GROUP6, sizeof(daemon->group.v6),
			&daemon->group.v6);
	if (daemon->port)
		NLA_PUT_U16(msg, IPVS_DAEMON_ATTR_MCAST_PORT, daemon->port);
	if (daemon->ttl)
		NLA_PUT_U8(msg, IPVS_DAEMON_ATTR_MCAST_TTL, daemon->ttl);
	return 0;

nla_put_failure:
	return -ENOMEM;
}

int attr_put_daemon(struct nl_msg *msg, const struct ipvs_daemon *daemon)
{
	struct nlattr *nest = nla_nest_start(msg, IPVS_CMD_ATTR_DAEMON);

	if (!nest)
		return -ENOMEM;
	NLA_PUT_U32(msg, IPVS_DAEMON_ATTR_STATE, daemon->state);
	NLA_PUT_STRING(msg, IPVS_DAEMON_ATTR_MCAST_IFN, daemon->ifname);
	NLA_PUT_U32(msg, IPVS_DAEMON_ATTR_SYNC_ID, daemon->syncid);
	if (put_daemon_options(msg, daemon))
		return -ENOMEM;
	nla_nest_end(msg, nest);
	return 0;

nla_put_failure:
	return -ENOMEM;
}

uint64_t attr_number(const struct nlattr *attr)
{
	union { uint8_t u8; uint16_t u16; uint32_t u32; uint64_t u64; } v = { 0 };

	if (!attr)
		return 0;
	nla_memcpy(&v, attr, sizeof(v));
	switch (nla_len(attr)) {
	case 0:
		return 0;
	case 1:
		return v.u8;
	case 2 ... 3:
		return v.u16;
	case 4 ... 7:
		return v.u32;
	default:
		return v.u64;
	}
}

void attr_string(char *to, size_t size, const struct nlattr *attr)
{
	memset(to, 0, size);
	if (attr)
		nla_memcpy(to, attr, size - 1);
}

static int attr_addr(struct ipvs_addr *addr, uint16_t af, const struct nlattr *attr)
{
	if (af != AF_INET && af != AF_INET6)
		return -EPROTO;
	memset(addr, 0, sizeof(*addr));
	addr->af = af;
	if (attr)
		nla_memcpy(addr->word, attr, sizeof(addr->word));
	return 0;
}

/* Prefer the 64-bit statistics: the 32-bit ones wrap at 4 Gi. */
static int attr_stats(struct nlattr *nest64, struct nlattr *nest, struct ipvs_stats *stats)
{
	struct nlattr *attr[IPVS_STATS_ATTR_MAX + 1];

	memset(stats, 0, sizeof(*stats));
	nest = nest64 ? nest64 : nest;
	if (!nest)
		return 0;
	if (nla_parse_nested(attr, IPVS_STATS_ATTR_MAX, nest, NULL))
		return -EPROTO;
	stats->conns = attr_number(attr[IPVS_STATS_ATTR_CONNS]);
	stats->inpkts = attr_number(attr[IPVS_STATS_ATTR_INPKTS]);
	stats->outpkts = attr_number(attr[IPVS_STATS_ATTR_OUTPKTS]);
	stats->inbytes = attr_number(attr[IPVS_STATS_ATTR_INBYTES]);
	stats->outbytes = attr_number(attr[IPVS_STATS_ATTR_OUTBYTES]);
	stats->cps = attr_number(attr[IPVS_STATS_ATTR_CPS]);
	stats->inpps = attr_number(attr[IPVS_STATS_ATTR_INPPS]);
	stats->outpps = attr_number(attr[IPVS_STATS_ATTR_OUTPPS]);
	stats->inbps = attr_number(attr[IPVS_STATS_ATTR_INBPS]);
	stats->outbps = attr_number(attr[IPVS_STATS_ATTR_OUTBPS]);
	return 0;
}

int attr_parse_service(struct nlattr *nest, struct ipvs_service *svc)
{
	struct nlattr *attr[IPVS_SVC_ATTR_MAX + 1];
	struct ip_vs_flags flags = { 0 };

	memset(svc, 0, sizeof(*svc));
	if (!nest || nla_parse_nested(attr, IPVS_SVC_ATTR_MAX, nest, NULL))
		return -EPROTO;
	if (attr_addr(&svc->addr, attr_number(attr[IPVS_SVC_ATTR_AF]), attr[IPVS_SVC_ATTR_ADDR]))
		return -EPROTO;
	svc->fwmark = attr_number(attr[IPVS_SVC_ATTR_FWMARK]);
	svc->protocol = attr_number(attr[IPVS_SVC_ATTR_PROTOCOL]);
	svc->port = attr_number(attr[IPVS_SVC_ATTR_PORT]);
	attr_string(svc->sched, sizeof(svc->sched), attr[IPVS_SVC_ATTR_SCHED_NAME]);
	attr_string(svc->pe, sizeof(svc->pe), attr[IPVS_SVC_ATTR_PE_NAME]);
	if (attr[IPVS_SVC_ATTR_FLAGS])
		nla_memcpy(&flags, attr[IPVS_SVC_ATTR_FLAGS], sizeof(flags));
	svc->flags = flags.flags & flags.mask & IPVS_FLAGS_SENT;
	svc->timeout = attr_number(attr[IPVS_SVC_ATTR_TIMEOUT]);
	svc->netmask = attr_number(attr[IPVS_SVC_ATTR_NETMASK]);
	return attr_stats(attr[IPVS_SVC_ATTR_STATS64], attr[IPVS_SVC_ATTR_STATS], &svc->stats);
}

int attr_parse_dest(struct nlattr *nest, uint16_t svc_af, struct ipvs_dest *dest)
{
	struct nlattr *attr[IPVS_DEST_ATTR_MAX + 1];
	uint16_t af;

	memset(dest, 0, sizeof(*dest));
	if (!nest || nla_parse_nested(attr, IPVS_DEST_ATTR_MAX, nest, NULL))
		return -EPROTO;
	af = attr_number(attr[IPVS_DEST_ATTR_ADDR_FAMILY]);
	if (attr_addr(&dest->addr, af ? af : svc_af, attr[IPVS_DEST_ATTR_ADDR]))
		return -EPROTO;
	dest->port = attr_number(attr[IPVS_DEST_ATTR_PORT]);
	dest->method = attr_number(attr[IPVS_DEST_ATTR_FWD_METHOD]) & IP_VS_CONN_F_FWD_MASK;
	dest->weight = attr_number(attr[IPVS_DEST_ATTR_WEIGHT]);
	dest->upper = attr_number(attr[IPVS_DEST_ATTR_U_THRESH]);
	dest->lower = attr_number(attr[IPVS_DEST_ATTR_L_THRESH]);
	dest->active = attr_number(attr[IPVS_DEST_ATTR_ACTIVE_CONNS]);
	dest->inactive = attr_number(attr[IPVS_DEST_ATTR_INACT_CONNS]);
	dest->persistent = attr_number(attr[IPVS_DEST_ATTR_PERSIST_CONNS]);
	dest->tun_type = attr_number(attr[IPVS_DEST_ATTR_TUN_TYPE]);
	dest->tun_port = attr_number(attr[IPVS_DEST_ATTR_TUN_PORT]);
	dest->tun_flags = attr_number(attr[IPVS_DEST_ATTR_TUN_FLAGS]);
	return attr_stats(attr[IPVS_DEST_ATTR_STATS64], attr[IPVS_DEST_ATTR_STATS], &dest->stats);
}

int attr_parse_daemon(struct nlattr *nest, struct ipvs_daemon *daemon)
{
	struct nlattr *attr[IPVS_DAEMON_ATTR_MAX + 1];

	memset(daemon, 0, sizeof(*daemon));
	if (!nest || nla_parse_nested(attr, IPVS_DAEMON_ATTR_MAX, nest, NULL))
		return -EPROTO;
	daemon->state = attr_number(attr[IPVS_DAEMON_ATTR_STATE]);
	daemon->syncid = attr_number(attr[IPVS_DAEMON_ATTR_SYNC_ID]);
	attr_string(daemon->ifname, sizeof(daemon->ifname), attr[IPVS_DAEMON_ATTR_MCAST_IFN]);
	daemon->maxlen = attr_number(attr[IPVS_DAEMON_ATTR_SYNC_MAXLEN]);
	daemon->port = attr_number(attr[IPVS_DAEMON_ATTR_MCAST_PORT]);
	daemon->ttl = attr_number(attr[IPVS_DAEMON_ATTR_MCAST_TTL]);
	if (attr[IPVS_DAEMON_ATTR_MCAST_GROUP6])
		return attr_addr(&daemon->group, AF_INET6, attr[IPVS_DAEMON_ATTR_MCAST_GROUP6]);
	if (attr[IPVS_DAEMON_ATTR_MCAST_GROUP])
		return attr_addr(&daemon->group, AF_INET, attr[IPVS_DAEMON_ATTR_MCAST_GROUP]);
	return 0;
}

int attr_parse_counter(struct nlattr *nest, struct ipvs_counter *counter)
{
	struct nlattr *attr[WEIR_COUNTER_MAX + 1];

	memset(counter, 0, sizeof(*counter));
	if (!nest || nla_parse_nested(attr, WEIR_COUNTER_MAX, nest, NULL) ||
	    !attr[WEIR_COUNTER_NAME] || !attr[WEIR_COUNTER_VALUE])
		return -EPROTO;
	nla_strlcpy(counter->name, attr[WEIR_COUNTER_NAME], sizeof(counter->name));
	counter->value = nla_get_u64(attr[WEIR_COUNTER_VALUE]);
	if (attr[WEIR_COUNTER_TEXT])
		nla_strlcpy(counter->text, attr[WEIR_COUNTER_TEXT], sizeof(counter->text));
	return 0;
}
