/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_CONFIG_H
#define VS_CONFIG_H

#include <linux/ip_vs.h>
#include <linux/netlink.h>

#include "service/service.h"

/*
 * The one way to change the configuration. Codecs (genl.c, sockopt.c)
 * turn messages into these plain structs; everything here takes
 * vn->config.lock itself and reports the reason of a failure in @extack
 * (may be NULL). Process context.
 */

/* The parts of a service beside its key. */
struct vs_svc_conf {
	char sched_name[IP_VS_SCHEDNAME_MAXLEN];
	char pe_name[IP_VS_PENAME_MAXLEN];
	u8 fwmark_proto;	/* of a new fwmark service, for socket options */
	u32 flags;
	u32 flags_mask;		/* which of @flags are meant */
	u32 timeout;		/* seconds */
	__be32 netmask;
};

struct vs_dest_conf {
	union nf_inet_addr addr;
	__be16 port;
	u16 af;
	u32 conn_flags;		/* IP_VS_CONN_F_* */
	int weight;
	u32 u_threshold;
	u32 l_threshold;
	u16 tun_type;
	__be16 tun_port;
	u16 tun_flags;
};

struct vs_timeouts {		/* seconds; 0 keeps */
	u32 tcp;
	u32 tcp_fin;
	u32 udp;
};

int vs_config_add_service(struct vs_net *vn, const struct vs_svc_key *key,
			  const struct vs_svc_conf *conf,
			  struct netlink_ext_ack *extack);
int vs_config_edit_service(struct vs_net *vn, const struct vs_svc_key *key,
			   const struct vs_svc_conf *conf,
			   struct netlink_ext_ack *extack);
int vs_config_del_service(struct vs_net *vn, const struct vs_svc_key *key,
			  struct netlink_ext_ack *extack);
int vs_config_add_dest(struct vs_net *vn, const struct vs_svc_key *key,
		       const struct vs_dest_conf *conf,
		       struct netlink_ext_ack *extack);
int vs_config_edit_dest(struct vs_net *vn, const struct vs_svc_key *key,
			const struct vs_dest_conf *conf,
			struct netlink_ext_ack *extack);
int vs_config_del_dest(struct vs_net *vn, const struct vs_svc_key *key,
		       const struct vs_dest_conf *conf,
		       struct netlink_ext_ack *extack);
int vs_config_flush(struct vs_net *vn);
int vs_config_zero(struct vs_net *vn, const struct vs_svc_key *key,
		   struct netlink_ext_ack *extack);	/* NULL key: all */
int vs_config_set_timeouts(struct vs_net *vn, const struct vs_timeouts *t,
			   struct netlink_ext_ack *extack);
void vs_config_get_timeouts(struct vs_net *vn, struct vs_timeouts *t);

/*
 * End of a namespace, in this order: vs_config_net_flush() (no service and no
 * hook is left), an RCU grace period (no packet is under way),
 * vs_procfs_net_exit(), vs_sysctl_net_exit(), vs_est_net_exit(),
 * vs_conn_net_exit() (no connection holds a destination),
 * vs_config_net_exit(). A module that goes unregisters its netlink families
 * before the namespaces, and waits for RCU callbacks after them.
 */
int vs_config_net_init(struct vs_net *vn);
void vs_config_net_flush(struct vs_net *vn);
void vs_config_net_exit(struct vs_net *vn);

/* Under vn->config.lock: the configured service with @key, or NULL. */
struct vs_service *vs_config_lookup(struct vs_net *vn,
				     const struct vs_svc_key *key);

/* Under vn->config.lock. */
void vs_stats_view_dest(struct vs_dest *dest, struct vs_stats_view *v);
void vs_stats_view_service(struct vs_service *svc, struct vs_stats_view *v);
void vs_stats_view_total(struct vs_net *vn, struct vs_stats_view *v);

#endif /* VS_CONFIG_H */
