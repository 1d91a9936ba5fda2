/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_APP_H
#define VS_APP_H

#include <linux/module.h>
#include <linux/spinlock.h>

#include "app/seqmap.h"
#include "conn/conn.h"
#include "path/pkt.h"

struct seq_file;

#define VS_APP_PORTS	8	/* of all helpers together */

/**
 * struct vs_app_session - what was said on a connection with a helper
 * @out:	sequence numbers of what the real server sends
 * @data_client: where the connection that was announced last comes from, or
 *		is to go
 * @data_cport:	its client's port, 0 for any
 * @data_vport:	its virtual port, 0: none was announced
 * @priv:	the helper's own
 */
struct vs_app_session {
	struct vs_seqmap out;
	union nf_inet_addr data_client;
	__be16 data_cport;
	__be16 data_vport;
	long priv[];
};

/**
 * struct vs_app_conn - a connection's helper; see vs_conn_ext.app
 * @app:	the helper; holds its module
 * @session:	comes with the first payload after the handshake: a flood of SYNs
 *		does not pay for it
 * @lock:	of @session and @first
 * @first:	sequence number of the first byte that the real server sends, to
 *		know a new stream by
 * @slot:	of @app's port, see app.c
 */
struct vs_app_conn {
	const struct vs_app *app;
	struct vs_app_session *session;
	spinlock_t lock;
	u32 first;
	u8 slot;
};

/**
 * struct vs_app_segment - a segment that a helper looks at
 * @cp:		its connection
 * @skb:	its packet
 * @s:		what was said on the connection; locked
 * @seq:	sequence number of the first byte, as the sender knows it
 * @data:	the payload, linear
 * @len:	of @data
 * @failed:	set when memory was short: the segment is dropped and will come
 *		again
 */
struct vs_app_segment {
	struct vs_conn *cp;
	const struct sk_buff *skb;
	struct vs_app_session *s;
	u32 seq;
	const char *data;
	unsigned int len;
	bool failed;
};

/**
 * struct vs_app - a helper for a protocol that talks about other connections
 * @name:	as /proc/net/ip_vs_app shows it
 * @owner:	module it lives in
 * @size:	bytes at vs_app_session.priv, zeroed to begin with
 * @in:		a segment with payload from the client
 * @out:	from the real server; vs_app_replace() may edit it
 *
 * For TCP over NAT. Each connection to a virtual port of the helper's is its
 * own, and holds its module. BH disabled, RCU.
 */
struct vs_app {
	const char *name;
	struct module *owner;
	unsigned int size;
	void (*in)(struct vs_app_segment *t);
	void (*out)(struct vs_app_segment *t);
};

/* -EEXIST: a helper has one of the @n @ports already; -ENOSPC: too many. */
int vs_app_register(const struct vs_app *app, const u16 *ports,
		    unsigned int n);
void vs_app_unregister(const struct vs_app *app);

/**
 * struct vs_expect_conf - a connection that was agreed on
 * @client:	where it comes from, or goes to
 * @cport:	client's port, 0: any, the first to come has it
 * @vport:	virtual port
 * @dport:	real server's port
 */
struct vs_expect_conf {
	const union nf_inet_addr *client;
	__be16 cport;
	__be16 vport;
	__be16 dport;
};

/* Makes the connection @d, of the talk's real server; it takes the place of
 * one that was announced before and did not come. -EEXIST: there is one like
 * it to another real server; -ENOMEM; -ENOSPC: conn_max. */
int vs_expect_new(struct vs_app_segment *t, const struct vs_expect_conf *d);

/* The receiver gets @text in place of the bytes from @start to @end (sequence
 * numbers). false: too late. */
bool vs_app_replace(struct vs_app_segment *t, u32 start, u32 end, const char *text,
		    unsigned int len);

/* The rest is for the packet's way. */

/* Gives a new connection, not hashed yet, the helper of its port. -ENOMEM. */
int vs_app_bind(struct vs_conn *cp);
void vs_app_unbind(struct vs_conn *cp);		/* it dies; readers may go on */
void vs_app_conn_free(struct vs_app_conn *ac);	/* no reader is left */

/* A client's packet without a connection may be the one that was announced for
 * any port: now for its own. NULL: it is not (p->verdict NF_ACCEPT), or has to
 * be dropped. */
struct vs_conn *vs_expect_confirm(struct vs_pkt *p);

/* The lines of /proc/net/ip_vs_app. */
void vs_app_show(struct seq_file *seq, struct vs_net *vn);

#endif /* VS_APP_H */
