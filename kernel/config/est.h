/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_EST_H
#define VS_EST_H

#include "types.h"

/* Estimates rates for as long as there is something to estimate. Under
 * vn->config.lock. */
void vs_est_kick(struct vs_net *vn);

/* Begins again with what the knobs say now. Process context; takes
 * vn->config.lock. */
void vs_est_restart(struct vs_net *vn);

void vs_est_net_init(struct vs_net *vn);
void vs_est_net_exit(struct vs_net *vn);

#endif /* VS_EST_H */
