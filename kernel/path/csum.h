/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_CSUM_H
#define VS_CSUM_H

#include "types.h"

/* Whether the checksum of @p, whole and not a fragment, is right: of TCP, ICMP
 * or ICMPv6. */
bool vs_csum_ok(const struct vs_pkt *p);

#endif /* VS_CSUM_H */
