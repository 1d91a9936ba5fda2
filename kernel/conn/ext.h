/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_EXT_H
#define VS_EXT_H

#include <linux/string.h>

#include "types.h"

struct vs_app_conn;

/**
 * struct vs_conn_ext - extension of a connection, see vs_conn.ext
 * @pe:		persistence engine of a template; holds the engine's module
 * @app:	app of a connection (VS_ST_APP), see conn/app.h
 * @len:	length of @data
 * @data:	the bytes that @pe found in the packet, part of the template's key
 *
 * Few connections have one. It is set before the connection is hashed, constant
 * afterwards, and freed together with the connection.
 */
struct vs_conn_ext {
	const struct vs_pe *pe;
	struct vs_app_conn *app;
	u8 len;
	u8 data[];
};

/**
 * vs_conn_ext_new - extract the key of a persistence engine from a packet
 * @pe: persistence engine of the packet's service
 * @p: packet; the engine may move its data
 *
 * The result is used to look up a template and, if there is none, becomes the
 * extension of a new one.
 *
 * Context: RCU, BH disabled.
 * Return: extension, to be freed by vs_conn_ext_free() unless a connection
 * takes it over; ERR_PTR(-ENOMEM), or the engine's error for a packet that has
 * to be dropped.
 */
struct vs_conn_ext *vs_conn_ext_new(const struct vs_pe *pe,
				    const struct vs_pkt *p);

/* The same with a key that is known: @len bytes of @data. Any context; @pe is
 * held by the caller, or in use by packets. */
struct vs_conn_ext *vs_conn_ext_make(const struct vs_pe *pe, const u8 *data,
				     u8 len);

/* Any context. @ext may be NULL. */
void vs_conn_ext_free(struct vs_conn_ext *ext);

/* Whether two templates have the same key besides their tuple. */
static inline bool vs_conn_ext_eq(const struct vs_conn_ext *a,
				  const struct vs_conn_ext *b)
{
	if (likely(!a || !b))
		return a == b;
	return a->pe == b->pe && a->len == b->len &&
	       !memcmp(a->data, b->data, a->len);
}

#endif /* VS_EXT_H */
