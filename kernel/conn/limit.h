/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_LIMIT_H
#define VS_LIMIT_H

#include "types.h"

/**
 * vs_limit_admits - test whether net.ipv4.vs.conn_max admits a connection
 * @vn:		namespace
 * @stays:	the connection outlives its first packet. Others take nothing of
 *		what is granted for a jiffy
 *
 * The number of connections is a per-CPU counter, whose value lags behind by up
 * to a batch per CPU. Further below the limit than that, reading it is enough.
 * Close to the limit the CPUs are summed up, at most once per jiffy and CPU:
 * that sum grants a number of connections for the jiffy, and when they are used
 * up, a refusal costs the read of one word.
 *
 * The limit is exceeded by no more than the number of CPUs that create a
 * connection at the same time. A connection that ends makes room for another
 * one from the next jiffy on.
 *
 * Context: RCU, BH disabled.
 * Return: true: the caller may create one connection.
 */
bool vs_limit_admits(struct vs_net *vn, bool stays);

/* net.ipv4.vs.conn_max was set: forgets what was granted. Any context. */
void vs_limit_changed(struct vs_net *vn);

#endif /* VS_LIMIT_H */
