// SPDX-License-Identifier: GPL-2.0
/*
 * The connection object: birth, change of state, death.
 *
 * A connection is found under RCU and used without a reference. It dies in
 * steps: DEAD is set (once, by whoever wins), which freezes its state word and
 * with it the destination's counters; it leaves the table and the wheel; its
 * template and its destination are let go; the table's reference is dropped.
 * With the last reference it is freed after a grace period.
 */
#include <linux/ip_vs.h>
#include <linux/slab.h>
#include <net/dst.h>

#include "conn/app.h"
#include "conn/nfct.h"
#include "net.h"
#include "pe/pe.h"
#include "service/dest.h"
#include "trace.h"

/* Until the first packet's state sets a timeout. */
#define NEW_TIMEOUT	(3 * HZ)

static struct kmem_cache *cache4, *cache6;

static void free_conn(struct vs_conn *cp)
{
	kmem_cache_free(cp->af == AF_INET6 ? cache6 : cache4, cp);
}

static void free_rcu(struct rcu_head *head)
{
	struct vs_conn *cp = container_of(head, struct vs_conn, rcu);

	/* packets may have used the route until now */
	dst_release(rcu_dereference_protected(cp->out_dst, 1));
	vs_conn_ext_free(cp->ext);
	free_conn(cp);
}

struct vs_conn *vs_conn_get(struct vs_conn *cp)
{
	return cp && refcount_inc_not_zero(&cp->ref) ? cp : NULL;
}

void vs_conn_put(struct vs_conn *cp)
{
	if (refcount_dec_and_test(&cp->ref))
		call_rcu(&cp->rcu, free_rcu);
}

static struct vs_conn *alloc_conn(u8 af)
{
	struct vs_conn *cp;

	cp = kmem_cache_zalloc(af == AF_INET6 ? cache6 : cache4, GFP_ATOMIC);
	if (cp) {
		cp->af = af;
		refcount_set(&cp->ref, 1);
	}
	return cp;
}

static void set_addr(struct vs_conn *cp, int which,
		     const union nf_inet_addr *addr)
{
	if (cp->af == AF_INET6)
		cp->a6[which] = addr->in6;
	else
		cp->a4[which] = addr->ip;
}

static void fill(struct vs_conn *cp, const struct vs_conn_conf *conf)
{
	const struct vs_dest *dest = conf->dest;

	set_addr(cp, VS_CADDR, conf->caddr);
	set_addr(cp, VS_VADDR, conf->vaddr);
	if (dest) {
		cp->method = dest->method;
		/* of another family only through a tunnel: not a tuple then */
		if (dest->key.af == conf->af)
			set_addr(cp, VS_DADDR, &dest->key.addr);
	} else {
		cp->method = conf->method;
		if (conf->daddr)
			set_addr(cp, VS_DADDR, conf->daddr);
	}
	cp->cport = conf->cport;
	cp->vport = conf->vport;
	cp->dport = conf->dport;
	cp->proto = conf->proto;
	cp->fwmark = conf->fwmark;
	cp->ext = conf->ext;
	cp->st = conf->st;
	if (!(conf->st & VS_ST_TEMPLATE))
		cp->st |= VS_ST_INACTIVE;
	if (dest && cp->method != IP_VS_CONN_F_MASQ)
		cp->st |= VS_ST_NOOUTPUT;
	cp->seen = (u32)jiffies;
	cp->timeout = conf->st & VS_ST_TEMPLATE ? conf->timeout : NEW_TIMEOUT;
}

static void attach(struct vs_net *vn, struct vs_conn *cp,
		   const struct vs_conn_conf *conf)
{
	cp->vn = vn;
	if (READ_ONCE(vn->sysctl.conntrack) && !(cp->st & VS_ST_TEMPLATE))
		cp->st |= VS_ST_NFCT;
	cp->dest = conf->dest;
	if (cp->dest)
		vs_dest_bind(cp->dest, cp->st & VS_ST_TEMPLATE);
	cp->control = vs_conn_get(conf->control);
	if (cp->control) {
		cp->st |= VS_ST_CONTROLLED;
		atomic_inc(&cp->control->n_control);
	}
	if (cp->st & VS_ST_EXPECTED)
		atomic_inc(&vn->expected);
	percpu_counter_inc(&vn->conns);
}

/* Gives back what attach() took. */
static void detach(struct vs_conn *cp, u32 st)
{
	if (cp->dest) {
		if (!(st & (VS_ST_TEMPLATE | VS_ST_INACTIVE)))
			vs_dest_activate(cp->dest, false);
		vs_dest_unbind(cp->dest, st & VS_ST_TEMPLATE);
	}
	if (cp->control) {
		atomic_dec(&cp->control->n_control);
		vs_conn_put(cp->control);
	}
	if (st & VS_ST_EXPECTED)
		atomic_dec(&cp->vn->expected);
	if (st & VS_ST_APP)
		vs_app_unbind(cp);
	percpu_counter_dec(&cp->vn->conns);
}

static void add_to_filter(struct vs_net *vn, const struct vs_conn_conf *conf)
{
	if (conf->st & VS_ST_TEMPLATE)
		return;
	vs_filter_add(vn->filter.vip, conf->af, conf->vaddr);
	if (conf->dest && conf->dest->method == IP_VS_CONN_F_MASQ)
		vs_filter_add(vn->filter.real, conf->af, &conf->dest->key.addr);
}

static void note_new(const struct vs_conn *cp, enum vs_counter what)
{
	__vs_event(cp->vn, what);
	trace_weir_conn_new(cp, what);
}

struct vs_conn *vs_conn_new(struct vs_net *vn, const struct vs_conn_conf *conf)
{
	struct vs_conn *cp;
	int err;

	if (percpu_counter_compare(&vn->conns,
				   READ_ONCE(vn->sysctl.conn_max)) >= 0 &&
	    !conf->ignore_limit)
		return ERR_PTR(-ENOSPC);
	cp = alloc_conn(conf->af);
	if (!cp)
		return ERR_PTR(-ENOMEM);
	fill(cp, conf);
	attach(vn, cp, conf);
	if (conf->st & VS_ST_ONE_PACKET) {
		note_new(cp, VS_EV_CONN_ONE_PACKET);
		return cp;
	}
	add_to_filter(vn, conf);

	err = vs_app_bind(cp);
	if (!err)
		err = vs_table_insert(&vn->table, cp, conf->allow_dup);
	if (err) {
		vs_conn_end(cp);
		return ERR_PTR(err);
	}
	vs_wheel_add(&vn->wheel, cp);
	note_new(cp, conf->st & VS_ST_TEMPLATE ? VS_EV_TEMPLATE_NEW :
						 VS_EV_CONN_NEW);
	return cp;
}

void vs_conn_end(struct vs_conn *cp)
{
	detach(cp, cp->st);
	dst_release(rcu_dereference_protected(cp->out_dst, 1));
	if (cp->st & VS_ST_APP)
		vs_conn_ext_free(cp->ext);
	free_conn(cp);
}

bool vs_conn_kill_as(struct vs_conn *cp, enum vs_counter why)
{
	u32 st = READ_ONCE(cp->st);

	do {
		if ((st & VS_ST_DEAD) || !(st & VS_ST_HASHED))
			return false;
	} while (!try_cmpxchg(&cp->st, &st, st | VS_ST_DEAD));

	vs_event(cp->vn, why);
	trace_weir_conn_end(cp, why);
	/* before the next one can be announced, and be expected */
	if (unlikely(st & VS_ST_NFCT))
		vs_nfct_unexpect(cp);
	vs_table_remove(&cp->vn->table, cp);
	vs_wheel_del(&cp->vn->wheel, cp);
	if (unlikely(st & VS_ST_NFCT))
		vs_nfct_kill(cp);
	detach(cp, st);
	vs_conn_put(cp);
	return true;
}

static bool is_assured(const struct vs_conn *cp)
{
	u32 st = READ_ONCE(cp->st);

	return (st & VS_ST_TEMPLATE) && (st & VS_TMPL_ASSURED);
}

void vs_conn_drop(struct vs_conn *cp)
{
	while (cp && !atomic_read(&cp->n_control)) {
		struct vs_conn *ct = cp->control;

		vs_conn_kill_as(cp, VS_EV_CONN_DROPPED);
		cp = ct && !is_assured(ct) ? ct : NULL;
	}
}

void vs_conn_retire(struct vs_conn *ct)
{
	u32 st = READ_ONCE(ct->st);

	while (!(st & VS_ST_STALE) &&
	       !try_cmpxchg(&ct->st, &st, st | VS_ST_STALE))
		;
	WRITE_ONCE(ct->dport, htons(0xffff));	/* as /proc shows it */
}

void vs_conn_set_state(struct vs_conn *cp, u8 state, bool active, u32 timeout,
		       u32 clear)
{
	u32 old = READ_ONCE(cp->st), new, was;

	do {
		if (old & VS_ST_DEAD)
			return;
		new = old & ~(VS_ST_STATE | clear | VS_ST_INACTIVE);
		new |= state | (active ? 0 : VS_ST_INACTIVE);
	} while (!try_cmpxchg(&cp->st, &old, new));

	trace_weir_state(cp, old, new, timeout);
	if (cp->dest && !(new & VS_ST_TEMPLATE) &&
	    ((old ^ new) & VS_ST_INACTIVE))
		vs_dest_activate(cp->dest, active);

	/* somebody went on from @new: theirs is the timeout that counts */
	if ((READ_ONCE(cp->st) ^ new) & VS_ST_STATE)
		return;
	was = READ_ONCE(cp->timeout);
	WRITE_ONCE(cp->seen, (u32)jiffies);
	WRITE_ONCE(cp->timeout, timeout);
	/* Later is found out when the slot comes up. */
	if (timeout < was)
		vs_wheel_move(&cp->vn->wheel, cp);
}

void vs_conn_flush(struct vs_net *vn, bool gone)
{
	struct vs_table_iter it = { .t = &vn->table };
	struct vs_conn *cp;
	int n;

	do {
		local_bh_disable();
		rcu_read_lock();
		for (n = 0; n < 128 && (cp = vs_table_next(&it)); n++) {
			if (gone && (!cp->dest || vs_dest_available(cp->dest)))
				continue;
			if (!(READ_ONCE(cp->st) & VS_ST_HASHED))
				continue;
			vs_conn_kill_as(cp, VS_EV_CONN_FLUSHED);
			it.skip--;
		}
		rcu_read_unlock();
		local_bh_enable();
		cond_resched();
	} while (cp);
}

int vs_conn_net_start(struct vs_net *vn)
{
	int err;

	if (rcu_access_pointer(vn->table.cur))
		return 0;
	err = vs_wheel_init(&vn->wheel);
	if (err)
		return err;
	err = vs_table_init(&vn->table);
	if (err)
		vs_wheel_exit(&vn->wheel);
	return err;
}

int vs_conn_net_init(struct vs_net *vn)
{
	return percpu_counter_init(&vn->conns, 0, GFP_KERNEL);
}

void vs_conn_net_exit(struct vs_net *vn)
{
	while (percpu_counter_sum(&vn->conns))
		vs_conn_flush(vn, false);
	vs_wheel_exit(&vn->wheel);
	vs_table_exit(&vn->table);
	percpu_counter_destroy(&vn->conns);
}

int vs_conn_init(void)
{
	BUILD_BUG_ON(VS_CONN_SIZE4 > 128);
	BUILD_BUG_ON(VS_CONN_SIZE6 > 192);
	BUILD_BUG_ON(offsetof(struct vs_conn, timeout) + sizeof(u32) > 64);

	cache4 = kmem_cache_create("ip_vs_conn", VS_CONN_SIZE4, 64,
				   SLAB_HWCACHE_ALIGN, NULL);
	cache6 = kmem_cache_create("ip_vs_conn6", VS_CONN_SIZE6, 64,
				   SLAB_HWCACHE_ALIGN, NULL);
	if (cache4 && cache6)
		return 0;
	kmem_cache_destroy(cache4);
	kmem_cache_destroy(cache6);
	return -ENOMEM;
}

void vs_conn_exit(void)
{
	rcu_barrier();		/* free_rcu() */
	kmem_cache_destroy(cache4);
	kmem_cache_destroy(cache6);
}
