/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * The generic netlink family "weir": extensions beyond the family "IPVS", whose
 * definition belongs to the kernel's ip_vs.
 *
 * An object is one nested attribute of a message, with attribute numbers of its
 * own. Numbers never change their meaning. Commands, and attributes of replies,
 * are added without a new version: skip attributes that you do not know. A
 * request with an unknown attribute is refused.
 */
#ifndef _UAPI_LINUX_WEIR_H
#define _UAPI_LINUX_WEIR_H

#define WEIR_GENL_NAME		"weir"
#define WEIR_GENL_VERSION	1

enum {
	WEIR_CMD_UNSPEC,
	WEIR_CMD_GET_COUNTERS,	/* dump: one WEIR_ATTR_COUNTER per message */
	WEIR_CMD_START_MESH,	/* WEIR_ATTR_MESH with parameters and keys */
	WEIR_CMD_STOP_MESH,	/* no attributes */
	WEIR_CMD_SET_MESH_KEYS,	/* WEIR_ATTR_MESH with WEIR_MESH_KEY only */
	WEIR_CMD_GET_MESH,	/* no attributes; the reply has WEIR_ATTR_MESH, or
				 * the error ESRCH: no mesh daemon runs. These
				 * four: EOPNOTSUPP without the cipher */

	__WEIR_CMD_MAX
};
#define WEIR_CMD_MAX (__WEIR_CMD_MAX - 1)

/* top level */
enum {
	WEIR_ATTR_UNSPEC,
	WEIR_ATTR_COUNTER,	/* nest of WEIR_COUNTER_* */
	WEIR_ATTR_MESH,		/* nest of WEIR_MESH_* */

	__WEIR_ATTR_MAX
};
#define WEIR_ATTR_MAX (__WEIR_ATTR_MAX - 1)

enum {
	WEIR_COUNTER_UNSPEC,
	WEIR_COUNTER_NAME,	/* string: "drop_no_route" */
	WEIR_COUNTER_VALUE,	/* u64: since the namespace was created */
	WEIR_COUNTER_TEXT,	/* string: description for humans */
	WEIR_COUNTER_PAD,

	__WEIR_COUNTER_MAX
};
#define WEIR_COUNTER_MAX (__WEIR_COUNTER_MAX - 1)

/* The mesh daemon, sync protocol version 2. Addresses are 4 or 16 bytes. */
enum {
	WEIR_MESH_UNSPEC,
	/* parameters */
	WEIR_MESH_IFNAME,	/* string; may be absent if there are peers */
	WEIR_MESH_SYNCID,	/* u8: id of the mesh, 0 if absent */
	WEIR_MESH_MAXLEN,	/* u16: largest message, bytes of UDP payload */
	WEIR_MESH_PORT,		/* u16: UDP port in host order */
	WEIR_MESH_TTL,		/* u8: TTL or hop limit of multicast */
	WEIR_MESH_GROUP,	/* address: multicast group. Without group and
				 * peers, it is 224.0.0.81 */
	WEIR_MESH_PEER,		/* nest of WEIR_PEER_*, repeated. In a request
				 * WEIR_PEER_ADDR only */
	WEIR_MESH_KEY,		/* nest of WEIR_KEY_*, repeated; the first one is
				 * that of messages sent. Never in a reply */
	/* state, in replies */
	WEIR_MESH_STATE,	/* u8: WEIR_SYNC_* */
	WEIR_MESH_CONNS,	/* u64: connections and templates here */
	WEIR_MESH_KEY_ID,	/* u8: id of the key of messages sent */
	WEIR_MESH_PAD,

	__WEIR_MESH_MAX
};
#define WEIR_MESH_MAX (__WEIR_MESH_MAX - 1)

#define WEIR_MESH_MAX_PEERS	16
#define WEIR_MESH_MAX_KEYS	4

enum {
	WEIR_PEER_UNSPEC,
	WEIR_PEER_ADDR,		/* address */
	WEIR_PEER_STATE,	/* u8: WEIR_SYNC_*, of what the peer has told */
	WEIR_PEER_HEARD,	/* u32: milliseconds since its last status */
	WEIR_PEER_CONNS,	/* u64: connections and templates that it has */
	WEIR_PEER_LAG,		/* u64: messages that it has not confirmed yet */
	WEIR_PEER_RESENT,	/* u64: messages sent to it again */
	WEIR_PEER_LOST,		/* u64: messages from it that are lost for good */
	WEIR_PEER_GOT,		/* u64: entries received in the current or last
				 * full resync */
	WEIR_PEER_GIVEN,	/* u64: entries sent to it likewise */
	WEIR_PEER_RESYNCS,	/* u64: full resyncs received from it */
	WEIR_PEER_IN_SYNC,	/* u8: 1 if it says that it has the connections
				 * of all directors, this one included */
	WEIR_PEER_PAD,

	__WEIR_PEER_MAX
};
#define WEIR_PEER_MAX (__WEIR_PEER_MAX - 1)

enum {
	WEIR_KEY_UNSPEC,
	WEIR_KEY_ID,		/* u8 */
	WEIR_KEY_SECRET,	/* WEIR_KEY_LEN bytes */

	__WEIR_KEY_MAX
};
#define WEIR_KEY_MAX (__WEIR_KEY_MAX - 1)

#define WEIR_KEY_LEN	32

/* Of the mesh, or of what one peer has told. */
enum {
	WEIR_SYNC_STARTING,	/* peers may not have answered yet */
	WEIR_SYNC_ALONE,	/* no peer answers; the peer: does not answer */
	WEIR_SYNC_RESYNC,	/* a full resync is under way */
	WEIR_SYNC_BEHIND,	/* messages are missing, and are repeated */
	WEIR_SYNC_IN_SYNC,	/* all that the peers have told is here */
	WEIR_SYNC_INCOMPLETE,	/* connections found no room (conn_max) */
};

#endif /* _UAPI_LINUX_WEIR_H */
