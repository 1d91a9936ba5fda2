/* SPDX-License-Identifier: GPL-2.0 */
#ifndef IPVSADM_SORT_H
#define IPVSADM_SORT_H

#include "types.h"

void sort_services(struct ipvs_services *services);
void sort_dests(struct ipvs_dests *dests);

#endif
