/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_CONFIG_IMPL_H
#define VS_CONFIG_IMPL_H

#include "config/config.h"

/* Between config.c and config_dest.c. All under vn->config.lock. */

static inline int vs_refuse(struct netlink_ext_ack *extack, const char *why,
			    int err)
{
	if (extack)
		extack->_msg = why;
	return err;
}

/* -ESRCH when there is none. */
struct vs_service *vs_config_need_service(struct vs_net *vn,
					  const struct vs_svc_key *key,
					  struct netlink_ext_ack *extack);

/* Later IPv6 fragments carry no ports: they are put together before they come
 * to us. Once enabled it stays so for the namespace's life. */
int vs_config_defrag6(struct vs_net *vn);

/* What @svc's scheduler is to choose from by now; NULL: no memory. */
struct vs_snap *vs_config_snap(struct vs_service *svc);
void vs_config_publish(struct vs_service *svc, struct vs_snap *snap);

/* Takes @dest out of the configuration; the snapshot is the caller's. */
void vs_config_remove_dest(struct vs_dest *dest);

/* Frees removed destinations when nobody has used them for long. */
void vs_config_reap_later(struct vs_net *vn);

#endif /* VS_CONFIG_IMPL_H */
