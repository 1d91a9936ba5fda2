// SPDX-License-Identifier: GPL-2.0
/*
 * The configuration of a namespace: setup, teardown, connection timeouts.
 */
#include "config/config_impl.h"
#include "config/reap.h"
#include "config/txn.h"
#include "extack.h"
#include "net.h"

static void timeout_set(u32 *timeout, u32 seconds)
{
	if (seconds)
		WRITE_ONCE(*timeout, seconds * HZ);
}

int vs_config_set_timeouts(struct vs_net *vn, const struct vs_timeouts *t,
			   struct netlink_ext_ack *extack)
{
	struct vs_proto_net *pn = &vn->proto;

	if (t->tcp > MAX_TIMEOUT || t->tcp_fin > MAX_TIMEOUT ||
	    t->udp > MAX_TIMEOUT)
		return vs_refuse(extack, "timeout is too long", -EINVAL);
	mutex_lock(&vn->config.lock);
	timeout_set(&pn->tcp_timeout[VS_TCP_S_ESTABLISHED], t->tcp);
	timeout_set(&pn->tcp_timeout[VS_TCP_S_FIN_WAIT], t->tcp_fin);
	timeout_set(&pn->udp_timeout, t->udp);
	vs_config_notify(vn, VS_CONFIG_TIMEOUTS_SET, NULL, NULL);
	mutex_unlock(&vn->config.lock);
	return 0;
}

void vs_config_get_timeouts(struct vs_net *vn, struct vs_timeouts *t)
{
	const struct vs_proto_net *pn = &vn->proto;

	t->tcp = READ_ONCE(pn->tcp_timeout[VS_TCP_S_ESTABLISHED]) / HZ;
	t->tcp_fin = READ_ONCE(pn->tcp_timeout[VS_TCP_S_FIN_WAIT]) / HZ;
	t->udp = READ_ONCE(pn->udp_timeout) / HZ;
}

int vs_config_net_init(struct vs_net *vn)
{
	struct vs_config *c = &vn->config;
	int err;

	mutex_init(&vn->config.lock);
	INIT_LIST_HEAD(&c->services);
	INIT_LIST_HEAD(&c->trash);
	INIT_LIST_HEAD(&c->reaping);
	c->quiet = get_state_synchronize_rcu();
	vs_reap_net_init(vn);
	err = vs_all_init(&vn->all);
	if (err)
		return err;
	err = vs_services_init(vn);
	if (err)
		goto err_all;
	err = vs_dests_init(vn);
	if (err)
		goto err_services;
	return 0;

err_services:
	vs_services_exit(vn);
err_all:
	vs_all_exit(&vn->all);
	return err;
}

void vs_config_net_flush(struct vs_net *vn)
{
	vs_config_flush(vn);
	vs_reap_net_stop(vn);
}

void vs_config_net_exit(struct vs_net *vn)
{
	vs_reap_all(vn);
	vs_dests_exit(vn);
	vs_services_exit(vn);
	vs_all_exit(&vn->all);
	vs_config_defrag6_exit(vn);
	mutex_destroy(&vn->config.lock);
}
