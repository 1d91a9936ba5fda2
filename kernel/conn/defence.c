// SPDX-License-Identifier: GPL-2.0
/*
 * Defence against floods of new connections, when memory is short or always:
 * some packets that would make a connection are dropped (drop_packet), half
 * open and idle connections are thrown out (drop_entry), TCP connections count
 * as established only after the real server's reply (secure_tcp).
 */
#include <linux/ip_vs.h>
#include <linux/mm.h>
#include <linux/random.h>

#include "conn/defence.h"
#include "net.h"
#include "service/service.h"

#define PERIOD		HZ
#define SHARE_SHIFT	5	/* of the table is looked at in each period */
#define CHUNK		256	/* buckets between two chances to sleep */
#define IDLE		(60 * HZ)

bool vs_defence_drops(struct vs_net *vn)
{
	int rate = READ_ONCE(vn->defence.drop_rate);

	if (likely(!rate) || this_cpu_dec_return(vn->counts->turn) > 0)
		return false;
	this_cpu_write(vn->counts->turn, rate);
	return true;
}

/* Those with fewer packets are the likelier victims: of those with n packets
 * every n-th. */
static bool is_turn(struct vs_defence *d, const struct vs_conn *cp)
{
	u32 n = READ_ONCE(cp->in_pkts);

	if (n < 1 || n > VS_VICTIM_PKTS)
		return false;
	if (--d->spare[n - 1] > 0)
		return false;
	d->spare[n - 1] = n;
	return true;
}

/* Nobody misses it. */
static bool is_idle(struct vs_defence *d, const struct vs_conn *cp)
{
	u32 idle = READ_ONCE(cp->timeout) - vs_conn_left(cp);

	return idle >= IDLE && is_turn(d, cp);
}

/* The template of a one-packet service is never assured: it goes by its use. */
static bool is_bad_template(struct vs_defence *d, const struct vs_conn *ct)
{
	if (ct->dest && READ_ONCE(ct->dest->svc->flags) & IP_VS_SVC_F_ONEPACKET)
		return is_idle(d, ct);
	return !(READ_ONCE(ct->st) & VS_TMPL_ASSURED);
}

static bool is_victim(struct vs_defence *d, const struct vs_conn *cp)
{
	u32 st = READ_ONCE(cp->st);

	if (!(st & VS_ST_HASHED) || atomic_read(&cp->n_control))
		return false;
	if (st & VS_ST_TEMPLATE)
		return is_bad_template(d, cp);
	switch (vs_proto_phase(cp)) {
	case VS_PHASE_OPENING:
		return true;
	case VS_PHASE_LASTING:
		return is_idle(d, cp);
	default:
		return false;
	}
}

static void scan_chunk(struct vs_net *vn, u32 from, u32 to)
{
	struct vs_table_iter it = { .t = &vn->table, .pos = from, .end = to };
	struct vs_conn *cp;

	local_bh_disable();
	rcu_read_lock();
	while ((cp = vs_table_next(&it))) {
		if (!is_victim(&vn->defence, cp))
			continue;
		vs_conn_drop(cp);
		it.skip--;
	}
	rcu_read_unlock();
	local_bh_enable();
}

/* A part of the table, from a random place on and round its end. */
static void scan(struct vs_net *vn)
{
	u32 size = vs_table_size(&vn->table);
	u32 pos = get_random_u32() & (size - 1);
	u32 left = size >> SHARE_SHIFT;
	u32 n;

	for (; left; left -= n, pos = (pos + n) & (size - 1)) {
		n = min3(left, size - pos, (u32)CHUNK);
		scan_chunk(vn, pos, pos + n);
		cond_resched();
	}
}

/* What the kernel's ip_vs counts as free. */
static s64 avail_pages(void)
{
	struct sysinfo i;

	si_meminfo(&i);
	return (s64)i.freeram + i.bufferram;
}

/* Whether what goes by @mode is on. The automatic modes show which: 1 becomes
 * 2 and back, unless the administrator was faster. */
static bool is_on(int *mode, bool nomem)
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

static int drop_rate(struct vs_sysctl *s, s64 thresh, s64 avail)
{
	if (!is_on(&s->drop_packet, avail < thresh))
		return 0;
	if (READ_ONCE(s->drop_packet) == 3)
		return READ_ONCE(s->am_droprate);
	return avail < thresh ? div64_s64(thresh, thresh - avail) : 0;
}

static void update(struct vs_net *vn)
{
	struct vs_sysctl *s = &vn->sysctl;
	s64 thresh = max(READ_ONCE(s->amemthresh), 0);
	s64 avail = avail_pages();
	bool nomem = avail < thresh;

	lockdep_assert_held(&vn->defence.lock);
	vn->defence.drop_entry = is_on(&s->drop_entry, nomem);
	WRITE_ONCE(vn->defence.drop_rate, drop_rate(s, thresh, avail));
	WRITE_ONCE(vn->proto.secure_tcp, is_on(&s->secure_tcp, nomem));
}

static bool is_wanted(const struct vs_net *vn)
{
	const struct vs_sysctl *s = &vn->sysctl;

	return READ_ONCE(s->drop_entry) || READ_ONCE(s->drop_packet) ||
	       READ_ONCE(s->secure_tcp);
}

static void work(struct work_struct *work)
{
	struct vs_net *vn = container_of(work, struct vs_net,
					 defence.work.work);

	mutex_lock(&vn->defence.lock);
	update(vn);
	if (vn->defence.drop_entry)
		scan(vn);
	mutex_unlock(&vn->defence.lock);
	if (READ_ONCE(vn->config.num_services))
		vs_defence_start(vn);
}

void vs_defence_start(struct vs_net *vn)
{
	if (is_wanted(vn))
		queue_delayed_work(vs_wq, &vn->defence.work, PERIOD);
}

void vs_defence_update(struct vs_net *vn)
{
	mutex_lock(&vn->defence.lock);
	update(vn);
	mutex_unlock(&vn->defence.lock);
	vs_defence_start(vn);
}

void vs_defence_net_init(struct vs_net *vn)
{
	mutex_init(&vn->defence.lock);
	INIT_DELAYED_WORK(&vn->defence.work, work);
}

void vs_defence_net_exit(struct vs_net *vn)
{
	cancel_delayed_work_sync(&vn->defence.work);
	mutex_destroy(&vn->defence.lock);
}
