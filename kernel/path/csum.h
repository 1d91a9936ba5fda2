/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_CSUM_H
#define VS_CSUM_H

#include "types.h"

/**
 * vs_csum_ok - verify the checksum of a TCP, ICMP or ICMPv6 packet
 * @p: parsed packet, not a fragment
 *
 * Context: any. Does not modify the skb.
 * Return: true if the checksum is right or does not need to be verified.
 */
bool vs_csum_ok(const struct vs_pkt *p);

#endif /* VS_CSUM_H */
