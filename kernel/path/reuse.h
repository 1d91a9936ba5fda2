/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_REUSE_H
#define VS_REUSE_H

#include "conn/conn.h"
#include "path/pkt.h"
#include "service/dest.h"

/**
 * vs_reuse_end_direct - end what a client's direct connection replaces
 * @p: SYN that is forwarded, and belongs to no connection
 *
 * A client that was connected to a real server by NAT may use the same port to
 * connect to the server itself. The server's replies of the two connections
 * cannot be told apart, so the one that is over must end with the SYN of the
 * new one: otherwise its replies would get the virtual address as their source.
 *
 * Only finished connections end, whatever conn_reuse_mode: with its default a
 * SYN to the virtual address would end them as well, so that spoofing @p gains
 * nothing.
 *
 * Context: RCU, BH disabled.
 */
void vs_reuse_end_direct(struct vs_pkt *p);

/* reuse.c, for vs_reuse_may_continue() only */
bool vs_reuse_end_on_open(struct vs_pkt *p, struct vs_conn *cp);
void vs_reuse_end_no_dest(struct vs_pkt *p, struct vs_conn *cp);

/**
 * vs_reuse_may_continue - test whether a client's packet continues a connection
 * @p: packet of a client
 * @cp: connection that matches it
 *
 * It does not when the packet opens a new connection from the port of a
 * finished one, or when the destination was removed.
 *
 * Context: RCU, BH disabled.
 * Return: true; or false, with @p->verdict NF_ACCEPT when @cp was killed and
 * the packet is to be scheduled anew, else with the verdict of a drop.
 */
static __always_inline bool vs_reuse_may_continue(struct vs_pkt *p,
						  struct vs_conn *cp)
{
	p->verdict = NF_ACCEPT;
	if (unlikely(vs_pkt_opens(p)) && vs_reuse_end_on_open(p, cp))
		return false;
	if (likely(!cp->dest || vs_dest_available(cp->dest)))
		return true;
	vs_reuse_end_no_dest(p, cp);
	return false;
}

#endif /* VS_REUSE_H */
