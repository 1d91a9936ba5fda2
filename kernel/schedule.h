/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_SCHEDULE_H
#define VS_SCHEDULE_H

#include "conn.h"
#include "pkt.h"

struct vs_dest;
struct vs_service;

/* A client's packet without a connection: the new connection for it, or NULL
 * with p->verdict set. BH disabled, RCU. */
struct vs_conn *vs_schedule(struct vs_pkt *p);

/* The destination that @svc's scheduler chooses for @p, or NULL. */
struct vs_dest *vs_schedule_choose(const struct vs_pkt *p,
				   struct vs_service *svc);

#endif /* VS_SCHEDULE_H */
