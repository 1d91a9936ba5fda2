/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_EXPECT_H
#define VS_EXPECT_H

#include "types.h"

struct vs_app_segment;

/**
 * struct vs_expect_conf - a connection that was negotiated
 * @client:	address of the client: its source, or its destination if the
 *		real server opens it
 * @cport:	client port, 0: any, the first SYN decides
 * @vport:	virtual port
 * @dport:	real server's port
 */
struct vs_expect_conf {
	const union nf_inet_addr *client;
	__be16 cport;
	__be16 vport;
	__be16 dport;
};

/**
 * vs_expect_new - expect a connection that an app's payload has negotiated
 * @t: segment of the control connection, which selects the virtual address and
 *     the real server
 * @d: ports and client of the expected connection
 *
 * The connection exists at once, in state LISTEN. The one that the session
 * expected before is killed, unless it has been opened.
 *
 * Context: RCU, BH disabled, vs_app_conn.lock of the control connection held.
 * Return: 0; -EEXIST: the tuple belongs to a connection that @t's session may
 * not displace; -ENOMEM; -ENOSPC: conn_max.
 */
int vs_expect_new(struct vs_app_segment *t, const struct vs_expect_conf *d);

/**
 * vs_expect_confirm - match a client's SYN with an expected connection
 * @p: packet without a connection
 *
 * If @p opens a connection that is expected from any port, the latter is
 * replaced by a connection from @p's port. Called only while vn->any_cport is
 * not 0.
 *
 * Context: RCU, BH disabled.
 * Return: the connection; or NULL, p->verdict being NF_ACCEPT if @p was not
 * expected, or not any more, and the verdict of a drop otherwise.
 */
struct vs_conn *vs_expect_confirm(struct vs_pkt *p);

#endif /* VS_EXPECT_H */
