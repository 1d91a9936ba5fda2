// SPDX-License-Identifier: GPL-2.0
/*
 * The SCTP state machine as a pure function of the first chunk's type, without
 * connection and packet. Verification tags and cookies are left to the
 * endpoints to check.
 *
 * The table has a line for each sender, in the order of enum vs_state_dir, and
 * a column for each current state. Abbreviations: I1 is INIT1 (the first INIT
 * was seen), IT INIT (it was repeated), CS COOKIE_SENT, CR COOKIE_REPLIED, CW
 * COOKIE_WAIT, CO COOKIE, CE COOKIE_ECHOED, SS SHUTDOWN_SENT, SR
 * SHUTDOWN_RECEIVED, SA SHUTDOWN_ACK_SENT, RJ REJECTED.
 */
#include <linux/sctp.h>

#include "conn/proto.h"

/* Headers of User Mode Linux define register numbers by these names. */
#undef CS
#undef ES
#undef SS

enum {
	NO = VS_SCTP_S_NONE,
	I1 = VS_SCTP_S_INIT1,
	IT = VS_SCTP_S_INIT,
	CS = VS_SCTP_S_COOKIE_SENT,
	CR = VS_SCTP_S_COOKIE_REPLIED,
	CW = VS_SCTP_S_COOKIE_WAIT,
	CO = VS_SCTP_S_COOKIE,
	CE = VS_SCTP_S_COOKIE_ECHOED,
	ES = VS_SCTP_S_ESTABLISHED,
	SS = VS_SCTP_S_SHUTDOWN_SENT,
	SR = VS_SCTP_S_SHUTDOWN_RECEIVED,
	SA = VS_SCTP_S_SHUTDOWN_ACK_SENT,
	RJ = VS_SCTP_S_REJECTED,
	CL = VS_SCTP_S_CLOSED,
};

enum chunk_event {
	ON_DATA,
	ON_INIT,
	ON_INIT_ACK,
	ON_COOKIE_ECHO,
	ON_COOKIE_ACK,
	ON_SHUTDOWN,
	ON_SHUTDOWN_ACK,
	ON_SHUTDOWN_COMPLETE,
	ON_ERROR,
	ON_ABORT,
	EVENTS
};

static const u8 sctp_table[EVENTS][VS_STATE_DIRS][VS_SCTP_S_MAX] = {
	/* NO, I1, IT, CS, CR, CW, CO, CE, ES, SS, SR, SA, RJ, CL */
	[ON_DATA] = {
		{ ES, I1, IT, CS, CR, CW, CO, CE, ES, SS, SR, SA, RJ, CL },
		{ ES, I1, IT, CS, CR, CW, CO, CE, ES, SS, SR, SA, RJ, CL },
		{ ES, I1, IT, CS, CR, ES, CO, CE, ES, SS, SR, SA, RJ, CL },
	},
	[ON_INIT] = {
		{ I1, IT, IT, CS, CR, CW, CO, CE, ES, SS, SR, SA, IT, IT },
		{ CW, CW, CW, CW, CW, CW, CW, CW, ES, CW, CW, CW, CW, CW },
		{ I1, IT, IT, IT, IT, IT, CO, CE, ES, SS, SR, SA, IT, IT },
	},
	[ON_INIT_ACK] = {
		{ CW, CW, CW, CS, CR, CO, CO, CE, ES, SS, SR, SA, RJ, CL },
		{ CS, CS, CS, CS, CR, CW, CO, CE, ES, SS, SR, SA, RJ, CL },
		{ CE, CE, CE, CE, CE, CE, CO, CE, ES, SS, SR, SA, RJ, CL },
	},
	[ON_COOKIE_ECHO] = {
		{ CR, IT, IT, CR, CR, CW, CO, CE, ES, SS, SR, SA, RJ, CL },
		{ CE, CE, CE, CE, CE, CE, CE, CE, ES, SS, SR, SA, RJ, CL },
		{ ES, ES, ES, ES, ES, ES, CO, CE, ES, SS, SR, SA, RJ, CL },
	},
	[ON_COOKIE_ACK] = {
		{ ES, I1, IT, CS, CR, CW, CO, ES, ES, SS, SR, SA, RJ, CL },
		{ ES, ES, ES, ES, ES, ES, ES, ES, ES, SS, SR, SA, RJ, CL },
		{ ES, I1, IT, ES, ES, CW, ES, ES, ES, SS, SR, SA, RJ, CL },
	},
	[ON_SHUTDOWN] = {
		{ SR, I1, IT, CS, CR, CW, CO, CE, SR, SS, SR, SA, RJ, CL },
		{ SS, SS, SS, SS, SS, SS, SS, SS, SS, SS, SR, SA, RJ, CL },
		{ SR, I1, IT, CS, CR, CW, CO, CE, SR, SS, SR, SA, RJ, CL },
	},
	[ON_SHUTDOWN_ACK] = {
		{ CL, IT, IT, CS, CR, CW, CO, CE, ES, CL, SR, CL, RJ, CL },
		{ SA, SA, SA, SA, SA, CW, CO, CE, ES, SA, SA, SA, RJ, CL },
		{ CL, IT, IT, CS, CR, CW, CO, CE, CL, CL, SR, CL, RJ, CL },
	},
	[ON_SHUTDOWN_COMPLETE] = {
		{ CL, CL, CL, CS, CR, CW, CO, CE, ES, SS, SR, CL, RJ, CL },
		{ CL, I1, IT, CS, CR, CW, CO, CE, ES, SS, SR, SA, RJ, CL },
		{ CL, CL, CL, CL, CL, CW, CO, CE, ES, SS, CL, CL, RJ, CL },
	},
	[ON_ERROR] = {
		{ CL, I1, IT, CS, CR, CW, CO, CL, ES, SS, SR, SA, RJ, CL },
		{ CL, CL, CL, CL, CL, CW, CO, CE, ES, SS, SR, SA, RJ, CL },
		{ CL, I1, IT, CS, CR, CW, CO, CE, ES, SS, SR, SA, RJ, CL },
	},
	[ON_ABORT] = {
		{ CL, CL, CL, CL, CL, RJ, CL, CL, CL, CL, CL, CL, CL, CL },
		{ CL, RJ, CL, CL, CL, CL, CL, CL, CL, CL, CL, CL, CL, CL },
		{ CL, CL, CL, CL, CL, RJ, CL, CL, CL, CL, CL, CL, CL, CL },
	},
};

static const char *const sctp_names[VS_SCTP_S_MAX] = {
	[NO] = "NONE",
	[I1] = "INIT1",
	[IT] = "INIT",
	[CS] = "C-SENT",
	[CR] = "C-REPLIED",
	[CW] = "C-WAIT",
	[CO] = "COOKIE",
	[CE] = "C-ECHOED",
	[ES] = "ESTABLISHED",
	[SS] = "S-SENT",
	[SR] = "S-RECEIVED",
	[SA] = "S-ACK-SENT",
	[RJ] = "REJECTED",
	[CL] = "CLOSED",
};

/* DATA, SACK and HEARTBEAT have the same effect, and so do unknown chunks. */
static enum chunk_event sctp_chunk_event(u8 chunk)
{
	switch (chunk) {
	case SCTP_CID_INIT:
		return ON_INIT;
	case SCTP_CID_INIT_ACK:
		return ON_INIT_ACK;
	case SCTP_CID_COOKIE_ECHO:
		return ON_COOKIE_ECHO;
	case SCTP_CID_COOKIE_ACK:
		return ON_COOKIE_ACK;
	case SCTP_CID_SHUTDOWN:
		return ON_SHUTDOWN;
	case SCTP_CID_SHUTDOWN_ACK:
		return ON_SHUTDOWN_ACK;
	case SCTP_CID_SHUTDOWN_COMPLETE:
		return ON_SHUTDOWN_COMPLETE;
	case SCTP_CID_ERROR:
		return ON_ERROR;
	case SCTP_CID_ABORT:
		return ON_ABORT;
	default:
		return ON_DATA;
	}
}

u8 vs_sctp_next(enum vs_state_dir dir, u8 chunk, u8 state)
{
	return state < VS_SCTP_S_MAX ?
	       sctp_table[sctp_chunk_event(chunk)][dir][state] : CL;
}

bool vs_sctp_active(u8 state)
{
	return state == ES;
}

const char *vs_sctp_state_name(u8 state)
{
	return state < VS_SCTP_S_MAX ? sctp_names[state] : "?";
}
