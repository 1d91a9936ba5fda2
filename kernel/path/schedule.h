/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_SCHEDULE_H
#define VS_SCHEDULE_H

#include "conn/conn.h"
#include "path/pkt.h"

/**
 * vs_schedule - open a connection for a client's packet
 * @p: packet without a connection
 *
 * Context: RCU, BH disabled.
 * Return: the connection, valid until the RCU section ends; the caller ends it
 * (vs_conn_end()) if it has VS_ST_ONE_PACKET. NULL with @p->verdict set if the
 * packet opens none.
 */
struct vs_conn *vs_schedule(struct vs_pkt *p);

/**
 * vs_schedule_out - open a connection for a real server's packet
 * @p: packet without a connection
 *
 * For UDP, if the service's persistence engine supports connections that the
 * real server initiates: the packet leaves as a reply.
 *
 * Context: RCU, BH disabled.
 * Return: as vs_schedule(), but NULL leaves @p->verdict alone: the packet is
 * not ours.
 */
struct vs_conn *vs_schedule_out(struct vs_pkt *p);

#endif /* VS_SCHEDULE_H */
