/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_APP_H
#define VS_APP_H

#include <linux/module.h>
#include <linux/spinlock.h>

#include "app/seqmap.h"
#include "counters.h"
#include "types.h"

struct seq_file;

#define VS_APP_PORTS	8	/* of all apps together */

/**
 * struct vs_app_session - an app's state for a connection
 * @out:	sequence number mapping of the real server's stream
 * @told:	end of the last edit that the peers of the mesh know
 * @expect_client: client's address of the last connection that was expected
 * @expect_cport: its client port, 0 for any
 * @expect_vport: its virtual port, 0 if none was expected yet
 * @priv:	the app's own data, vs_app.size bytes
 */
struct vs_app_session {
	struct vs_seqmap out;
	u32 told;
	union nf_inet_addr expect_client;
	__be16 expect_cport;
	__be16 expect_vport;
	long priv[];
};

/**
 * struct vs_app_conn - the app part of a connection, see vs_conn_ext.app
 * @app:	app; holds its module
 * @session:	allocated with the first payload after the handshake, so that a
 *		SYN flood does not consume this memory
 * @lock:	protects @session and @first
 * @first:	initial sequence number of the real server's stream; a different
 *		number starts a new stream on the same ports
 * @slot:	index of the app's port, see app.c
 */
struct vs_app_conn {
	const struct vs_app *app;
	struct vs_app_session *session;
	spinlock_t lock;
	u32 first;
	u8 slot;
};

/**
 * struct vs_app_segment - a TCP segment handed to an app
 * @cp:		connection of the segment
 * @skb:	packet
 * @s:		session of @cp; vs_app_conn.lock is held
 * @first:	sequence number of the first byte that the real server has sent; 0
 *		if it is unknown, or for a segment from the client
 * @seq:	sequence number of the first byte of @data, as sent
 * @data:	payload, linear
 * @len:	length of @data
 * @drop:	set by the app to a VS_DROP_*, for instance without memory: the
 *		segment is dropped and handled when it is retransmitted
 */
struct vs_app_segment {
	struct vs_conn *cp;
	const struct sk_buff *skb;
	struct vs_app_session *s;
	u32 first;
	u32 seq;
	const char *data;
	unsigned int len;
	enum vs_counter drop;
};

/**
 * struct vs_app - an application module for TCP over NAT
 * @name:	as shown in /proc/net/ip_vs_app
 * @owner:	module
 * @size:	size of vs_app_session.priv, which is zeroed for a new stream
 * @in:		called for a segment with payload from the client
 * @out:	called for a segment with payload from the real server; may edit
 *		it by vs_seqmap_add() and vs_seqmap_hold() on vs_app_session.out
 *
 * For protocols that negotiate further connections in their payload. All
 * connections to one of the app's virtual ports are handed to it, and hold its
 * module. The callbacks run under RCU with BHs disabled and vs_app_conn.lock
 * held.
 */
struct vs_app {
	const char *name;
	struct module *owner;
	unsigned int size;
	void (*in)(struct vs_app_segment *t);
	void (*out)(struct vs_app_segment *t);
};

/**
 * vs_app_register - register an app for virtual ports
 * @app: app
 * @ports: virtual ports in host order; 0 is skipped
 * @n: number of @ports
 *
 * Context: process.
 * Return: 0; -EEXIST: one of @ports is taken; -ENOSPC: more than VS_APP_PORTS
 * ports in total.
 */
int vs_app_register(const struct vs_app *app, const u16 *ports,
		    unsigned int n);
/* Process context. Waits for packets that still use @app. */
void vs_app_unregister(const struct vs_app *app);

/**
 * vs_app_bind - attach an app to a new connection, by the virtual port
 * @cp: connection, not hashed yet
 *
 * Context: RCU, BH disabled.
 * Return: 0, also if no app has the port; -ENOMEM.
 */
int vs_app_bind(struct vs_conn *cp);
/* @cp dies: it no longer counts as a user of its app. Readers may still use
 * the app part. Any context. */
void vs_app_unbind(struct vs_conn *cp);
/* Frees the app part of a connection that has no readers, see ext.c. @ac may be
 * NULL. */
void vs_app_conn_free(struct vs_app_conn *ac);

/* Prints the lines of /proc/net/ip_vs_app. Process context. */
void vs_app_show(struct seq_file *seq, struct vs_net *vn);

#endif /* VS_APP_H */
