/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_SCHEDULE_H
#define VS_SCHEDULE_H

#include "conn.h"
#include "pkt.h"

/* A client's packet without a connection: the new connection for it, or NULL
 * with p->verdict set. BH disabled, RCU. */
struct vs_conn *vs_schedule(struct vs_pkt *p);

#endif /* VS_SCHEDULE_H */
