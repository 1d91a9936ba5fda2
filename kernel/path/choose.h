/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_CHOOSE_H
#define VS_CHOOSE_H

#include "path/pkt.h"

struct vs_dest;
struct vs_service;

/**
 * vs_choose_dest - ask a service's scheduler for a destination
 * @p: packet that opens a connection
 * @svc: its service
 *
 * Context: RCU, BH disabled.
 * Return: the destination, or NULL if none is usable. No reference is taken.
 */
struct vs_dest *vs_choose_dest(const struct vs_pkt *p, struct vs_service *svc);

#endif /* VS_CHOOSE_H */
