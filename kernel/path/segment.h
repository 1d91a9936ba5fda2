/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_SEGMENT_H
#define VS_SEGMENT_H

#include "conn/conn.h"
#include "path/pkt.h"

/**
 * vs_segment_in - process a client's segment on a connection with an app
 * @p: TCP packet, before NAT
 * @cp: its connection, with VS_ST_APP
 *
 * Shows the payload to the app and maps the acknowledgements to the sequence
 * numbers that the real server uses.
 *
 * Context: RCU, BH disabled. Takes the lock of the connection's app state.
 * Return: true, or false with the verdict of a drop in @p->verdict.
 */
bool vs_segment_in(struct vs_pkt *p, struct vs_conn *cp);

/**
 * vs_segment_out - process a real server's segment on a connection with an app
 * @p: TCP packet, before NAT
 * @cp: its connection, with VS_ST_APP
 *
 * Shows the payload to the app, applies the app's edits, and maps the sequence
 * numbers to those that the client knows.
 *
 * Context: RCU, BH disabled. Takes the lock of the connection's app state.
 * Return: true, or false with the verdict of a drop in @p->verdict.
 */
bool vs_segment_out(struct vs_pkt *p, struct vs_conn *cp);

#endif /* VS_SEGMENT_H */
