/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_SYNC_H
#define VS_SYNC_H

#include <linux/ip_vs.h>
#include <linux/jump_label.h>

#include "net.h"

struct netlink_ext_ack;

/* A daemon runs in some namespace. */
DECLARE_STATIC_KEY_FALSE(vs_sync_used);

/**
 * struct vs_sync_conf - parameters of a sync daemon
 * @ifname:	network interface of the multicast group
 * @syncid:	id of the master's messages; the backup accepts these, or all if
 *		it is 0
 * @maxlen:	largest message in bytes, 0 for the default
 * @port:	UDP port of the first thread in host order, 0 for the default
 * @ttl:	TTL or hop limit of the messages, 0 for 1
 * @af:		family of @group, AF_UNSPEC for the default group
 * @group:	multicast group
 * @mixed:	start it although there are destinations whose family is not that of
 *		their service. Their connections are not sent
 */
struct vs_sync_conf {
	char ifname[IP_VS_IFNAME_MAXLEN];
	u32 syncid;
	u16 maxlen;
	u16 port;
	u8 ttl;
	u8 af;
	union nf_inet_addr group;
	bool mixed;
};

/* daemon.c */

/**
 * vs_sync_start - start a daemon
 * @vn: namespace
 * @state: IP_VS_STATE_MASTER or IP_VS_STATE_BACKUP
 * @conf: parameters
 * @extack: for the text of an error, or NULL
 *
 * The daemon holds the module until it is stopped.
 *
 * Context: process, may sleep; takes RTNL.
 * Return: 0; -EEXIST: such a daemon runs; -EBUSY: a mesh daemon runs; -ENODEV: no
 * such interface; -ENOPROTOOPT: the module is being unloaded; -EINVAL; -ENOMEM;
 * an errno of the socket.
 */
int vs_sync_start(struct vs_net *vn, u32 state, const struct vs_sync_conf *conf,
		  struct netlink_ext_ack *extack);

/**
 * vs_sync_stop - stop a daemon
 * @vn: namespace
 * @state: IP_VS_STATE_MASTER or IP_VS_STATE_BACKUP
 * @extack: for the text of an error, or NULL
 *
 * Context: process, may sleep; takes RTNL.
 * Return: 0; -ESRCH: no such daemon runs; -EINVAL.
 */
int vs_sync_stop(struct vs_net *vn, u32 state, struct netlink_ext_ack *extack);

/* Reads the parameters of a daemon. Returns false if it does not run. Process
 * context. */
bool vs_sync_get(struct vs_net *vn, u32 state, struct vs_sync_conf *conf);

void vs_sync_net_init(struct vs_net *vn);
void vs_sync_net_exit(struct vs_net *vn);

/* Whether packets of @vn make sync messages: NULL, or what is told of them. RCU. */
static inline const struct vs_sync_ops *vs_sync_ops(const struct vs_net *vn)
{
	return static_branch_unlikely(&vs_sync_used) ?
	       rcu_dereference(vn->sync.ops) : NULL;
}

/* A real server's packet has stamped @cp. RCU, BH disabled. */
static inline void vs_sync_reply(struct vs_net *vn, struct vs_conn *cp)
{
	const struct vs_sync_ops *ops = vs_sync_ops(vn);

	if (ops && ops->reply)
		ops->reply(vn, cp);
}

/* Whether @vn leaves all packets to the master (net.ipv4.vs.backup_only). */
static inline bool vs_sync_is_idle_backup(const struct vs_net *vn)
{
	return static_branch_unlikely(&vs_sync_used) &&
	       READ_ONCE(vn->sync.backup) &&
	       READ_ONCE(vn->sysctl.backup_only);
}

/* apply.c */

/**
 * vs_sync_bind - bind a received connection to its destination
 * @vn: namespace
 * @cp: connection or template, received without a known destination
 *
 * Context: RCU, BH disabled.
 * Return: a connection with the destination in place of @cp; or @cp, if the
 * destination is still unknown, or @cp bypasses the service, or has died.
 */
struct vs_conn *vs_sync_bind(struct vs_net *vn, struct vs_conn *cp);

#endif /* VS_SYNC_H */
