/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_TYPES_H
#define VS_TYPES_H

#include <linux/gfp.h>
#include <linux/in6.h>
#include <linux/lockdep.h>
#include <linux/netfilter.h>
#include <linux/rcupdate.h>
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
struct vs_conn_ext;
struct vs_snap;
struct workqueue_struct;

/* main.c: unbound workqueue for table resizes, expiry and deferred frees */
extern struct workqueue_struct *vs_wq;

/*
 * For the memory of the configuration: charged to the memory cgroup of whoever
 * configures, possibly root of a user namespace. The request fails with ENOMEM
 * if that is exhausted; the OOM killer is not called.
 */
#define VS_GFP_CONFIG	(GFP_KERNEL_ACCOUNT | __GFP_RETRY_MAYFAIL | __GFP_NOWARN)

/* Asserts the context of packets: BHs disabled, RCU read-side critical section.
 * Costs nothing without lockdep. */
#define vs_assert_packet_context() do {					\
	lockdep_assert_in_softirq();					\
	RCU_LOCKDEP_WARN(!rcu_read_lock_held(),				\
			 "not in an RCU read-side critical section");	\
} while (0)

/* Index into arrays by address family. */
static inline int vs_af_index(u8 af)
{
	return af == AF_INET6;
}

static inline bool vs_addr_eq(u8 af, const union nf_inet_addr *a,
			      const union nf_inet_addr *b)
{
	if (af == AF_INET6)
		return ipv6_addr_equal(&a->in6, &b->in6);
	return a->ip == b->ip;
}

/* Copies an address of family @af, padded with zeros: hash keys contain the
 * whole union. */
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
