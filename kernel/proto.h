/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_PROTO_H
#define VS_PROTO_H

#include <linux/ip_vs.h>

#include "conn.h"

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

/* State of a persistence template: a connection under it proved to be real. */
#define VS_CT_ASSURED	1u

/* Whose packet it is, for the state table. */
enum vs_tcp_row {
	VS_TCP_INPUT,		/* client's, replies are seen */
	VS_TCP_OUTPUT,		/* real server's */
	VS_TCP_INPUT_ONLY,	/* client's, replies bypass us */
};

/* Per namespace: timeouts in jiffies, by state. */
struct vs_proto_net {
	u32 tcp_timeout[VS_TCP_S_MAX];
	u32 udp_timeout;
	bool secure_tcp;
};

void vs_proto_net_init(struct vs_proto_net *pn);

/* tcp_state.c: pure. The state after a packet with VS_TCP_* @flags. */
u8 vs_tcp_next(bool secure, enum vs_tcp_row row, u8 flags, u8 state);
bool vs_tcp_active(u8 state);
const char *vs_tcp_state_name(u8 state);

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
