/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_MESH_H
#define VS_MESH_H

#include "sync/seal.h"
#include "sync/sync.h"

/*
 * The mesh daemon: version 2 of the sync protocol, see
 * Documentation/sync-protocol.rst. It sends what this director's packets change,
 * and receives what those of its peers do.
 */

#define VS_MESH_PEERS	16
#define VS_MESH_KEYS	4

/**
 * struct vs_mesh_keys - the keys that the directors of a mesh share
 * @n:		number of keys
 * @id:		id of each
 * @secret:	key number 0 encrypts what is sent
 */
struct vs_mesh_keys {
	u8 n;
	u8 id[VS_MESH_KEYS];
	u8 secret[VS_MESH_KEYS][VS_SEAL_KEY_LEN];
};

/**
 * struct vs_mesh_conf - parameters of a mesh daemon
 * @sock:	interface, id, size, port, TTL. Its family is that of the peers'
 *		addresses. The interface may be empty if there are peers
 * @multicast:	there is a group
 * @n_peers:	number of peers; 0: whoever has the key and sends to the group
 * @peer:	their addresses
 */
struct vs_mesh_conf {
	struct vs_sync_conf sock;
	bool multicast;
	u8 n_peers;
	union nf_inet_addr peer[VS_MESH_PEERS];
};

/**
 * struct vs_mesh_peer_info - a peer, to be shown
 * @addr:	its address
 * @state:	WEIR_SYNC_* of what it has told
 * @heard:	it was heard
 * @in_sync:	it says that it has all connections
 * @silence:	milliseconds since its last status
 * @conns:	connections and templates that it has
 * @lag:	messages that it has not confirmed
 * @resent:	messages that were sent to it again
 * @lost:	messages of it that are lost for good
 * @got:	entries of the current or last resync by it
 * @given:	entries of the current or last resync of it
 * @resyncs:	complete resyncs by it
 */
struct vs_mesh_peer_info {
	union nf_inet_addr addr;
	u8 state;
	bool heard;
	bool in_sync;
	u32 silence;
	u64 conns;
	u64 lag;
	u64 resent;
	u64 lost;
	u64 got;
	u64 given;
	u64 resyncs;
};

/**
 * struct vs_mesh_info - a mesh daemon, to be shown
 * @conf:	parameters, complete
 * @state:	WEIR_SYNC_*
 * @key_id:	key of what is sent
 * @conns:	connections and templates here
 * @n:		number of peers
 * @peer:	the peers
 */
struct vs_mesh_info {
	struct vs_mesh_conf conf;
	u8 state;
	u8 key_id;
	u64 conns;
	u8 n;
	struct vs_mesh_peer_info peer[VS_MESH_PEERS];
};

#if IS_ENABLED(CONFIG_CRYPTO_LIB_CHACHA20POLY1305)

/**
 * vs_mesh_start - start the mesh daemon
 * @vn: namespace
 * @conf: parameters
 * @keys: keys, are copied
 * @extack: for the text of an error, or NULL
 *
 * The daemon holds the module until it is stopped.
 *
 * Context: process, may sleep; takes RTNL.
 * Return: 0; -EEXIST: it runs; -EBUSY: a master or backup daemon runs; -ENODEV: no
 * such interface; -EINVAL; -ENOMEM; -EOPNOTSUPP: the kernel lacks the cipher; an
 * errno of the socket.
 */
int vs_mesh_start(struct vs_net *vn, const struct vs_mesh_conf *conf,
		  const struct vs_mesh_keys *keys,
		  struct netlink_ext_ack *extack);

/**
 * vs_mesh_stop - stop the mesh daemon
 * @vn: namespace
 * @extack: for the text of an error, or NULL
 *
 * What is collected is sent, and the peers are told.
 *
 * Context: process, may sleep; takes RTNL.
 * Return: 0; -ESRCH: it does not run.
 */
int vs_mesh_stop(struct vs_net *vn, struct netlink_ext_ack *extack);

/* Replaces the keys, while messages go on. -ESRCH: no mesh daemon runs. Process
 * context. */
int vs_mesh_set_keys(struct vs_net *vn, const struct vs_mesh_keys *keys,
		     struct netlink_ext_ack *extack);

/* Reads the state of the daemon. -ESRCH: it does not run. Process context. */
int vs_mesh_get(struct vs_net *vn, struct vs_mesh_info *info);

#else

static inline int vs_mesh_start(struct vs_net *vn,
				const struct vs_mesh_conf *conf,
				const struct vs_mesh_keys *keys,
				struct netlink_ext_ack *extack)
{
	return -EOPNOTSUPP;
}

static inline int vs_mesh_stop(struct vs_net *vn, struct netlink_ext_ack *extack)
{
	return -EOPNOTSUPP;
}

static inline int vs_mesh_set_keys(struct vs_net *vn,
				   const struct vs_mesh_keys *keys,
				   struct netlink_ext_ack *extack)
{
	return -EOPNOTSUPP;
}

static inline int vs_mesh_get(struct vs_net *vn, struct vs_mesh_info *info)
{
	return -EOPNOTSUPP;
}

#endif

#endif /* VS_MESH_H */
