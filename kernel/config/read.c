// SPDX-License-Identifier: GPL-2.0
/*
 * Lookups in the configuration, for the codecs and for config/ itself.
 */
#include <linux/sched.h>

#include "config/config.h"
#include "extack.h"
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
		cond_resched();
	}
	if (cur->at == &c->services)
		return NULL;
	return list_entry(cur->at, struct vs_service, list);
}

/* The place of a destination's row in its service: newer ones come first. The
 * service itself has rank 0. */
static u64 row_rank(const struct vs_dest *dest)
{
	return U64_MAX - dest->row;
}

static const struct vs_dest *rows_dest(const struct vs_config_rows *cur)
{
	if (cur->at == &cur->svc->dests)
		return NULL;
	return list_entry(cur->at, struct vs_dest, list);
}

static void rows_set(struct vs_config_rows *cur, const struct vs_service *svc,
		     const struct list_head *at)
{
	const struct vs_dest *dest;

	cur->svc = svc;
	cur->at = at;
	cur->changes = svc->vn->config.row_changes;
	cur->begun = true;
	cur->added = svc->added;
	dest = rows_dest(cur);
	cur->rank = dest ? row_rank(dest) : 0;
}

static bool rows_are_current(const struct vs_net *vn,
			     const struct vs_config_rows *cur)
{
	return cur->svc && cur->changes == vn->config.row_changes;
}

/* Moves to the row of the service after @svc. */
static bool rows_next_service(const struct vs_net *vn,
			      struct vs_config_rows *cur,
			      const struct vs_service *svc)
{
	if (list_is_last(&svc->list, &vn->config.services))
		return false;
	svc = list_next_entry(svc, list);
	rows_set(cur, svc, &svc->dests);
	return true;
}

/* The oldest service that is not older than @cur's. */
static const struct vs_service *rows_find_service(const struct vs_net *vn,
						  const struct vs_config_rows *cur)
{
	const struct vs_service *svc;

	list_for_each_entry(svc, &vn->config.services, list) {
		if (!cur->begun || (long)(svc->added - cur->added) >= 0)
			return svc;
		cond_resched();
	}
	return NULL;
}

static const struct list_head *rows_find_dest(const struct vs_service *svc,
					      u64 rank)
{
	const struct vs_dest *dest;

	if (!rank)
		return &svc->dests;
	list_for_each_entry(dest, &svc->dests, list) {
		if (row_rank(dest) >= rank)
			return &dest->list;
		cond_resched();
	}
	return NULL;
}

/* Moves to the row of @cur's identity, or the first after it. If there is none,
 * @cur keeps its identity, and the next call searches again. */
static bool rows_find(const struct vs_net *vn, struct vs_config_rows *cur)
{
	const struct vs_service *svc = rows_find_service(vn, cur);
	const struct list_head *at;
	bool same;

	if (!svc)
		return false;
	same = cur->begun && svc->added == cur->added;
	at = rows_find_dest(svc, same ? cur->rank : 0);
	if (!at)
		return rows_next_service(vn, cur, svc);
	rows_set(cur, svc, at);
	return true;
}

static bool rows_get(struct vs_config_rows *cur, bool found,
		     struct vs_config_row *row)
{
	if (!found)
		return false;
	row->svc = cur->svc;
	row->dest = rows_dest(cur);
	return true;
}

bool vs_config_this_row(struct vs_net *vn, struct vs_config_rows *cur,
			struct vs_config_row *row)
{
	vs_assert_config_locked(vn);
	return rows_get(cur, rows_are_current(vn, cur) || rows_find(vn, cur),
			row);
}

bool vs_config_next_row(struct vs_net *vn, struct vs_config_rows *cur,
			struct vs_config_row *row)
{
	bool found = true;

	vs_assert_config_locked(vn);
	if (!rows_are_current(vn, cur)) {
		cur->rank++;
		found = rows_find(vn, cur);
		cur->rank -= !found;
	} else if (cur->at->next != &cur->svc->dests) {
		rows_set(cur, cur->svc, cur->at->next);
	} else {
		found = rows_next_service(vn, cur, cur->svc);
	}
	return rows_get(cur, found, row);
}
