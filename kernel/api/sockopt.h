/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_SOCKOPT_H
#define VS_SOCKOPT_H

/* The socket options of raw IPv4 sockets: the interface of programs older than
 * the netlink family. */
int vs_sockopt_init(void);
void vs_sockopt_exit(void);

#endif /* VS_SOCKOPT_H */
