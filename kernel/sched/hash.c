// SPDX-License-Identifier: GPL-2.0
/*
 * dh, sh: an address, of the server or of the client, selects one of 256
 * buckets (sh: the kernel may be built with more). The destinations are laid over the buckets in the order of the
 * configuration again and again: one bucket each (dh), or as many in a row as
 * the weight says (sh; one for weight 0, which then refuses).
 */
#include <linux/hash.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "sched/impl.h"

/* The kernel's choice of a size, and which is its default. */
#ifndef CONFIG_IP_VS_SH_TAB_BITS
#define CONFIG_IP_VS_SH_TAB_BITS	8
#endif

#define DH_BITS	8
#define SH_BITS	CONFIG_IP_VS_SH_TAB_BITS
#define SH_SIZE	(1 << SH_BITS)

struct vs_dest *vs_dh_pick(const struct vs_snap *snap,
			   const struct vs_flow *flow)
{
	const struct vs_target *t;
	u32 bucket;

	if (!snap->n)
		return NULL;
	bucket = hash_32(vs_addr_fold(flow->af, flow->daddr), DH_BITS);
	t = &snap->target[bucket % snap->n];
	return vs_target_usable(t) ? t->dest : NULL;
}

/* The flow's own bucket, then, as a fallback, all of them: beginning once more
 * that far behind it as it is behind the first. */
struct vs_dest *vs_sh_pick(const struct vs_snap *snap,
			   const struct vs_flow *flow)
{
	const u32 *target = snap->table;
	const struct vs_target *t;
	u32 bucket, i;

	if (!target)
		return NULL;
	bucket = hash_32(vs_flow_port(snap, flow) +
			 vs_addr_fold(flow->af, flow->saddr), SH_BITS);
	t = &snap->target[target[bucket]];
	if (vs_target_usable(t))
		return t->dest;
	if (!vs_has_flag(snap, VS_SCHED_F_FALLBACK))
		return NULL;
	for (i = 0; i < SH_SIZE; i++) {
		t = &snap->target[target[(2 * bucket + i) % SH_SIZE]];
		if (vs_target_usable(t))
			return t->dest;
	}
	return NULL;
}

int vs_sh_init(struct vs_snap *snap)
{
	u32 *target;
	u32 i = 0;
	int given = 0;
	u32 bucket;

	if (!snap->n)
		return 0;
	target = kvcalloc(SH_SIZE, sizeof(*target), GFP_KERNEL);
	if (!target)
		return -ENOMEM;
	for (bucket = 0; bucket < SH_SIZE; bucket++) {
		target[bucket] = i;
		if (++given < snap->target[i].weight)
			continue;
		given = 0;
		i = (i + 1) % snap->n;
	}
	snap->table = target;
	return 0;
}
