/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_SCHED_LIST_H
#define VS_SCHED_LIST_H

#include "sched/sched.h"

/*
 * The schedulers: X(NAME, PICK) for each. The row vs_sched_NAME is at the end
 * of the scheduler's file; PICK chooses a destination. The file's object is
 * listed in Kbuild. vs_sched_by_name(), the direct calls in vs_sched_pick() and
 * the aliases that "make install" writes are all made from this list.
 */
#define VS_SCHEDS(X)			\
	X(rr, vs_rr_pick)		\
	X(wrr, vs_wrr_pick)		\
	X(lc, vs_least_pick)		\
	X(wlc, vs_least_pick)		\
	X(sed, vs_least_pick)		\
	X(nq, vs_least_pick)		\
	X(fo, vs_fo_pick)		\
	X(ovf, vs_ovf_pick)		\
	X(twos, vs_twos_pick)		\
	X(dh, vs_dh_pick)		\
	X(sh, vs_sh_pick)		\
	X(mh, vs_mh_pick)		\
	X(lblc, vs_lblc_pick)		\
	X(lblcr, vs_lblcr_pick)

/*
 * PICK() returns the destination for a new connection, or NULL if none takes
 * it. It runs under RCU with BHs disabled, on several CPUs at a time.
 */
#define VS_SCHED_DECLARE(name, pick)					\
	extern const struct vs_sched vs_sched_##name;			\
	struct vs_dest *pick(struct vs_snap *snap, const struct vs_flow *flow);
VS_SCHEDS(VS_SCHED_DECLARE)
#undef VS_SCHED_DECLARE

#endif /* VS_SCHED_LIST_H */
