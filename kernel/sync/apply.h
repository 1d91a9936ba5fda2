/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_APPLY_H
#define VS_APPLY_H

#include "net.h"
#include "sync/wire.h"

/**
 * struct vs_apply_peer - the peer in the mesh whose entries are applied
 * @id:		its number, below 16
 * @clock:	what its times are behind those of vs_sync_time()
 * @refused:	entries that have found no room
 */
struct vs_apply_peer {
	u8 id;
	u32 clock;
	unsigned int refused;
};

/**
 * vs_apply_all - apply the entries of a message to the connection table
 * @vn: namespace
 * @r: reader
 * @res: of vs_wire_open() or vs_wire_open2()
 * @peer: sender, or NULL with version 0 and 1: it is unknown
 *
 * Context: process, may sleep.
 * Return: the number of entries that were read.
 */
unsigned int vs_apply_all(struct vs_net *vn, struct vs_wire_reader *r,
			  enum vs_wire_result res,
			  struct vs_apply_peer *peer);

#endif /* VS_APPLY_H */
