/* SPDX-License-Identifier: GPL-2.0 */
/* The words of the command line and of listings, each in one table for both ways. */
#ifndef IPVSADM_WORDS_H
#define IPVSADM_WORDS_H

#include "ipvs.h"

int tunnel_type_by_name(const char *name, uint8_t *type);
const char *tunnel_type_name(uint8_t type);		/* NULL if unknown */

/* 0 if there is no such flag, or not with this scheduler (@sched NULL: any) */
uint32_t sched_flag_by_name(const char *name, size_t len, const char *sched);
/* "sh-fallback,sh-port" or "flag-1,…" into @buf; empty without flags */
void sched_flags_text(uint32_t flags, const char *sched, char *buf, size_t size);

const char *protocol_option(uint16_t protocol);		/* -t -u --sctp-service */
const char *protocol_label(uint16_t protocol);		/* TCP UDP SCTP */
const char *method_option(uint32_t method);		/* -m -i -g */
const char *method_label(uint32_t method);		/* Masq Local Tunnel Route */
/* --tun-csum … ; the default is named too, as saved rules spell it out */
const char *tunnel_csum_option(uint16_t flags);
/* +c -c r+c as in the TunnelInfo column */
const char *tunnel_csum_label(uint16_t flags);

#define ENDPOINT_TEXT 1200
/* addr:port or [addr]:port, or names, into a buffer of ENDPOINT_TEXT */
void endpoint_text(const struct ipvs_addr *addr, in_port_t port,
		   uint16_t protocol, bool numeric, char *buf);
/* "-t 10.0.0.1:80", "-f 5 -6": a service as on the command line */
void service_text(const struct ipvs_service *svc, bool numeric, char *buf);

#endif
