// SPDX-License-Identifier: GPL-2.0
/*
 * The socket options: registration, permission, range of commands.
 */
#include <linux/capability.h>
#include <linux/ip_vs.h>
#include <linux/module.h>
#include <linux/netfilter.h>
#include <net/sock.h>

#include "api/sockopt.h"
#include "api/sockopt_impl.h"
#include "net.h"

static bool sockopt_allowed(const struct sock *sk)
{
	return ns_capable(sock_net(sk)->user_ns, CAP_NET_ADMIN);
}

static int sockopt_set(struct sock *sk, int cmd, sockptr_t from,
		       unsigned int len)
{
	if (!sockopt_allowed(sk))
		return -EPERM;
	if (cmd < IP_VS_BASE_CTL || cmd > IP_VS_SO_SET_MAX)
		return -EINVAL;
	return vs_sockopt_set(vs_net(sock_net(sk)), cmd, from, len);
}

static int sockopt_get(struct sock *sk, int cmd, void __user *user, int *len)
{
	if (!sockopt_allowed(sk))
		return -EPERM;
	if (cmd < IP_VS_BASE_CTL || cmd > IP_VS_SO_GET_MAX)
		return -EINVAL;
	return vs_sockopt_get(vs_net(sock_net(sk)), cmd, user, len);
}

static struct nf_sockopt_ops sockopt_ops = {
	.pf = PF_INET,
	.set_optmin = IP_VS_BASE_CTL,
	.set_optmax = IP_VS_SO_SET_MAX + 1,
	.set = sockopt_set,
	.get_optmin = IP_VS_BASE_CTL,
	.get_optmax = IP_VS_SO_GET_MAX + 1,
	.get = sockopt_get,
	.owner = THIS_MODULE,
};

int vs_sockopt_init(void)
{
	return nf_register_sockopt(&sockopt_ops);
}

void vs_sockopt_exit(void)
{
	nf_unregister_sockopt(&sockopt_ops);
}
