/* SPDX-License-Identifier: GPL-2.0 */
#ifndef IPVSADM_ORDER_H
#define IPVSADM_ORDER_H

#include "ipvs.h"

void sort_services(struct ipvs_services *services);
void sort_dests(struct ipvs_dests *dests);

#endif
