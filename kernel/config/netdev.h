/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_NETDEV_H
#define VS_NETDEV_H

/* Drops the cached routes over a network device when it goes down or away. */
int vs_netdev_init(void);
void vs_netdev_exit(void);

#endif /* VS_NETDEV_H */
