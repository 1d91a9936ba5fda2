// SPDX-License-Identifier: GPL-2.0
/*
 * Named counters, and the functions that count a packet's final verdict.
 */
#include <linux/percpu.h>

#include "compat/netfilter.h"
#include "net.h"
#include "path/pkt.h"
#include "trace.h"

static const struct {
	const char *name;
	const char *text;
} counter_info[VS_COUNTERS] = {
#define X(id, name, reason, text) \
	[VS_DROP_##id] = { "drop_" #name, text },
	VS_DROPS(X)
#undef X
#define X(id, name, text) \
	[VS_PASS_##id] = { "pass_" #name, text },
	VS_PASSES(X)
#undef X
#define X(id, name, text) \
	[VS_EV_##id] = { #name, text },
	VS_EVENTS(X)
#undef X
};

static const u16 counter_reasons[VS_COUNTERS] = {
	[VS_COUNTER_NONE] = SKB_DROP_REASON_NETFILTER_DROP,
#define X(id, name, reason, text) \
	[VS_DROP_##id] = SKB_DROP_REASON_##reason,
	VS_DROPS(X)
#undef X
};

const char *vs_counter_name(enum vs_counter c)
{
	return counter_info[c].name;
}

const char *vs_counter_text(enum vs_counter c)
{
	return counter_info[c].text;
}

void vs_counters_sum(const struct vs_net *vn, u64 sum[VS_COUNTERS])
{
	int cpu;

	memset(sum, 0, VS_COUNTERS * sizeof(*sum));
	for_each_possible_cpu(cpu) {
		const struct vs_counts *s = per_cpu_ptr(vn->counts, cpu);

		for (int i = 0; i < VS_COUNTERS; i++)
			sum[i] += READ_ONCE(s->cnt[i]);
	}
}

/* The counter id uses the verdict's upper 16 bits, where netfilter keeps an
 * errno. */
#define WHY_SHIFT	NF_VERDICT_QBITS

unsigned int vs_drop(const struct vs_pkt *p, enum vs_counter why)
{
	vs_event(p->vn, why);
	trace_weir_drop(p, why);
	return NF_DROP | (u32)why << WHY_SHIFT;
}

unsigned int vs_pass(const struct vs_pkt *p, enum vs_counter why)
{
	vs_event(p->vn, why);
	trace_weir_pass(p, why);
	return NF_ACCEPT;
}

unsigned int vs_drop_verdict(struct sk_buff *skb, unsigned int verdict)
{
	enum vs_counter why = verdict >> WHY_SHIFT;

	return NF_DROP_REASON(skb, counter_reasons[why < VS_COUNTERS ? why : 0],
			      EPERM);
}

unsigned int vs_drop_silent(const struct vs_pkt *p, enum vs_counter why)
{
	vs_drop(p, why);
	kfree_skb_reason(p->skb, counter_reasons[why]);
	return NF_STOLEN;
}
