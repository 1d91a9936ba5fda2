/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_MTU_H
#define VS_MTU_H

#include "path/pkt.h"

#define IPV4_MIN_MTU	68

/**
 * vs_mtu_fits - check a packet against the MTU of its route
 * @p: packet
 * @mtu: bytes, network header included
 *
 * Context: RCU, BH disabled.
 * Return: false if @p is too long and must not be fragmented; its sender was
 * sent an ICMP error with @mtu.
 */
bool vs_mtu_fits(struct vs_pkt *p, unsigned int mtu);

/**
 * vs_ttl_dec - decrement the TTL or hop limit of a packet to be forwarded
 * @p: packet; its outermost network header is changed, skb->data may move
 *
 * Context: RCU, BH disabled.
 * Return: VS_COUNTER_NONE, or the reason to drop the packet: VS_DROP_TTL (the
 * sender was sent an ICMP error) or VS_DROP_HEADROOM.
 */
enum vs_counter vs_ttl_dec(struct vs_pkt *p);

#endif /* VS_MTU_H */
