/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_TYPES_H
#define VS_TYPES_H

#include <linux/in6.h>
#include <linux/netfilter.h>
#include <linux/string.h>
#include <linux/types.h>
#include <net/ipv6.h>

struct net;
struct sk_buff;
struct vs_conn;
struct vs_dest;
struct vs_net;
struct vs_pe;
struct vs_pkt;
struct vs_service;
struct vs_side;
struct vs_snap;

/*
 * Why a packet was dropped. Counted per network namespace; vs_drop() is the
 * only way to drop.
 */
enum vs_drop {
	VS_DROP_NO_DEST,	/* service matched, no destination usable */
	VS_DROP_DEST_GONE,	/* connection's destination was removed */
	VS_DROP_NO_MEMORY,
	VS_DROP_CONN_MAX,	/* conn_max reached */
	VS_DROP_NO_ROUTE,	/* no route, or a route that may not be used */
	VS_DROP_MTU,		/* too big for the way to the real server */
	VS_DROP_TTL,		/* time to live or hop limit exhausted */
	VS_DROP_MALFORMED,	/* header cut short or inconsistent */
	VS_DROP_CSUM,		/* transport checksum wrong */
	VS_DROP_HEADROOM,	/* skb could not be made writable */
	VS_DROP_METHOD,		/* forwarding method cannot carry the packet */
	VS_DROP_STRAY,		/* from a real server, for no connection */
	VS_DROP_DEFENCE,	/* net.ipv4.vs.drop_packet */
	VS_DROP_REASONS
};

static inline bool vs_addr_eq(u8 af, const union nf_inet_addr *a,
			      const union nf_inet_addr *b)
{
	if (af == AF_INET6)
		return ipv6_addr_equal(&a->in6, &b->in6);
	return a->ip == b->ip;
}

/* Copies @af's bytes and zeroes the rest: addresses serve as hash keys. */
static inline void vs_addr_set(u8 af, union nf_inet_addr *dst, const void *src)
{
	if (af == AF_INET6) {
		memcpy(&dst->in6, src, sizeof(dst->in6));
	} else {
		memset(dst, 0, sizeof(*dst));
		memcpy(&dst->ip, src, sizeof(dst->ip));
	}
}

#endif /* VS_TYPES_H */
