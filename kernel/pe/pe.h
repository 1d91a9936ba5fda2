/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_PE_H
#define VS_PE_H

#include <linux/list.h>
#include <linux/module.h>

#include "types.h"

#define VS_PE_DATA_MAX	255

/**
 * struct vs_pe - a persistence engine
 * @list:	in the list of registered engines
 * @name:	at most IP_VS_PENAME_MAXLEN - 1 characters
 * @owner:	module of the engine
 * @find:	points *@data at the part of the packet that selects the server
 *		(a SIP Call-ID) and returns its length, 1 to VS_PE_DATA_MAX; a
 *		negative errno if the packet has to be dropped. May move the
 *		packet's data; *@data is valid until the next such move. RCU, BH
 *		disabled
 * @conn_out:	packets that a real server sends without a connection create one
 *
 * A service's engine adds these bytes to the key of the service's templates. A
 * template then stands for one call, not for all traffic of a client network.
 */
struct vs_pe {
	struct list_head list;
	const char *name;
	struct module *owner;
	int (*find)(const struct vs_pkt *p, const u8 **data);
	bool conn_out;
};

/* Process context. -EEXIST: the name is taken. */
int vs_pe_register(struct vs_pe *pe);
/* Process context. Waits for packets that still use @pe. */
void vs_pe_unregister(struct vs_pe *pe);

/**
 * vs_pe_get - look up an engine, loading its module if necessary
 * @name: the engine's name
 *
 * Context: process, may sleep in request_module(): no lock may be held.
 * Return: engine with a reference to its module, see vs_pe_put(); or NULL.
 */
const struct vs_pe *vs_pe_get(const char *name);
/* The same without loading a module: for a name that a stranger sends. */
const struct vs_pe *vs_pe_get_loaded(const char *name);
void vs_pe_put(const struct vs_pe *pe);	/* @pe may be NULL */

/**
 * vs_pe_bind - replace the engine of a service
 * @svc: service
 * @pe: new engine, or NULL; the service takes over the caller's reference
 *
 * Context: vn->config.lock.
 * Return: previous engine, whose reference passes to the caller; or NULL.
 */
const struct vs_pe *vs_pe_bind(struct vs_service *svc, const struct vs_pe *pe);

#endif /* VS_PE_H */
