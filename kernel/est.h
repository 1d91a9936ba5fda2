/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_EST_H
#define VS_EST_H

#include "types.h"

/* Begins to estimate rates, every two seconds for as long as there is
 * something to estimate. */
void vs_est_kick(struct vs_net *vn);

int vs_est_net_init(struct vs_net *vn);
void vs_est_net_exit(struct vs_net *vn);

#endif /* VS_EST_H */
