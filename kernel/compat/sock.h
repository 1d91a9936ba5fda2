/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_COMPAT_SOCK_H
#define VS_COMPAT_SOCK_H

#include <net/inet_sock.h>

/* A raw IPv4 socket that wants its fragments as they are. What sends may be a
 * socket in TIME_WAIT or a request, which have the first fields only.
 */
static inline bool vs_sk_nodefrag(const struct sock *sk)
{
	if (!sk_fullsock(sk) || sk->sk_family != PF_INET ||
	    sk->sk_type != SOCK_RAW)
		return false;
#ifdef VS_HAVE_INET_FLAGS
	return inet_test_bit(NODEFRAG, sk);
#else
	return inet_sk(sk)->nodefrag;
#endif
}

#endif /* VS_COMPAT_SOCK_H */
