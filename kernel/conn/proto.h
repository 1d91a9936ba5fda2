/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_PROTO_H
#define VS_PROTO_H

#include <linux/ip_vs.h>

#include "conn/conn.h"

/* TCP states. The numbers are part of the sync protocol. */
enum vs_tcp_state {
	VS_TCP_S_NONE,
	VS_TCP_S_ESTABLISHED,
	VS_TCP_S_SYN_SENT,
	VS_TCP_S_SYN_RECV,
	VS_TCP_S_FIN_WAIT,
	VS_TCP_S_TIME_WAIT,
	VS_TCP_S_CLOSE,
	VS_TCP_S_CLOSE_WAIT,
	VS_TCP_S_LAST_ACK,
	VS_TCP_S_LISTEN,
	VS_TCP_S_SYNACK,
	VS_TCP_S_MAX
};

/* SCTP states. The numbers are part of the sync protocol. */
enum vs_sctp_state {
	VS_SCTP_S_NONE,
	VS_SCTP_S_INIT1,
	VS_SCTP_S_INIT,
	VS_SCTP_S_COOKIE_SENT,
	VS_SCTP_S_COOKIE_REPLIED,
	VS_SCTP_S_COOKIE_WAIT,
	VS_SCTP_S_COOKIE,
	VS_SCTP_S_COOKIE_ECHOED,
	VS_SCTP_S_ESTABLISHED,
	VS_SCTP_S_SHUTDOWN_SENT,
	VS_SCTP_S_SHUTDOWN_RECEIVED,
	VS_SCTP_S_SHUTDOWN_ACK_SENT,
	VS_SCTP_S_REJECTED,
	VS_SCTP_S_CLOSED,
	VS_SCTP_S_MAX
};

/* State of a persistence template: one of its connections was established, or
 * answered (UDP). */
#define VS_TMPL_ASSURED	1u

/* Sender of the packet: index of the state tables. */
enum vs_state_dir {
	VS_STATE_INPUT,		/* the client; replies pass the director */
	VS_STATE_OUTPUT,	/* the real server */
	VS_STATE_INPUT_ONLY,	/* the client; replies bypass the director */
	VS_STATE_DIRS
};

/**
 * struct vs_proto_net - protocol parameters of a namespace
 * @tcp_timeout:	in jiffies, by state
 * @sctp_timeout:	likewise
 * @udp_timeout:	in jiffies
 * @secure_tcp:		use the TCP state table for SYN floods
 */
struct vs_proto_net {
	u32 tcp_timeout[VS_TCP_S_MAX];
	u32 sctp_timeout[VS_SCTP_S_MAX];
	u32 udp_timeout;
	bool secure_tcp;
};

void vs_proto_net_init(struct vs_proto_net *pn);

/**
 * vs_proto_state - update the state of a connection by a packet
 * @cp: connection
 * @p: packet
 * @dir: direction of @p
 *
 * Writes to @cp only if its state or timeout changes or if @p is the first reply.
 * Marks the template of a connection that becomes established as assured. When
 * all concurrent calls have returned, the timeout is that of @cp's state; with
 * one of vs_proto_restore() among them, unless that call has set the state last.
 *
 * Context: RCU, BH disabled.
 */
void vs_proto_state(struct vs_conn *cp, const struct vs_pkt *p,
		    enum vs_dir dir);

/* Sets @cp's state, and its timeout, regardless of the present one. RCU, BH
 * disabled. */
void vs_proto_set_state(struct vs_conn *cp, u8 state);

/**
 * vs_proto_restore - set the state of a connection that a sync peer reports
 * @cp: connection or template
 * @state: state of the protocol, valid; of a template 0 or VS_TMPL_ASSURED
 * @timeout: jiffies until @cp expires, 0 for the state's own timeout here
 *
 * @timeout stays until a packet comes: that brings the state's own back. If one
 * changes the state at the same time, the timeout is that of the new state.
 *
 * Context: RCU, BH disabled.
 * Return: false if @cp is dead.
 */
bool vs_proto_restore(struct vs_conn *cp, u8 state, u32 timeout);

/* The number of states of @proto, 0 for a protocol that is not balanced. */
unsigned int vs_proto_states(u8 proto);

/* Phase of a connection, independent of its protocol. */
enum vs_phase {
	VS_PHASE_OPENING,	/* may be a spoofed SYN or INIT */
	VS_PHASE_LASTING,	/* established, or a protocol without states */
	VS_PHASE_ENDING,	/* any other state */
};

enum vs_phase vs_proto_phase(const struct vs_conn *cp);

#define VS_PROTO_NAME_LEN	8

/* Names as in /proc/net/ip_vs_conn. @buf is used for a protocol without a name,
 * for which a service may be configured. */
const char *vs_proto_name(u8 proto, char buf[VS_PROTO_NAME_LEN]);
const char *vs_proto_state_name(u8 proto, const struct vs_conn *cp);

/* tcp_state.c: pure functions */

/* The state after a segment with VS_TCP_* @flags. */
u8 vs_tcp_next(bool secure, enum vs_state_dir dir, u8 flags, u8 state);
bool vs_tcp_active(u8 state);
const char *vs_tcp_state_name(u8 state);

/* sctp_state.c: pure functions */

/* The state after a packet whose first chunk is @chunk (SCTP_CID_*). */
u8 vs_sctp_next(enum vs_state_dir dir, u8 chunk, u8 state);
bool vs_sctp_active(u8 state);
const char *vs_sctp_state_name(u8 state);

#endif /* VS_PROTO_H */
