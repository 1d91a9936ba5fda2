/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_FILTER_H
#define VS_FILTER_H

#include <linux/atomic.h>
#include <linux/bitops.h>
#include <linux/hash.h>

#include "types.h"

/*
 * Detects unrelated packets with a load and a branch: two Bloom filters with a
 * single hash, one of the virtual addresses of services and connections, one of
 * the real servers whose packets are translated (NAT). A clear bit proves that
 * an address is unknown. Bits are set before the object can be found, and
 * cleared only when the namespace has neither services nor connections.
 */
#define VS_FILTER_BITS	13

/*
 * The largest number of bits of @vip that are set for received connections without
 * a destination: whoever can send sync messages must not make every packet one of
 * interest. Further such connections are not found by their packets, which are
 * left to the stack, unless there is a service with their address, or a bit
 * happens to be set. Without a service they could only be dropped.
 */
#define VS_FILTER_STRANGERS	(1 << (VS_FILTER_BITS - 4))

/**
 * struct vs_filter - the filters of a namespace
 * @vip:	virtual addresses
 * @real:	real servers
 * @strangers:	bits of @vip that vs_filter_add_stranger() has set
 */
struct vs_filter {
	DECLARE_BITMAP(vip, 1 << VS_FILTER_BITS);
	DECLARE_BITMAP(real, 1 << VS_FILTER_BITS);
	atomic_t strangers;
};

/* Not keyed: a collision costs a lookup. */
static inline u32 vs_filter_bit(u8 af, const union nf_inet_addr *a)
{
	u64 v = a->all[0];

	if (af == AF_INET6)
		v ^= ((u64)a->all[3] << 32 | a->all[2]) + a->all[1];
	return hash_64(v, VS_FILTER_BITS);
}

static inline bool vs_filter_has(const unsigned long *map, u8 af,
				 const union nf_inet_addr *a)
{
	return test_bit(vs_filter_bit(af, a), map);
}

static inline void vs_filter_add(unsigned long *map, u8 af,
				 const union nf_inet_addr *a)
{
	u32 bit = vs_filter_bit(af, a);

	if (!test_bit(bit, map))
		set_bit(bit, map);
}

/* Adds a virtual address that no service or destination vouches for. CPUs that do
 * so at the same time may exceed the maximum. */
static inline void vs_filter_add_stranger(struct vs_filter *f, u8 af,
					  const union nf_inet_addr *a)
{
	u32 bit = vs_filter_bit(af, a);

	if (!test_bit(bit, f->vip) &&
	    atomic_read(&f->strangers) < VS_FILTER_STRANGERS &&
	    !test_and_set_bit(bit, f->vip))
		atomic_inc(&f->strangers);
}

#endif /* VS_FILTER_H */
