/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_STATUS_H
#define VS_STATUS_H

#include "sync/seal.h"
#include "sync/window.h"

/* The status message of the sync protocol's version 2. */

#define VS_STATUS_LEAVES	0x01	/* the sender stops */
#define VS_STATUS_IN_SYNC	0x02	/* the sender is in sync with others */
#define VS_STATUS_GIVEN		0x04	/* the resync @giving is sent completely */
#define VS_STATUS_NO_ROOM	0x08	/* entries of the receiver found no room */

#define VS_STATUS_RANGES	32
#define VS_STATUS_LEN		96
#define VS_STATUS_MAX		(VS_STATUS_LEN + VS_STATUS_RANGES * 16)

/**
 * struct vs_status - what a director tells a peer about itself
 * @flags:	VS_STATUS_*
 * @to:		session of the peer, or 0
 * @echo:	last challenge of the peer, or 0
 * @challenge:	to the peer
 * @top:	number of the last message with changes
 * @oldest:	number of the oldest one that can be sent again
 * @base:	messages with changes of the peer up to this one were received
 * @dropped:	how often changes had to be given up
 * @want:	id of the resync that the sender wants, or 0
 * @want_base:	messages of that resync's lane up to this one were received
 * @giving:	id of the resync that the sender gives, or 0
 * @giving_top:	number of the last message in the lane of that
 * @conns:	connections and templates of the sender
 * @time:	vs_sync_time() of the sender
 * @n:		number of ranges
 * @resync:	for each range: in the lane of @want, not of changes
 * @range:	messages that are missing
 */
struct vs_status {
	u8 flags;
	u8 to[VS_SEAL_SESSION_LEN];
	u64 echo;
	u64 challenge;
	u64 top;
	u64 oldest;
	u64 base;
	u32 dropped;
	u32 want;
	u64 want_base;
	u32 giving;
	u64 giving_top;
	u32 conns;
	u32 time;
	u16 n;
	bool resync[VS_STATUS_RANGES];
	struct vs_window_range range[VS_STATUS_RANGES];
};

/* Writes a payload of at most VS_STATUS_MAX bytes. Returns its length. */
size_t vs_status_put(u8 *buf, const struct vs_status *s);

/* Reads a payload of @len bytes. Returns false if the length is wrong, or a range
 * of an unknown lane, or empty. */
bool vs_status_get(const u8 *buf, size_t len, struct vs_status *s);

#endif /* VS_STATUS_H */
