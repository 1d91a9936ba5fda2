// SPDX-License-Identifier: GPL-2.0
/*
 * Routes to real servers, cached per destination, and routes of replies, cached
 * per connection.
 *
 * A destination's route is replaced without a lock: a CPU that finds it invalid
 * looks up a new one and swaps it in. An event that invalidates routes (a
 * device goes down, a destination is edited) increments @route_generation
 * before it clears the cache. A lookup that began earlier may store its result
 * after that; it then sees the new generation and clears the cache itself.
 */
#include <linux/ip.h>
#include <linux/ip_vs.h>
#include <linux/netdevice.h>
#include <linux/netfilter_ipv4.h>
#include <linux/netfilter_ipv6.h>
#include <linux/slab.h>
#include <net/addrconf.h>
#include <net/inet_ecn.h>
#include <net/route.h>

#include "compat/dst.h"
#include "compat/ipv6.h"
#include "net.h"
#include "path/route.h"
#include "service/dest.h"

static atomic_t route_generation = ATOMIC_INIT(0);

static void route_free_rcu(struct rcu_head *head)
{
	struct vs_route *rt = container_of(head, struct vs_route, rcu);

	dst_release(rt->dst);
	kfree(rt);
}

static void route_replace(struct vs_dest *dest, struct vs_route *rt)
{
	rt = unrcu_pointer(xchg(&dest->route, RCU_INITIALIZER(rt)));
	if (rt)
		call_rcu(&rt->rcu, route_free_rcu);
}

void vs_route_drop(struct vs_dest *dest)
{
	atomic_inc(&route_generation);
	route_replace(dest, NULL);	/* xchg(): pairs with route_refresh() */
}

bool vs_route_is_local(const struct dst_entry *dst, u8 af)
{
	if (af == AF_INET6)
		return dst_dev_rcu(dst)->flags & IFF_LOOPBACK;
	return dst_rtable(dst)->rt_flags & RTCF_LOCAL;
}

/* The route of a tunnel is looked up a second time, with its source address, so
 * that policy routing by source applies. */
static struct dst_entry *dest_route4(struct net *net,
				     const struct vs_dest *dest,
				     bool known_nh, __be32 *saddr)
{
	struct flowi4 fl4 = {
		.daddr = dest->key.addr.ip,
		.flowi4_flags = known_nh ? FLOWI_FLAG_KNOWN_NH : 0,
	};
	struct rtable *rt = ip_route_output_key(net, &fl4);

	if (IS_ERR(rt))
		return NULL;
	*saddr = fl4.saddr;
	if (dest->method == IP_VS_CONN_F_TUNNEL && *saddr) {
		ip_rt_put(rt);
		fl4 = (struct flowi4) {
			.daddr = dest->key.addr.ip,
			.saddr = *saddr,
		};
		rt = ip_route_output_key(net, &fl4);
		if (IS_ERR(rt))
			return NULL;
	}
	return &rt->dst;
}

static struct dst_entry *dest_route6(struct net *net,
				     const struct vs_dest *dest,
				     bool known_nh, struct in6_addr *saddr)
{
	struct flowi6 fl6 = {
		.daddr = dest->key.addr.in6,
		.flowi6_flags = known_nh ? FLOWI_FLAG_KNOWN_NH : 0,
	};
	struct dst_entry *dst = vs_route6(net, &fl6);

	if (!dst)
		return NULL;
	if (ipv6_addr_any(&fl6.saddr) &&
	    ipv6_dev_get_saddr(net, ip6_dst_idev(dst)->dev, &fl6.daddr, 0,
			       &fl6.saddr) < 0) {
		dst_release(dst);
		return NULL;
	}
	*saddr = fl6.saddr;
	if (dest->method == IP_VS_CONN_F_TUNNEL) {
		dst = xfrm_lookup(net, dst, flowi6_to_flowi(&fl6), NULL, 0);
		if (IS_ERR(dst))
			return NULL;
	}
	return dst;
}

static struct vs_route *route_lookup(struct net *net,
				     const struct vs_dest *dest, bool known_nh)
{
	struct vs_route *rt = kzalloc(sizeof(*rt), GFP_ATOMIC);

	if (!rt)
		return NULL;
	if (dest->key.af == AF_INET6) {
		rt->dst = dest_route6(net, dest, known_nh, &rt->saddr.in6);
		if (rt->dst)
			rt->cookie = rt6_get_cookie(dst_rt6_info(rt->dst));
	} else {
		rt->dst = dest_route4(net, dest, known_nh, &rt->saddr.ip);
	}
	if (!rt->dst) {
		kfree(rt);
		return NULL;
	}
	rt->known_nh = known_nh;
	rt->local = vs_route_is_local(rt->dst, dest->key.af);
	return rt;
}

static void report_unreachable(struct vs_pkt *p)
{
	struct sk_buff *skb = p->skb;

	if (p->af == AF_INET6 && !skb->dev)
		skb->dev = skb_dst_dev_rcu(skb);
	dst_link_failure(skb);
}

static const struct vs_route *route_refresh(struct vs_pkt *p,
					    struct vs_dest *dest,
					    bool known_nh)
{
	int gen = atomic_read_acquire(&route_generation);
	struct vs_route *rt = route_lookup(p->vn->net, dest, known_nh);

	vs_event(p->vn, VS_EV_ROUTE_LOOKUP);
	route_replace(dest, rt);
	if (!rt) {
		report_unreachable(p);
		return NULL;
	}
	/* Pairs with the full barriers in vs_route_drop() and
	 * vs_route_expire_lookups(): either we see the new generation, or they see
	 * our route. */
	smp_mb();
	if (unlikely(atomic_read(&route_generation) != gen) &&
	    cmpxchg(&dest->route, RCU_INITIALIZER(rt), NULL) ==
	    RCU_INITIALIZER(rt))
		call_rcu(&rt->rcu, route_free_rcu);
	return rt;
}

const struct vs_route *vs_route_to(struct vs_pkt *p, struct vs_dest *dest,
				   bool known_nh)
{
	const struct vs_route *rt = rcu_dereference(dest->route);

	/* after an edit, connections with the old and the new forwarding method
	 * share the cache: a route with known_nh serves both */
	if (likely(rt && rt->known_nh >= known_nh &&
		   dst_check(rt->dst, rt->cookie)))
		return rt;
	return route_refresh(p, dest, known_nh || (rt && rt->known_nh));
}

/* Whether @p's current route delivers to this host. */
static bool is_to_this_host(const struct vs_pkt *p)
{
	return vs_route_is_local(skb_dst(p->skb), p->af);
}

static bool from_loopback(const struct vs_pkt *p)
{
	const struct net_device *dev = p->skb->dev;

	if (p->af == AF_INET)
		return ipv4_is_loopback(p->saddr.ip);
	return ipv6_addr_loopback(&p->saddr.in6) &&
	       (!dev || dev->flags & IFF_LOOPBACK);
}

static struct dst_entry *route_onward4(const struct vs_pkt *p)
{
	struct flowi4 fl4 = { .daddr = p->daddr.ip };
	struct rtable *rt = ip_route_output_key(p->vn->net, &fl4);

	return IS_ERR(rt) ? NULL : &rt->dst;
}

static struct dst_entry *route_onward6(const struct vs_pkt *p)
{
	struct flowi6 fl6 = { .daddr = p->daddr.in6 };

	return vs_route6(p->vn->net, &fl6);
}

struct dst_entry *vs_route_onward(struct vs_pkt *p)
{
	struct dst_entry *dst = p->af == AF_INET6 ? route_onward6(p) :
						    route_onward4(p);

	if (!dst) {
		report_unreachable(p);
		return NULL;
	}
	if (!vs_route_is_local(dst, p->af) && !from_loopback(p))
		return dst;
	dst_release(dst);
	return NULL;
}

bool vs_route_allowed(const struct vs_pkt *p, const struct vs_route *rt,
		      bool nat)
{
	if (unlikely(rt->local))
		return nat || is_to_this_host(p);
	return !from_loopback(p);
}

static bool has_xfrm_policy(const struct net *net)
{
#ifdef CONFIG_XFRM
	return net->xfrm.policy_count[XFRM_POLICY_OUT];
#else
	return false;
#endif
}

/*
 * Whether the route of a reply depends on its connection alone, so that it can
 * be cached there: no mark, DS field, socket, VRF or IPsec policy, and no
 * destination that is scoped to an interface.
 */
static bool reply_is_cacheable(const struct vs_pkt *p)
{
	const struct sk_buff *skb = p->skb;

	if (skb->mark || skb->sk || has_xfrm_policy(p->vn->net) ||
	    netif_is_l3_slave(skb_dst_dev_rcu(skb)))
		return false;
	if (p->af == AF_INET6)
		return !ip6_flowinfo(ipv6_hdr(skb)) &&
		       !(ipv6_addr_type(&p->daddr.in6) &
			 (IPV6_ADDR_MULTICAST | IPV6_ADDR_LINKLOCAL));
	return !(ip_hdr(skb)->tos & ~INET_ECN_MASK);
}

static bool reply_use_cached(struct vs_pkt *p, struct vs_conn *cp)
{
	struct dst_entry *dst = rcu_dereference(cp->out_dst);
	u32 cookie = p->af == AF_INET6 ? READ_ONCE(cp->out_cookie) : 0;
	struct sk_buff *skb = p->skb;

	if (!dst || !dst_check(dst, cookie))
		return false;
	if (skb_dst(skb) != dst) {
		skb_dst_drop(skb);
		skb_dst_set_noref(skb, dst);
	}
	return !skb_cow_head(skb, dst_dev_rcu(dst)->hard_header_len);
}

static void reply_cache_route(const struct vs_pkt *p, struct vs_conn *cp)
{
	struct dst_entry *dst = skb_dst(p->skb);
	struct dst_entry __rcu *old = READ_ONCE(cp->out_dst);

	if (p->af == AF_INET6)
		WRITE_ONCE(cp->out_cookie,
			   rt6_get_cookie(dst_rt6_info(dst)));
	dst_hold(dst);
	if (cmpxchg(&cp->out_dst, old, RCU_INITIALIZER(dst)) != old) {
		/* Lost the race: dst and cookie may not match, drop both. */
		dst_release(dst);
		old = xchg(&cp->out_dst, NULL);
	}
	dst_release(unrcu_pointer(old));
}

/* Routes @p by its new source address, as for a locally sent packet. */
static int reply_reroute(const struct vs_pkt *p)
{
	struct sk_buff *skb = p->skb;

	if (vs_is_ipv6(p->af))
		return ip6_route_me_harder(p->vn->net, skb->sk, skb);
	return ip_route_me_harder(p->vn->net, skb->sk, skb, RTN_LOCAL);
}

bool vs_route_out(struct vs_pkt *p, struct vs_conn *cp)
{
	bool cacheable;

	/* only replies to remote clients are routed again */
	if (!READ_ONCE(p->vn->sysctl.snat_reroute) ||
	    p->hook == NF_INET_LOCAL_IN || is_to_this_host(p))
		return true;
	/* An ICMP error may go to another host than the client. A locally sent
	 * packet leaves the RCU section before it is output, and the cached
	 * route is used without a reference. */
	cacheable = p->proto != IPPROTO_ICMP && p->proto != IPPROTO_ICMPV6 &&
		    p->hook == NF_INET_FORWARD && reply_is_cacheable(p);
	if (likely(cacheable) && reply_use_cached(p, cp))
		return true;
	if (reply_reroute(p))
		return false;
	if (cacheable)
		reply_cache_route(p, cp);
	return true;
}

void vs_route_expire_lookups(void)
{
	atomic_inc(&route_generation);
	smp_mb__after_atomic();		/* pairs with route_refresh() */
}

void vs_route_forget_dev(struct vs_dest *dest, struct net_device *dev)
{
	const struct vs_route *rt;
	bool uses_dev;

	rcu_read_lock();
	rt = rcu_dereference(dest->route);
	uses_dev = rt && dst_dev_rcu(rt->dst) == dev;
	rcu_read_unlock();
	if (uses_dev)
		route_replace(dest, NULL);
}
