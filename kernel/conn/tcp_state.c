// SPDX-License-Identifier: GPL-2.0
/*
 * The TCP state machine as a pure function: no connection, no packet.
 *
 * Flags decide in the order RST, SYN, FIN, ACK; a segment with none of them
 * ends the connection (CLOSE). Sequence numbers play no part, so a director
 * may join or miss parts of a conversation: an ACK out of nowhere counts as
 * established.
 *
 * One line a current state, one group of columns for who sent the segment:
 *
 *	INPUT		the client, and the server's replies pass here, too
 *	OUTPUT		the real server
 *	INPUT_ONLY	the client, while the replies bypass the director
 *
 * The states' short names are the usual initials: SR is SYN_RECV, SA SYNACK,
 * LI LISTEN (the announced data connection of an FTP session) and so on.
 */
#include "conn/proto.h"
#include "path/pkt.h"

/* registers, to User Mode Linux */
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

/* Shift of an event's nibble in a table entry. */
enum {
	ON_SYN = 0,
	ON_FIN = 4,
	ON_ACK = 8,
	ON_RST = 12,
	ON_NOTHING,
};

#define T(syn, fin, ack, rst) \
	((syn) << ON_SYN | (fin) << ON_FIN | (ack) << ON_ACK | (rst) << ON_RST)

/* Indexed by state and row. */
typedef u16 tcp_table[VS_TCP_S_MAX][3];

static const tcp_table normal = {
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
 * For floods of SYNs: what a client sends alone does not establish a
 * connection, the real server has to acknowledge; half-open ones go by SYNACK.
 */
static const tcp_table secure = {
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

static const char *const names[VS_TCP_S_MAX] = {
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

static unsigned int event(u8 flags)
{
	if (flags & VS_TCP_RST)
		return ON_RST;
	if (flags & VS_TCP_SYN)
		return ON_SYN;
	if (flags & VS_TCP_FIN)
		return ON_FIN;
	if (flags & VS_TCP_ACK)
		return ON_ACK;
	return ON_NOTHING;
}

u8 vs_tcp_next(bool dos, enum vs_state_dir row, u8 flags, u8 state)
{
	unsigned int shift = event(flags);

	if (shift == ON_NOTHING || state >= VS_TCP_S_MAX)
		return CL;
	return (dos ? secure : normal)[state][row] >> shift & 0xf;
}

bool vs_tcp_active(u8 state)
{
	return state == ES || state == SS || state == SR || state == SA;
}

const char *vs_tcp_state_name(u8 state)
{
	return state < VS_TCP_S_MAX ? names[state] : "ERR!";
}
