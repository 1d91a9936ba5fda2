/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_ROUTE_H
#define VS_ROUTE_H

#include <linux/rcupdate.h>
#include <net/dst.h>

#include "conn/conn.h"
#include "path/pkt.h"

struct net_device;

/**
 * struct vs_route - cached route to a destination
 * @rcu:	readers are in RCU sections
 * @dst:	the route; holds a reference
 * @cookie:	validates @dst, see dst_check()
 * @known_nh:	looked up with FLOWI_FLAG_KNOWN_NH: the next hop is the real
 *		server, as direct routing requires; fit for all methods
 * @local:	the real server is this host
 * @saddr:	source address for tunnel headers
 *
 * Immutable; vs_dest.route points to it.
 */
struct vs_route {
	struct rcu_head rcu;
	struct dst_entry *dst;
	u32 cookie;
	bool known_nh;
	bool local;
	union nf_inet_addr saddr;
};

/* Whether @dst, of family @af, delivers to this host. Context: RCU. */
bool vs_route_is_local(const struct dst_entry *dst, u8 af);

/**
 * vs_route_to - route to a destination
 * @p: packet to be sent
 * @dest: destination
 * @known_nh: the next hop must be the destination: direct routing
 *
 * Takes the route from the destination's cache, or looks it up.
 *
 * Context: RCU, BH disabled.
 * Return: the route, valid until the RCU section ends; NULL if there is none,
 * and the sender of @p was informed (dst_link_failure()).
 */
const struct vs_route *vs_route_to(struct vs_pkt *p, struct vs_dest *dest,
				   bool known_nh);

/**
 * vs_route_onward - route to a packet's own destination address
 * @p: packet to be sent past its service
 *
 * Context: RCU, BH disabled.
 * Return: the route with a reference; NULL if there is none (the sender of @p
 * was informed), or if it is not allowed: to this host, or from a loopback
 * address.
 */
struct dst_entry *vs_route_onward(struct vs_pkt *p);

/* Whether @p may take @rt. A packet from a loopback address must not leave the
 * host; without @nat, a packet may only be delivered locally if its present
 * route does so, too. */
bool vs_route_allowed(const struct vs_pkt *p, const struct vs_route *rt,
		      bool nat);

/**
 * vs_route_drop - clear the cached route of a destination
 * @dest: destination
 *
 * RCU readers may still use the route. An RCU callback releases it: call
 * rcu_barrier() before the namespace or the module is freed.
 *
 * Context: any but hard interrupts.
 */
void vs_route_drop(struct vs_dest *dest);

/* Lookups under way do not remain in a cache. To be called before
 * vs_route_forget_dev(). Any context. */
void vs_route_expire_lookups(void);

/**
 * vs_route_forget_dev - clear the cached route if it leaves by a device
 * @dest: destination
 * @dev: device that went down or is being unregistered
 *
 * To be called from a netdevice notifier that runs after those of IPv4 and
 * IPv6, for every destination that packets may use: later lookups do not return
 * a route by the device.
 *
 * Context: any but hard interrupts. The caller keeps @dest alive.
 */
void vs_route_forget_dev(struct vs_dest *dest, struct net_device *dev);

/**
 * vs_route_out - route a reply by its new source address
 * @p: reply of a real server, after NAT
 * @cp: its connection, which caches the route
 *
 * Does nothing without net.ipv4.vs.snat_reroute, or if the client is this host.
 *
 * Context: RCU, BH disabled.
 * Return: false if there is no route.
 */
bool vs_route_out(struct vs_pkt *p, struct vs_conn *cp);

#endif /* VS_ROUTE_H */
