/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_PERSIST_H
#define VS_PERSIST_H

#include "conn/conn.h"
#include "path/pkt.h"

struct vs_service;

/**
 * vs_persist_tmpl - find or create the template of a packet's client
 * @p: packet that opens a connection
 * @svc: persistent service
 *
 * A new template gets the destination that the scheduler chooses.
 *
 * Context: RCU, BH disabled.
 * Return: the template, valid until the RCU section ends; NULL if no
 * destination is usable; an ERR_PTR as from vs_conn_new(), where -EEXIST means
 * that the template made meanwhile is of no use, or -EINVAL if the service's
 * persistence engine finds nothing in the packet.
 */
struct vs_conn *vs_persist_tmpl(struct vs_pkt *p, struct vs_service *svc);

/**
 * vs_persist_tmpl_out - find or create the template of a packet's receiver
 * @p: packet that a real server sends without a connection
 * @dest: the real server, of a persistent service
 *
 * Context: RCU, BH disabled.
 * Return: as vs_persist_tmpl(), but never NULL.
 */
struct vs_conn *vs_persist_tmpl_out(struct vs_pkt *p, struct vs_dest *dest);

#endif /* VS_PERSIST_H */
