// SPDX-License-Identifier: GPL-2.0
/*
 * Defines the tracepoints, and fills in their fields.
 */
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/string.h>

#include "conn/proto.h"

#define CREATE_TRACE_POINTS
#include "trace.h"

void vs_trace_addr(void *to, u8 af, const void *addr, __be16 port)
{
	struct sockaddr_in6 *sin6 = to;
	struct sockaddr_in *sin = to;

	BUILD_BUG_ON(sizeof(*sin6) != VS_TRACE_ADDR);
	memset(to, 0, VS_TRACE_ADDR);
	if (af == AF_INET6) {
		sin6->sin6_family = AF_INET6;
		sin6->sin6_port = port;
		memcpy(&sin6->sin6_addr, addr, sizeof(sin6->sin6_addr));
	} else {
		sin->sin_family = AF_INET;
		sin->sin_port = port;
		memcpy(&sin->sin_addr, addr, sizeof(sin->sin_addr));
	}
}

void vs_trace_server(void *to, const struct vs_dest *dest, __be16 port)
{
	static const union nf_inet_addr none;

	vs_trace_addr(to, dest ? dest->key.af : AF_INET,
		      dest ? &dest->key.addr : &none, port);
}

/* The device of the route; "-" for NULL, a packet that is not sent. */
void vs_trace_dev(char to[IFNAMSIZ], const struct sk_buff *skb)
{
	strscpy_pad(to, skb ? skb_dst_dev_rcu(skb)->name : "-", IFNAMSIZ);
}

void vs_trace_state_name(char to[VS_TRACE_WORD], const struct vs_conn *cp,
			 u8 state)
{
	const char *name = "-";

	if (cp->proto == IPPROTO_TCP)
		name = vs_tcp_state_name(state);
	else if (cp->proto == IPPROTO_SCTP)
		name = vs_sctp_state_name(state);
	strscpy_pad(to, name, VS_TRACE_WORD);
}
