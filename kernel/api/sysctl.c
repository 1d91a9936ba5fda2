// SPDX-License-Identifier: GPL-2.0
/*
 * net.ipv4.vs.*, with the names, defaults, ranges and permissions of the
 * kernel's ip_vs. An invalid value is refused with EINVAL and changes nothing.
 * See Documentation/sysctl.rst for the purpose of each knob.
 */
#include <linux/capability.h>
#include <linux/cpumask.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/sched/isolation.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/swap.h>
#include <linux/sysctl.h>

#include "api/sysctl.h"
#include "compat/sysctl.h"
#include "config/est.h"
#include "conn/defence.h"
#include "conn/limit.h"
#include "net.h"

#define CONN_MAX	(1 << 30)
#define DAY		(24 * 60 * 60)

/**
 * struct knob - a file in net.ipv4.vs
 * @name:	file name
 * @offset:	offset of the value in struct vs_sysctl
 * @size:	size of the value
 * @def:	default
 * @min:	smallest value; if @min == @max, any value is valid
 * @max:	largest value
 * @pow2:	powers of two only
 * @host:	read-only if the user namespace is not the initial one
 * @hidden:	missing if the user namespace is not the initial one
 * @handler:	NULL for knob_set_int()
 * @changed:	called after a new value was set
 */
struct knob {
	const char *name;
	u16 offset;
	u16 size;
	int def;
	s8 min;
	s8 max;
	bool pow2;
	bool host;
	bool hidden;
	proc_handler *handler;
	void (*changed)(struct vs_net *vn);
};

static int knob_parse_int(vs_ctl_table *ctl, int write, void *buffer,
			  size_t *lenp, loff_t *ppos, int *val)
{
	struct ctl_table tmp = {
		.data = val,
		.maxlen = sizeof(*val),
		.mode = ctl->mode,
	};

	return proc_dointvec(&tmp, write, buffer, lenp, ppos);
}

static bool knob_is_valid(const struct knob *k, int val)
{
	if (k->pow2 && (val < 1 || !is_power_of_2(val)))
		return false;
	return k->min == k->max || (val >= k->min && val <= k->max);
}

static int knob_set_int(vs_ctl_table *ctl, int write, void *buffer,
			size_t *lenp, loff_t *ppos)
{
	const struct knob *k = ctl->extra1;
	int *value = ctl->data;
	int val = READ_ONCE(*value);
	int err = knob_parse_int(ctl, write, buffer, lenp, ppos, &val);

	if (err || !write)
		return err;
	if (!knob_is_valid(k, val))
		return -EINVAL;
	WRITE_ONCE(*value, val);
	if (k->changed)
		k->changed(ctl->extra2);
	return 0;
}

static bool net_is_host(const struct vs_net *vn)
{
	return vn->net->user_ns == &init_user_ns;
}

/* The caches of lblc and lblcr may remember as many addresses as there may be
 * connections. On the host conn_max does not limit them. */
static void conn_limit_set(struct vs_net *vn, int limit)
{
	vn->sysctl.conn_limit = limit;
	WRITE_ONCE(vn->cache_room.max, net_is_host(vn) ? CONN_MAX : limit);
}

/* A value written with CAP_NET_ADMIN in the initial user namespace also becomes
 * the limit for writers without it. */
static int conn_max_store(struct vs_net *vn, int val)
{
	bool host = capable(CAP_NET_ADMIN);
	struct vs_sysctl *s = &vn->sysctl;
	int err = -EINVAL;

	mutex_lock(&vn->knob_lock);
	if (val >= 0 && val <= (host ? CONN_MAX : s->conn_limit)) {
		if (host)
			conn_limit_set(vn, val);
		WRITE_ONCE(s->conn_max, val);
		vs_limit_changed(vn);
		err = 0;
	}
	mutex_unlock(&vn->knob_lock);
	return err;
}

static int knob_set_conn_max(vs_ctl_table *ctl, int write, void *buffer,
			     size_t *lenp, loff_t *ppos)
{
	struct vs_net *vn = ctl->extra2;
	int val = write ? INT_MIN : READ_ONCE(vn->sysctl.conn_max);
	int err = knob_parse_int(ctl, write, buffer, lenp, ppos, &val);

	if (err || !write || val == INT_MIN)
		return err;
	return conn_max_store(vn, val);
}

/* "3 50": a message is sent for packet number 3 of every 50. */
static int knob_set_threshold(vs_ctl_table *ctl, int write, void *buffer,
			      size_t *lenp, loff_t *ppos)
{
	struct vs_net *vn = ctl->extra2;
	int *value = vn->sysctl.sync_threshold;
	int val[2], err;
	struct ctl_table tmp = {
		.data = val,
		.maxlen = sizeof(val),
		.mode = ctl->mode,
	};

	mutex_lock(&vn->knob_lock);
	memcpy(val, value, sizeof(val));
	err = proc_dointvec(&tmp, write, buffer, lenp, ppos);
	if (!err && write) {
		if (val[0] < 0 || val[1] < 0 || (val[1] && val[0] >= val[1])) {
			err = -EINVAL;
		} else {
			WRITE_ONCE(value[0], val[0]);
			WRITE_ONCE(value[1], val[1]);
		}
	}
	mutex_unlock(&vn->knob_lock);
	return err;
}

static int est_cpus_parse(struct vs_net *vn, const char *text)
{
	cpumask_var_t cpus;
	int err;

	if (!zalloc_cpumask_var(&cpus, GFP_KERNEL))
		return -ENOMEM;
	err = cpulist_parse(text, cpus);
	if (!err) {
		cpumask_and(cpus, cpus, &current->cpus_mask);
		vs_est_set_cpus(vn, cpus);
	}
	free_cpumask_var(cpus);
	return err;
}

static int est_cpus_print(const struct vs_sysctl *s, char *text, size_t size)
{
	const struct cpumask *cpus;
	int len;

	rcu_read_lock();
	cpus = s->est_cpus_set ? s->est_cpus :
				 housekeeping_cpumask(HK_TYPE_KTHREAD);
	len = scnprintf(text, size, "%*pbl\n", cpumask_pr_args(cpus));
	rcu_read_unlock();
	return len;
}

static int knob_set_cpus(vs_ctl_table *ctl, int write, void *buffer,
			 size_t *lenp, loff_t *ppos)
{
	struct vs_net *vn = ctl->extra2;
	int err = 0;

	if (*ppos || !*lenp) {
		*lenp = 0;
		return 0;
	}
	mutex_lock(&vn->knob_lock);
	/* @buffer has room for *lenp bytes and a terminator */
	if (write)
		err = est_cpus_parse(vn, buffer);
	else
		*lenp = est_cpus_print(&vn->sysctl, buffer, *lenp + 1);
	mutex_unlock(&vn->knob_lock);
	if (!err)
		*ppos += *lenp;
	return err;
}

/* By default the table grows at one link per bucket. */
static int conn_lfactor_default(const struct vs_net *vn)
{
	return net_eq(vn->net, &init_net) ? -4 : -2;
}

static void conn_lfactor_changed(struct vs_net *vn)
{
	mutex_lock(&vn->knob_lock);
	vs_table_set_shift(&vn->table, READ_ONCE(vn->sysctl.conn_lfactor) -
				       conn_lfactor_default(vn));
	mutex_unlock(&vn->knob_lock);
}

#define KNOB(field, value, ...) {					\
	.name = #field,							\
	.offset = offsetof(struct vs_sysctl, field),			\
	.size = sizeof_field(struct vs_sysctl, field),			\
	.def = (value),							\
	__VA_ARGS__							\
}
#define RANGE(from, to)	.min = (from), .max = (to)

static const struct knob knobs[] = {
	KNOB(amemthresh, 1024, .changed = vs_defence_update),
	KNOB(am_droprate, 10, .changed = vs_defence_update),
	KNOB(conn_max, 0, .handler = knob_set_conn_max),
	KNOB(drop_entry, 0, RANGE(0, 3), .changed = vs_defence_update),
	KNOB(drop_packet, 0, RANGE(0, 3), .changed = vs_defence_update),
	KNOB(secure_tcp, 0, RANGE(0, 3), .changed = vs_defence_update),
	KNOB(conntrack, 0),
	KNOB(snat_reroute, 1),
	KNOB(cache_bypass, 0),
	KNOB(expire_nodest_conn, 0),
	KNOB(expire_quiescent_template, 0),
	KNOB(sloppy_tcp, 0),
	KNOB(sloppy_sctp, 0),
	KNOB(nat_icmp_send, 0),
	KNOB(pmtu_disc, 1),
	KNOB(conn_reuse_mode, 1),
	KNOB(schedule_icmp, 0),
	KNOB(ignore_tunneled, 0),
	KNOB(backup_only, 0),
	KNOB(sync_version, 1, RANGE(0, 1)),
	KNOB(sync_ports, 1, .pow2 = true),
	KNOB(sync_persist_mode, 0),
	KNOB(sync_qlen_max, 0, .host = true, .handler = proc_doulongvec_minmax),
	KNOB(sync_sock_size, 0, .host = true),
	KNOB(sync_threshold, 0, .handler = knob_set_threshold),
	KNOB(sync_refresh_period, 0, .handler = proc_dointvec_jiffies),
	KNOB(sync_retries, 0, RANGE(0, 3)),
	KNOB(sync_resync_rate, 250000, .host = true),
	KNOB(run_estimation, 1, .host = true, .changed = vs_est_restart),
	{ .name = "est_cpulist", .host = true, .handler = knob_set_cpus },
	KNOB(est_nice, 0, RANGE(-20, 19), .host = true,
	     .changed = vs_est_restart),
	KNOB(conn_lfactor, 0, RANGE(-8, 8), .host = true,
	     .changed = conn_lfactor_changed),
	KNOB(svc_lfactor, -2, RANGE(-8, 8), .host = true),
	KNOB(lblc_expiration, 0, .hidden = true,
	     .handler = proc_dointvec_jiffies),
	KNOB(lblcr_expiration, 0, .hidden = true,
	     .handler = proc_dointvec_jiffies),
};

/* Older kernels look for an empty entry at the end. */
struct knob_table {
	struct ctl_table ctl[ARRAY_SIZE(knobs) + 1];
};

static struct ctl_table knob_ctl(const struct knob *k, struct vs_net *vn)
{
	bool ours = k->handler != proc_doulongvec_minmax &&
		    k->handler != proc_dointvec_jiffies;

	return (struct ctl_table) {
		.procname = k->name,
		.data = (void *)&vn->sysctl + k->offset,
		.maxlen = k->size,
		.mode = k->host && !net_is_host(vn) ? 0444 : 0644,
		.proc_handler = k->handler ?: knob_set_int,
		/* the kernel's own handlers interpret these as limits */
		.extra1 = ours ? (void *)k : NULL,
		.extra2 = ours ? vn : NULL,
	};
}

/*
 * Nobody is charged for the memory of connections, which packets create: where
 * root is not the host's, their number is limited to one per 16 KiB of memory,
 * and so is what lblc and lblcr remember.
 */
static int conn_limit_default(const struct vs_net *vn)
{
	u64 limit = ((u64)totalram_pages() << PAGE_SHIFT) / SZ_16K;

	if (net_eq(vn->net, &init_net))
		return CONN_MAX;
	if (net_is_host(vn))
		limit = CONN_MAX;
	return min_t(u64, limit,
		     READ_ONCE(vs_net(&init_net)->sysctl.conn_max));
}

#define GUEST_QLEN_MAX	1024UL

/* Sets the defaults from the table, then those that are not constant or differ
 * between the initial namespace and others. */
static void knobs_set_defaults(struct vs_net *vn)
{
	struct vs_sysctl *s = &vn->sysctl;

	for (int i = 0; i < ARRAY_SIZE(knobs); i++)
		if (!knobs[i].handler)
			*(int *)((void *)s + knobs[i].offset) = knobs[i].def;
	s->lblc_expiration = DAY * HZ;
	s->lblcr_expiration = DAY * HZ;
	s->sync_qlen_max = nr_free_buffer_pages() / 32;
	/* nobody is charged for the messages */
	if (!net_is_host(vn))
		s->sync_qlen_max = min(s->sync_qlen_max, GUEST_QLEN_MAX);
	s->sync_threshold[0] = 3;
	s->sync_threshold[1] = 50;
	s->conn_lfactor = conn_lfactor_default(vn);
	if (net_eq(vn->net, &init_net))
		s->svc_lfactor = -3;
	conn_limit_set(vn, conn_limit_default(vn));
	s->conn_max = s->conn_limit;
}

int vs_sysctl_net_init(struct vs_net *vn)
{
	struct knob_table *t = kzalloc(sizeof(*t), GFP_KERNEL_ACCOUNT);
	int n = 0;

	if (!t)
		return -ENOMEM;
	mutex_init(&vn->knob_lock);
	if (!zalloc_cpumask_var(&vn->sysctl.est_cpus, GFP_KERNEL_ACCOUNT))
		goto err_table;
	knobs_set_defaults(vn);
	for (int i = 0; i < ARRAY_SIZE(knobs); i++)
		if (!knobs[i].hidden || net_is_host(vn))
			t->ctl[n++] = knob_ctl(&knobs[i], vn);
	vn->sysctl_header = register_net_sysctl_sz(vn->net, "net/ipv4/vs",
						   t->ctl, n);
	if (IS_ENABLED(CONFIG_SYSCTL) && !vn->sysctl_header)
		goto err_cpus;
	vn->sysctl_table = t->ctl;
	return 0;

err_cpus:
	free_cpumask_var(vn->sysctl.est_cpus);
err_table:
	kfree(t);
	return -ENOMEM;
}

void vs_sysctl_net_exit(struct vs_net *vn)
{
	unregister_net_sysctl_table(vn->sysctl_header);
	kfree(container_of(vn->sysctl_table, struct knob_table, ctl[0]));
	free_cpumask_var(vn->sysctl.est_cpus);
	mutex_destroy(&vn->knob_lock);
}
