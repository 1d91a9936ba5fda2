// SPDX-License-Identifier: GPL-2.0
/*
 * What an entry of a sync message does to the connection table.
 *
 * Messages come from whoever can send to the group. Each field of an entry is
 * checked before it is used, the number of connections that are taken over is
 * limited, and a connection is forwarded to configured destinations only, or
 * along the route of its packets if it bypasses its service. One whose
 * destination is unknown waits, without one, until a later message or packet
 * finds the destination configured.
 */
#include <linux/ip_vs.h>
#include <linux/mm.h>

#include "conn/ext.h"
#include "pe/pe.h"
#include "service/dest.h"
#include "service/service.h"
#include "sync/apply.h"
#include "sync/entry.h"
#include "sync/sync.h"
#include "sync/wire.h"

/* Timeout of a template in version 0, which does not transfer it, as in ip_vs. */
#define TEMPLATE_TIMEOUT	(3 * 60 * HZ)

/* Connections that were received may take 1/SHARE of the memory. */
#define SHARE			8

static bool entry_is_template(const struct vs_sync_entry *e)
{
	return e->flags & IP_VS_CONN_F_TEMPLATE;
}

static bool entry_is_removal(const struct vs_sync_entry *e,
			     const struct vs_apply_peer *peer)
{
	return peer && e->flags & VS_WIRE_REMOVED;
}

/* Whether protocol, family and state exist. */
static bool entry_has_state(const struct vs_sync_entry *e)
{
	if (e->af == AF_INET6 && !IS_ENABLED(CONFIG_IPV6))
		return false;
	if (entry_is_template(e))
		return e->state <= VS_TMPL_ASSURED &&
		       (!e->proto || vs_proto_states(e->proto));
	return e->state < vs_proto_states(e->proto);
}

/* Whether flags and ports make a connection that packets could have made. */
static bool entry_has_form(const struct vs_sync_entry *e)
{
	u32 method = e->flags & IP_VS_CONN_F_FWD_MASK;

	if (method > IP_VS_CONN_F_BYPASS ||
	    e->flags & IP_VS_CONN_F_ONE_PACKET)
		return false;
	if (entry_is_template(e))
		return !e->cport && !(e->flags & IP_VS_CONN_F_NO_CPORT);
	if (e->flags & IP_VS_CONN_F_NO_CPORT)
		return !e->cport && e->proto == IPPROTO_TCP;
	return true;
}

static enum vs_counter entry_check(const struct vs_sync_entry *e)
{
	if (!entry_has_state(e))
		return VS_EV_SYNC_BAD_PROTO;
	if (!entry_has_form(e))
		return VS_EV_SYNC_BAD_FLAGS;
	if (e->pe_data_len && !e->pe_name_len)
		return VS_EV_SYNC_BAD_PE;
	return VS_COUNTER_NONE;
}

/* The engine's key of a template; NULL for none, or an ERR_PTR(). Connections
 * have no key of their own. */
static struct vs_conn_ext *entry_ext(const struct vs_sync_entry *e)
{
	char name[VS_WIRE_PE_NAME_MAX + 1] = {};
	struct vs_conn_ext *ext = NULL;
	const struct vs_pe *pe;

	if (!e->pe_data_len)
		return NULL;
	memcpy(name, e->pe_name, e->pe_name_len);
	pe = vs_pe_get_loaded(name);
	if (!pe)
		return ERR_PTR(-ENOENT);
	if (entry_is_template(e))
		ext = vs_conn_ext_make(pe, e->pe_data, e->pe_data_len);
	vs_pe_put(pe);
	return ext;
}

/* The configured destination of a connection, or NULL. With a fwmark service
 * the destination has port 0, except for NAT to a fixed port. */
static struct vs_dest *dest_find(struct vs_net *vn, u8 af, u8 proto, u32 mark,
				 const union nf_inet_addr *vaddr, __be16 vport,
				 const union nf_inet_addr *daddr, __be16 dport,
				 u8 method)
{
	bool any_port = mark && method != IP_VS_CONN_F_MASQ;
	struct vs_service *svc;
	struct vs_dest *dest;

	svc = vs_service_lookup(vn, af, proto, vaddr, vport, mark);
	if (!svc)
		return NULL;
	dest = vs_dest_find(svc, af, daddr, any_port ? 0 : dport);
	return dest ?: vs_dest_find(svc, af, daddr, any_port ? dport : 0);
}

static struct vs_dest *conn_find_dest(struct vs_net *vn,
				      const struct vs_conn *cp)
{
	return dest_find(vn, cp->af, cp->proto, cp->fwmark,
			 vs_conn_addr(cp, VS_VADDR), cp->vport,
			 vs_conn_addr(cp, VS_DADDR), cp->dport, cp->method);
}

/* A copy of @cp for @dest. */
static struct vs_conn *conn_copy(struct vs_net *vn, const struct vs_conn *cp,
				 struct vs_dest *dest)
{
	const struct vs_conn_ext *ext = cp->ext;
	struct vs_conn_conf conf = {
		.caddr = vs_conn_addr(cp, VS_CADDR),
		.vaddr = vs_conn_addr(cp, VS_VADDR),
		.cport = cp->cport,
		.vport = cp->vport,
		.dport = cp->dport,
		.af = cp->af,
		.proto = cp->proto,
		.st = READ_ONCE(cp->st) & (VS_ST_TEMPLATE | VS_ST_ANY_CPORT |
					   VS_ST_SYNCED | VS_ST_REMOTE |
					   VS_ST_SHARED | VS_ST_TOLD),
		.fwmark = cp->fwmark,
		.timeout = READ_ONCE(cp->timeout),
		.dest = dest,
		.allow_dup = true,
		.ignore_limit = true,
	};
	struct vs_conn *copy;

	if (ext && ext->pe) {
		conf.ext = vs_conn_ext_make(ext->pe, ext->data, ext->len);
		if (IS_ERR(conf.ext))
			return ERR_CAST(conf.ext);
	}
	copy = vs_conn_new(vn, &conf);
	if (IS_ERR(copy))
		vs_conn_ext_free(conf.ext);
	return copy;
}

/* The connection of a client's packet with tuple @k, or the template; NULL.
 * -EINVAL: packets with this tuple are the replies of a NAT connection. */
static struct vs_conn *client_lookup(struct vs_net *vn, const struct vs_tuple *k,
				     bool template)
{
	struct vs_conn *cp;
	enum vs_dir dir;

	if (template)
		return vs_table_lookup_tmpl(&vn->table, k);
	cp = vs_table_lookup(&vn->table, k, &dir);
	return cp && dir == VS_DIR_OUT ? ERR_PTR(-EINVAL) : cp;
}

/* What has taken the place of @cp, or @cp. */
static struct vs_conn *conn_successor(struct vs_net *vn, struct vs_conn *cp)
{
	struct vs_tuple k = {
		.saddr = vs_conn_addr(cp, VS_CADDR),
		.daddr = vs_conn_addr(cp, VS_VADDR),
		.sport = cp->cport, .dport = cp->vport,
		.af = cp->af, .proto = cp->proto, .ext = cp->ext,
	};
	struct vs_conn *next;

	next = client_lookup(vn, &k, READ_ONCE(cp->st) & VS_ST_TEMPLATE);
	return IS_ERR_OR_NULL(next) ? cp : next;
}

/*
 * The destination of a connection does not change while the connection is
 * hashed: a copy with the destination takes its place. It is in the table
 * before the other one leaves, so that packets always find one of them. Of two
 * CPUs that do this at the same time the one that kills @cp wins, and the other
 * one goes on with the winner's copy.
 */
struct vs_conn *vs_sync_bind(struct vs_net *vn, struct vs_conn *cp)
{
	struct vs_dest *dest;
	struct vs_conn *copy;

	vs_assert_packet_context();
	if (cp->method == IP_VS_CONN_F_BYPASS)
		return cp;
	dest = conn_find_dest(vn, cp);
	if (!dest)
		return cp;
	copy = conn_copy(vn, cp, dest);
	if (IS_ERR(copy))
		return cp;
	WRITE_ONCE(copy->synced, READ_ONCE(cp->synced));
	vs_proto_restore(copy, vs_conn_state(cp), READ_ONCE(cp->timeout));
	/* this is not the end of the connection that peers know */
	vs_conn_set_bits(cp, VS_ST_SHARED, 0);
	if (!vs_conn_kill(cp, VS_EV_SYNC_CONN_BOUND)) {
		vs_conn_kill(copy, VS_EV_CONN_KILLED);
		return conn_successor(vn, cp);
	}
	return copy;
}

static struct vs_conn *entry_lookup(struct vs_net *vn,
				    const struct vs_sync_entry *e,
				    const struct vs_conn_ext *ext)
{
	struct vs_tuple k = {
		.saddr = &e->caddr, .daddr = &e->vaddr,
		.sport = e->cport, .dport = e->vport,
		.af = e->af, .proto = e->proto, .ext = ext,
	};

	return client_lookup(vn, &k, entry_is_template(e));
}

static bool entry_has_dest_of(const struct vs_sync_entry *e,
			      const struct vs_conn *cp)
{
	return e->dport == cp->dport &&
	       vs_addr_eq(cp->af, &e->daddr, vs_conn_addr(cp, VS_DADDR));
}

/* A peer of the mesh is trusted with more: conn_max is its limit. */
static bool may_take_more(const struct vs_net *vn,
			  const struct vs_apply_peer *peer)
{
	/* units of vs_sync.room */
	u64 max = ((u64)totalram_pages() << PAGE_SHIFT) / SHARE /
		  VS_CONN_SIZE6;

	return peer || atomic_read(&vn->sync.room) < min_t(u64, max, INT_MAX);
}

static void entry_find_no_room(struct vs_net *vn, struct vs_apply_peer *peer)
{
	vs_event(vn, VS_EV_SYNC_LIMIT);
	if (peer)
		peer->refused++;
}

/* Creates the connection of @e, in place of another one if @replaces; takes over
 * @ext, or frees it. NULL: there is no room; -EEXIST: it has come meanwhile. */
static struct vs_conn *entry_create(struct vs_net *vn,
				    const struct vs_sync_entry *e,
				    struct vs_conn_ext *ext,
				    struct vs_apply_peer *peer, bool replaces)
{
	u32 method = e->flags & IP_VS_CONN_F_FWD_MASK;
	struct vs_conn_conf conf = {
		.caddr = &e->caddr,
		.vaddr = &e->vaddr,
		.daddr = &e->daddr,
		.cport = e->cport,
		.vport = e->vport,
		.dport = e->dport,
		.af = e->af,
		.proto = e->proto,
		.method = method,
		.st = VS_ST_SYNCED |
		      (entry_is_template(e) ? VS_ST_TEMPLATE : 0) |
		      (e->flags & IP_VS_CONN_F_NO_CPORT ? VS_ST_ANY_CPORT : 0) |
		      (e->flags & IP_VS_CONN_F_NOOUTPUT ? VS_ST_NOOUTPUT : 0),
		.fwmark = e->fwmark,
		.timeout = TEMPLATE_TIMEOUT,
		.ignore_limit = replaces,
		.ext = ext,
	};
	struct vs_conn *cp = ERR_PTR(-ENOSPC);

	conf.dest = dest_find(vn, e->af, e->proto, e->fwmark, &e->vaddr,
			      e->vport, &e->daddr, e->dport, method);
	if (conf.dest)
		conf.st &= ~VS_ST_NOOUTPUT;
	if (may_take_more(vn, peer))
		cp = vs_conn_new(vn, &conf);
	if (!IS_ERR(cp)) {
		__vs_event(vn, VS_EV_SYNC_CONN_NEW);
		return cp;
	}
	vs_conn_ext_free(ext);
	if (cp == ERR_PTR(-EEXIST))
		return cp;
	entry_find_no_room(vn, peer);
	return NULL;
}

/*
 * Whether @e tells nothing new about @cp: what the peer has heard of others, an
 * older entry of the same peer, or one from before the last packet of a connection
 * that this director forwards. Another connection on the same ports is removed by
 * a newer entry only.
 */
static bool entry_is_old(const struct vs_sync_entry *e, const struct vs_conn *cp,
			 const struct vs_apply_peer *peer)
{
	u32 time = e->time + peer->clock, st = READ_ONCE(cp->st);
	s32 age = vs_sync_time() - time;

	if (e->flags & VS_WIRE_HEARSAY)
		return true;
	if (!(st & VS_ST_REMOTE))
		return age > (s32)jiffies_to_msecs(vs_conn_idle(cp));
	if (vs_conn_told(cp) != peer->id)
		return false;
	return (s32)(time - READ_ONCE(cp->synced)) <
	       (entry_is_removal(e, peer) ? 1 : 0);
}

/*
 * Why @e is of no use, or VS_COUNTER_NONE. @cp is what entry_lookup() has found. A
 * new connection must not take the replies of another one away. An entry that
 * reports the end of a connection to another destination is late: @cp is the
 * successor of that connection.
 */
static enum vs_counter entry_refuse(const struct vs_sync_entry *e,
				    const struct vs_conn *cp,
				    const struct vs_apply_peer *peer)
{
	if (!cp)
		return VS_COUNTER_NONE;
	if (IS_ERR(cp))
		return VS_EV_SYNC_BAD_TUPLE;
	if (peer && entry_is_old(e, cp, peer))
		return VS_EV_SYNC_CONN_STALE;
	if (e->flags & IP_VS_CONN_F_INACTIVE && !entry_is_removal(e, peer) &&
	    !entry_is_template(e) && !entry_has_dest_of(e, cp))
		return VS_EV_SYNC_CONN_STALE;
	return VS_COUNTER_NONE;
}

/* The peer has removed its connection. If packets have come here since, this
 * director has taken it over. */
static void entry_end(const struct vs_sync_entry *e, struct vs_conn *cp,
		      const struct vs_apply_peer *peer)
{
	if (cp && READ_ONCE(cp->st) & VS_ST_REMOTE &&
	    vs_conn_told(cp) == peer->id && !vs_conn_controls(cp) &&
	    entry_has_dest_of(e, cp))
		vs_conn_kill(cp, VS_EV_SYNC_CONN_REMOVED);
}

/*
 * The connection that @e is about. NULL: @e is of no use; -EEXIST: to be looked
 * up again, as from entry_create(). An entry that names another destination
 * replaces the connection.
 */
static struct vs_conn *entry_conn(struct vs_net *vn,
				  const struct vs_sync_entry *e,
				  struct vs_conn_ext *ext,
				  struct vs_apply_peer *peer)
{
	struct vs_conn *cp = entry_lookup(vn, e, ext);
	enum vs_counter why = entry_refuse(e, cp, peer);

	if (why || entry_is_removal(e, peer)) {
		vs_conn_ext_free(ext);
		if (why)
			__vs_event(vn, why);
		else
			entry_end(e, cp, peer);
		return NULL;
	}
	if (cp && (peer || !entry_is_template(e)) &&
	    !entry_has_dest_of(e, cp)) {
		vs_conn_kill(cp, VS_EV_CONN_KILLED);
		return entry_create(vn, e, ext, peer, true);
	}
	if (!cp)
		return entry_create(vn, e, ext, peer, false);
	vs_conn_ext_free(ext);
	__vs_event(vn, VS_EV_SYNC_CONN_UPDATED);
	return cp->dest ? cp : vs_sync_bind(vn, cp);
}

/* In jiffies, 0 for the default of the state. */
static u32 entry_timeout(const struct vs_sync_entry *e)
{
	if (!e->timeout)
		return entry_is_template(e) ? TEMPLATE_TIMEOUT : 0;
	return min_t(u32, e->timeout, S32_MAX / HZ) * HZ;
}

/* This director sends @cp as the master would have gone on. */
static void conn_set_told(const struct vs_net *vn, struct vs_conn *cp, u8 state)
{
	vs_conn_set_told(cp, state);
	WRITE_ONCE(cp->in_pkts, vs_sync_turn(vn));
}

/* @peer forwards the packets of @cp, and knows it. */
static void conn_set_remote(struct vs_conn *cp, const struct vs_sync_entry *e,
			    const struct vs_apply_peer *peer)
{
	vs_conn_set_bits(cp, VS_ST_TOLD, VS_ST_REMOTE | VS_ST_SHARED |
					 VS_ST_KEEP |
					 (u32)peer->id << VS_ST_TOLD_SHIFT);
	WRITE_ONCE(cp->synced, e->time + peer->clock);
}

/* Returns false if the connection has come or gone since it was looked up. */
static bool entry_update(struct vs_net *vn, const struct vs_sync_entry *e,
			 struct vs_conn_ext *ext,
			 struct vs_apply_peer *peer)
{
	struct vs_conn *cp = entry_conn(vn, e, ext, peer);

	if (!cp)
		return true;
	if (IS_ERR(cp) || !vs_proto_restore(cp, e->state, entry_timeout(e)))
		return false;
	if (peer && e->has_seq && READ_ONCE(cp->st) & VS_ST_APP)
		vs_sync_seq_put(cp, e);
	if (peer)
		conn_set_remote(cp, e, peer);
	else
		conn_set_told(vn, cp, e->state);
	return true;
}

/* Returns whether that was all, or it may be tried again. */
static bool entry_try(struct vs_net *vn, const struct vs_sync_entry *e,
		      struct vs_apply_peer *peer)
{
	struct vs_conn_ext *ext = entry_ext(e);
	bool done;

	if (IS_ERR(ext)) {
		if (ext == ERR_PTR(-ENOMEM))
			entry_find_no_room(vn, peer);
		else
			vs_event(vn, VS_EV_SYNC_BAD_PE);
		return true;
	}
	local_bh_disable();
	rcu_read_lock();
	done = entry_update(vn, e, ext, peer);
	rcu_read_unlock();
	local_bh_enable();
	return done;
}

static void entry_apply(struct vs_net *vn, const struct vs_sync_entry *e,
			struct vs_apply_peer *peer)
{
	enum vs_counter bad = entry_check(e);

	if (bad)
		vs_event(vn, bad);
	else if (!entry_try(vn, e, peer) && !entry_try(vn, e, peer))
		vs_event(vn, VS_EV_SYNC_CONN_STALE);
}

static const enum vs_counter wire_counters[] = {
	[VS_WIRE_OTHER_ID] = VS_EV_SYNC_OTHER_ID,
	[VS_WIRE_OPTION] = VS_EV_SYNC_BAD_UNKNOWN,
	[VS_WIRE_SIZE] = VS_EV_SYNC_BAD_SIZE,
	[VS_WIRE_TRUNCATED] = VS_EV_SYNC_BAD_TRUNCATED,
	[VS_WIRE_TYPE] = VS_EV_SYNC_BAD_TYPE,
	[VS_WIRE_BAD_OPTION] = VS_EV_SYNC_BAD_OPTION,
};

unsigned int vs_apply_all(struct vs_net *vn, struct vs_wire_reader *r,
			  enum vs_wire_result res,
			  struct vs_apply_peer *peer)
{
	struct vs_sync_entry e;
	unsigned int n = 0;

	while (res == VS_WIRE_ENTRY || res == VS_WIRE_OPTION) {
		res = vs_wire_next(r, &e);
		if (res == VS_WIRE_ENTRY) {
			entry_apply(vn, &e, peer);
			n++;
		} else if (res == VS_WIRE_OPTION) {
			vs_event(vn, VS_EV_SYNC_BAD_UNKNOWN);
		}
	}
	if (res != VS_WIRE_END)
		vs_event(vn, wire_counters[res]);
	return n;
}
