// SPDX-License-Identifier: GPL-2.0
/*
 * What the configuration and the sync daemons require of each other: an entry of
 * a message has one address family, so that destinations whose family differs
 * from their service's are kept out; and connections are received before there
 * is a service.
 */
#include "config/config.h"
#include "extack.h"
#include "net.h"
#include "service/dest.h"
#include "sync/mesh.h"

static bool has_mixed_families(const struct vs_config *c)
{
	const struct vs_service *svc;
	const struct vs_dest *dest;

	list_for_each_entry(svc, &c->services, list)
		list_for_each_entry(dest, &svc->dests, list)
			if (dest->key.af != svc->key.af)
				return true;
	return false;
}

static int sync_begin(struct vs_net *vn, bool mixed,
		      struct netlink_ext_ack *extack)
{
	struct vs_config *c = &vn->config;
	int err;

	mutex_lock(&c->lock);
	if (!mixed && has_mixed_families(c))
		err = vs_refuse(extack,
				"destinations of another address family cannot be synchronised",
				-EINVAL);
	else
		err = vs_conn_net_start(vn);
	if (!err)
		c->num_daemons++;
	mutex_unlock(&c->lock);
	return err;
}

static void sync_end(struct vs_net *vn)
{
	mutex_lock(&vn->config.lock);
	vn->config.num_daemons--;
	mutex_unlock(&vn->config.lock);
}

int vs_config_start_daemon(struct vs_net *vn, u32 state,
			   const struct vs_sync_conf *conf,
			   struct netlink_ext_ack *extack)
{
	int err = sync_begin(vn, conf->mixed, extack);

	if (err)
		return err;
	err = vs_sync_start(vn, state, conf, extack);
	if (err)
		sync_end(vn);
	return err;
}

/* Connections to destinations of another family are left out by the daemon. */
int vs_config_start_mesh(struct vs_net *vn, const struct vs_mesh_conf *conf,
			 const struct vs_mesh_keys *keys,
			 struct netlink_ext_ack *extack)
{
	int err;

	mutex_lock(&vn->config.lock);
	err = vs_conn_net_start(vn);
	mutex_unlock(&vn->config.lock);
	return err ?: vs_mesh_start(vn, conf, keys, extack);
}

int vs_config_stop_daemon(struct vs_net *vn, u32 state,
			  struct netlink_ext_ack *extack)
{
	int err = vs_sync_stop(vn, state, extack);

	if (!err)
		sync_end(vn);
	return err;
}
