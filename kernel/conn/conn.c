// SPDX-License-Identifier: GPL-2.0
/*
 * The connection object: creation, settling of state changes, removal.
 *
 * A connection is found under RCU and used without a reference. It is removed
 * in steps, by the CPU that sets VS_ST_DEAD:
 *
 *	set VS_ST_DEAD		lookups no longer return it; makes the state and
 *				VS_ST_INACTIVE final, and with them the
 *				destination's counters
 *	unhash			no new readers
 *	leave the wheel		@rcu may overlay @wheel
 *	unbind			destination, control and app are released
 *	drop the reference	of the table; connections that have this one as
 *				control hold further references
 *
 * When the last reference is dropped, the memory is freed after a grace period.
 *
 * A connection that others control keeps the memory of its control, but a dead
 * control keeps nothing: its own control may have been freed long ago. So
 * @control may be followed from a connection that was found in the table in
 * this RCU section, or was killed in it; and from its control only if that was
 * killed in this RCU section, too.
 */
#include <linux/ip_vs.h>
#include <linux/slab.h>
#include <net/dst.h>

#include "conn/app.h"
#include "conn/ext.h"
#include "conn/limit.h"
#include "conn/nfct.h"
#include "net.h"
#include "service/dest.h"
#include "trace.h"

/* Applies until the first packet has set the state. */
#define NEW_TIMEOUT	(3 * HZ)

static struct kmem_cache *cache4, *cache6;

static void conn_free(struct vs_conn *cp)
{
	kmem_cache_free(cp->af == AF_INET6 ? cache6 : cache4, cp);
}

static void conn_free_rcu(struct rcu_head *head)
{
	struct vs_conn *cp = container_of(head, struct vs_conn, rcu);

	/* Readers may have used the route until now. */
	dst_release(rcu_dereference_protected(cp->out_dst, 1));
	vs_conn_ext_free(cp->ext);
	conn_free(cp);
}

/* Takes a reference. Returns NULL if @cp is NULL or about to be freed. */
static struct vs_conn *conn_get(struct vs_conn *cp)
{
	return cp && refcount_inc_not_zero(&cp->ref) ? cp : NULL;
}

static void conn_put(struct vs_conn *cp)
{
	if (refcount_dec_and_test(&cp->ref))
		call_rcu(&cp->rcu, conn_free_rcu);
}

static struct vs_conn *conn_alloc(u8 af)
{
	struct vs_conn *cp;

	cp = kmem_cache_zalloc(af == AF_INET6 ? cache6 : cache4, GFP_ATOMIC);
	if (cp) {
		cp->af = af;
		refcount_set(&cp->ref, 1);
	}
	return cp;
}

static void conn_set_addr(struct vs_conn *cp, int which,
			  const union nf_inet_addr *addr)
{
	if (cp->af == AF_INET6)
		cp->a6[which] = addr->in6;
	else
		cp->a4[which] = addr->ip;
}

static void conn_fill(struct vs_conn *cp, const struct vs_conn_conf *conf)
{
	const struct vs_dest *dest = conf->dest;

	conn_set_addr(cp, VS_CADDR, conf->caddr);
	conn_set_addr(cp, VS_VADDR, conf->vaddr);
	if (dest) {
		/* an edit may change it: read once */
		cp->method = READ_ONCE(dest->method);
		/* families only differ with tunnels, whose packets have no
		 * tuple with @dest's address */
		if (dest->key.af == conf->af)
			conn_set_addr(cp, VS_DADDR, &dest->key.addr);
	} else {
		cp->method = conf->method;
		if (conf->daddr)
			conn_set_addr(cp, VS_DADDR, conf->daddr);
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
	cp->synced = vs_conn_synced_never();
	cp->timeout = conf->st & VS_ST_TEMPLATE ? conf->timeout : NEW_TIMEOUT;
}

/* What @cp, which was received, takes of vs_sync.room. */
static int conn_room(const struct vs_conn *cp)
{
	return cp->st & VS_ST_TEMPLATE && cp->ext ? VS_SYNC_ROOM_KEY : 1;
}

static void conn_attach(struct vs_net *vn, struct vs_conn *cp,
			const struct vs_conn_conf *conf)
{
	cp->vn = vn;
	if (READ_ONCE(vn->sysctl.conntrack) && !(cp->st & VS_ST_TEMPLATE))
		cp->st |= VS_ST_NFCT;
	cp->dest = conf->dest;
	if (cp->dest)
		vs_dest_bind(cp->dest, cp->st & VS_ST_TEMPLATE);
	cp->control = conn_get(conf->control);
	if (cp->control) {
		cp->st |= VS_ST_CONTROLLED;
		/* @ref, then @st: pairs with vs_conn_expire() */
		smp_mb__after_atomic();
		vs_conn_renew(cp->control);
	}
	if (cp->st & VS_ST_ANY_CPORT)
		atomic_inc(&vn->any_cport);
	if (cp->st & VS_ST_SYNCED)
		atomic_add(conn_room(cp), &vn->sync.room);
	percpu_counter_inc(&vn->conns);
}

/* Undoes conn_attach() and vs_app_bind(); @st is the final state word. */
static void conn_detach(struct vs_conn *cp, u32 st)
{
	if (cp->dest) {
		if (!(st & (VS_ST_TEMPLATE | VS_ST_INACTIVE)))
			vs_dest_activate(cp->dest, false);
		vs_dest_unbind(cp->dest, st & VS_ST_TEMPLATE);
	}
	if (cp->control)
		conn_put(cp->control);
	if (st & VS_ST_ANY_CPORT)
		atomic_dec(&cp->vn->any_cport);
	if (st & VS_ST_SYNCED)
		atomic_sub(conn_room(cp), &cp->vn->sync.room);
	if (st & VS_ST_APP)
		vs_app_unbind(cp);
	percpu_counter_dec(&cp->vn->conns);
}

static void conn_add_to_filter(struct vs_net *vn, const struct vs_conn *cp,
			       const struct vs_conn_conf *conf)
{
	if (cp->st & VS_ST_TEMPLATE)
		return;
	if (cp->st & VS_ST_SYNCED && !conf->dest)
		vs_filter_add_stranger(&vn->filter, conf->af, conf->vaddr);
	else
		vs_filter_add(vn->filter.vip, conf->af, conf->vaddr);
	if (conf->dest && cp->method == IP_VS_CONN_F_MASQ)
		vs_filter_add(vn->filter.real, conf->af, &conf->dest->key.addr);
}

static void conn_note_new(const struct vs_conn *cp, enum vs_counter what)
{
	__vs_event(cp->vn, what);
	trace_weir_conn_new(cp, what);
}

struct vs_conn *vs_conn_new(struct vs_net *vn, const struct vs_conn_conf *conf)
{
	struct vs_conn *cp;
	int err;

	vs_assert_packet_context();
	if (!conf->ignore_limit &&
	    !vs_limit_admits(vn, !(conf->st & VS_ST_ONE_PACKET)))
		return ERR_PTR(-ENOSPC);
	cp = conn_alloc(conf->af);
	if (!cp)
		return ERR_PTR(-ENOMEM);
	conn_fill(cp, conf);
	conn_attach(vn, cp, conf);
	if (conf->st & VS_ST_ONE_PACKET) {
		conn_note_new(cp, VS_EV_CONN_ONE_PACKET);
		return cp;
	}
	conn_add_to_filter(vn, cp, conf);

	err = vs_app_bind(cp);
	if (!err)
		err = vs_table_insert(&vn->table, cp, conf->allow_dup);
	if (err) {
		vs_conn_end(cp);
		return ERR_PTR(err);
	}
	vs_wheel_add(&vn->wheel, cp);
	conn_note_new(cp, conf->st & VS_ST_TEMPLATE ? VS_EV_TEMPLATE_NEW :
						      VS_EV_CONN_NEW);
	return cp;
}

void vs_conn_end(struct vs_conn *cp)
{
	vs_assert_packet_context();
	conn_detach(cp, cp->st);
	dst_release(rcu_dereference_protected(cp->out_dst, 1));
	/* A template's creator still owns the extension, see vs_conn_conf. */
	if (cp->st & VS_ST_APP)
		vs_conn_ext_free(cp->ext);
	conn_free(cp);
}

/* Tells the sync daemon of an extension, as the peers must not let @cp expire
 * either, or of the reason of its end. */
static void conn_tell(struct vs_conn *cp, enum vs_counter end)
{
	const struct vs_sync_ops *ops = rcu_dereference(cp->vn->sync.ops);

	if (likely(!ops))
		return;
	if (!end)
		ops->extended(cp);
	else if (ops->removed)
		ops->removed(cp, end);
}

/* The steps after VS_ST_DEAD was set; @st is the final state word. */
static void conn_remove(struct vs_conn *cp, u32 st, enum vs_counter why)
{
	vs_event(cp->vn, why);
	trace_weir_conn_end(cp, why);
	if (unlikely(st & VS_ST_SHARED))
		conn_tell(cp, why);
	/* Before unhashing: afterwards a session may expect the same connection
	 * anew, and its expectation must stay. */
	if (unlikely(st & VS_ST_NFCT))
		vs_nfct_unexpect(cp);
	vs_table_remove(&cp->vn->table, cp);
	vs_wheel_del(&cp->vn->wheel, cp);
	if (unlikely(st & VS_ST_NFCT))
		vs_nfct_kill(cp);
	conn_detach(cp, st);
	conn_put(cp);
}

bool vs_conn_kill(struct vs_conn *cp, enum vs_counter why)
{
	u32 st = READ_ONCE(cp->st);

	vs_assert_packet_context();
	do {
		if ((st & VS_ST_DEAD) || !(st & VS_ST_HASHED))
			return false;
		/* Full barrier; pairs with the one in vs_nfct_expect(). */
	} while (!try_cmpxchg(&cp->st, &st, st | VS_ST_DEAD));
	conn_remove(cp, st, why);
	return true;
}

bool vs_conn_keep(struct vs_conn *cp)
{
	u32 st = READ_ONCE(cp->st);

	do {
		if (st & VS_ST_DEAD)
			return false;
	} while (!try_cmpxchg(&cp->st, &st,
			      st & ~(VS_ST_EXPIRING | VS_ST_EXTENDED)));
	/* Its slot in the wheel may be later than its timeout. */
	if ((st & VS_ST_EXTENDED) &&
	    READ_ONCE(cp->timeout) < VS_CONN_EXTENSION)
		vs_wheel_move(&cp->vn->wheel, cp);
	return true;
}

/*
 * A connection may be used until it is dead, and then must not have been in
 * use. No lock is shared with those who use it, only the state word:
 *
 *	this function			a user
 *	st |= EXPIRING			seen = now, or ref++
 *	full barrier (cmpxchg)		full barrier
 *	read seen and ref		read st: if EXPIRING, clear it
 *	EXPIRING to DEAD (cmpxchg)
 *
 * Either we see that @cp is in use, or the user sees EXPIRING. Then it clears
 * the bit, and our last exchange fails; or it finds @cp dead. The same holds
 * for an extension, which must not be granted to a connection that has just
 * been used. If the last exchange fails for another reason, EXPIRING may stay
 * set, which does no harm.
 */
bool vs_conn_expire(struct vs_conn *cp)
{
	u32 st = READ_ONCE(cp->st), end;
	bool extend = false;

	vs_assert_packet_context();
	do {
		if (st & VS_ST_DEAD)
			return false;
	} while (!try_cmpxchg(&cp->st, &st, st | VS_ST_EXPIRING));

	st |= VS_ST_EXPIRING;
	if (vs_conn_left(cp)) {
		end = st & ~VS_ST_EXPIRING;
	} else if (vs_conn_controls(cp)) {
		end = (st & ~VS_ST_EXPIRING) | VS_ST_EXTENDED;
		extend = true;
	} else {
		end = st | VS_ST_DEAD;
	}
	if (!try_cmpxchg(&cp->st, &st, end))
		return false;
	/* not before the exchange: without it the timeout would begin anew */
	if (extend) {
		WRITE_ONCE(cp->seen, (u32)jiffies - VS_SEEN_STEP);
		conn_tell(cp, VS_COUNTER_NONE);
	}
	if (!(end & VS_ST_DEAD))
		return false;
	conn_remove(cp, st, VS_EV_CONN_EXPIRED);
	return true;
}

static bool conn_is_assured_tmpl(const struct vs_conn *cp)
{
	u32 st = READ_ONCE(cp->st);

	return (st & VS_ST_TEMPLATE) && (st & VS_TMPL_ASSURED);
}

void vs_conn_drop(struct vs_conn *cp)
{
	while (cp && !vs_conn_controls(cp)) {
		struct vs_conn *control = cp->control;

		/* Dead before: @control may have been freed. */
		if (!vs_conn_kill(cp, VS_EV_CONN_DROPPED))
			return;
		cp = control && !conn_is_assured_tmpl(control) ? control : NULL;
	}
}

void vs_conn_retire(struct vs_conn *tmpl)
{
	u32 st = READ_ONCE(tmpl->st);

	while (!(st & VS_ST_STALE) &&
	       !try_cmpxchg(&tmpl->st, &st, st | VS_ST_STALE))
		;
	/* /proc/net/ip_vs_conn shows a retired template by this port. */
	WRITE_ONCE(tmpl->dport, htons(0xffff));
}

void vs_conn_state_changed(struct vs_conn *cp, u32 old, u32 new, u32 timeout)
{
	trace_weir_state(cp, old, new, timeout);
	if (cp->dest && !(new & VS_ST_TEMPLATE) &&
	    ((old ^ new) & VS_ST_INACTIVE))
		vs_dest_activate(cp->dest, !(new & VS_ST_INACTIVE));
}

/* Returns whether there was a connection to kill. */
static bool conn_flush_walk(struct vs_net *vn, bool gone)
{
	struct vs_table_iter it = { .t = &vn->table, .end = VS_TABLE_SPAN };
	struct vs_conn *cp;
	bool any = false;

	do {
		local_bh_disable();
		rcu_read_lock();
		while ((cp = vs_table_next(&it))) {
			if (gone && (!cp->dest || vs_dest_available(cp->dest)))
				continue;
			/* fails before VS_ST_HASHED is set */
			vs_conn_kill(cp, VS_EV_CONN_FLUSHED);
			any = true;
		}
		rcu_read_unlock();
		local_bh_enable();
		cond_resched();
	} while (!it.done);
	return any;
}

/*
 * A packet that has chosen a destination before that was removed hashes its
 * connection within its RCU read-side critical section. A connection that was
 * not hashed completely when the walk passed, or that an application has made
 * from one that the walk had not reached yet, is found by the next walk.
 */
void vs_conn_flush(struct vs_net *vn, bool gone)
{
	do {
		if (gone)
			synchronize_rcu();
	} while (conn_flush_walk(vn, gone) && gone);
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
	vs_limit_changed(vn);
	return percpu_counter_init(&vn->conns, 0, GFP_KERNEL_ACCOUNT);
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
	rcu_barrier();		/* conn_free_rcu() */
	kmem_cache_destroy(cache4);
	kmem_cache_destroy(cache6);
}
