// SPDX-License-Identifier: GPL-2.0
/*
 * Lookups in the configuration, for the codecs and for config/ itself.
 */
#include "config/config.h"
#include "config/extack.h"
#include "net.h"

void vs_config_read_begin(struct vs_net *vn)
{
	mutex_lock(&vn->config.lock);
}

void vs_config_read_end(struct vs_net *vn)
{
	mutex_unlock(&vn->config.lock);
}

struct vs_service *vs_config_lookup(struct vs_net *vn,
				    const struct vs_svc_key *key,
				    struct netlink_ext_ack *extack)
{
	struct vs_service *svc = vs_service_by_key(vn, key);

	if (svc && svc->configured)
		return svc;
	return ERR_PTR(vs_refuse(extack, "no such service", -ESRCH));
}

struct vs_service *vs_config_seek(struct vs_net *vn,
				  struct vs_config_cursor *cur,
				  unsigned long index)
{
	const struct vs_config *c = &vn->config;

	vs_assert_config_locked(vn);
	if (!cur->at || cur->changes != c->changes || index < cur->index) {
		cur->at = c->services.next;
		cur->index = 0;
		cur->changes = c->changes;
	}
	while (cur->index < index && cur->at != &c->services) {
		cur->at = cur->at->next;
		cur->index++;
	}
	if (cur->at == &c->services)
		return NULL;
	return list_entry(cur->at, struct vs_service, list);
}
