/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_COMPAT_SOCK_H
#define VS_COMPAT_SOCK_H

#include <net/inet_sock.h>

/* Whether @sk is a raw IPv4 socket with IP_NODEFRAG, whose fragments must not
 * be reassembled. @sk may be a TIME_WAIT or request socket, which lacks the
 * field. */
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
