// SPDX-License-Identifier: GPL-2.0
/*
 * What the transport protocols make of a connection: state, timeout, names.
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

/* A handshake's or shutdown's step takes no longer than the longest
 * retransmission timeout (RFC 9260, RTO.Max) and a second. */
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

/* The connection proved to be real, and with it what steers it. */
static void assure(struct vs_conn *cp)
{
	struct vs_conn *ct = cp->control;
	u32 old;

	old = READ_ONCE(ct->st);
	while ((old & VS_ST_TEMPLATE) && !(old & VS_TMPL_ASSURED))
		if (try_cmpxchg(&ct->st, &old, old | VS_TMPL_ASSURED))
			return;
}

static enum vs_state_dir row(u32 st, enum vs_dir dir)
{
	if (dir == VS_DIR_OUT)
		return VS_STATE_OUTPUT;
	return st & VS_ST_NOOUTPUT ? VS_STATE_INPUT_ONLY : VS_STATE_INPUT;
}

/*
 * Nearly every packet is an ACK in ESTABLISHED that changes nothing, and
 * nothing is written then.
 */
static void tcp_state(struct vs_conn *cp, const struct vs_pkt *p,
		      enum vs_dir dir)
{
	const struct vs_proto_net *pn = &p->vn->proto;
	u32 st = READ_ONCE(cp->st);
	u32 clear = dir == VS_DIR_OUT ? st & VS_ST_NOOUTPUT : 0;
	u8 state = st & VS_ST_STATE;
	u32 timeout;
	u8 next;

	next = vs_tcp_next(READ_ONCE(pn->secure_tcp), row(st, dir), p->tcp,
			   state);
	timeout = READ_ONCE(pn->tcp_timeout[next]);
	if (next == state && !clear && timeout == READ_ONCE(cp->timeout))
		return;

	vs_conn_set_state(cp, next, vs_tcp_active(next), timeout, clear);
	if (next == VS_TCP_S_ESTABLISHED && next != state &&
	    (st & VS_ST_CONTROLLED))
		assure(cp);
}

static void sctp_state(struct vs_conn *cp, const struct vs_pkt *p,
		       enum vs_dir dir)
{
	u32 st = READ_ONCE(cp->st);
	u32 clear = dir == VS_DIR_OUT ? st & VS_ST_NOOUTPUT : 0;
	u8 state = st & VS_ST_STATE;
	u8 next = vs_sctp_next(row(st, dir), p->chunk, state);
	u32 timeout = READ_ONCE(p->vn->proto.sctp_timeout[next]);

	if (next == state && !clear && timeout == READ_ONCE(cp->timeout))
		return;

	vs_conn_set_state(cp, next, vs_sctp_active(next), timeout, clear);
	if (next == VS_SCTP_S_ESTABLISHED && next != state &&
	    (st & VS_ST_CONTROLLED))
		assure(cp);
}

static void udp_state(struct vs_conn *cp, const struct vs_pkt *p,
		      enum vs_dir dir)
{
	u32 timeout = READ_ONCE(p->vn->proto.udp_timeout);

	if (timeout != READ_ONCE(cp->timeout))
		vs_conn_set_state(cp, 0, false, timeout, 0);
	if (dir == VS_DIR_OUT && (READ_ONCE(cp->st) & VS_ST_CONTROLLED))
		assure(cp);
}

void vs_proto_state(struct vs_conn *cp, const struct vs_pkt *p,
		    enum vs_dir dir)
{
	/* Without a transport header there is nothing to learn. */
	if (p->nonfirst_frag)
		return;
	switch (p->proto) {
	case IPPROTO_TCP:
		tcp_state(cp, p, dir);
		break;
	case IPPROTO_SCTP:
		sctp_state(cp, p, dir);
		break;
	case IPPROTO_UDP:
		udp_state(cp, p, dir);
		break;
	}
}

static enum vs_phase tcp_phase(u8 state)
{
	switch (state) {
	case VS_TCP_S_SYN_RECV:
	case VS_TCP_S_SYNACK:
		return VS_PHASE_OPENING;
	case VS_TCP_S_ESTABLISHED:
		return VS_PHASE_LASTING;
	default:
		return VS_PHASE_ENDING;
	}
}

static enum vs_phase sctp_phase(u8 state)
{
	switch (state) {
	case VS_SCTP_S_INIT1:
	case VS_SCTP_S_INIT:
		return VS_PHASE_OPENING;
	case VS_SCTP_S_ESTABLISHED:
		return VS_PHASE_LASTING;
	default:
		return VS_PHASE_ENDING;
	}
}

enum vs_phase vs_proto_phase(const struct vs_conn *cp)
{
	switch (cp->proto) {
	case IPPROTO_TCP:
		return tcp_phase(vs_conn_state(cp));
	case IPPROTO_SCTP:
		return sctp_phase(vs_conn_state(cp));
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
