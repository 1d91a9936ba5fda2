/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_REAP_H
#define VS_REAP_H

#include "types.h"

/* Configuration lock held, @dest was removed. Frees it once it is unused. */
void vs_reap_later(struct vs_dest *dest);

/* Configuration lock held, destinations were removed and no published snapshot
 * has them. Ends their connections, with expire_nodest_conn. */
void vs_reap_conns(struct vs_net *vn);

/* Configuration lock held. @dest was removed, and is added again. */
void vs_reap_cancel(struct vs_dest *dest);

/* No connection holds a destination, no packet is in flight. Frees all removed
 * destinations. Takes the configuration lock, and releases it now and then. */
void vs_reap_all(struct vs_net *vn);

void vs_reap_net_init(struct vs_net *vn);
/* Stops the work items. No service is configured any more. */
void vs_reap_net_stop(struct vs_net *vn);

#endif /* VS_REAP_H */
