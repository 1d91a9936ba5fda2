// SPDX-License-Identifier: GPL-2.0
/*
 * The TCP state machine as a pure function, without connection and packet.
 *
 * The flags are evaluated in the order RST, SYN, FIN, ACK; a segment with none
 * of them leads to CLOSE. Sequence numbers are not checked, since a director
 * may join a connection late or miss segments: an ACK without a connection
 * counts as established.
 *
 * The tables have a line for each current state, and a group of columns for the
 * sender of the segment:
 *
 *	INPUT		the client; replies pass the director
 *	OUTPUT		the real server
 *	INPUT_ONLY	the client; replies bypass the director
 *
 * States are abbreviated to their initials: SR is SYN_RECV, SA SYNACK, LI
 * LISTEN (an expected connection).
 */
#include "conn/proto.h"
#include "path/pkt.h"

/* Headers of User Mode Linux define register numbers by these names. */
#undef ES
#undef SS

enum {
	NO = VS_TCP_S_NONE,
	ES = VS_TCP_S_ESTABLISHED,
	SS = VS_TCP_S_SYN_SENT,
	SR = VS_TCP_S_SYN_RECV,
	FW = VS_TCP_S_FIN_WAIT,
	TW = VS_TCP_S_TIME_WAIT,
	CL = VS_TCP_S_CLOSE,
	CW = VS_TCP_S_CLOSE_WAIT,
	LA = VS_TCP_S_LAST_ACK,
	LI = VS_TCP_S_LISTEN,
	SA = VS_TCP_S_SYNACK,
};

/* Events: the shift of their nibble in a table entry. */
enum {
	ON_SYN = 0,
	ON_FIN = 4,
	ON_ACK = 8,
	ON_RST = 12,
	ON_NO_FLAG,
};

#define T(syn, fin, ack, rst) \
	((syn) << ON_SYN | (fin) << ON_FIN | (ack) << ON_ACK | (rst) << ON_RST)

/* Next states, indexed by current state and sender. */
typedef u16 tcp_table[VS_TCP_S_MAX][VS_STATE_DIRS];

static const tcp_table tcp_normal = {
	/*	  INPUT              OUTPUT             INPUT_ONLY
	 *	  SYN FIN ACK RST    SYN FIN ACK RST    SYN FIN ACK RST
	 */
	[NO] = { T(SR, CL, ES, CL), T(SS, TW, ES, CL), T(SR, CL, ES, CL) },
	[SS] = { T(ES, SS, SS, CL), T(SS, SS, SS, SS), T(ES, SS, SS, CL) },
	[SR] = { T(SR, TW, ES, SR), T(SR, TW, ES, CL), T(SR, TW, ES, SR) },
	[SA] = { T(SR, TW, ES, SR), T(SR, TW, ES, CL), T(SR, TW, ES, CL) },
	[LI] = { T(SR, LI, LI, LI), T(LI, LI, ES, CL), T(SR, LI, LI, LI) },
	[ES] = { T(ES, CW, ES, CL), T(ES, FW, ES, CL), T(ES, FW, ES, CL) },
	[FW] = { T(SR, TW, FW, CL), T(SS, FW, FW, CL), T(SR, FW, FW, CL) },
	[CW] = { T(SR, CW, CW, CL), T(SS, TW, CW, CL), T(SR, CW, CW, CL) },
	[LA] = { T(SR, LA, CL, LA), T(SS, LA, LA, CL), T(SR, LA, CL, LA) },
	[TW] = { T(SR, TW, TW, CL), T(SS, TW, TW, TW), T(SR, TW, TW, CL) },
	[CL] = { T(SR, CL, CL, CL), T(SS, CL, CL, CL), T(SR, CL, CL, CL) },
};

/*
 * For SYN floods. Where replies pass the director, segments of the client alone
 * do not establish a connection (except by sloppy_tcp): the real server has to
 * acknowledge. Where they
 * bypass it, a half-open connection is in SYNACK instead of SYN_RECV.
 */
static const tcp_table tcp_secure = {
	/*	  INPUT              OUTPUT             INPUT_ONLY
	 *	  SYN FIN ACK RST    SYN FIN ACK RST    SYN FIN ACK RST
	 */
	[NO] = { T(SR, CL, ES, CL), T(SS, TW, ES, CL), T(SA, CL, ES, CL) },
	[SS] = { T(ES, SS, SS, CL), T(SS, SS, SS, SS), T(ES, SS, SS, CL) },
	[SR] = { T(SR, TW, SR, SR), T(SA, TW, ES, CL), T(SR, TW, ES, SR) },
	[SA] = { T(SA, SA, SA, CL), T(SA, TW, ES, CL), T(SA, TW, ES, CL) },
	[LI] = { T(SR, LI, LI, LI), T(LI, LI, ES, CL), T(SA, LI, LI, LI) },
	[ES] = { T(ES, CW, ES, CL), T(ES, FW, ES, CL), T(ES, FW, ES, CL) },
	[FW] = { T(SR, TW, FW, CL), T(SS, FW, FW, CL), T(SA, FW, FW, CL) },
	[CW] = { T(SR, CW, CW, CL), T(SS, TW, CW, CL), T(SA, CW, CW, CL) },
	[LA] = { T(SR, LA, CL, LA), T(SS, LA, LA, CL), T(SA, LA, CL, LA) },
	[TW] = { T(SR, TW, TW, CL), T(SS, TW, TW, TW), T(SA, TW, TW, CL) },
	[CL] = { T(SR, CL, CL, CL), T(SS, CL, CL, CL), T(SA, CL, CL, CL) },
};

static const char *const tcp_names[VS_TCP_S_MAX] = {
	[NO] = "NONE",
	[ES] = "ESTABLISHED",
	[SS] = "SYN_SENT",
	[SR] = "SYN_RECV",
	[FW] = "FIN_WAIT",
	[TW] = "TIME_WAIT",
	[CL] = "CLOSE",
	[CW] = "CLOSE_WAIT",
	[LA] = "LAST_ACK",
	[LI] = "LISTEN",
	[SA] = "SYNACK",
};

static unsigned int tcp_event(u8 flags)
{
	if (flags & VS_TCP_RST)
		return ON_RST;
	if (flags & VS_TCP_SYN)
		return ON_SYN;
	if (flags & VS_TCP_FIN)
		return ON_FIN;
	if (flags & VS_TCP_ACK)
		return ON_ACK;
	return ON_NO_FLAG;
}

u8 vs_tcp_next(bool secure, enum vs_state_dir dir, u8 flags, u8 state)
{
	unsigned int shift = tcp_event(flags);

	if (shift == ON_NO_FLAG || state >= VS_TCP_S_MAX)
		return CL;
	return (secure ? tcp_secure : tcp_normal)[state][dir] >> shift & 0xf;
}

bool vs_tcp_active(u8 state)
{
	return state == ES || state == SS || state == SR || state == SA;
}

const char *vs_tcp_state_name(u8 state)
{
	return state < VS_TCP_S_MAX ? tcp_names[state] : "ERR!";
}
