/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_SCHEDULE_H
#define VS_SCHEDULE_H

#include "conn/conn.h"
#include "path/pkt.h"

struct vs_dest;
struct vs_service;

/* A client's packet without a connection: the new connection for it, or NULL
 * with p->verdict set. One with VS_ST_ONE_PACKET is the caller's to end. BH
 * disabled, RCU. */
struct vs_conn *vs_schedule(struct vs_pkt *p);

/* Likewise for a datagram that a real server sends of its own accord, when the
 * service's persistence engine is for that: it goes out as a reply. NULL: it is
 * none of ours. */
struct vs_conn *vs_schedule_out(struct vs_pkt *p);

/* The destination that @svc's scheduler chooses for @p, or NULL. */
struct vs_dest *vs_schedule_choose(const struct vs_pkt *p,
				   struct vs_service *svc);

#endif /* VS_SCHEDULE_H */
