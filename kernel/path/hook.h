/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_HOOK_H
#define VS_HOOK_H

#include <linux/netfilter_ipv4.h>
#include <linux/netfilter_ipv6.h>

#include "types.h"

/*
 * Hook priorities, the same as the kernel's ip_vs: right before source NAT in
 * LOCAL_IN, right after destination NAT in LOCAL_OUT, after the filter table
 * in FORWARD. IPv4 and IPv6 number their priorities alike.
 */
#define VS_PRI_LOCAL_IN		(NF_IP_PRI_NAT_SRC - 2)
#define VS_PRI_FORWARD		99
#define VS_PRI_LOCAL_OUT	(NF_IP_PRI_NAT_DST + 1)

/**
 * vs_hooks_register - register the packet hooks of an address family
 * @vn:	namespace; vs_conn_net_start() has succeeded
 * @af:	AF_INET or AF_INET6
 *
 * Called when the family's first service is added.
 *
 * Context: process context, may sleep.
 * Return: 0 or -errno of nf_register_net_hooks().
 */
int vs_hooks_register(struct vs_net *vn, u8 af);

/**
 * vs_hooks_unregister - remove the packet hooks of an address family
 * @vn:	namespace
 * @af:	AF_INET or AF_INET6
 *
 * Called after the family's last service was deleted. Packets that have already
 * entered a hook may still be in flight on return: wait for an RCU grace period
 * before freeing what they use.
 *
 * Context: process context, may sleep.
 */
void vs_hooks_unregister(struct vs_net *vn, u8 af);

#endif /* VS_HOOK_H */
