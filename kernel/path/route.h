/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_ROUTE_H
#define VS_ROUTE_H

#include <linux/rcupdate.h>
#include <net/dst.h>

#include "conn/conn.h"
#include "path/pkt.h"

/**
 * struct vs_route - a destination's cached route
 * @dst:	holds a reference
 * @cookie:	validates @dst
 * @known_nh:	@dst names the real server as next hop: fit for all methods
 * @local:	the real server is this host
 * @saddr:	source address for tunnel headers
 */
struct vs_route {
	struct rcu_head rcu;
	struct dst_entry *dst;
	u32 cookie;
	bool known_nh;
	bool local;
	union nf_inet_addr saddr;
};

/* RCU. Whether @dst, of family @af, delivers to this host. */
bool vs_route_is_local(const struct dst_entry *dst, u8 af);

/* RCU. The route to @dest, from its cache or made anew; NULL: none (the
 * client has been told as the kernel tells it). @known_nh: direct routing,
 * where the destination is the next hop. */
const struct vs_route *vs_route_to(struct vs_pkt *p, struct vs_dest *dest,
				    bool known_nh);

/* The route to where @p goes by itself, as a reference; NULL: none, or this
 * host (the client has been told as the kernel tells it). */
struct dst_entry *vs_route_onward(struct vs_pkt *p);

/* Whether @p may take @rt: the rules for loopback sources and for forwarded
 * packets that would be delivered locally. */
bool vs_route_allowed(const struct vs_pkt *p, const struct vs_route *rt,
		      bool nat);

/* Forgets @dest's route; RCU readers may still use it, and the reference to it
 * ends with an RCU callback: a namespace or the module may only go after
 * rcu_barrier(). */
void vs_route_drop(struct vs_dest *dest);

/* The same when no reader can be left, with @dest about to be freed. */
void vs_route_free(struct vs_dest *dest);

/* Gives @p's reply the route that its new source address calls for: the
 * connection's cached one or a fresh look-up. false: no route. */
bool vs_route_out(struct vs_pkt *p, struct vs_conn *cp);

/* Forgets @dest's route if it leads over @dev, likewise. */
void vs_route_forget_dev(struct vs_dest *dest, struct net_device *dev);

#endif /* VS_ROUTE_H */
