/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The keywords of the command line and of listings, and the text form of
 * endpoints and services.
 */
#ifndef IPVSADM_TEXT_H
#define IPVSADM_TEXT_H

#include "types.h"

int text_to_tunnel_type(const char *name, uint8_t *type);
const char *text_tunnel_type(uint8_t type);		/* NULL if unknown */

/* 0 if @sched has no such flag; @sched NULL: any scheduler */
uint32_t text_to_sched_flag(const char *name, size_t len, const char *sched);
/* Writes "sh-fallback,sh-port" or "flag-1" to @buf; "" without flags */
void text_sched_flags(uint32_t flags, const char *sched, char *buf, size_t size);

const char *text_protocol_option(uint16_t protocol);		/* -t -u --sctp-service */
const char *text_protocol_label(uint16_t protocol);		/* TCP UDP SCTP */
const char *text_method_option(uint32_t method);		/* -m -i -g */
const char *text_method_label(uint32_t method);		/* Masq Local Tunnel Route */
/* --tun-nocsum, --tun-csum or --tun-remcsum */
const char *text_tunnel_csum_option(uint16_t flags);
/* -c, +c or r+c: the column TunnelInfo */
const char *text_tunnel_csum_label(uint16_t flags);

#define TEXT_MESH_MAX 64
/* Writes the state of a mesh to @buf of TEXT_MESH_MAX bytes */
void text_mesh_state(const struct ipvs_mesh *mesh, char *buf);
const char *text_peer_state(uint8_t state);

#define TEXT_ENDPOINT_MAX 1200
/* Writes addr:port or [addr]:port, or names, to @buf of TEXT_ENDPOINT_MAX bytes */
void text_endpoint(const struct ipvs_addr *addr, in_port_t port,
		   uint16_t protocol, bool numeric, char *buf);
/* Writes a service as on the command line: "-t 10.0.0.1:80", "-f 5 -6" */
void text_service(const struct ipvs_service *svc, bool numeric, char *buf);

#endif
