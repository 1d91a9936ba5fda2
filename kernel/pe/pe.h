/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_PE_H
#define VS_PE_H

#include <linux/list.h>
#include <linux/module.h>

#include "path/pkt.h"

#define VS_PE_DATA_MAX	255

/**
 * struct vs_pe - a persistence engine
 * @list:	of all engines
 * @name:	up to IP_VS_PENAME_MAXLEN - 1 characters
 * @owner:	module it lives in
 * @find:	sets @data to what in the packet decides on the server, and returns
 *		how long it is: 1 to VS_PE_DATA_MAX bytes; or a negative errno
 *		when the packet is to be dropped. May move the packet's data;
 *		@data is valid until something else does
 * @conn_out:	packets that a real server sends of its own accord make
 *		connections
 *
 * Templates of a service with an engine are known by these bytes, beside the
 * client's network, instead of standing for all that the network sends.
 */
struct vs_pe {
	struct list_head list;
	const char *name;
	struct module *owner;
	int (*find)(const struct vs_pkt *p, const u8 **data);
	bool conn_out;
};

/**
 * struct vs_conn_ext - what few connections have; see vs_conn.ext
 * @pe:		engine of a template; holds its module
 * @app:	of a connection with a helper, see app.h
 * @len:	of @data
 * @data:	what the engine knows the template by
 */
struct vs_conn_ext {
	const struct vs_pe *pe;
	struct vs_app_conn *app;
	u8 len;
	u8 data[];
};

int vs_pe_register(struct vs_pe *pe);
void vs_pe_unregister(struct vs_pe *pe);	/* and waits for its users */

/* The engine @name with a reference on its module, which is loaded when need
 * be; or NULL. Sleeps; no lock may be held. */
const struct vs_pe *vs_pe_get(const char *name);
void vs_pe_put(const struct vs_pe *pe);

/* Gives @svc the engine @pe, NULL for none; returns the one it had. Under
 * vn->config.lock. */
const struct vs_pe *vs_pe_bind(struct vs_service *svc, const struct vs_pe *pe);

/* What @pe finds in @p, for a new template or to look one up; an ERR_PTR when
 * the packet is to be dropped. RCU. */
struct vs_conn_ext *vs_conn_ext_new(const struct vs_pe *pe, const struct vs_pkt *p);
void vs_conn_ext_free(struct vs_conn_ext *ext);	/* NULL is fine */

static inline bool vs_conn_ext_eq(const struct vs_conn_ext *a, const struct vs_conn_ext *b)
{
	if (likely(!a || !b))
		return a == b;
	return a->pe == b->pe && a->len == b->len &&
	       !memcmp(a->data, b->data, a->len);
}

#endif /* VS_PE_H */
