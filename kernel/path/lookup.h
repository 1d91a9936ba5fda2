/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_LOOKUP_H
#define VS_LOOKUP_H

#include "conn/table.h"
#include "net.h"
#include "path/pkt.h"

/*
 * Connection lookups by packet: each builds the packet's tuple and does one
 * vs_table_lookup(). Inline, because the first is on the hot path. They run
 * under RCU, and the result is valid until the RCU section ends: no reference
 * is taken.
 */

/**
 * vs_lookup_conn - find the connection of a packet
 * @p: packet with addresses and ports
 * @dir: set to the packet's direction in its connection, if there is one
 *
 * Return: the connection, or NULL.
 */
static inline struct vs_conn *vs_lookup_conn(const struct vs_pkt *p,
					     enum vs_dir *dir)
{
	struct vs_tuple tuple = {
		.saddr = &p->saddr, .daddr = &p->daddr,
		.sport = p->sport, .dport = p->dport,
		.af = p->af, .proto = vs_pkt_conn_proto(p),
	};

	return vs_table_lookup(&p->vn->table, &tuple, dir);
}

/**
 * vs_lookup_reverse - find the connection of the packet opposite to a packet
 * @p: packet with addresses and ports
 * @dir: set to the direction of the opposite packet, if there is a connection
 *
 * Return: the connection, or NULL.
 */
static inline struct vs_conn *vs_lookup_reverse(const struct vs_pkt *p,
						enum vs_dir *dir)
{
	struct vs_tuple tuple = {
		.saddr = &p->daddr, .daddr = &p->saddr,
		.sport = p->dport, .dport = p->sport,
		.af = p->af, .proto = vs_pkt_conn_proto(p),
	};

	return vs_table_lookup(&p->vn->table, &tuple, dir);
}

/**
 * vs_lookup_client - find the connection whose client has sent a packet
 * @p: packet with addresses and ports
 *
 * Return: the connection, or NULL when there is none or @p is a reply in it.
 */
static inline struct vs_conn *vs_lookup_client(const struct vs_pkt *p)
{
	enum vs_dir dir;
	struct vs_conn *cp = vs_lookup_conn(p, &dir);

	return cp && dir == VS_DIR_IN ? cp : NULL;
}

#endif /* VS_LOOKUP_H */
