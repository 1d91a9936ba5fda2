/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_APPLY_H
#define VS_APPLY_H

#include "net.h"
#include "sync/wire.h"

/* The messages are of version 0 or 1: their sender is unknown. */
#define VS_APPLY_NO_PEER	(-1)

/**
 * vs_apply_all - apply the entries of a message to the connection table
 * @vn: namespace
 * @r: reader
 * @res: of vs_wire_open() or vs_wire_open2()
 * @peer: number of the peer in the mesh, below 16, or VS_APPLY_NO_PEER
 *
 * Context: process, may sleep.
 * Return: the number of entries that were read.
 */
unsigned int vs_apply_all(struct vs_net *vn, struct vs_wire_reader *r,
			  enum vs_wire_result res, int peer);

#endif /* VS_APPLY_H */
