/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_SOCKOPT_H
#define VS_SOCKOPT_H

#include <linux/capability.h>
#include <net/sock.h>

#include "service/service.h"

/* The socket options of raw IPv4 sockets, by which programs older than the
 * netlink family configure services. */
int vs_sockopt_init(void);
void vs_sockopt_exit(void);

/* Between sockopt.c and sockopt_get.c. */

int vs_sockopt_get(struct sock *sk, int cmd, void __user *user, int *len);

static inline bool vs_sockopt_allowed(const struct sock *sk)
{
	return ns_capable(sock_net(sk)->user_ns, CAP_NET_ADMIN);
}

static inline void vs_sockopt_key(struct vs_svc_key *key, u32 fwmark,
				  u16 proto, __be32 addr, __be16 port)
{
	memset(key, 0, sizeof(*key));
	key->af = AF_INET;
	key->fwmark = fwmark;
	if (fwmark)
		return;
	key->proto = proto;
	key->addr.ip = addr;
	key->port = port;
}

#endif /* VS_SOCKOPT_H */
