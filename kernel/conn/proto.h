/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_PROTO_H
#define VS_PROTO_H

#include <linux/ip_vs.h>

#include "conn/conn.h"

/* TCP states; the numbers are on the sync wire. */
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

/* SCTP states, likewise. */
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

/* State of a persistence template: a connection under it proved to be real. */
#define VS_TMPL_ASSURED	1u

/* Whose packet it is, for the state tables. */
enum vs_state_dir {
	VS_STATE_INPUT,		/* client's, replies are seen */
	VS_STATE_OUTPUT,		/* real server's */
	VS_STATE_INPUT_ONLY,	/* client's, replies bypass us */
	VS_STATE_DIRS
};

/* Per namespace: timeouts in jiffies, by state. */
struct vs_proto_net {
	u32 tcp_timeout[VS_TCP_S_MAX];
	u32 sctp_timeout[VS_SCTP_S_MAX];
	u32 udp_timeout;
	bool secure_tcp;
};

void vs_proto_net_init(struct vs_proto_net *pn);

/* tcp_state.c: pure. The state after a packet with VS_TCP_* @flags. */
u8 vs_tcp_next(bool secure, enum vs_state_dir row, u8 flags, u8 state);
bool vs_tcp_active(u8 state);
const char *vs_tcp_state_name(u8 state);

/* sctp_state.c: pure. The state after a packet whose first chunk is @chunk
 * (SCTP_CID_*). */
u8 vs_sctp_next(enum vs_state_dir row, u8 chunk, u8 state);
bool vs_sctp_active(u8 state);
const char *vs_sctp_state_name(u8 state);

/* "TCP", "UDP", ... and the state's name as /proc/net/ip_vs_conn prints. @buf
 * is for protocols without a name, of which there may be services. */
#define VS_PROTO_NAME_LEN	8
const char *vs_proto_name(u8 proto, char buf[VS_PROTO_NAME_LEN]);
const char *vs_proto_state_name(u8 proto, const struct vs_conn *cp);

/* proto.c: moves @cp on for packet @p going @dir. BH disabled, RCU. */
void vs_proto_state(struct vs_conn *cp, const struct vs_pkt *p,
		    enum vs_dir dir);

/* How far a connection is, whatever its protocol. */
enum vs_phase {
	VS_PHASE_OPENING,	/* the client has not proved to exist */
	VS_PHASE_LASTING,
	VS_PHASE_ENDING,
};

enum vs_phase vs_proto_phase(const struct vs_conn *cp);

#endif /* VS_PROTO_H */
