/* SPDX-License-Identifier: GPL-2.0 */
/* The setters of the option table: each stores an option's value in @req. */
#ifndef IPVSADM_SET_H
#define IPVSADM_SET_H

#include "opt.h"

int set_service(struct request *req, const struct given *given);
int set_fwmark(struct request *req, const struct given *given);
int set_ipv6(struct request *req, const struct given *given);
int set_scheduler(struct request *req, const struct given *given);
int set_persistent(struct request *req, const struct given *given);
int set_netmask(struct request *req, const struct given *given);
int set_pe(struct request *req, const struct given *given);
int set_sched_flags(struct request *req, const struct given *given);
int set_ops(struct request *req, const struct given *given);
int set_real_server(struct request *req, const struct given *given);
int set_method(struct request *req, const struct given *given);
int set_weight(struct request *req, const struct given *given);
int set_upper(struct request *req, const struct given *given);
int set_lower(struct request *req, const struct given *given);
int set_tun_type(struct request *req, const struct given *given);
int set_tun_port(struct request *req, const struct given *given);
int set_tun_csum(struct request *req, const struct given *given);
int set_numeric(struct request *req, const struct given *given);
int set_state(struct request *req, const struct given *given);
int set_syncid(struct request *req, const struct given *given);
int set_maxlen(struct request *req, const struct given *given);
int set_mcast_if(struct request *req, const struct given *given);
int set_mcast_group(struct request *req, const struct given *given);
int set_mcast_port(struct request *req, const struct given *given);
int set_mcast_ttl(struct request *req, const struct given *given);
int set_sync_peers(struct request *req, const struct given *given);
int set_sync_keys(struct request *req, const struct given *given);
int set_wait(struct request *req, const struct given *given);

#endif
