// SPDX-License-Identifier: GPL-2.0
/*
 * Translates the attribute WEIR_ATTR_MESH of the generic netlink family "weir" to
 * the structs of sync/mesh.h and back.
 */
#include <linux/weir.h>

#include "api/genl.h"
#include "extack.h"
#include "net.h"
#include "sync/mesh.h"

#define ADDR_POLICY	NLA_POLICY_RANGE(NLA_BINARY, sizeof(struct in_addr), \
					 sizeof(struct in6_addr))

static const struct nla_policy peer_policy[WEIR_PEER_ADDR + 1] = {
	[WEIR_PEER_ADDR]	= ADDR_POLICY,
};

static const struct nla_policy key_policy[WEIR_KEY_MAX + 1] = {
	[WEIR_KEY_ID]		= { .type = NLA_U8 },
	[WEIR_KEY_SECRET]	= NLA_POLICY_EXACT_LEN(WEIR_KEY_LEN),
};

static const struct nla_policy conf_policy[WEIR_MESH_KEY + 1] = {
	[WEIR_MESH_IFNAME]	= { .type = NLA_NUL_STRING,
				    .len = IP_VS_IFNAME_MAXLEN - 1 },
	[WEIR_MESH_SYNCID]	= { .type = NLA_U8 },
	[WEIR_MESH_MAXLEN]	= { .type = NLA_U16 },
	[WEIR_MESH_PORT]	= { .type = NLA_U16 },
	[WEIR_MESH_TTL]		= { .type = NLA_U8 },
	[WEIR_MESH_GROUP]	= ADDR_POLICY,
	[WEIR_MESH_PEER]	= NLA_POLICY_NESTED(peer_policy),
	[WEIR_MESH_KEY]		= NLA_POLICY_NESTED(key_policy),
};

/* The family of the first address is that of the mesh. */
static int mesh_get_addr(const struct nlattr *nla, u8 *af,
			 union nf_inet_addr *addr,
			 struct netlink_ext_ack *extack)
{
	u8 family;

	if (!nla || (nla_len(nla) != sizeof(struct in_addr) &&
		     nla_len(nla) != sizeof(struct in6_addr)))
		return vs_refuse(extack, "an address has 4 or 16 bytes", -EINVAL);
	family = nla_len(nla) == sizeof(struct in_addr) ? AF_INET : AF_INET6;
	if (!IS_ENABLED(CONFIG_IPV6) && family == AF_INET6)
		return vs_refuse(extack, "the kernel has no IPv6",
				 -EAFNOSUPPORT);
	if (*af && *af != family)
		return vs_refuse(extack, "peers and group are of different families",
				 -EINVAL);
	*af = family;
	memset(addr, 0, sizeof(*addr));
	nla_memcpy(addr, nla, sizeof(*addr));
	return 0;
}

static int mesh_get_group(const struct nlattr *nla, struct vs_mesh_conf *conf,
			  struct netlink_ext_ack *extack)
{
	struct vs_sync_conf *sock = &conf->sock;
	int err;

	if (!nla)
		return 0;
	err = mesh_get_addr(nla, &sock->af, &sock->group, extack);
	if (err)
		return err;
	if (sock->af == AF_INET6 ? !ipv6_addr_is_multicast(&sock->group.in6) :
				   !ipv4_is_multicast(sock->group.ip))
		return vs_refuse(extack, "the group is not a multicast address",
				 -EINVAL);
	conf->multicast = true;
	return 0;
}

static int mesh_get_peer(const struct nlattr *nla, struct vs_mesh_conf *conf,
			 struct netlink_ext_ack *extack)
{
	struct nlattr *attrs[WEIR_PEER_ADDR + 1];
	union nf_inet_addr *addr;
	int err;

	if (conf->n_peers == VS_MESH_PEERS)
		return vs_refuse(extack, "too many peers", -EINVAL);
	addr = &conf->peer[conf->n_peers];
	err = nla_parse_nested(attrs, WEIR_PEER_ADDR, nla, peer_policy, extack) ?:
	      mesh_get_addr(attrs[WEIR_PEER_ADDR], &conf->sock.af, addr, extack);
	if (err)
		return err;
	if (conf->sock.af == AF_INET6 ?
	    ipv6_addr_any(&addr->in6) || ipv6_addr_is_multicast(&addr->in6) :
	    !addr->ip || ipv4_is_multicast(addr->ip) ||
	    ipv4_is_lbcast(addr->ip))
		return vs_refuse(extack, "a peer's address is not that of a host",
				 -EINVAL);
	conf->n_peers++;
	return 0;
}

static int mesh_get_key(const struct nlattr *nla, struct vs_mesh_keys *keys,
			struct netlink_ext_ack *extack)
{
	struct nlattr *attrs[WEIR_KEY_MAX + 1];
	unsigned int i;
	int err;

	err = nla_parse_nested(attrs, WEIR_KEY_MAX, nla, key_policy, extack);
	if (err)
		return err;
	if (!attrs[WEIR_KEY_ID] || !attrs[WEIR_KEY_SECRET])
		return vs_refuse(extack, "a key has an id and a secret",
				 -EINVAL);
	if (keys->n == VS_MESH_KEYS)
		return vs_refuse(extack, "too many keys", -EINVAL);
	keys->id[keys->n] = nla_get_u8(attrs[WEIR_KEY_ID]);
	for (i = 0; i < keys->n; i++)
		if (keys->id[i] == keys->id[keys->n])
			return vs_refuse(extack, "two keys have the same id",
					 -EINVAL);
	nla_memcpy(keys->secret[keys->n++], attrs[WEIR_KEY_SECRET],
		   VS_SEAL_KEY_LEN);
	return 0;
}

static void attrs_get_numbers(struct nlattr **attrs, struct vs_sync_conf *conf)
{
	if (attrs[WEIR_MESH_IFNAME])
		nla_strscpy(conf->ifname, attrs[WEIR_MESH_IFNAME],
			    sizeof(conf->ifname));
	if (attrs[WEIR_MESH_SYNCID])
		conf->syncid = nla_get_u8(attrs[WEIR_MESH_SYNCID]);
	if (attrs[WEIR_MESH_MAXLEN])
		conf->maxlen = nla_get_u16(attrs[WEIR_MESH_MAXLEN]);
	if (attrs[WEIR_MESH_PORT])
		conf->port = nla_get_u16(attrs[WEIR_MESH_PORT]);
	if (attrs[WEIR_MESH_TTL])
		conf->ttl = nla_get_u8(attrs[WEIR_MESH_TTL]);
}

static int attrs_get_lists(const struct nlattr *nest, struct vs_mesh_conf *conf,
			   struct vs_mesh_keys *keys,
			   struct netlink_ext_ack *extack)
{
	const struct nlattr *nla;
	int rem, err = 0;

	nla_for_each_nested(nla, nest, rem) {
		if (nla_type(nla) == WEIR_MESH_PEER)
			err = mesh_get_peer(nla, conf, extack);
		else if (nla_type(nla) == WEIR_MESH_KEY)
			err = mesh_get_key(nla, keys, extack);
		if (err)
			return err;
	}
	return keys->n ? 0 : vs_refuse(extack, "there is no key", -EINVAL);
}

int vs_genl_mesh_get_keys(const struct nlattr *nest, struct vs_mesh_keys *keys,
			  struct netlink_ext_ack *extack)
{
	struct nlattr *attrs[WEIR_MESH_KEY + 1];
	const struct nlattr *nla;
	int rem;

	memset(keys, 0, sizeof(*keys));
	if (!nest)
		return vs_refuse(extack, "the mesh is missing", -EINVAL);
	rem = nla_parse_nested(attrs, WEIR_MESH_KEY, nest, conf_policy, extack);
	if (rem)
		return rem;
	nla_for_each_nested(nla, nest, rem) {
		int err = nla_type(nla) == WEIR_MESH_KEY ?
			  mesh_get_key(nla, keys, extack) :
			  vs_refuse(extack, "only keys can be changed", -EINVAL);

		if (err)
			return err;
	}
	return keys->n ? 0 : vs_refuse(extack, "there is no key", -EINVAL);
}

int vs_genl_mesh_get(const struct nlattr *nest, struct vs_mesh_conf *conf,
		     struct vs_mesh_keys *keys, struct netlink_ext_ack *extack)
{
	struct nlattr *attrs[WEIR_MESH_KEY + 1];
	int err;

	memset(conf, 0, sizeof(*conf));
	memset(keys, 0, sizeof(*keys));
	if (!nest)
		return vs_refuse(extack, "the mesh is missing", -EINVAL);
	err = nla_parse_nested(attrs, WEIR_MESH_KEY, nest, conf_policy,
			       extack);
	if (err)
		return err;
	attrs_get_numbers(attrs, &conf->sock);
	return mesh_get_group(attrs[WEIR_MESH_GROUP], conf, extack) ?:
	       attrs_get_lists(nest, conf, keys, extack);
}

static int mesh_put_addr(struct sk_buff *skb, int type, u8 af,
			 const union nf_inet_addr *addr)
{
	return af == AF_INET6 ? nla_put_in6_addr(skb, type, &addr->in6) :
				nla_put_in_addr(skb, type, addr->ip);
}

static int peer_put_u64(struct sk_buff *skb, int type, u64 value)
{
	return nla_put_u64_64bit(skb, type, value, WEIR_PEER_PAD);
}

static int mesh_put_peer(struct sk_buff *skb, u8 af,
			 const struct vs_mesh_peer_info *p)
{
	struct nlattr *nest = nla_nest_start(skb, WEIR_MESH_PEER);

	if (!nest ||
	    mesh_put_addr(skb, WEIR_PEER_ADDR, af, &p->addr) ||
	    nla_put_u8(skb, WEIR_PEER_STATE, p->state) ||
	    (p->heard && nla_put_u32(skb, WEIR_PEER_HEARD, p->silence)) ||
	    nla_put_u8(skb, WEIR_PEER_IN_SYNC, p->in_sync) ||
	    peer_put_u64(skb, WEIR_PEER_CONNS, p->conns) ||
	    peer_put_u64(skb, WEIR_PEER_LAG, p->lag) ||
	    peer_put_u64(skb, WEIR_PEER_RESENT, p->resent) ||
	    peer_put_u64(skb, WEIR_PEER_LOST, p->lost) ||
	    peer_put_u64(skb, WEIR_PEER_GOT, p->got) ||
	    peer_put_u64(skb, WEIR_PEER_GIVEN, p->given) ||
	    peer_put_u64(skb, WEIR_PEER_RESYNCS, p->resyncs))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int attrs_put_conf(struct sk_buff *skb, const struct vs_mesh_conf *conf)
{
	const struct vs_sync_conf *sock = &conf->sock;

	if (*sock->ifname &&
	    nla_put_string(skb, WEIR_MESH_IFNAME, sock->ifname))
		return -EMSGSIZE;
	if (conf->multicast &&
	    mesh_put_addr(skb, WEIR_MESH_GROUP, sock->af, &sock->group))
		return -EMSGSIZE;
	return nla_put_u8(skb, WEIR_MESH_SYNCID, sock->syncid) ?:
	       nla_put_u16(skb, WEIR_MESH_MAXLEN, sock->maxlen) ?:
	       nla_put_u16(skb, WEIR_MESH_PORT, sock->port) ?:
	       nla_put_u8(skb, WEIR_MESH_TTL, sock->ttl);
}

int vs_genl_mesh_put(struct sk_buff *skb, const struct vs_mesh_info *info)
{
	struct nlattr *nest = nla_nest_start(skb, WEIR_ATTR_MESH);
	unsigned int i;
	int err;

	if (!nest)
		return -EMSGSIZE;
	err = attrs_put_conf(skb, &info->conf) ?:
	      nla_put_u8(skb, WEIR_MESH_STATE, info->state) ?:
	      nla_put_u8(skb, WEIR_MESH_KEY_ID, info->key_id) ?:
	      nla_put_u64_64bit(skb, WEIR_MESH_CONNS, info->conns,
				WEIR_MESH_PAD);
	for (i = 0; i < info->n && !err; i++)
		err = mesh_put_peer(skb, info->conf.sock.af, &info->peer[i]);
	if (err)
		return err;
	nla_nest_end(skb, nest);
	return 0;
}
