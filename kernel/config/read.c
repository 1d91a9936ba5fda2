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

/* Moves @cur to destination number @dest of @svc, 0 for @svc itself. Returns
 * false if @svc has fewer. */
static bool rows_seek_dest(struct vs_config_rows *cur,
			   const struct vs_service *svc, u32 dest)
{
	unsigned long changes = svc->vn->config.row_changes;

	if (cur->svc != svc || cur->changes != changes || dest < cur->dest) {
		cur->svc = svc;
		cur->changes = changes;
		cur->dest = 0;
		cur->at = &svc->dests;
	}
	for (; cur->dest < dest; cur->dest++) {
		if (cur->at->next == &svc->dests)
			return false;
		cur->at = cur->at->next;
	}
	return true;
}

bool vs_config_seek_row(struct vs_net *vn, struct vs_config_rows *cur,
			struct vs_config_row *row)
{
	const struct vs_service *svc;

	svc = vs_config_seek(vn, &cur->services, row->service);
	if (svc && !rows_seek_dest(cur, svc, row->dest_index)) {
		row->dest_index = 0;
		svc = vs_config_seek(vn, &cur->services, ++row->service);
		if (svc)
			rows_seek_dest(cur, svc, 0);
	}
	if (!svc)
		return false;
	row->svc = svc;
	row->dest = row->dest_index ?
		    list_entry(cur->at, struct vs_dest, list) : NULL;
	return true;
}
