// SPDX-License-Identifier: GPL-2.0
/*
 * Defence against floods of new connections, permanent or while memory is
 * short:
 *
 *	drop_packet	drops some of the packets that would open a connection
 *	drop_entry	removes half-open and idle connections
 *	secure_tcp	regards a TCP connection as established only when the
 *			real server has answered
 */
#include <linux/ip_vs.h>
#include <linux/mm.h>
#include <linux/random.h>

#include "conn/defence.h"
#include "net.h"
#include "service/service.h"

#define PERIOD		HZ
#define SHARE_SHIFT	5	/* log2: 1/32 of the table is scanned per period */
#define IDLE		(60 * HZ)

bool vs_defence_drops(struct vs_net *vn)
{
	int rate = READ_ONCE(vn->defence.drop_rate);

	if (likely(!rate) || this_cpu_dec_return(vn->counts->turn) > 0)
		return false;
	this_cpu_write(vn->counts->turn, rate);
	return true;
}

/* The fewer packets a connection has had, the likelier it is removed: every
 * n-th of the connections with n packets. */
static bool defence_is_turn(struct vs_defence *d, const struct vs_conn *cp)
{
	u32 n = READ_ONCE(cp->in_pkts);

	if (n < 1 || n > VS_VICTIM_PKTS)
		return false;
	if (--d->spare[n - 1] > 0)
		return false;
	d->spare[n - 1] = n;
	return true;
}

static bool defence_is_idle(struct vs_defence *d, const struct vs_conn *cp)
{
	return vs_conn_idle(cp) >= IDLE && defence_is_turn(d, cp);
}

/* Templates of a one-packet service are never assured, as there is no
 * established connection: these are removed when idle. */
static bool defence_is_victim_tmpl(struct vs_defence *d,
				   const struct vs_conn *tmpl)
{
	const struct vs_dest *dest = tmpl->dest;

	if (dest && READ_ONCE(dest->svc->flags) & IP_VS_SVC_F_ONEPACKET)
		return defence_is_idle(d, tmpl);
	return !(READ_ONCE(tmpl->st) & VS_TMPL_ASSURED);
}

static bool defence_is_victim(struct vs_defence *d, const struct vs_conn *cp)
{
	u32 st = READ_ONCE(cp->st);

	if (!(st & VS_ST_HASHED) || vs_conn_controls(cp))
		return false;
	if (st & VS_ST_TEMPLATE)
		return defence_is_victim_tmpl(d, cp);
	switch (vs_proto_phase(cp)) {
	case VS_PHASE_OPENING:
		return true;
	case VS_PHASE_LASTING:
		return defence_is_idle(d, cp);
	default:
		return false;
	}
}

static void defence_scan_range(struct vs_net *vn, u64 pos, u64 end)
{
	struct vs_table_iter it = { .t = &vn->table, .pos = pos, .end = end };
	struct vs_conn *cp;

	do {
		local_bh_disable();
		rcu_read_lock();
		while ((cp = vs_table_next(&it)))
			if (defence_is_victim(&vn->defence, cp))
				vs_conn_drop(cp);
		rcu_read_unlock();
		local_bh_enable();
		cond_resched();
	} while (!it.done);
}

/* Scans a share of the table from a random position, wrapping around. */
static void defence_scan(struct vs_net *vn)
{
	u64 pos = get_random_u32();
	u64 end = pos + (VS_TABLE_SPAN >> SHARE_SHIFT);

	defence_scan_range(vn, pos, min(end, VS_TABLE_SPAN));
	if (end > VS_TABLE_SPAN)
		defence_scan_range(vn, 0, end - VS_TABLE_SPAN);
}

/* Free memory as the kernel's ip_vs computes it. */
static s64 defence_avail_pages(void)
{
	struct sysinfo i;

	si_meminfo(&i);
	return (s64)i.freeram + i.bufferram;
}

/* Whether the mechanism with the sysctl @mode is on. The sysctl shows whether
 * an automatic mechanism is active: 1 becomes 2 and vice versa, unless the
 * administrator has just changed it. */
static bool defence_is_on(int *mode, bool nomem)
{
	switch (READ_ONCE(*mode)) {
	case 1:
		if (nomem)
			cmpxchg(mode, 1, 2);
		return nomem;
	case 2:
		if (!nomem)
			cmpxchg(mode, 2, 1);
		return nomem;
	case 3:
		return true;
	default:
		return false;
	}
}

static int defence_drop_rate(struct vs_sysctl *s, s64 thresh, s64 avail)
{
	if (!defence_is_on(&s->drop_packet, avail < thresh))
		return 0;
	if (READ_ONCE(s->drop_packet) == 3)
		return READ_ONCE(s->am_droprate);
	return avail < thresh ? div64_s64(thresh, thresh - avail) : 0;
}

static void defence_update(struct vs_net *vn)
{
	struct vs_sysctl *s = &vn->sysctl;
	s64 thresh = max(READ_ONCE(s->amemthresh), 0);
	s64 avail = defence_avail_pages();
	bool nomem = avail < thresh;

	lockdep_assert_held(&vn->defence.lock);
	vn->defence.drop_entry = defence_is_on(&s->drop_entry, nomem);
	WRITE_ONCE(vn->defence.drop_rate, defence_drop_rate(s, thresh, avail));
	WRITE_ONCE(vn->proto.secure_tcp, defence_is_on(&s->secure_tcp, nomem));
}

static bool defence_is_enabled(const struct vs_net *vn)
{
	const struct vs_sysctl *s = &vn->sysctl;

	return READ_ONCE(s->drop_entry) || READ_ONCE(s->drop_packet) ||
	       READ_ONCE(s->secure_tcp);
}

static void defence_work(struct work_struct *work)
{
	struct vs_net *vn = container_of(work, struct vs_net,
					 defence.work.work);

	mutex_lock(&vn->defence.lock);
	defence_update(vn);
	if (vn->defence.drop_entry)
		defence_scan(vn);
	mutex_unlock(&vn->defence.lock);
	if (READ_ONCE(vn->config.num_services))
		vs_defence_start(vn);
}

void vs_defence_start(struct vs_net *vn)
{
	if (defence_is_enabled(vn))
		queue_delayed_work(vs_wq, &vn->defence.work, PERIOD);
}

void vs_defence_update(struct vs_net *vn)
{
	mutex_lock(&vn->defence.lock);
	defence_update(vn);
	mutex_unlock(&vn->defence.lock);
	vs_defence_start(vn);
}

void vs_defence_net_init(struct vs_net *vn)
{
	mutex_init(&vn->defence.lock);
	INIT_DELAYED_WORK(&vn->defence.work, defence_work);
}

void vs_defence_net_exit(struct vs_net *vn)
{
	cancel_delayed_work_sync(&vn->defence.work);
	mutex_destroy(&vn->defence.lock);
}
