/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_GENL_H
#define VS_GENL_H

#include <net/genetlink.h>

#include "config/config.h"
#include "sync/mesh.h"

/* genl_ipvs.c: the generic netlink family "IPVS" */
int vs_genl_init(void);
void vs_genl_exit(void);

/* genl_weir.c: the generic netlink family "weir" */
int vs_genl_weir_init(void);
void vs_genl_weir_exit(void);

/*
 * genl_ipvs_attr.c: translates attributes to the structs of config.h and back.
 * The getters return an errno and its reason in @extack (may be NULL). @full
 * requires the attributes needed to add or edit, not just the key.
 */
int vs_attr_get_service(const struct nlattr *nla, struct vs_svc_key *key,
			struct vs_svc_conf *conf, bool full,
			struct netlink_ext_ack *extack);
int vs_attr_get_dest(const struct nlattr *nla, struct vs_dest_conf *conf,
		     bool full, struct netlink_ext_ack *extack);
/* @conf may be NULL: only the state is required then. */
int vs_attr_get_daemon(const struct nlattr *nla, u32 *state,
		       struct vs_sync_conf *conf,
		       struct netlink_ext_ack *extack);
int vs_attr_put_daemon(struct sk_buff *skb, u32 state,
		       const struct vs_sync_conf *conf);

/* Between vs_config_read_begin() and _end(). -EMSGSIZE when @skb is full. */
int vs_attr_put_service(struct sk_buff *skb, const struct vs_service *svc);
int vs_attr_put_dest(struct sk_buff *skb, const struct vs_dest *dest);

/*
 * genl_mesh.c: the attribute WEIR_ATTR_MESH. The getters want at least one key;
 * the caller wipes @keys.
 */
int vs_genl_mesh_get(const struct nlattr *nest, struct vs_mesh_conf *conf,
		     struct vs_mesh_keys *keys, struct netlink_ext_ack *extack);
int vs_genl_mesh_get_keys(const struct nlattr *nest, struct vs_mesh_keys *keys,
			  struct netlink_ext_ack *extack);
int vs_genl_mesh_put(struct sk_buff *skb, const struct vs_mesh_info *info);

#endif /* VS_GENL_H */
