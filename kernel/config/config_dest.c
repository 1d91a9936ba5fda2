// SPDX-License-Identifier: GPL-2.0
/*
 * Destinations come, change and go.
 */
#include <linux/inetdevice.h>
#include <net/ip6_route.h>
#include <net/ipv6.h>
#include <net/route.h>

#include "config/config_impl.h"
#include "net.h"
#include "path/route.h"

void vs_config_remove_dest(struct vs_dest *dest)
{
	struct vs_service *svc = dest->svc;

	clear_bit(ilog2(VS_DEST_AVAILABLE), &dest->flags);
	list_move(&dest->list, &svc->removed);
	svc->num_dests--;
	dest->idle = 0;
	dest->gone = get_state_synchronize_rcu();
	vs_route_drop(dest);
	vs_config_reap_later(svc->vn);
	if (READ_ONCE(svc->vn->sysctl.expire_nodest_conn))
		queue_work(vs_wq, &svc->vn->config.expire);
}

static bool is_local6(struct net *net, const struct in6_addr *addr)
{
	struct flowi6 fl6 = { .daddr = *addr };
	struct dst_entry *dst = ip6_route_output(net, NULL, &fl6);
	bool local = !dst->error && (dst->dev->flags & IFF_LOOPBACK);

	dst_release(dst);
	return local;
}

static bool may_be_server(struct net *net, const struct vs_dest_conf *conf)
{
	unsigned int type;

	if (conf->af != AF_INET6) {
		type = inet_addr_type(net, conf->addr.ip);
		return type == RTN_LOCAL || type == RTN_UNICAST;
	}
	type = ipv6_addr_type(&conf->addr.in6);
	return ((type & IPV6_ADDR_UNICAST) && !(type & IPV6_ADDR_LINKLOCAL)) ||
	       is_local6(net, &conf->addr.in6);
}

/* Completes and checks what tells a destination from the others. */
static int check_dest_key(const struct vs_service *svc,
			  struct vs_dest_conf *conf,
			  struct netlink_ext_ack *extack)
{
	if (!conf->af)
		conf->af = svc->key.af;
	if (conf->af != AF_INET &&
	    !(conf->af == AF_INET6 && ipv6_mod_enabled()))
		return vs_refuse(extack, "destination's address family is unknown",
				 -EAFNOSUPPORT);
	return 0;
}

static int check_dest(const struct vs_service *svc, struct vs_dest_conf *conf,
		      struct netlink_ext_ack *extack)
{
	u32 method = conf->conn_flags & IP_VS_CONN_F_FWD_MASK;
	int err = check_dest_key(svc, conf, extack);

	if (err)
		return err;
	if (conf->af != svc->key.af && method != IP_VS_CONN_F_TUNNEL)
		return vs_refuse(extack,
				 "a destination of the other address family needs tunnelling",
				 -EINVAL);
	if (method > IP_VS_CONN_F_DROUTE)
		return vs_refuse(extack, "unknown forwarding method", -EINVAL);
	if (conf->weight < 0)
		return vs_refuse(extack, "weight is above 2147483647", -ERANGE);
	if (conf->l_threshold > conf->u_threshold)
		return vs_refuse(extack,
				 "lower threshold is above the upper threshold",
				 -ERANGE);
	if (conf->u_threshold > INT_MAX)
		return vs_refuse(extack, "upper threshold is above 2147483647",
				 -EINVAL);
	if (conf->tun_type == IP_VS_CONN_F_TUNNEL_TYPE_GUE && !conf->tun_port)
		return vs_refuse(extack, "GUE needs a tunnel port", -EINVAL);
	return 0;
}

static void filter_dest(struct vs_dest *dest)
{
	if (dest->method == IP_VS_CONN_F_MASQ)
		vs_filter_add(dest->svc->vn->filter.real, dest->key.af,
			      &dest->key.addr);
}

/* Puts @dest before the others of its service and lets it be chosen. */
static int enlist_dest(struct vs_dest *dest)
{
	struct vs_service *svc = dest->svc;
	struct vs_snap *snap;

	list_move(&dest->list, &svc->dests);
	svc->num_dests++;
	snap = vs_config_snap(svc);
	if (!snap) {
		list_move(&dest->list, &svc->removed);
		svc->num_dests--;
		return -ENOMEM;
	}
	filter_dest(dest);
	set_bit(ilog2(VS_DEST_AVAILABLE), &dest->flags);
	vs_config_publish(svc, snap);
	return 0;
}

static int new_dest(struct vs_service *svc, const struct vs_dest_conf *conf,
		    struct netlink_ext_ack *extack)
{
	struct vs_net *vn = svc->vn;
	struct vs_dest *dest;
	int err = 0;

	if (!may_be_server(vn->net, conf))
		return vs_refuse(extack,
				 "destination's address is neither unicast nor local",
				 -EINVAL);
	if (conf->af == AF_INET6)
		err = vs_config_defrag6(vn);
	if (err)
		return err;
	dest = vs_dest_new(svc, conf);
	if (IS_ERR(dest))
		return PTR_ERR(dest);
	err = enlist_dest(dest);
	if (err) {
		vs_route_drop(dest);
		vs_dest_free(dest);
	}
	return err;
}

/* A removed destination goes on with its connections and counts. */
static int revive_dest(struct vs_dest *dest, const struct vs_dest_conf *conf)
{
	struct vs_sums now = {};

	dest->last_weight = 0;
	vs_dest_set(dest, conf);
	vs_route_drop(dest);
	vs_stats_sum(dest->stats, &now);
	dest->shown.last = now;
	return enlist_dest(dest);
}

int vs_config_add_dest(struct vs_net *vn, const struct vs_svc_key *key,
		       const struct vs_dest_conf *conf,
		       struct netlink_ext_ack *extack)
{
	struct vs_dest_conf c = *conf;
	struct vs_service *svc;
	struct vs_dest *dest;
	int err;

	mutex_lock(&vn->config.lock);
	svc = vs_config_need_service(vn, key, extack);
	err = PTR_ERR_OR_ZERO(svc);
	if (!err)
		err = check_dest(svc, &c, extack);
	if (err)
		goto out;
	dest = vs_dest_lookup(svc, c.af, &c.addr, c.port);
	if (!dest)
		err = new_dest(svc, &c, extack);
	else if (vs_dest_available(dest))
		err = vs_refuse(extack, "destination exists already", -EEXIST);
	else
		err = revive_dest(dest, &c);
out:
	mutex_unlock(&vn->config.lock);
	return err;
}

/* The configured destination that @conf names, or an error. */
static struct vs_dest *need_dest(struct vs_service *svc,
				 const struct vs_dest_conf *conf,
				 struct netlink_ext_ack *extack)
{
	struct vs_dest *dest = vs_dest_lookup(svc, conf->af, &conf->addr,
					   conf->port);

	if (dest && vs_dest_available(dest))
		return dest;
	NL_SET_ERR_MSG(extack, "no such destination");
	return ERR_PTR(-ENOENT);
}

static int edit_dest(struct vs_dest *dest, const struct vs_dest_conf *conf)
{
	int last_weight = dest->last_weight;
	struct vs_dest_conf old;
	struct vs_snap *snap;

	vs_dest_conf(dest, &old);
	vs_dest_set(dest, conf);
	snap = vs_config_snap(dest->svc);
	if (!snap) {
		vs_dest_set(dest, &old);
		vs_route_drop(dest);
		dest->last_weight = last_weight;
		return -ENOMEM;
	}
	filter_dest(dest);
	vs_route_drop(dest);
	vs_config_publish(dest->svc, snap);
	return 0;
}

static int del_dest(struct vs_dest *dest, const struct vs_dest_conf *conf)
{
	struct vs_service *svc = dest->svc;
	struct list_head *before = dest->list.prev;
	struct vs_snap *snap;

	list_del(&dest->list);
	svc->num_dests--;
	snap = vs_config_snap(svc);
	list_add(&dest->list, before);
	svc->num_dests++;
	if (!snap)
		return -ENOMEM;
	vs_config_remove_dest(dest);
	vs_config_publish(svc, snap);
	dest->gone = get_state_synchronize_rcu();
	return 0;
}

/* Does @change to the destination that @conf names, if @check allows it. */
static int change_dest(struct vs_net *vn, const struct vs_svc_key *key,
		       const struct vs_dest_conf *conf,
		       struct netlink_ext_ack *extack,
		       int (*check)(const struct vs_service *svc,
				    struct vs_dest_conf *conf,
				    struct netlink_ext_ack *extack),
		       int (*change)(struct vs_dest *dest,
				     const struct vs_dest_conf *conf))
{
	struct vs_dest_conf c = *conf;
	struct vs_service *svc;
	struct vs_dest *dest;
	int err;

	mutex_lock(&vn->config.lock);
	svc = vs_config_need_service(vn, key, extack);
	err = PTR_ERR_OR_ZERO(svc);
	if (!err)
		err = check(svc, &c, extack);
	if (err)
		goto out;
	dest = need_dest(svc, &c, extack);
	err = PTR_ERR_OR_ZERO(dest);
	if (!err)
		err = change(dest, &c);
out:
	mutex_unlock(&vn->config.lock);
	return err;
}

int vs_config_edit_dest(struct vs_net *vn, const struct vs_svc_key *key,
			const struct vs_dest_conf *conf,
			struct netlink_ext_ack *extack)
{
	return change_dest(vn, key, conf, extack, check_dest, edit_dest);
}

int vs_config_del_dest(struct vs_net *vn, const struct vs_svc_key *key,
		       const struct vs_dest_conf *conf,
		       struct netlink_ext_ack *extack)
{
	return change_dest(vn, key, conf, extack, check_dest_key, del_dest);
}
