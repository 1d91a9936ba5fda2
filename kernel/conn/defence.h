/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_DEFENCE_H
#define VS_DEFENCE_H

#include <linux/mutex.h>
#include <linux/workqueue.h>

#include "conn/conn.h"

/* In three ways, each with modes 0-3 (never, when memory is short, the same
 * and it is short, always): drop_entry, drop_packet, secure_tcp. */

/**
 * struct vs_defence - of a namespace against floods
 * @drop_rate:	every how manieth new connection's packet is dropped, 0: none
 * @drop_entry:	connections are thrown out
 * @spare:	victims with so many packets yet to be spared, see is_turn()
 * @lock:	all but reading @drop_rate
 * @work:	once a second while there are services
 */
struct vs_defence {
	int drop_rate;
	bool drop_entry;
	int spare[VS_VICTIM_PKTS];
	struct mutex lock;
	struct delayed_work work;
};

/* BH disabled. Whether drop_packet has the packet of a new connection. */
bool vs_defence_drops(struct vs_net *vn);

/* A knob has changed, or the first service came. Process context. */
void vs_defence_update(struct vs_net *vn);
void vs_defence_start(struct vs_net *vn);

void vs_defence_net_init(struct vs_net *vn);
void vs_defence_net_exit(struct vs_net *vn);

#endif /* VS_DEFENCE_H */
