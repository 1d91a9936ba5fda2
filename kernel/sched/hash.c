// SPDX-License-Identifier: GPL-2.0
/*
 * dh, sh: the hash of an address selects a bucket (dh: the address the client
 * wants to reach, 256 buckets; sh: the client's address, 256 buckets unless the
 * kernel is configured with another number). The destinations are assigned to
 * the buckets in configuration order, repeatedly: one bucket each (dh), or as
 * many consecutive buckets as the weight (sh; for weight 0 one bucket, which
 * refuses connections).
 */
#include <linux/hash.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "sched/impl.h"

/* Without the in-tree ip_vs: the default of its Kconfig. */
#ifndef CONFIG_IP_VS_SH_TAB_BITS
#define CONFIG_IP_VS_SH_TAB_BITS	8
#endif

#define DH_BITS	8
#define SH_BITS	CONFIG_IP_VS_SH_TAB_BITS
#define SH_SIZE	(1 << SH_BITS)

struct vs_dest *vs_dh_pick(struct vs_snap *snap, const struct vs_flow *flow)
{
	const struct vs_target *t;
	u32 bucket;

	if (!snap->n)
		return NULL;
	bucket = hash_32(vs_addr_fold(flow->af, flow->daddr), DH_BITS);
	t = &snap->target[bucket % snap->n];
	return vs_target_usable(t) ? t->dest : NULL;
}

/*
 * Try bucket b; with the fallback flag, scan all buckets from 2 * b on, as
 * ip_vs does.
 */
struct vs_dest *vs_sh_pick(struct vs_snap *snap, const struct vs_flow *flow)
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
	if (!vs_snap_has_flag(snap, VS_SCHED_F_FALLBACK))
		return NULL;
	for (i = 0; i < SH_SIZE; i++) {
		t = &snap->target[target[(2 * bucket + i) % SH_SIZE]];
		if (vs_target_usable(t))
			return t->dest;
	}
	return NULL;
}

/* vs_snap.table: target by bucket; NULL without targets. */
static int sh_init(struct vs_snap *snap, struct vs_snap *old,
		   const struct vs_snap_conf *conf)
{
	u32 *target;
	u32 i = 0;
	int given = 0;
	u32 bucket;

	if (!snap->n)
		return 0;
	target = kvcalloc(SH_SIZE, sizeof(*target), VS_GFP_CONFIG);
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

const struct vs_sched vs_sched_dh = {
	.name	= "dh",
};

const struct vs_sched vs_sched_sh = {
	.name	= "sh",
	.init	= sh_init,
};
