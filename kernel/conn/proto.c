// SPDX-License-Identifier: GPL-2.0
/*
 * Transport protocols: state transitions of connections, timeouts, and the
 * names of protocols and states.
 *
 * A transition is computed from the state word inside the cmpxchg loop, so that
 * packets on several CPUs act one after the other: the FINs of both sides, seen
 * at the same time, end in TIME_WAIT whatever their order.
 */
#include <linux/in.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "conn/conn.h"
#include "conn/proto.h"
#include "net.h"
#include "path/pkt.h"

static const u16 tcp_seconds[VS_TCP_S_MAX] = {
	[VS_TCP_S_NONE] = 2,
	[VS_TCP_S_ESTABLISHED] = 15 * 60,
	[VS_TCP_S_SYN_SENT] = 2 * 60,
	[VS_TCP_S_SYN_RECV] = 60,
	[VS_TCP_S_FIN_WAIT] = 2 * 60,
	[VS_TCP_S_TIME_WAIT] = 2 * 60,
	[VS_TCP_S_CLOSE] = 10,
	[VS_TCP_S_CLOSE_WAIT] = 60,
	[VS_TCP_S_LAST_ACK] = 30,
	[VS_TCP_S_LISTEN] = 2 * 60,
	[VS_TCP_S_SYNACK] = 2 * 60,
};

/* Seconds that a step of a handshake or shutdown may take: the longest
 * retransmission timeout (RFC 9260, RTO.Max) plus one. */
#define SCTP_STEP	(60 + 1)

static const u16 sctp_seconds[VS_SCTP_S_MAX] = {
	[VS_SCTP_S_NONE] = 2,
	[VS_SCTP_S_INIT1] = 3 + 1,
	[VS_SCTP_S_INIT] = SCTP_STEP,
	[VS_SCTP_S_COOKIE_SENT] = SCTP_STEP,
	[VS_SCTP_S_COOKIE_REPLIED] = SCTP_STEP,
	[VS_SCTP_S_COOKIE_WAIT] = SCTP_STEP,
	[VS_SCTP_S_COOKIE] = SCTP_STEP,
	[VS_SCTP_S_COOKIE_ECHOED] = SCTP_STEP,
	[VS_SCTP_S_ESTABLISHED] = 15 * 60,
	[VS_SCTP_S_SHUTDOWN_SENT] = SCTP_STEP,
	[VS_SCTP_S_SHUTDOWN_RECEIVED] = SCTP_STEP,
	[VS_SCTP_S_SHUTDOWN_ACK_SENT] = SCTP_STEP,
	[VS_SCTP_S_REJECTED] = 3 + 1,
	[VS_SCTP_S_CLOSED] = SCTP_STEP,
};

#define UDP_SECONDS	(5 * 60)

void vs_proto_net_init(struct vs_proto_net *pn)
{
	unsigned int i;

	for (i = 0; i < VS_TCP_S_MAX; i++)
		pn->tcp_timeout[i] = tcp_seconds[i] * HZ;
	for (i = 0; i < VS_SCTP_S_MAX; i++)
		pn->sctp_timeout[i] = sctp_seconds[i] * HZ;
	pn->udp_timeout = UDP_SECONDS * HZ;
	pn->secure_tcp = false;
}

/* Slow path: @cp->vn is on the connection's second cache line. */
static u32 proto_timeout(const struct vs_conn *cp, u8 state)
{
	const struct vs_proto_net *pn = &cp->vn->proto;

	switch (cp->proto) {
	case IPPROTO_TCP:
		return READ_ONCE(pn->tcp_timeout[state]);
	case IPPROTO_SCTP:
		return READ_ONCE(pn->sctp_timeout[state]);
	default:
		return READ_ONCE(pn->udp_timeout);
	}
}

/*
 * Writes the timeout of @cp's state. State and timeout are two words, and a CPU
 * may be delayed between changing one and writing the other:
 *
 *	CPU 0				CPU 1
 *	st = CLOSE_WAIT
 *					st = TIME_WAIT
 *					timeout = 2 min
 *	timeout = 1 min
 *
 * So each CPU reads the state again after its write, and repeats the write
 * until the state is the one whose timeout it has written. Both xchg() and the
 * cmpxchg of the state are full barriers: if CPU 0 still reads CLOSE_WAIT after
 * its write, CPU 1 has not written its timeout yet, and overwrites that of CPU
 * 0. Until then the timeout may be that of an earlier state. The wheel cannot
 * act on it, since @seen is new and no timeout is that short.
 *
 * xchg() also returns what was replaced: a timeout that becomes shorter is
 * noticed by exactly the CPU that shortens it, which moves @cp in the wheel. A
 * longer one is noticed by the wheel when the old slot comes up. The wheel
 * itself does not write @timeout.
 */
static void proto_write_timeout(struct vs_conn *cp)
{
	bool shorter = false;
	u32 timeout;
	u8 state;

	WRITE_ONCE(cp->seen, (u32)jiffies);
	do {
		state = vs_conn_state(cp);
		timeout = proto_timeout(cp, state);
		if (timeout < xchg(&cp->timeout, timeout))
			shorter = true;
	} while (vs_conn_state(cp) != state);
	if (shorter)
		vs_wheel_move(&cp->vn->wheel, cp);
	/* xchg() was a full barrier after the write to @seen */
	vs_conn_renew(cp);
}

/* The state word @old with its state replaced by @state. */
static u32 proto_state_word(u8 proto, u32 old, u8 state)
{
	bool active = proto == IPPROTO_TCP ? vs_tcp_active(state) :
		      proto == IPPROTO_SCTP ? vs_sctp_active(state) : false;

	return (old & ~(VS_ST_STATE | VS_ST_INACTIVE)) | state |
	       (active ? 0 : VS_ST_INACTIVE);
}

/* Returns false if @cp is dead. */
static bool proto_put_state(struct vs_conn *cp, u8 state, u32 timeout)
{
	u32 old = READ_ONCE(cp->st), new;

	do {
		if (old & VS_ST_DEAD)
			return false;
		new = old & VS_ST_TEMPLATE ?
		      (old & ~VS_ST_STATE) | state :
		      proto_state_word(cp->proto, old, state);
	} while (!try_cmpxchg(&cp->st, &old, new));
	vs_conn_state_changed(cp, old, new, timeout);
	return true;
}

void vs_proto_set_state(struct vs_conn *cp, u8 state)
{
	if (proto_put_state(cp, state, proto_timeout(cp, state)))
		proto_write_timeout(cp);
}

bool vs_proto_restore(struct vs_conn *cp, u8 state, u32 timeout)
{
	timeout = timeout ?: proto_timeout(cp, state);
	if (!proto_put_state(cp, state, timeout))
		return false;
	WRITE_ONCE(cp->seen, (u32)jiffies);
	if (timeout < xchg(&cp->timeout, timeout))
		vs_wheel_move(&cp->vn->wheel, cp);
	/* A packet has changed the state since, and maybe written its timeout
	 * before us: see proto_write_timeout(). */
	if (unlikely(vs_conn_state(cp) != state) &&
	    !(READ_ONCE(cp->st) & VS_ST_TEMPLATE))
		proto_write_timeout(cp);
	/* xchg() was a full barrier after the write to @seen */
	return vs_conn_renew(cp);
}

unsigned int vs_proto_states(u8 proto)
{
	switch (proto) {
	case IPPROTO_TCP:
		return VS_TCP_S_MAX;
	case IPPROTO_SCTP:
		return VS_SCTP_S_MAX;
	case IPPROTO_UDP:
		return 1;
	}
	return 0;
}

/* @cp is established, or answered (UDP): marks its template as assured, so that
 * drop_entry spares it. */
static void proto_assure_tmpl(struct vs_conn *cp)
{
	struct vs_conn *tmpl = cp->control;
	u32 old;

	old = READ_ONCE(tmpl->st);
	while ((old & VS_ST_TEMPLATE) && !(old & VS_TMPL_ASSURED))
		if (try_cmpxchg(&tmpl->st, &old, old | VS_TMPL_ASSURED))
			return;
}

static enum vs_state_dir proto_state_dir(u32 st, enum vs_dir dir)
{
	if (dir == VS_DIR_OUT)
		return VS_STATE_OUTPUT;
	return st & VS_ST_NOOUTPUT ? VS_STATE_INPUT_ONLY : VS_STATE_INPUT;
}

/*
 * One transition of a TCP or SCTP connection. Nearly every packet is an ACK or
 * DATA in ESTABLISHED that changes nothing: nothing is written then.
 */
static __always_inline void proto_step(struct vs_conn *cp,
				       const struct vs_pkt *p, enum vs_dir dir,
				       u8 proto)
{
	const struct vs_proto_net *pn = &p->vn->proto;
	bool tcp = proto == IPPROTO_TCP;
	u32 old = READ_ONCE(cp->st), new, timeout;
	u8 state, next;

	do {
		enum vs_state_dir sender = proto_state_dir(old, dir);

		state = old & VS_ST_STATE;
		if (tcp) {
			next = vs_tcp_next(READ_ONCE(pn->secure_tcp),
					   sender, p->tcp, state);
			timeout = READ_ONCE(pn->tcp_timeout[next]);
		} else {
			next = vs_sctp_next(sender, p->chunk, state);
			timeout = READ_ONCE(pn->sctp_timeout[next]);
		}
		new = dir == VS_DIR_OUT ? old & ~VS_ST_NOOUTPUT : old;
		if (next == state && new == old) {
			if (likely(timeout == READ_ONCE(cp->timeout)) ||
			    old & VS_ST_DEAD)
				return;
			break;	/* only the timeout has been reconfigured */
		}
		if (old & VS_ST_DEAD)
			return;
		if (next != state)
			new = proto_state_word(proto, new, next);
	} while (!try_cmpxchg(&cp->st, &old, new));

	vs_conn_state_changed(cp, old, new, timeout);
	proto_write_timeout(cp);
	if (next != state && (old & VS_ST_CONTROLLED) &&
	    next == (tcp ? VS_TCP_S_ESTABLISHED : VS_SCTP_S_ESTABLISHED))
		proto_assure_tmpl(cp);
}

/* UDP has a single state, 0. */
static void proto_step_udp(struct vs_conn *cp, const struct vs_pkt *p,
			   enum vs_dir dir)
{
	if (READ_ONCE(p->vn->proto.udp_timeout) != READ_ONCE(cp->timeout) &&
	    !(READ_ONCE(cp->st) & VS_ST_DEAD))
		proto_write_timeout(cp);
	if (dir == VS_DIR_OUT && (READ_ONCE(cp->st) & VS_ST_CONTROLLED))
		proto_assure_tmpl(cp);
}

void vs_proto_state(struct vs_conn *cp, const struct vs_pkt *p,
		    enum vs_dir dir)
{
	/* no transport header */
	if (p->nonfirst_frag)
		return;
	switch (p->proto) {
	case IPPROTO_TCP:
		proto_step(cp, p, dir, IPPROTO_TCP);
		break;
	case IPPROTO_SCTP:
		proto_step(cp, p, dir, IPPROTO_SCTP);
		break;
	case IPPROTO_UDP:
		proto_step_udp(cp, p, dir);
		break;
	}
}

enum vs_phase vs_proto_phase(const struct vs_conn *cp)
{
	u8 state = vs_conn_state(cp);

	switch (cp->proto) {
	case IPPROTO_TCP:
		if (state == VS_TCP_S_ESTABLISHED)
			return VS_PHASE_LASTING;
		return state == VS_TCP_S_SYN_RECV || state == VS_TCP_S_SYNACK ?
		       VS_PHASE_OPENING : VS_PHASE_ENDING;
	case IPPROTO_SCTP:
		if (state == VS_SCTP_S_ESTABLISHED)
			return VS_PHASE_LASTING;
		return state == VS_SCTP_S_INIT1 || state == VS_SCTP_S_INIT ?
		       VS_PHASE_OPENING : VS_PHASE_ENDING;
	default:
		return VS_PHASE_LASTING;
	}
}

const char *vs_proto_name(u8 proto, char buf[VS_PROTO_NAME_LEN])
{
	switch (proto) {
	case IPPROTO_IP:
		return "IP";
	case IPPROTO_TCP:
		return "TCP";
	case IPPROTO_UDP:
		return "UDP";
	case IPPROTO_SCTP:
		return "SCTP";
	case IPPROTO_ICMP:
		return "ICMP";
	case IPPROTO_ICMPV6:
		return "ICMPv6";
	}
	snprintf(buf, VS_PROTO_NAME_LEN, "IP_%u", proto);
	return buf;
}

const char *vs_proto_state_name(u8 proto, const struct vs_conn *cp)
{
	u32 st = READ_ONCE(cp->st);

	if (st & VS_ST_TEMPLATE)
		return st & VS_TMPL_ASSURED ? "ASSURED" : "NONE";
	switch (proto) {
	case IPPROTO_TCP:
		return vs_tcp_state_name(st & VS_ST_STATE);
	case IPPROTO_SCTP:
		return vs_sctp_state_name(st & VS_ST_STATE);
	case IPPROTO_UDP:
		return st & VS_ST_STATE ? "ERR!" : "UDP";
	case IPPROTO_IP:
		return "NONE";
	}
	return "ERR!";
}
