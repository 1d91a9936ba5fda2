/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_NAT_H
#define VS_NAT_H

#include "conn/conn.h"
#include "path/pkt.h"

/*
 * NAT of a packet for its connection, in any CHECKSUM_* mode and of any GSO
 * type. No other code edits the addresses and ports of a forwarded packet. The
 * functions make the headers writable: skb->data may move. They return false if
 * that fails; the caller counts the drop. Context: RCU.
 */

/* A request: destination address and port become the real server's. */
bool vs_nat_in(struct vs_pkt *p, struct vs_conn *cp);

/* A reply: source address and port become the virtual ones. */
bool vs_nat_out(struct vs_pkt *p, struct vs_conn *cp);

/**
 * vs_nat_icmp - NAT of an ICMP error
 * @p: the error
 * @in: the packet embedded in @p
 * @cp: connection of @in
 * @dir: direction of @p
 *
 * Edits the address of @p, and the mirrored address and port of @in.
 *
 * Return: false if the headers cannot be made writable.
 */
bool vs_nat_icmp(struct vs_pkt *p, const struct vs_pkt *in,
		 struct vs_conn *cp, enum vs_dir dir);

#endif /* VS_NAT_H */
