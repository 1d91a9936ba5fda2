/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_PERSIST_H
#define VS_PERSIST_H

#include "conn/conn.h"
#include "path/pkt.h"

struct vs_service;

/* The template that keeps @p's client with a destination of the persistent
 * service @svc: the one there is, or a new one after the scheduler's choice.
 * NULL: no destination; an ERR_PTR as vs_conn_new(), or -EINVAL for a packet
 * that the service's engine does not understand. BH disabled, RCU. */
struct vs_conn *vs_persist_tmpl(struct vs_pkt *p, struct vs_service *svc);

/* The template for @p's receiver, to whom the real server @dest of a persistent
 * service sends of its own accord. Never NULL. */
struct vs_conn *vs_persist_tmpl_out(struct vs_pkt *p,
					struct vs_dest *dest);

#endif /* VS_PERSIST_H */
