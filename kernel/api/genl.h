/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_GENL_H
#define VS_GENL_H

#include <net/genetlink.h>

#include "config/config.h"

/* genl.c: the generic netlink family "IPVS" */
int vs_genl_init(void);
void vs_genl_exit(void);

/* genl_weir.c: the generic netlink family "weir" */
int vs_genl_weir_init(void);
void vs_genl_weir_exit(void);

/*
 * genl_attr.c: between attributes and the structs of config.h. The getters
 * return an errno with its reason in @extack; @full: all that is needed to add
 * or edit.
 */
int vs_attr_get_service(const struct nlattr *nla, struct vs_svc_key *key,
			struct vs_svc_conf *conf, bool full,
			struct netlink_ext_ack *extack);
int vs_attr_get_dest(const struct nlattr *nla, struct vs_dest_conf *conf,
		     bool full, struct netlink_ext_ack *extack);
int vs_attr_get_daemon(const struct nlattr *nla, bool full,
		       struct netlink_ext_ack *extack);

/* Under vn->config.lock; -EMSGSIZE when @skb is full. */
int vs_attr_put_service(struct sk_buff *skb, struct vs_service *svc);
int vs_attr_put_dest(struct sk_buff *skb, struct vs_dest *dest);

#endif /* VS_GENL_H */
