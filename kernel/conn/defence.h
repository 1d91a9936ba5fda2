/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_DEFENCE_H
#define VS_DEFENCE_H

#include <linux/mutex.h>
#include <linux/workqueue.h>

#include "conn/conn.h"

/**
 * struct vs_defence - defence of a namespace against connection floods
 * @drop_rate:	drop one in @drop_rate packets that would open a connection; 0:
 *		none
 * @drop_entry:	remove half-open and idle connections
 * @spare:	victims to spare before the next one is removed, by number of
 *		packets - 1; see defence_is_turn()
 * @lock:	protects all fields, except that @drop_rate is read without it
 * @work:	runs once a second while there are services
 *
 * Three mechanisms, drop_entry, drop_packet and secure_tcp, each with mode 0
 * off, 1 automatic (inactive), 2 automatic (active), 3 always on.
 */
struct vs_defence {
	int drop_rate;
	bool drop_entry;
	int spare[VS_VICTIM_PKTS];
	struct mutex lock;
	struct delayed_work work;
};

/* Whether drop_packet drops the present packet, which would open a connection.
 * BH disabled. */
bool vs_defence_drops(struct vs_net *vn);

/* Applies a changed sysctl. Process context. */
void vs_defence_update(struct vs_net *vn);
/* Starts the periodic work if a mechanism is on. */
void vs_defence_start(struct vs_net *vn);

void vs_defence_net_init(struct vs_net *vn);
void vs_defence_net_exit(struct vs_net *vn);

#endif /* VS_DEFENCE_H */
