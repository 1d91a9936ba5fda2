/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_MTU_H
#define VS_MTU_H

#include "path/pkt.h"

#define IPV4_MIN_MTU	68

/* Whether @p fits through @mtu bytes of network packet; when not and it may
 * not be fragmented, the sender is told @mtu and false returned. */
bool vs_mtu_fits(struct vs_pkt *p, unsigned int mtu);

/* Decrements the TTL or hop limit of the packet at p->skb->data as forwarding
 * does. 0, or why it is to be dropped: exhausted (the sender was told), or not
 * writable. The skb's data may move. */
enum vs_counter vs_ttl_dec(struct vs_pkt *p);

#endif /* VS_MTU_H */
