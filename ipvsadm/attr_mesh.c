// SPDX-License-Identifier: GPL-2.0
/* The attributes of the mesh daemon, family "weir" */
#include <errno.h>
#include <string.h>
#include <netlink/attr.h>

#include "array.h"
#include "attr.h"

static size_t addr_size(const struct ipvs_addr *addr)
{
	return addr->af == AF_INET6 ? sizeof(addr->v6) : sizeof(addr->v4);
}

static int put_mesh_key(struct nl_msg *msg, const struct ipvs_key *key)
{
	struct nlattr *nest = nla_nest_start(msg, WEIR_MESH_KEY);

	if (!nest)
		return -ENOMEM;
	NLA_PUT_U8(msg, WEIR_KEY_ID, key->id);
	NLA_PUT(msg, WEIR_KEY_SECRET, sizeof(key->secret), key->secret);
	nla_nest_end(msg, nest);
	return 0;

nla_put_failure:
	return -ENOMEM;
}

static int put_mesh_peer(struct nl_msg *msg, const struct ipvs_addr *addr)
{
	struct nlattr *nest = nla_nest_start(msg, WEIR_MESH_PEER);

	if (!nest)
		return -ENOMEM;
	NLA_PUT(msg, WEIR_PEER_ADDR, addr_size(addr), addr->word);
	nla_nest_end(msg, nest);
	return 0;

nla_put_failure:
	return -ENOMEM;
}

static int put_mesh_parameters(struct nl_msg *msg, const struct ipvs_daemon *daemon)
{
	if (*daemon->ifname)
		NLA_PUT_STRING(msg, WEIR_MESH_IFNAME, daemon->ifname);
	NLA_PUT_U8(msg, WEIR_MESH_SYNCID, daemon->syncid);
	if (daemon->maxlen)
		NLA_PUT_U16(msg, WEIR_MESH_MAXLEN, daemon->maxlen);
	if (daemon->port)
		NLA_PUT_U16(msg, WEIR_MESH_PORT, daemon->port);
	if (daemon->ttl)
		NLA_PUT_U8(msg, WEIR_MESH_TTL, daemon->ttl);
	if (daemon->group.af)
		NLA_PUT(msg, WEIR_MESH_GROUP, addr_size(&daemon->group), daemon->group.word);
	return 0;

nla_put_failure:
	return -ENOMEM;
}

int attr_put_mesh(struct nl_msg *msg, const struct ipvs_daemon *daemon,
		  const struct ipvs_mesh_config *config)
{
	struct nlattr *nest = nla_nest_start(msg, WEIR_ATTR_MESH);

	if (!nest || (daemon && put_mesh_parameters(msg, daemon)))
		return -ENOMEM;
	for (size_t i = 0; daemon && i < config->n_peers; i++) {
		if (put_mesh_peer(msg, &config->peers[i]))
			return -ENOMEM;
	}
	for (size_t i = 0; i < config->n_keys; i++) {
		if (put_mesh_key(msg, &config->keys[i]))
			return -ENOMEM;
	}
	nla_nest_end(msg, nest);
	return 0;
}

/* The family follows from the length. */
static int parse_mesh_addr(struct ipvs_addr *addr, const struct nlattr *attr)
{
	memset(addr, 0, sizeof(*addr));
	if (!attr)
		return -EPROTO;
	if (nla_len(attr) == sizeof(addr->v4))
		addr->af = AF_INET;
	else if (nla_len(attr) == sizeof(addr->v6))
		addr->af = AF_INET6;
	else
		return -EPROTO;
	nla_memcpy(addr->word, attr, sizeof(addr->word));
	return 0;
}

static int parse_mesh_peer(struct nlattr *nest, struct ipvs_peer *peer)
{
	struct nlattr *attr[WEIR_PEER_MAX + 1];

	memset(peer, 0, sizeof(*peer));
	if (nla_parse_nested(attr, WEIR_PEER_MAX, nest, NULL))
		return -EPROTO;
	peer->state = attr_number(attr[WEIR_PEER_STATE]);
	peer->heard = attr[WEIR_PEER_HEARD];
	peer->unready = attr[WEIR_PEER_IN_SYNC] && !attr_number(attr[WEIR_PEER_IN_SYNC]);
	peer->silent = attr_number(attr[WEIR_PEER_HEARD]);
	peer->conns = attr_number(attr[WEIR_PEER_CONNS]);
	peer->lag = attr_number(attr[WEIR_PEER_LAG]);
	peer->resent = attr_number(attr[WEIR_PEER_RESENT]);
	peer->lost = attr_number(attr[WEIR_PEER_LOST]);
	peer->got = attr_number(attr[WEIR_PEER_GOT]);
	peer->given = attr_number(attr[WEIR_PEER_GIVEN]);
	peer->resyncs = attr_number(attr[WEIR_PEER_RESYNCS]);
	return parse_mesh_addr(&peer->addr, attr[WEIR_PEER_ADDR]);
}

static int parse_mesh_parameters(struct nlattr **attr, struct ipvs_daemon *daemon)
{
	daemon->state = IPVS_STATE_MESH;
	attr_string(daemon->ifname, sizeof(daemon->ifname), attr[WEIR_MESH_IFNAME]);
	daemon->syncid = attr_number(attr[WEIR_MESH_SYNCID]);
	daemon->maxlen = attr_number(attr[WEIR_MESH_MAXLEN]);
	daemon->port = attr_number(attr[WEIR_MESH_PORT]);
	daemon->ttl = attr_number(attr[WEIR_MESH_TTL]);
	if (attr[WEIR_MESH_GROUP])
		return parse_mesh_addr(&daemon->group, attr[WEIR_MESH_GROUP]);
	return 0;
}

static int parse_mesh_peers(struct nlattr *nest, struct ipvs_mesh *mesh)
{
	struct nlattr *attr;
	int left;

	nla_for_each_nested(attr, nest, left) {
		if (nla_type(attr) != WEIR_MESH_PEER)
			continue;
		mesh->v = array_grow(mesh->v, mesh->n, &mesh->cap, sizeof(*mesh->v));
		if (parse_mesh_peer(attr, &mesh->v[mesh->n]))
			return -EPROTO;
		mesh->n++;
	}
	return 0;
}

int attr_parse_mesh(struct nlattr *nest, struct ipvs_mesh *mesh)
{
	struct nlattr *attr[WEIR_MESH_MAX + 1];

	if (!nest || nla_parse_nested(attr, WEIR_MESH_MAX, nest, NULL) || !attr[WEIR_MESH_STATE])
		return -EPROTO;
	mesh->state = attr_number(attr[WEIR_MESH_STATE]);
	mesh->conns = attr_number(attr[WEIR_MESH_CONNS]);
	mesh->key_id = attr[WEIR_MESH_KEY_ID] ? (int)attr_number(attr[WEIR_MESH_KEY_ID]) : -1;
	if (parse_mesh_parameters(attr, &mesh->daemon))
		return -EPROTO;
	mesh->n = 0;
	return parse_mesh_peers(nest, mesh);
}
