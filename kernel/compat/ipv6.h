/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_COMPAT_IPV6_H
#define VS_COMPAT_IPV6_H

#include <linux/socket.h>
#include <net/ip6_route.h>

/* Whether @af is AF_INET6. A constant without IPv6, so that calls of functions
 * that such a kernel lacks are left out; it has no services of IPv6 either. */
static inline bool vs_is_ipv6(u8 af)
{
	return IS_ENABLED(CONFIG_IPV6) && af == AF_INET6;
}

/* The route for @fl6 with a reference, NULL if there is none. */
static inline struct dst_entry *vs_route6(struct net *net, struct flowi6 *fl6)
{
	struct dst_entry *dst;

	if (!IS_ENABLED(CONFIG_IPV6))
		return NULL;
	dst = ip6_route_output(net, NULL, fl6);
	if (!dst->error)
		return dst;
	dst_release(dst);
	return NULL;
}

#endif /* VS_COMPAT_IPV6_H */
