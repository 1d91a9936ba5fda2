// SPDX-License-Identifier: GPL-2.0
/*
 * /proc/net/ip_vs*. The formats are ABI.
 */
#include <linux/ip_vs.h>
#include <linux/proc_fs.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/seq_file_net.h>
#include <linux/slab.h>

#include "api/procfs.h"
#include "config/config.h"
#include "config/totals.h"
#include "conn/ext.h"
#include "net.h"
#include "pe/pe.h"
#include "sched/sched.h"

#define VERSION_PART(shift)	((IP_VS_VERSION_CODE >> (shift)) & 0xff)

/* ip_vs: the configuration. */

static struct vs_net *seq_vn(struct seq_file *seq)
{
	return vs_net(seq_file_net(seq));
}

#define CONFIG_ROWS	64	/* rows between two releases of the lock */

/**
 * struct config_seq - state of a reader of the configuration
 * @p:		namespace
 * @cursor:	position of the row at @pos
 * @row:	that row, valid while the configuration lock is held
 * @pos:	position in the file, 0 for the header
 * @rows:	number of rows so far
 */
struct config_seq {
	struct seq_net_private p;
	struct vs_config_rows cursor;
	struct vs_config_row row;
	loff_t pos;
	unsigned int rows;
};

static void *config_next_row(struct seq_file *seq)
{
	struct config_seq *s = seq->private;

	if (!vs_config_next_row(seq_vn(seq), &s->cursor, &s->row))
		return NULL;
	s->pos++;
	return &s->row;
}

/* seq_file comes back to where it was, to the position after it or to 0. */
static void *config_start(struct seq_file *seq, loff_t *pos)
{
	struct config_seq *s = seq->private;

	vs_config_read_begin(seq_vn(seq));
	if (!*pos) {
		memset(&s->cursor, 0, sizeof(s->cursor));
		s->pos = 0;
		return SEQ_START_TOKEN;
	}
	if (*pos != s->pos)
		return *pos == s->pos + 1 ? config_next_row(seq) : NULL;
	if (!vs_config_this_row(seq_vn(seq), &s->cursor, &s->row))
		return NULL;
	return &s->row;
}

static void *config_next(struct seq_file *seq, void *v, loff_t *pos)
{
	struct config_seq *s = seq->private;

	if (!(++s->rows % CONFIG_ROWS)) {
		vs_config_read_end(seq_vn(seq));
		cond_resched();
		vs_config_read_begin(seq_vn(seq));
	}
	++*pos;
	return config_next_row(seq);
}

static void config_stop(struct seq_file *seq, void *v)
{
	vs_config_read_end(seq_vn(seq));
}

/* Column "Forward". (Tracepoints use other words, see VS_TRACE_METHOD().) */
static const char *method_name(u8 method)
{
	switch (method) {
	case IP_VS_CONN_F_LOCALNODE:
		return "Local";
	case IP_VS_CONN_F_TUNNEL:
		return "Tunnel";
	case IP_VS_CONN_F_DROUTE:
		return "Route";
	default:
		return "Masq";
	}
}

static void config_show_header(struct seq_file *seq)
{
	seq_printf(seq, "IP Virtual Server version %d.%d.%d (size=%d)\n",
		   VERSION_PART(16), VERSION_PART(8), VERSION_PART(0),
		   vs_table_size(&seq_vn(seq)->table));
	seq_puts(seq, "Prot LocalAddress:Port Scheduler Flags\n");
	seq_puts(seq, "  -> RemoteAddress:Port Forward Weight ActiveConn InActConn\n");
}

static void config_show_service(struct seq_file *seq,
				const struct vs_service *svc)
{
	const char *ops = svc->flags & IP_VS_SVC_F_ONEPACKET ? "ops " : "";
	const char *sched = svc->sched ? svc->sched->name : "none";
	const struct vs_svc_key *k = &svc->key;
	char proto[VS_PROTO_NAME_LEN];

	if (k->fwmark)
		seq_printf(seq, "FWM  %08X %s %s", k->fwmark, sched, ops);
	else if (k->af == AF_INET6)
		seq_printf(seq, "%s  [%pI6]:%04X %s ",
			   vs_proto_name(k->proto, proto),
			   &k->addr.in6, ntohs(k->port), sched);
	else
		seq_printf(seq, "%s  %08X:%04X %s %s ",
			   vs_proto_name(k->proto, proto),
			   ntohl(k->addr.ip), ntohs(k->port), sched, ops);
	if (svc->flags & IP_VS_SVC_F_PERSISTENT)
		seq_printf(seq, "persistent %d %08X\n", svc->timeout,
			   ntohl(svc->netmask));
	else
		seq_putc(seq, '\n');
}

static void config_show_dest(struct seq_file *seq, const struct vs_dest *dest)
{
	if (dest->key.af == AF_INET6)
		seq_printf(seq, "  -> [%pI6]", &dest->key.addr.in6);
	else
		seq_printf(seq, "  -> %08X", ntohl(dest->key.addr.ip));
	seq_printf(seq, ":%04X      %-7s %-6d %-10d %-10d\n",
		   ntohs(dest->key.port), method_name(dest->method),
		   dest->weight, atomic_read(&dest->active),
		   vs_dest_inactive(dest));
}

static int config_show(struct seq_file *seq, void *v)
{
	const struct vs_config_row *row = v;

	if (v == SEQ_START_TOKEN)
		config_show_header(seq);
	else if (row->dest)
		config_show_dest(seq, row->dest);
	else
		config_show_service(seq, row->svc);
	return 0;
}

static const struct seq_operations config_ops = {
	.start = config_start,
	.next = config_next,
	.stop = config_stop,
	.show = config_show,
};

/* ip_vs_conn, ip_vs_conn_sync: the connections. */

/**
 * struct conn_seq - state of a reader of the connections
 * @p:		namespace
 * @it:		position after the connection at @pos
 * @before:	position before it. A read that ran out of buffer space resumes
 *		here, with the connection that did not fit
 * @pos:	position in the file
 */
struct conn_seq {
	struct seq_net_private p;
	struct vs_table_iter it;
	struct vs_table_iter before;
	loff_t pos;
};

/* Lets others run at each pause of the walk: seq_file calls this in a loop for
 * all that is before the position of a pread(). */
static struct vs_conn *conn_fetch(struct conn_seq *s, loff_t pos)
{
	struct vs_conn *cp;

	s->before = s->it;
	s->pos = pos;
	while (!(cp = vs_table_next(&s->it)) && !s->it.done) {
		rcu_read_unlock();
		cond_resched();
		rcu_read_lock();
	}
	return cp;
}

static void *conn_start(struct seq_file *seq, loff_t *pos)
	__acquires(RCU)
{
	struct conn_seq *s = seq->private;
	struct vs_conn *cp = NULL;
	loff_t i;

	rcu_read_lock();
	if (*pos && *pos == s->pos) {
		s->it = s->before;
		s->it.at = NULL;
		return conn_fetch(s, *pos);
	}
	s->it = (struct vs_table_iter) {
		.t = &seq_vn(seq)->table, .end = VS_TABLE_SPAN,
	};
	s->pos = 0;
	if (!*pos)
		return SEQ_START_TOKEN;
	for (i = 1; i <= *pos; i++) {
		cp = conn_fetch(s, i);
		if (!cp)
			break;
	}
	return cp;
}

static void *conn_next(struct seq_file *seq, void *v, loff_t *pos)
{
	return conn_fetch(seq->private, ++*pos);
}

static void conn_stop(struct seq_file *seq, void *v)
	__releases(RCU)
{
	rcu_read_unlock();
}

static void conn_show_addr(struct seq_file *seq, u8 af, const void *addr,
			   __be16 port)
{
	if (af == AF_INET6)
		seq_printf(seq, " %pI6 %04X", addr, ntohs(port));
	else
		seq_printf(seq, " %08X %04X", ntohl(*(const __be32 *)addr),
			   ntohs(port));
}

static void conn_show_tuple(struct seq_file *seq, const struct vs_conn *cp)
{
	const struct vs_dest *dest = cp->dest;
	char proto[VS_PROTO_NAME_LEN];

	seq_printf(seq, "%-3s", vs_proto_name(cp->proto, proto));
	conn_show_addr(seq, cp->af, vs_conn_addr(cp, VS_CADDR), cp->cport);
	conn_show_addr(seq, cp->af, vs_conn_addr(cp, VS_VADDR), cp->vport);
	if (dest && dest->key.af != cp->af)
		conn_show_addr(seq, dest->key.af, &dest->key.addr, cp->dport);
	else
		conn_show_addr(seq, cp->af, vs_conn_addr(cp, VS_DADDR),
			       cp->dport);
	seq_printf(seq, " %-11s ", vs_proto_state_name(cp->proto, cp));
}

static u32 conn_seconds_left(const struct vs_conn *cp)
{
	return jiffies_to_msecs(vs_conn_left(cp)) / 1000;
}

static void conn_show_ext(struct seq_file *seq, const struct vs_conn *cp)
{
	const struct vs_conn_ext *ext = cp->ext;

	if (ext && ext->pe)
		seq_printf(seq, " %s %.*s", ext->pe->name, ext->len,
			   ext->data);
}

static int conn_show(struct seq_file *seq, void *v)
{
	if (v == SEQ_START_TOKEN) {
		seq_puts(seq, "Pro FromIP   FPrt ToIP     TPrt DestIP   DPrt State       Expires PEName PEData\n");
		return 0;
	}
	conn_show_tuple(seq, v);
	seq_printf(seq, "%7u", conn_seconds_left(v));
	conn_show_ext(seq, v);
	seq_putc(seq, '\n');
	return 0;
}

static int conn_sync_show(struct seq_file *seq, void *v)
{
	const struct vs_conn *cp = v;

	if (v == SEQ_START_TOKEN) {
		seq_puts(seq, "Pro FromIP   FPrt ToIP     TPrt DestIP   DPrt State       Origin Expires\n");
		return 0;
	}
	conn_show_tuple(seq, cp);
	seq_printf(seq, "%-6s %7u\n",
		   READ_ONCE(cp->st) & VS_ST_SYNCED ? "SYNC" : "LOCAL",
		   conn_seconds_left(cp));
	return 0;
}

static const struct seq_operations conn_ops = {
	.start = conn_start,
	.next = conn_next,
	.stop = conn_stop,
	.show = conn_show,
};

static const struct seq_operations conn_sync_ops = {
	.start = conn_start,
	.next = conn_next,
	.stop = conn_stop,
	.show = conn_sync_show,
};

/* ip_vs_stats, ip_vs_stats_percpu: the namespace. */

static void stats_show_counts(struct seq_file *seq, const u64 cnt[VS_CNT_MAX])
{
	seq_printf(seq, "%8llX %8llX %8llX %16llX %16llX\n",
		   cnt[VS_CNT_CONNS], cnt[VS_CNT_INPKTS], cnt[VS_CNT_OUTPKTS],
		   cnt[VS_CNT_INBYTES], cnt[VS_CNT_OUTBYTES]);
}

static int stats_show(struct seq_file *seq, void *v)
{
	struct vs_net *vn = vs_net(seq_file_single_net(seq));
	struct vs_stats_view view;

	if (!vs_totals_read_begin(vn, &view))
		return -EINTR;
	vs_totals_read_end(vn);

	seq_puts(seq, "   Total Incoming Outgoing         Incoming         Outgoing\n");
	seq_puts(seq, "   Conns  Packets  Packets            Bytes            Bytes\n");
	stats_show_counts(seq, view.cnt);
	seq_puts(seq, "\n Conns/s   Pkts/s   Pkts/s          Bytes/s          Bytes/s\n");
	stats_show_counts(seq, view.rate);
	return 0;
}

static int stats_percpu_show(struct seq_file *seq, void *v)
{
	struct vs_net *vn = vs_net(seq_file_single_net(seq));
	const struct vs_sums *sums;
	struct vs_stats_view view;
	char *buf;
	int cpu;

	/* If the text does not fit, seq_file calls again with a larger buffer.
	 * Do not sum up all destinations for each attempt. */
	if (seq_get_buf(seq, &buf) < (num_possible_cpus() + 8) * 80) {
		seq_commit(seq, -1);
		return 0;
	}
	sums = vs_totals_read_begin(vn, &view);
	if (!sums)
		return -EINTR;
	seq_puts(seq, "       Total Incoming Outgoing         Incoming         Outgoing\n");
	seq_puts(seq, "CPU    Conns  Packets  Packets            Bytes            Bytes\n");
	for_each_possible_cpu(cpu) {
		seq_printf(seq, "%3X ", cpu);
		stats_show_counts(seq, sums[cpu].cnt);
	}
	vs_totals_read_end(vn);

	seq_puts(seq, "  ~ ");
	stats_show_counts(seq, view.cnt);
	seq_puts(seq, "\n     Conns/s   Pkts/s   Pkts/s          Bytes/s          Bytes/s\n");
	seq_puts(seq, "    ");
	stats_show_counts(seq, view.rate);
	return 0;
}

/* ip_vs_app: apps by port, with their number of connections. */
static int app_show(struct seq_file *seq, void *v)
{
	seq_puts(seq, "prot port    usecnt name\n");
	vs_app_show(seq, vs_net(seq_file_single_net(seq)));
	return 0;
}

/* weir_stats: the named counters. */
static int counters_show(struct seq_file *seq, void *v)
{
	u64 sum[VS_COUNTERS];

	vs_counters_sum(vs_net(seq_file_single_net(seq)), sum);
	for (int i = VS_COUNTER_NONE + 1; i < VS_COUNTERS; i++)
		seq_printf(seq, "%s %llu\n", vs_counter_name(i), sum[i]);
	return 0;
}

static const struct proc_file {
	const char *name;
	const struct seq_operations *ops;
	unsigned int state;
	int (*show)(struct seq_file *seq, void *v);	/* if @ops is NULL */
	umode_t mode;			/* 0: 0444 */
} proc_files[] = {
	{ "ip_vs", &config_ops, sizeof(struct config_seq) },
	{ "ip_vs_app", .show = app_show },
	{ "ip_vs_conn", &conn_ops, sizeof(struct conn_seq) },
	{ "ip_vs_conn_sync", &conn_sync_ops, sizeof(struct conn_seq) },
	{ "ip_vs_stats", .show = stats_show },
	{ "ip_vs_stats_percpu", .show = stats_percpu_show },
	{ "ip_vs_status", .show = vs_procfs_status_show, .mode = 0440 },
	{ "weir_stats", .show = counters_show },
};

static bool file_create(const struct proc_file *f, struct proc_dir_entry *dir)
{
	if (f->show)
		return proc_create_net_single(f->name, f->mode, dir, f->show,
					      NULL);
	return proc_create_net(f->name, 0, dir, f->ops, f->state);
}

static void files_remove(struct vs_net *vn, int n)
{
	while (n--)
		remove_proc_entry(proc_files[n].name, vn->net->proc_net);
}

int vs_procfs_net_init(struct vs_net *vn)
{
	for (int i = 0; i < ARRAY_SIZE(proc_files); i++) {
		if (!file_create(&proc_files[i], vn->net->proc_net)) {
			files_remove(vn, i);
			return -ENOMEM;
		}
	}
	return 0;
}

void vs_procfs_net_exit(struct vs_net *vn)
{
	files_remove(vn, ARRAY_SIZE(proc_files));
}
