/* SPDX-License-Identifier: GPL-2.0 */
/* The words of the command line and of listings, each in one table for both ways. */
#ifndef IPVSADM_TEXT_H
#define IPVSADM_TEXT_H

#include "types.h"

int text_to_tunnel_type(const char *name, uint8_t *type);
const char *text_tunnel_type(uint8_t type);		/* NULL if unknown */

/* 0 if there is no such flag, or not with this scheduler (@sched NULL: any) */
uint32_t text_to_sched_flag(const char *name, size_t len, const char *sched);
/* "sh-fallback,sh-port" or "flag-1,…" into @buf; empty without flags */
void text_sched_flags(uint32_t flags, const char *sched, char *buf, size_t size);

const char *text_protocol_option(uint16_t protocol);		/* -t -u --sctp-service */
const char *text_protocol_label(uint16_t protocol);		/* TCP UDP SCTP */
const char *text_method_option(uint32_t method);		/* -m -i -g */
const char *text_method_label(uint32_t method);		/* Masq Local Tunnel Route */
/* --tun-csum … ; the default is named too, as saved rules spell it out */
const char *text_tunnel_csum_option(uint16_t flags);
/* +c -c r+c as in the TunnelInfo column */
const char *text_tunnel_csum_label(uint16_t flags);

#define TEXT_ENDPOINT_MAX 1200
/* addr:port or [addr]:port, or names, into a buffer of TEXT_ENDPOINT_MAX */
void text_endpoint(const struct ipvs_addr *addr, in_port_t port,
		   uint16_t protocol, bool numeric, char *buf);
/* "-t 10.0.0.1:80", "-f 5 -6": a service as on the command line */
void text_service(const struct ipvs_service *svc, bool numeric, char *buf);

#endif
