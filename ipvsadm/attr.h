/* SPDX-License-Identifier: GPL-2.0 */
/* Encode and decode the netlink attributes of families IPVS and weir; no socket I/O. */
#ifndef IPVSADM_ATTR_H
#define IPVSADM_ATTR_H

#include <netlink/msg.h>

#include "types.h"

/* Append attributes to @msg; return 0 or -ENOMEM. */
int attr_put_service_key(struct nl_msg *msg, const struct ipvs_service *svc);
int attr_put_service(struct nl_msg *msg, const struct ipvs_service *svc);
int attr_put_dest_key(struct nl_msg *msg, const struct ipvs_dest *dest);
int attr_put_dest(struct nl_msg *msg, const struct ipvs_dest *dest);
int attr_put_daemon(struct nl_msg *msg, const struct ipvs_daemon *daemon);
/* @daemon NULL: only the keys */
int attr_put_mesh(struct nl_msg *msg, const struct ipvs_daemon *daemon,
		  const struct ipvs_mesh_config *config);

/* Decode @nest; return 0, or -EPROTO if a mandatory attribute is missing. */
int attr_parse_service(struct nlattr *nest, struct ipvs_service *svc);
int attr_parse_dest(struct nlattr *nest, uint16_t svc_af, struct ipvs_dest *dest);
int attr_parse_daemon(struct nlattr *nest, struct ipvs_daemon *daemon);
int attr_parse_counter(struct nlattr *nest, struct ipvs_counter *counter);
/* Adds the peers to an array, which the caller frees, after an error too. */
int attr_parse_mesh(struct nlattr *nest, struct ipvs_mesh *mesh);

/* An absent attribute is 0; an over-long one is read from its first bytes. */
uint64_t attr_number(const struct nlattr *attr);
/* An absent attribute is ""; an over-long one is cut. */
void attr_string(char *to, size_t size, const struct nlattr *attr);

#endif
