/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_PERSIST_H
#define VS_PERSIST_H

#include "conn.h"
#include "pkt.h"

struct vs_service;

/* The template that keeps @p's client with a destination of the persistent
 * service @svc: the one there is, or a new one after the scheduler's choice.
 * NULL: no destination; an ERR_PTR as vs_conn_new(). BH disabled, RCU. */
struct vs_conn *vs_persist_template(struct vs_pkt *p, struct vs_service *svc);

#endif /* VS_PERSIST_H */
