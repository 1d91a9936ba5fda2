/* SPDX-License-Identifier: GPL-2.0 */
/* A parsed command line: the command, its options and its objects. */
#ifndef IPVSADM_REQUEST_H
#define IPVSADM_REQUEST_H

#include "types.h"

enum cmd {
	CMD_NONE,
	CMD_ADD, CMD_EDIT, CMD_DEL, CMD_CLEAR, CMD_RESTORE, CMD_SAVE,
	CMD_ADD_DEST, CMD_EDIT_DEST, CMD_DEL_DEST,
	CMD_LIST, CMD_ZERO, CMD_SET, CMD_START_DAEMON, CMD_STOP_DAEMON,
	CMD_SET_KEYS, CMD_WAIT_SYNC,
	CMD_HELP, CMD_VERSION,
};

/* Mutually exclusive options, such as -t and -u, share an id. */
enum opt_id {
	OPT_NONE,
	OPT_SERVICE, OPT_IPV6, OPT_SCHEDULER, OPT_PERSISTENT, OPT_NETMASK,
	OPT_PE, OPT_SCHED_FLAGS, OPT_OPS,
	OPT_REAL_SERVER, OPT_METHOD, OPT_WEIGHT, OPT_UPPER, OPT_LOWER,
	OPT_TUN_TYPE, OPT_TUN_PORT, OPT_TUN_CSUM,
	OPT_CONNECTION, OPT_TIMEOUT, OPT_DAEMON, OPT_COUNTERS,
	OPT_STATS, OPT_RATE, OPT_THRESHOLDS, OPT_PERSISTENT_CONN, OPT_TUN_INFO,
	OPT_EXACT, OPT_SORT, OPT_NOSORT, OPT_NUMERIC, OPT_REPLACE,
	OPT_SYNCID, OPT_MAXLEN, OPT_MCAST_IF, OPT_MCAST_GROUP, OPT_MCAST_PORT,
	OPT_MCAST_TTL, OPT_SYNC_PEER, OPT_SYNC_KEY,
};

struct request {
	enum cmd cmd;
	uint64_t given;			/* bit mask of enum opt_id */
	struct ipvs_service svc;
	struct ipvs_dest dest;
	bool dest_has_port;
	struct ipvs_daemon daemon;
	struct ipvs_mesh_config *mesh;	/* NULL: the line is a rule of -R */
	uint32_t wait;			/* seconds */
	struct ipvs_timeouts timeouts;
};

static inline bool request_has(const struct request *req, enum opt_id id)
{
	return req->given >> id & 1;
}

#endif
