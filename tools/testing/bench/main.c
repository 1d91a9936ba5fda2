// SPDX-License-Identifier: GPL-2.0
/* Injects the packets of a job and measures the time. */
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/sched/signal.h>
#include <linux/sort.h>
#include <linux/vmalloc.h>

#include "wb.h"

static unsigned int flows = 1000000;
module_param(flows, uint, 0444);
MODULE_PARM_DESC(flows, "maximum number of flows of a job");

struct wb_job wb_job;
struct wb_result wb_result;

static struct sk_buff *skbs[WB_BATCH_MAX];

/* Picoseconds per packet, for each batch of a job. */
static u32 *batch_cost;
#define BATCH_COSTS (1 << 16)

static u32 build_batch(u32 done)
{
	const struct wb_job *job = &wb_job;
	u32 n = min(job->batch, job->packets - done);
	u32 i;

	for (i = 0; i < n; i++) {
		u32 at = ((u64)job->start + done + i) % job->flows;

		skbs[i] = wb_build(job, job->first + wb_flow_at(at));
		if (!skbs[i])
			break;
	}
	return i;
}

static void free_batch(u32 n)
{
	u32 i;

	for (i = 0; i < n; i++)
		napi_consume_skb(skbs[i], 1);
}

static void deliver_batch(u32 n)
{
	u32 i = 0;

	if (wb_job.list <= 1) {
		for (i = 0; i < n; i++)
			netif_receive_skb(skbs[i]);
		return;
	}
	while (i < n) {
		u32 end = min(n, i + wb_job.list);
		LIST_HEAD(head);

		for (; i < end; i++)
			list_add_tail(&skbs[i]->list, &head);
		netif_receive_skb_list(&head);
	}
}

static int cost_cmp(const void *a, const void *b)
{
	u32 x = *(const u32 *)a, y = *(const u32 *)b;

	return x < y ? -1 : x > y;
}

static void summarize_costs(u32 batches)
{
	if (!batches)
		return;
	sort(batch_cost, batches, sizeof(*batch_cost), cost_cmp, NULL);
	wb_result.p50 = batch_cost[batches / 2];
	wb_result.p10 = batch_cost[batches / 10];
}

/* One batch, like a driver's poll: build all packets, then receive them. */
static int run_batch(u32 *batches)
{
	u64 start, built, received;
	u32 n;

	local_bh_disable();
	start = ktime_get_ns();
	n = build_batch(wb_result.sent);
	if (!wb_job.type->deliver)
		free_batch(n);
	built = ktime_get_ns();
	if (wb_job.type->deliver)
		deliver_batch(n);
	received = ktime_get_ns();
	local_bh_enable();

	if (!n)
		return -ENOMEM;
	wb_result.sent += n;
	wb_result.build_ns += built - start;
	wb_result.receive_ns += received - built;
	if (*batches < BATCH_COSTS && n == wb_job.batch) {
		u64 ns = wb_job.type->deliver ? received - built :
						built - start;

		batch_cost[(*batches)++] = div_u64(ns * 1000, n);
	}
	return 0;
}

int wb_run(void)
{
	static u32 last_flows;
	static bool last_shuffle;
	u32 batches = 0;
	int err = 0;

	memset(&wb_result, 0, sizeof(wb_result));
	if (last_flows != wb_job.flows || last_shuffle != wb_job.shuffle)
		wb_flows_order(wb_job.flows, wb_job.shuffle);
	last_flows = wb_job.flows;
	last_shuffle = wb_job.shuffle;
	/* The first packet of a flow selects its server again. */
	if (wb_job.type->tcp_flags == WB_SYN)
		wb_flow_forget(wb_job.first, wb_job.flows);

	while (!err && wb_result.sent < wb_job.packets) {
		err = run_batch(&batches);
		cond_resched();
		if (signal_pending(current))
			err = -EINTR;
	}
	if (!wb_job.type->deliver)
		wb_result.good = wb_result.sent;
	summarize_costs(batches);
	return err;
}

static int __init bench_init(void)
{
	int err;

	batch_cost = vmalloc(array_size(BATCH_COSTS, sizeof(*batch_cost)));
	if (!batch_cost)
		return -ENOMEM;
	err = wb_flows_init(flows);
	if (err)
		goto free_costs;
	err = wb_dev_init();
	if (err)
		goto free_flows;
	err = wb_proc_init();
	if (!err)
		return 0;
	wb_dev_exit();
free_flows:
	wb_flows_exit();
free_costs:
	vfree(batch_cost);
	return err;
}

static void __exit bench_exit(void)
{
	wb_proc_exit();
	wb_dev_exit();
	wb_flows_exit();
	vfree(batch_cost);
}

module_init(bench_init);
module_exit(bench_exit);
MODULE_DESCRIPTION("Weir benchmark: cost of a packet through a director");
MODULE_LICENSE("GPL");
