/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_ENTRY_H
#define VS_ENTRY_H

#include "net.h"

struct vs_sync_entry;

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

#endif /* VS_ENTRY_H */
