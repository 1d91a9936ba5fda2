/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_SOCKOPT_IMPL_H
#define VS_SOCKOPT_IMPL_H

#include <linux/sockptr.h>

#include "service/service.h"

/* Shared by sockopt*.c. @cmd is in range and the caller has CAP_NET_ADMIN.
 * Process context. */

/* sockopt_set.c: @len bytes at @from are the argument. */
int vs_sockopt_set(struct vs_net *vn, int cmd, sockptr_t from,
		   unsigned int len);

/* sockopt_get.c: the argument of *@len bytes at @user is overwritten with the
 * answer. */
int vs_sockopt_get(struct vs_net *vn, int cmd, void __user *user, int *len);

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

#endif /* VS_SOCKOPT_IMPL_H */
