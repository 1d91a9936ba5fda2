/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_CONN_H
#define VS_CONN_H

#include <linux/jiffies.h>
#include <linux/refcount.h>

#include "counters.h"
#include "types.h"

/*
 * Direction of a packet of a connection; also the index of the hash link by
 * which packets of that direction find the connection.
 */
enum vs_dir {
	VS_DIR_IN,		/* client to virtual address */
	VS_DIR_OUT,		/* real server to client */
};

/*
 * vs_conn.st is a single word: each change is one cmpxchg, after which the CPU
 * that made it, and no other, updates the destination's counters.
 *
 * VS_ST_INACTIVE is set exactly in the states that the protocol counts as
 * inactive, and never for a template.
 */
#define VS_ST_STATE		0x000000ffu	/* VS_TCP_S_*, ... */
#define VS_ST_INACTIVE		0x00000100u	/* counted as inactive */
#define VS_ST_NOOUTPUT		0x00000200u	/* no reply seen: DR, TUN */
#define VS_ST_DEAD		0x00000400u	/* being removed; state is final */
#define VS_ST_TEMPLATE		0x00000800u	/* persistence template */
#define VS_ST_HASHED		0x00001000u	/* in the table and in the wheel */
#define VS_ST_ONE_PACKET	0x00002000u	/* never hashed */
#define VS_ST_SYNCED		0x00004000u	/* received from a sync master */
#define VS_ST_CONTROLLED	0x00008000u	/* @control is set */
#define VS_ST_STALE		0x00010000u	/* template without new connections */
#define VS_ST_KEEP		0x00020000u	/* more than VS_VICTIM_PKTS packets */
#define VS_ST_NFCT		0x00040000u	/* its conntrack entry is kept */
#define VS_ST_APP		0x00080000u	/* has an app: ext->app */
#define VS_ST_ANY_CPORT		0x00100000u	/* expected from any client port */
#define VS_ST_EXPIRING		0x00200000u	/* ends unless used, see vs_conn_expire() */
#define VS_ST_EXTENDED		0x00400000u	/* expired, but controls others */
#define VS_ST_REMOTE		0x00800000u	/* a peer of the mesh forwards its packets */
#define VS_ST_TOLD		0x0f000000u	/* state that the sync peers know, or the
						 * peer, if VS_ST_REMOTE is set */
#define VS_ST_TOLD_SHIFT	24
#define VS_ST_SHARED		0x10000000u	/* the peers of the mesh know it */

/* The low bits of @next are tags, see table.c. Bit 3 of a link's address
 * distinguishes link[0] from link[1]. */
struct vs_link {
	unsigned long next;
};

/**
 * struct vs_conn - a connection, or a persistence template
 *
 * Found under RCU and used without a reference until the end of the RCU
 * read-side critical section. An established IPv4 packet touches line 0 only.
 *
 * @link:	hash chain links, VS_DIR_IN and (NAT only) VS_DIR_OUT
 * @dest:	destination, bound by vs_dest_bind(); or NULL. Set before hashing,
 *		constant afterwards
 * @out_dst:	cached route for packets of the real server (NAT), holds a dst
 *		reference
 * @a4:		IPv4 client, virtual and destination address
 * @out_cookie: validates an IPv6 @out_dst; IPv4 does not need one
 * @cport:	client port; ports are in network order
 * @vport:	virtual port
 * @dport:	real server's port
 * @proto:	IPPROTO_TCP, IPPROTO_UDP, ...
 * @af:		family of the client's and the virtual address
 * @method:	forwarding method, IP_VS_CONN_F_MASQ, ...
 * @st:		VS_ST_*, changed by cmpxchg only
 * @seen:	time of the last packet in jiffies (low 32 bits), up to
 *		VS_SEEN_STEP late
 * @timeout:	jiffies from @seen until the connection expires; that of the
 *		state in @st, see vs_proto_state(). Exceptions: a template, a
 *		connection whose first packet is not through, and one that was
 *		received, until a packet comes. Not in effect while
 *		VS_ST_EXTENDED is set
 * @wheel:	node in the expiry wheel; under the shard's lock
 * @rcu:	overlays @wheel once the connection has left the wheel
 * @vn:		namespace
 * @control:	template that selected the destination, or the app's control
 *		connection on which this one was negotiated; holds a reference
 * @ext:	extension, NULL for nearly all connections; owned, set before
 *		hashing, constant afterwards
 * @ref:	1 for the table, 1 for each connection with this one as @control
 * @synced:	what the sync master's last message about this connection said,
 *		see sync/master.c; or the mesh's, see sync/mesh_queue.c
 * @twin:	another connection with the same reply tuple (NAT only), or
 *		NULL; under the bucket's lock, see table.c
 * @fwmark:	mark of the virtual service, 0 for none
 * @in_pkts:	packets from the client, approximate; once VS_ST_KEEP is set
 *		counted for a sync master only, see vs_conn_count_on()
 * @shard:	expiry wheel shard; valid once VS_ST_HASHED is set
 * @a6:		IPv6 client, virtual and destination address; not allocated for
 *		IPv4
 */
struct vs_conn {
	struct vs_link link[2];
	struct vs_dest *dest;
	struct dst_entry __rcu *out_dst;
	union {
		__be32 a4[3];
		u32 out_cookie;
	};
	__be16 cport;
	__be16 vport;
	__be16 dport;
	u8 proto;
	u8 af : 4;
	u8 method : 4;
	u32 st;
	u32 seen;
	u32 timeout;

	/* line 1: creation, state changes, removal */
	union {
		struct hlist_node wheel;
		struct rcu_head rcu;
	};
	struct vs_net *vn;
	struct vs_conn *control;
	struct vs_conn_ext *ext;
	refcount_t ref;
	u32 synced;
	struct vs_conn *twin;
	u32 fwmark;
	u16 in_pkts;
	u8 shard;

	/* line 2: IPv6 only */
	struct in6_addr a6[3] ____cacheline_aligned;
};

#define VS_CONN_SIZE4	offsetof(struct vs_conn, a6)
#define VS_CONN_SIZE6	sizeof(struct vs_conn)

enum { VS_CADDR, VS_VADDR, VS_DADDR };

static inline const void *vs_conn_addr(const struct vs_conn *cp, int which)
{
	return cp->af == AF_INET6 ? (const void *)&cp->a6[which] :
				    (const void *)&cp->a4[which];
}

#define VS_SEEN_STEP	(HZ / 8)

/* An expired connection that controls others is kept for this long, repeatedly,
 * until they are gone: a minute from an extension, which sets @seen back by one
 * step so that vs_conn_touch() notices the next packet. */
#define VS_CONN_EXTENSION	(60 * HZ + VS_SEEN_STEP)

/* conn.c, for vs_conn_renew() only */
bool vs_conn_keep(struct vs_conn *cp);

/*
 * @cp is in use: the caller has written @seen or @ref, followed by a full
 * barrier. Takes @cp back from vs_conn_expire(), which pairs with that barrier,
 * and ends an extension: @timeout is in effect again. Returns false if @cp is
 * dead.
 */
static inline bool vs_conn_renew(struct vs_conn *cp)
{
	u32 st = READ_ONCE(cp->st);

	if (unlikely(st & (VS_ST_EXPIRING | VS_ST_EXTENDED)))
		return vs_conn_keep(cp);
	return !(st & VS_ST_DEAD);
}

/* Whether @cp, which is not dead, controls other connections. */
static inline bool vs_conn_controls(const struct vs_conn *cp)
{
	return refcount_read(&cp->ref) > 1;
}

enum vs_touch {
	VS_TOUCH_DEAD,		/* it has expired since it was looked up */
	VS_TOUCH_FRESH,		/* the last stamp is recent enough */
	VS_TOUCH_STAMPED,
};

/* Stamps @cp with the time of a packet, or a template with that of a new
 * connection. Written only if the last stamp is VS_SEEN_STEP old, so that
 * packets of a busy connection leave its cache line clean; a connection with a
 * newer stamp does not expire. */
static inline enum vs_touch vs_conn_touch(struct vs_conn *cp)
{
	u32 now = (u32)jiffies;

	if (now - READ_ONCE(cp->seen) < VS_SEEN_STEP)
		return VS_TOUCH_FRESH;
	WRITE_ONCE(cp->seen, now);
	smp_mb();	/* @seen, then @st: pairs with vs_conn_expire() */
	return vs_conn_renew(cp) ? VS_TOUCH_STAMPED : VS_TOUCH_DEAD;
}

/* vs_conn.synced of a connection that no sync message has mentioned. */
static inline u32 vs_conn_synced_never(void)
{
	return (u32)jiffies & ~3u;
}

/* Jiffies since the last packet of @cp. */
static inline u32 vs_conn_idle(const struct vs_conn *cp)
{
	u32 idle = (u32)jiffies - READ_ONCE(cp->seen);

	/* another CPU has stamped @cp after we read jiffies */
	return unlikely(idle > U32_MAX - HZ) ? 0 : idle;
}

/* Jiffies from the last packet of @cp until it expires. */
static inline u32 vs_conn_timeout(const struct vs_conn *cp)
{
	return READ_ONCE(cp->st) & VS_ST_EXTENDED ? VS_CONN_EXTENSION :
						    READ_ONCE(cp->timeout);
}

/* Jiffies until @cp expires unless another packet arrives; 0 if it is due. */
static inline u32 vs_conn_left(const struct vs_conn *cp)
{
	u32 idle = vs_conn_idle(cp), timeout = vs_conn_timeout(cp);

	return idle < timeout ? timeout - idle : 0;
}

/* Changes bits of @cp's state word. */
static inline void vs_conn_set_bits(struct vs_conn *cp, u32 clear, u32 set)
{
	u32 st = READ_ONCE(cp->st);

	while (((st & ~clear) | set) != st &&
	       !try_cmpxchg(&cp->st, &st, (st & ~clear) | set))
		;
}

/* @cp is in the table and in the wheel; from now on vs_conn_kill() works. */
static inline void vs_conn_set_hashed(struct vs_conn *cp)
{
	vs_conn_set_bits(cp, 0, VS_ST_HASHED);
}

/* drop_entry may remove connections with at most this many packets. */
#define VS_VICTIM_PKTS	8

static inline void vs_conn_set_keep(struct vs_conn *cp)
{
	vs_conn_set_bits(cp, 0, VS_ST_KEEP);
}

/* Counts a client's packet, up to VS_VICTIM_PKTS + 1: later packets do not
 * write @in_pkts. */
static inline void vs_conn_count(struct vs_conn *cp)
{
	u32 n;

	if (READ_ONCE(cp->st) & VS_ST_KEEP)
		return;
	n = READ_ONCE(cp->in_pkts) + 1;
	WRITE_ONCE(cp->in_pkts, n);
	if (n > VS_VICTIM_PKTS)
		vs_conn_set_keep(cp);
}

/* The longest period of vs_conn_count_on(). */
#define VS_CONN_PERIOD_MAX	(U16_MAX / 2)

/**
 * vs_conn_count_on - count a client's packet beyond VS_VICTIM_PKTS
 * @cp: connection or template
 * @period: packets after which a sync master sends the connection again, at most
 *	    VS_CONN_PERIOD_MAX; 0: never
 *
 * The count wraps around, after which it is the same modulo @period and still
 * above VS_VICTIM_PKTS.
 *
 * Return: the new count.
 */
static inline u32 vs_conn_count_on(struct vs_conn *cp, u32 period)
{
	u32 n = READ_ONCE(cp->in_pkts) + 1;

	period = max(period, 1U);
	if (n > U16_MAX)
		n = n % period + (VS_VICTIM_PKTS / period + 1) * period;
	WRITE_ONCE(cp->in_pkts, n);
	if (n > VS_VICTIM_PKTS)
		vs_conn_set_keep(cp);
	return n;
}

/*
 * Whether the packets of @cp are only forwarded: VS_ST_KEEP is set (until then
 * the packets are counted), VS_ST_APP is not (an app reads the payload), and
 * VS_ST_ONE_PACKET is not (the connection ends with its packet). One load and
 * one compare test all three.
 */
static inline bool vs_conn_is_plain(const struct vs_conn *cp)
{
	return (READ_ONCE(cp->st) &
		(VS_ST_KEEP | VS_ST_APP | VS_ST_ONE_PACKET)) == VS_ST_KEEP;
}

static inline u8 vs_conn_state(const struct vs_conn *cp)
{
	return READ_ONCE(cp->st) & VS_ST_STATE;
}

/**
 * struct vs_conn_conf - parameters of a new connection
 * @caddr:	client's address, of family @af; a template's network
 * @vaddr:	virtual address, likewise
 * @cport:	client port
 * @vport:	virtual port
 * @dport:	real server's port
 * @af:		AF_INET or AF_INET6
 * @proto:	IPPROTO_*
 * @method:	forwarding method if there is no @dest
 * @daddr:	real server's address if there is no @dest, or NULL
 * @st:		VS_ST_TEMPLATE, _ONE_PACKET, _ANY_CPORT, _SYNCED
 * @fwmark:	mark of the virtual service
 * @timeout:	timeout of a template, in jiffies
 * @dest:	destination, or NULL
 * @control:	template or control connection, or NULL
 * @ext:	extension, taken over if the connection is created; or NULL
 * @allow_dup:	there may be a connection with the same client-side tuple
 * @ignore_limit: conn_max does not apply: another connection is replaced
 */
struct vs_conn_conf {
	const union nf_inet_addr *caddr;
	const union nf_inet_addr *vaddr;
	__be16 cport;
	__be16 vport;
	__be16 dport;
	u8 af;
	u8 proto;
	u8 method;
	const union nf_inet_addr *daddr;
	u32 st;
	u32 fwmark;
	u32 timeout;
	struct vs_dest *dest;
	struct vs_conn *control;
	struct vs_conn_ext *ext;
	bool allow_dup;
	bool ignore_limit;
};

/**
 * vs_conn_new - create and hash a connection
 * @vn: namespace
 * @conf: parameters
 *
 * A connection with VS_ST_ONE_PACKET is not hashed: the caller is its only user
 * and frees it by vs_conn_end().
 *
 * Context: RCU, BH disabled.
 * Return: connection, valid until the end of the RCU read-side critical
 * section; ERR_PTR(-EEXIST): another CPU has created it, look it up again;
 * ERR_PTR(-ENOMEM); ERR_PTR(-ENOSPC): conn_max.
 */
struct vs_conn *vs_conn_new(struct vs_net *vn, const struct vs_conn_conf *conf);

/*
 * How a connection ends. vs_conn_kill() and vs_conn_expire() are the only ways
 * out of the table: they unhash the connection, take it out of the wheel, remove
 * its conntrack entry, unbind destination, control and app, and free the memory
 * after a grace period. The others call vs_conn_kill(), except for vs_conn_end().
 *
 *	vs_conn_end()		one-packet scheduling and failed vs_conn_new():
 *				was never hashed, freed at once
 *	vs_conn_kill()		packets that supersede it (reuse, destination
 *				gone), expectations
 *	vs_conn_expire()	the expiry wheel: ends unless somebody uses it at
 *				the same time
 *	vs_conn_drop()		drop_entry: killed unless it controls others, and
 *				its control too if that loses its last connection
 *	vs_conn_flush()		exit of a namespace, expire_nodest_conn: kills all,
 *				or all of removed destinations
 *	vs_conn_retire()	not an end: a template gets no new connections.
 *				It stays until its connections are gone and it
 *				expires
 */

/* @cp was never hashed and has no other user. BH disabled. */
void vs_conn_end(struct vs_conn *cp);

/**
 * vs_conn_kill - remove a connection from the table
 * @cp: connection or template
 * @why: counter of the reason
 *
 * Any number of CPUs may race here; one of them does the work.
 *
 * Context: RCU, BH disabled; no bucket or shard lock held.
 * Return: true if this call has removed @cp; false if it is dead already, or
 * not hashed yet.
 */
bool vs_conn_kill(struct vs_conn *cp, enum vs_counter why);

/**
 * vs_conn_expire - end a connection whose time is up
 * @cp: connection or template, which the caller has found to be due
 *
 * Kills @cp, unless it controls others, which extends it by a minute, or was
 * used in the meantime: by a packet, or by a new connection that it controls.
 * Who uses it before it is dead keeps it.
 *
 * Context: RCU, BH disabled; no bucket or shard lock held.
 * Return: true if this call has removed @cp; false if @cp stays or was dead.
 */
bool vs_conn_expire(struct vs_conn *cp);

/**
 * vs_conn_drop - remove a connection as a victim of drop_entry
 * @cp: connection or template
 *
 * Kills @cp unless it controls other connections. Its control goes as well when
 * this was its last connection, if it is a control connection or a template
 * that is not assured.
 *
 * Context: RCU, BH disabled.
 */
void vs_conn_drop(struct vs_conn *cp);

/* Template @tmpl gets no new connections. Context: RCU. */
void vs_conn_retire(struct vs_conn *tmpl);

/**
 * vs_conn_flush - kill all connections of a namespace
 * @vn: namespace
 * @gone: only those of removed destinations
 *
 * With @gone, no connection is left to a destination that was removed before the
 * call and not added again. Packets go on meanwhile.
 *
 * Context: process, may sleep.
 */
void vs_conn_flush(struct vs_net *vn, bool gone);

/* The state of @cp that the sync peers know. */
static inline u8 vs_conn_told(const struct vs_conn *cp)
{
	return (READ_ONCE(cp->st) & VS_ST_TOLD) >> VS_ST_TOLD_SHIFT;
}

static inline void vs_conn_set_told(struct vs_conn *cp, u8 state)
{
	vs_conn_set_bits(cp, VS_ST_TOLD, (u32)state << VS_ST_TOLD_SHIFT);
}

/* The state word of @cp has changed from @old to @new: traces the change to
 * @timeout and updates the destination's counters. For proto.c. BH disabled. */
void vs_conn_state_changed(struct vs_conn *cp, u32 old, u32 new, u32 timeout);

/* Allocates the table and the wheel with the first service or sync daemon: a
 * namespace without either does not pay for them. Under vn->config.lock. */
int vs_conn_net_start(struct vs_net *vn);
int vs_conn_net_init(struct vs_net *vn);
/* Kills all connections. No packet is in flight. */
void vs_conn_net_exit(struct vs_net *vn);
int vs_conn_init(void);
void vs_conn_exit(void);

#endif /* VS_CONN_H */
