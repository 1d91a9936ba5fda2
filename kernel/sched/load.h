/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_SCHED_LOAD_H
#define VS_SCHED_LOAD_H

#include "sched/impl.h"

/*
 * The definition of load in each scheduler that chooses the least
 * load / weight. Apart from these rules lc, wlc, sed and nq are the same.
 */
enum vs_load_rule {
	VS_LOAD_LC,
	VS_LOAD_WLC,
	VS_LOAD_SED,
	VS_LOAD_NQ,
};

/* An active connection counts as 256 more than an inactive one. */
#define VS_LOAD_ACTIVE	256

/**
 * vs_load_of() - a destination's load
 * @rule:	the scheduler's rule
 * @dest:	the destination
 *
 * Products of loads and weights fit 64 bits with up to 2^24 active connections
 * per destination at the highest weight (2^31), with more at lower weights.
 */
static inline u64 vs_load_of(enum vs_load_rule rule, const struct vs_dest *dest)
{
	u32 active = atomic_read(&dest->active);

	switch (rule) {
	case VS_LOAD_SED:	/* expected delay: with the new connection */
		return active + 1ull;
	case VS_LOAD_NQ:	/* never queue: idle ones first, else as sed */
		return active ? active + 1ull : 0;
	case VS_LOAD_LC:
	case VS_LOAD_WLC:
		break;
	}
	return (u64)active * VS_LOAD_ACTIVE + (u32)atomic_read(&dest->total);
}

/* The weight to divide by: lc ignores weights other than 0. */
static inline u32 vs_load_weight(enum vs_load_rule rule,
				 const struct vs_target *t)
{
	return rule == VS_LOAD_LC ? 1 : t->weight;
}

#endif /* VS_SCHED_LOAD_H */
