/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_PATH_H
#define VS_PATH_H

#include "net.h"
#include "path/pkt.h"

/**
 * vs_path_local - pipeline of the LOCAL_IN and LOCAL_OUT hooks
 * @p: packet, not a bystander; not parsed yet
 *
 * Handles requests to a virtual address, and replies whose client or real
 * server is this host.
 *
 * Context: RCU, BH disabled.
 * Return: the verdict, for vs_verdict().
 */
unsigned int vs_path_local(struct vs_pkt *p);

/**
 * vs_path_forward - pipeline of the FORWARD hook
 * @p: packet, not a bystander; not parsed yet
 *
 * Handles replies of real servers to clients.
 *
 * Context: RCU, BH disabled.
 * Return: the verdict, for vs_verdict().
 */
unsigned int vs_path_forward(struct vs_pkt *p);

/* The slow half of vs_path_pass_unclaimed(). */
void vs_path_mark_tunneled(struct vs_pkt *p);

/* Accepts a packet of LOCAL_IN or LOCAL_OUT that belongs to no service. With
 * net.ipv4.vs.ignore_tunneled, marks it if it may be a tunnel packet: the
 * packet inside is ignored if it inherits the mark. */
static inline unsigned int vs_path_pass_unclaimed(struct vs_pkt *p)
{
	if (unlikely(READ_ONCE(p->vn->sysctl.ignore_tunneled)))
		vs_path_mark_tunneled(p);
	return NF_ACCEPT;
}

#endif /* VS_PATH_H */
