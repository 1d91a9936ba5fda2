/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_CONN_H
#define VS_CONN_H

#include <linux/jiffies.h>
#include <linux/refcount.h>

#include "counters.h"
#include "types.h"

/*
 * Direction of a packet of a connection, and index of the hash link under
 * which that direction is found.
 */
enum vs_dir {
	VS_DIR_IN,		/* client to virtual address */
	VS_DIR_OUT,		/* real server to client */
};

/*
 * vs_conn.st: one word, so that every change is one cmpxchg and the
 * destination's counters follow each change exactly once.
 */
#define VS_ST_STATE		0x000000ffu	/* protocol state, IP_VS_TCP_S_* ... */
#define VS_ST_INACTIVE		0x00000100u	/* counted as inactive */
#define VS_ST_NOOUTPUT		0x00000200u	/* no reply seen: DR, TUN */
#define VS_ST_DEAD		0x00000400u	/* being removed, counters settled */
#define VS_ST_TEMPLATE		0x00000800u	/* persistence template */
#define VS_ST_HASHED		0x00001000u	/* in the table */
#define VS_ST_ONE_PACKET	0x00002000u
#define VS_ST_SYNCED		0x00004000u	/* came from a sync master */
#define VS_ST_CONTROLLED	0x00008000u	/* has a template */
#define VS_ST_STALE		0x00010000u	/* template that steers no more */
#define VS_ST_KEEP		0x00020000u	/* too many packets to be a victim */
#define VS_ST_NFCT		0x00040000u	/* conntrack is to know it */
#define VS_ST_APP		0x00080000u	/* a helper looks at it: ext->app */
#define VS_ST_EXPECTED		0x00100000u	/* announced for any client port */

/* Bit 0 of a chain link is the bucket's lock, bit 1 the end-of-chain mark;
 * bit 3 of a link's address tells link[0] from link[1]. */
struct vs_link {
	unsigned long next;
};

/**
 * struct vs_conn - a connection, or a persistence template
 *
 * Found under RCU and used without a reference for as long as the RCU read
 * section lasts. Line 0 is all that an established IPv4 packet touches.
 *
 * @link:	hash chain links, VS_DIR_IN and (NAT only) VS_DIR_OUT
 * @dest:	destination; holds a reference of its own (vs_dest_lookup()), NULL
 *		if none. Set before hashing, constant after
 * @out_dst:	cached route of NAT replies, holds a dst reference
 * @a4:		IPv4 client, virtual and destination address
 * @out_cookie: validates an IPv6 @out_dst; an IPv4 one needs none
 * @cport:	client port, network order like the others
 * @vport:	virtual port
 * @dport:	real server's port
 * @proto:	IPPROTO_TCP, IPPROTO_UDP, ...
 * @af:		family of client and virtual address
 * @method:	IP_VS_CONN_F_MASQ, ... : how packets are forwarded
 * @st:		VS_ST_*, changed by cmpxchg only
 * @seen:	jiffies (low 32 bits) when last used, up to VS_SEEN_STEP old
 * @timeout:	jiffies after @seen when the connection ends
 * @wheel:	place in the expiry wheel; under the shard's lock
 * @rcu:	takes @wheel's place once the connection left the wheel
 * @vn:		namespace
 * @control:	template that steers this connection, or the one on which it was
 *		announced; holds a reference
 * @ext:	rarely needed state, NULL for nearly all connections; owned, set
 *		before hashing, constant after
 * @ref:	1 for the table, 1 for each connection with this as @control,
 *		1 for each user outside an RCU section
 * @n_control:	connections that have this as @control
 * @fwmark:	mark of the service it was scheduled by, 0 for none
 * @in_pkts:	packets in, approximate; not counted once VS_ST_KEEP is set
 * @shard:	expiry wheel shard
 * @a6:		IPv6 client, virtual and destination address; only allocated
 *		when @af is AF_INET6
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

	/* line 1: birth, state changes, death */
	union {
		struct hlist_node wheel;
		struct rcu_head rcu;
	};
	struct vs_net *vn;
	struct vs_conn *control;
	struct vs_conn_ext *ext;
	refcount_t ref;
	atomic_t n_control;
	u32 fwmark;
	u32 in_pkts;
	u8 shard;

	/* lines 2: IPv6 only */
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

/* Stamp of a packet: written only when it is this old, so that a busy
 * connection's line stays clean. */
#define VS_SEEN_STEP	(HZ / 8)

static inline void vs_conn_touch(struct vs_conn *cp)
{
	u32 now = (u32)jiffies;

	if (now - READ_ONCE(cp->seen) >= VS_SEEN_STEP)
		WRITE_ONCE(cp->seen, now);
}

/* Jiffies until @cp ends when no packet comes; 0 when due. */
static inline u32 vs_conn_left(const struct vs_conn *cp)
{
	u32 idle = (u32)jiffies - READ_ONCE(cp->seen);
	u32 timeout = READ_ONCE(cp->timeout);

	/* stamped by another CPU after jiffies was read here */
	if (unlikely(idle > U32_MAX - HZ))
		idle = 0;
	return idle < timeout ? timeout - idle : 0;
}

/* @cp is in the table and in the wheel. */
static inline void vs_conn_set_hashed(struct vs_conn *cp)
{
	u32 st = READ_ONCE(cp->st);

	while (!try_cmpxchg(&cp->st, &st, st | VS_ST_HASHED))
		;
}

#define VS_VICTIM_PKTS	8	/* a connection with no more may be a victim */

/* A packet came in. Only the first ones count; they alone write here. */
static inline void vs_conn_count(struct vs_conn *cp)
{
	u32 st = READ_ONCE(cp->st), n;

	if (st & VS_ST_KEEP)
		return;
	n = READ_ONCE(cp->in_pkts) + 1;
	WRITE_ONCE(cp->in_pkts, n);
	if (n > VS_VICTIM_PKTS)
		while (!try_cmpxchg(&cp->st, &st, st | VS_ST_KEEP))
			;
}

/*
 * Whether the packets of @cp are only forwarded. VS_ST_KEEP must be set: until
 * then the packets are counted. VS_ST_APP must not: an app reads the payload.
 * Nor VS_ST_ONE_PACKET: the connection ends with its packet. One load and one
 * compare for the three.
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
 * struct vs_conn_conf - what a new connection is made of
 *
 * @caddr and @vaddr are of family @af; the destination's address and family
 * come from @dest (@daddr when @dest is NULL).
 */
struct vs_conn_conf {
	const union nf_inet_addr *caddr;
	const union nf_inet_addr *vaddr;
	const union nf_inet_addr *daddr;
	__be16 cport;
	__be16 vport;
	__be16 dport;
	u8 af;
	u8 proto;
	u8 method;		/* without @dest */
	u32 st;			/* VS_ST_TEMPLATE, _ONE_PACKET, _NO_CPORT, _NFCT */
	u32 fwmark;
	u32 timeout;		/* jiffies, of a template */
	struct vs_dest *dest;
	struct vs_conn *control;	/* template to follow, or NULL */
	struct vs_conn_ext *ext;		/* the connection's, once it is made */
	bool allow_dup;			/* the client may have one like it */
	bool ignore_limit;			/* of another that goes: conn_max does not count */
};

/*
 * Makes and hashes a connection. Softirq or BH-disabled context, under RCU.
 * -EEXIST: another CPU was faster, look it up again; -ENOMEM; -ENOSPC:
 * conn_max. The caller may use the result until its RCU section ends.
 *
 * With VS_ST_ONE_PACKET it is in no table: the caller is its only user and
 * ends it by vs_conn_end().
 */
struct vs_conn *vs_conn_new(struct vs_net *vn, const struct vs_conn_conf *conf);
void vs_conn_end(struct vs_conn *cp);

/* Takes @cp out of the table at once, counted as @why. Any number of callers may
 * race: true for the one that did it. BH disabled, RCU. */
bool vs_conn_kill_as(struct vs_conn *cp, enum vs_counter why);

static inline bool vs_conn_kill(struct vs_conn *cp)
{
	return vs_conn_kill_as(cp, VS_EV_CONN_KILLED);
}

/* Likewise for a connection that nobody will miss: what controls it, an FTP
 * session or a template without any connection that proved to be real, goes
 * along with its last one. A connection that controls others stays. */
void vs_conn_drop(struct vs_conn *cp);

/* From here on no connection is made under template @ct; it stays until its
 * own are gone and its time is up. */
void vs_conn_retire(struct vs_conn *ct);

/* @cp changes to protocol state @state with @timeout (jiffies); settles the
 * destination's active/inactive counters; @active: whether the new state
 * counts as active; @clear: VS_ST_* flags to clear along. */
void vs_conn_set_state(struct vs_conn *cp, u8 state, bool active, u32 timeout,
		       u32 clear);

struct vs_conn *vs_conn_get(struct vs_conn *cp);	/* NULL when it is gone */
void vs_conn_put(struct vs_conn *cp);

/* Kills everything, or (@gone) what belongs to removed destinations. Process
 * context, sleeps. */
void vs_conn_flush(struct vs_net *vn, bool gone);

/* Makes the table and the wheel on first use: a namespace without services
 * costs nothing. Under vn->config.lock. */
int vs_conn_net_start(struct vs_net *vn);
int vs_conn_net_init(struct vs_net *vn);
void vs_conn_net_exit(struct vs_net *vn);	/* no packets any more: kills all */
int vs_conn_init(void);
void vs_conn_exit(void);

#endif /* VS_CONN_H */
