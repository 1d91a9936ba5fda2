/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_ENTRY_H
#define VS_ENTRY_H

#include "conn/conn.h"
#include "net.h"

struct vs_sync_entry;

/*
 * net.ipv4.vs.sync_threshold, as vs_conn_count_on() counts packets: a connection
 * is due at packet vs_sync_turn() of every vs_sync_period(), or at that packet
 * alone if the period is 0. The knob takes any period: a longer one counts as the
 * longest.
 */
static inline u32 vs_sync_period(const struct vs_net *vn)
{
	return min_t(u32, READ_ONCE(vn->sysctl.sync_threshold[1]),
		     VS_CONN_PERIOD_MAX);
}

static inline u32 vs_sync_turn(const struct vs_net *vn)
{
	u32 at = READ_ONCE(vn->sysctl.sync_threshold[0]);
	u32 period = vs_sync_period(vn);

	return period ? at % period : min_t(u32, at, U16_MAX);
}

/* entry.c; RCU, BH disabled */

/* Whether a connection is sent in this state of its protocol: one that a backup
 * can go on with. */
bool vs_sync_has_state(u8 proto, u8 state);

/* The control of @cp, or NULL. May be followed again from there, but not from a
 * connection that has died, whose control may have been freed. @cp was found in
 * the table in this RCU section, or is the result of this function. */
struct vs_conn *vs_sync_control(const struct vs_conn *cp);

/* Milliseconds, for the times in entries of version 2. Any context. */
u32 vs_sync_time(void);

/* Describes @cp. The engine's key in @e is valid until the end of the RCU
 * section. */
void vs_sync_entry_fill(struct vs_sync_entry *e, const struct vs_net *vn,
			const struct vs_conn *cp);

/*
 * The sequence numbers of a stream that an app has edited (VS_ST_APP), for peers
 * of the mesh: whether they have changed since all peers were told, what is sent
 * of them, that all are told, and taking them over. RCU, BH disabled.
 */
bool vs_sync_seq_is_due(const struct vs_conn *cp);
void vs_sync_seq_get(const struct vs_conn *cp, struct vs_sync_entry *e);
void vs_sync_seq_set_told(const struct vs_conn *cp,
			  const struct vs_sync_entry *e);
void vs_sync_seq_put(struct vs_conn *cp, const struct vs_sync_entry *e);

#endif /* VS_ENTRY_H */
