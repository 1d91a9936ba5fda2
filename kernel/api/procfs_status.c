// SPDX-License-Identifier: GPL-2.0
/*
 * /proc/net/ip_vs_status: fill levels of the hash tables, in the format of the
 * kernel's ip_vs.
 */
#include <linux/rhashtable.h>
#include <linux/seq_file.h>
#include <linux/seq_file_net.h>

#include "api/procfs.h"
#include "net.h"

#define LENGTHS		8	/* longer chains count as LENGTHS - 1 */

/* Number of buckets by chain length. */
struct lengths {
	u32 n[LENGTHS];
};

static void lengths_count(struct lengths *l, u32 length)
{
	l->n[min_t(u32, length, LENGTHS - 1)]++;
}

static u32 lengths_percent(u32 part, u32 whole)
{
	return div_u64((u64)part * 100, max(whole, 1U));
}

static void status_show_lengths(struct seq_file *seq, const char *what,
				const struct lengths *l)
{
	u32 all = 0, used;
	int i;

	for (i = 0; i < LENGTHS; i++)
		all += l->n[i];
	used = all - l->n[0];
	seq_printf(seq, "%s buckets empty:\t%u (%u%%)\n", what, l->n[0],
		   lengths_percent(l->n[0], all));
	for (i = 1; i < LENGTHS; i++)
		if (l->n[i])
			seq_printf(seq, "%s buckets len-%d:\t%u (%u%%)\n", what,
				   i, l->n[i], lengths_percent(l->n[i], used));
}

static void conns_lengths(struct vs_table *t, struct lengths *l)
{
	struct vs_table_iter it = { .t = t, .end = VS_TABLE_SPAN };
	int n;

	memset(l, 0, sizeof(*l));
	do {
		rcu_read_lock();
		while ((n = vs_table_next_length(&it)) >= 0)
			lengths_count(l, n);
		rcu_read_unlock();
		cond_resched();
	} while (!it.done);
}

static void status_show_conns(struct seq_file *seq, struct vs_net *vn)
{
	s64 conns = percpu_counter_sum_positive(&vn->conns);
	struct vs_table *t = &vn->table;
	bool have = rcu_access_pointer(t->cur);
	u32 size = have ? vs_table_size(t) : 0;
	struct lengths l;

	seq_printf(seq, "Conns:\t%lld\n", conns);
	seq_printf(seq, "Conn buckets:\t%u (%d bits, lfactor %d)\n", size,
		   have ? ilog2(size) : 0,
		   have ? READ_ONCE(vn->sysctl.conn_lfactor) : 0);
	if (conns && have) {
		conns_lengths(t, &l);
		status_show_lengths(seq, "Conn", &l);
	}
}

static void services_lengths(const struct bucket_table *tbl,
			     struct lengths *l)
{
	const struct rhash_head *pos;

	memset(l, 0, sizeof(*l));
	for (u32 i = 0; i < tbl->size; i++) {
		u32 n = 0;

		rht_for_each_rcu(pos, tbl, i)
			n++;
		lengths_count(l, n);
	}
}

static void status_show_services(struct seq_file *seq, struct vs_net *vn)
{
	u32 num = READ_ONCE(vn->config.num_services);
	const struct bucket_table *tbl;
	struct lengths l;

	rcu_read_lock();
	tbl = rht_dereference_rcu(vn->services.tbl, &vn->services);
	seq_printf(seq, "Services:\t%u\n", num);
	seq_printf(seq, "Service buckets:\t%u (%d bits, lfactor %d)\n",
		   tbl->size, ilog2(tbl->size),
		   READ_ONCE(vn->sysctl.svc_lfactor));
	if (num) {
		services_lengths(tbl, &l);
		status_show_lengths(seq, "Service", &l);
	}
	rcu_read_unlock();
}

/* Describes the chains of ip_vs's estimation threads. A namespace has a single
 * thread here, without chains: all zero. */
static void status_show_estimators(struct seq_file *seq)
{
	seq_puts(seq, "Stats thread slots:\t0 (max 0)\n");
	seq_puts(seq, "Stats chain max len:\t0\n");
	seq_puts(seq, "Stats thread ests:\t0\n");
}

int vs_procfs_status_show(struct seq_file *seq, void *v)
{
	struct vs_net *vn = vs_net(seq_file_single_net(seq));

	status_show_conns(seq, vn);
	status_show_services(seq, vn);
	status_show_estimators(seq);
	return 0;
}
