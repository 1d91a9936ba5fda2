/* SPDX-License-Identifier: GPL-2.0 */
/* Attributes of the IPVS family to and from plain structs; no sockets here. */
#ifndef IPVSADM_NL_ATTR_H
#define IPVSADM_NL_ATTR_H

#include <netlink/msg.h>

#include "ipvs.h"

/* Return 0 or -ENOMEM */
int put_service_key(struct nl_msg *msg, const struct ipvs_service *svc);
int put_service(struct nl_msg *msg, const struct ipvs_service *svc);
int put_dest_key(struct nl_msg *msg, const struct ipvs_dest *dest);
int put_dest(struct nl_msg *msg, const struct ipvs_dest *dest);
int put_daemon(struct nl_msg *msg, const struct ipvs_daemon *daemon);

/* Return 0 or -EPROTO if what is indispensable is missing */
int get_service(struct nlattr *nest, struct ipvs_service *svc);
int get_dest(struct nlattr *nest, uint16_t svc_af, struct ipvs_dest *dest);
int get_daemon(struct nlattr *nest, struct ipvs_daemon *daemon);

int get_counter(struct nlattr *nest, struct ipvs_counter *counter);

#endif
