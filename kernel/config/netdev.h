/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_NETDEV_H
#define VS_NETDEV_H

/* Network device notifier: no cached route outlives its device. */
int vs_netdev_init(void);
void vs_netdev_exit(void);

#endif /* VS_NETDEV_H */
