// SPDX-License-Identifier: GPL-2.0
/*
 * Operations on destinations: add, edit, delete.
 */
#include <linux/inetdevice.h>
#include <linux/slab.h>
#include <net/ipv6.h>
#include <net/route.h>

#include "compat/ipv6.h"
#include "config/config_impl.h"
#include "config/reap.h"
#include "config/txn.h"
#include "extack.h"
#include "net.h"
#include "path/route.h"

/**
 * struct dest_op - a staged operation on a destination
 * @op:		must be first
 * @is_new:	add: the destination did not exist, not even removed
 * @old:	edit: previous parameters
 * @old_last_weight: edit: previous vs_dest.last_weight
 * @before:	delete: previous entry in vs_service.dests
 */
struct dest_op {
	struct vs_txn_op op;
	bool is_new;
	struct vs_dest_conf old;
	int old_last_weight;
	struct list_head *before;
};
static_assert(!offsetof(struct dest_op, op));

static struct dest_op *dest_op(struct vs_txn_op *op)
{
	return container_of(op, struct dest_op, op);
}

static int dest_op_stage(struct vs_txn *txn, const struct vs_txn_type *type,
			 struct vs_dest *dest, const struct dest_op *from)
{
	struct dest_op *d = kmemdup(from, sizeof(*from), GFP_KERNEL);

	if (!d)
		return -ENOMEM;
	d->op.type = type;
	d->op.svc = dest->svc;
	d->op.dest = dest;
	d->op.rebuild = true;
	vs_txn_add(txn, &d->op);
	return 0;
}

static bool addr6_is_local(struct net *net, const struct in6_addr *addr)
{
	struct flowi6 fl6 = { .daddr = *addr };
	struct dst_entry *dst = vs_route6(net, &fl6);
	bool local = dst && (dst->dev->flags & IFF_LOOPBACK);

	dst_release(dst);
	return local;
}

static bool addr_may_be_server(struct net *net, const struct vs_dest_conf *conf)
{
	unsigned int type;

	if (conf->af != AF_INET6) {
		type = inet_addr_type(net, conf->addr.ip);
		return type == RTN_LOCAL || type == RTN_UNICAST;
	}
	type = ipv6_addr_type(&conf->addr.in6);
	return ((type & IPV6_ADDR_UNICAST) && !(type & IPV6_ADDR_LINKLOCAL)) ||
	       addr6_is_local(net, &conf->addr.in6);
}

/* Fills in the default family, checks the key. */
static int dest_key_check(const struct vs_service *svc,
			  struct vs_dest_conf *conf,
			  struct netlink_ext_ack *extack)
{
	if (!conf->af)
		conf->af = svc->key.af;
	if (conf->af != AF_INET &&
	    !(conf->af == AF_INET6 && ipv6_mod_enabled()))
		return vs_refuse(extack, "unknown address family of the destination",
				 -EAFNOSUPPORT);
	return 0;
}

static int dest_check(const struct vs_service *svc, struct vs_dest_conf *conf,
		      struct netlink_ext_ack *extack)
{
	u32 method = conf->conn_flags & IP_VS_CONN_F_FWD_MASK;
	int err = dest_key_check(svc, conf, extack);

	if (err)
		return err;
	if (conf->af != svc->key.af && method != IP_VS_CONN_F_TUNNEL)
		return vs_refuse(extack,
				 "mixed address families require tunnelling",
				 -EINVAL);
	if (conf->af != svc->key.af && svc->vn->config.num_daemons)
		return vs_refuse(extack,
				 "a sync daemon runs: no other address family",
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
		return vs_refuse(extack, "GUE requires a tunnel port", -EINVAL);
	return 0;
}

/* Sets @dest's parameters, on which its cached route depends. */
static void dest_set(struct vs_dest *dest, const struct vs_dest_conf *conf)
{
	vs_dest_set(dest, conf);
	vs_route_drop(dest);
}

/* Lets packets from @dest's address find it, if it uses NAT. */
static void dest_list_real(struct vs_dest *dest)
{
	if (dest->method == IP_VS_CONN_F_MASQ)
		vs_filter_add(dest->svc->vn->filter.real, dest->key.af,
			      &dest->key.addr);
	vs_dest_list_real(dest);
}

/* Puts @dest at the head of the configured destinations. */
static void dest_list(struct vs_dest *dest)
{
	list_move(&dest->list, &dest->svc->dests);
	dest->svc->num_dests++;
	dest->configured = true;
}

static void dest_unlist(struct vs_dest *dest)
{
	list_move(&dest->list, &dest->svc->removed);
	dest->svc->num_dests--;
	dest->configured = false;
}

/* Ends scheduling to @dest. Its connections continue. */
static void dest_retire(struct vs_dest *dest)
{
	clear_bit(ilog2(VS_DEST_AVAILABLE), &dest->flags);
	vs_dest_unlist_real(dest);
	dest->idle = 0;
	dest->gone = get_state_synchronize_rcu();
	vs_route_drop(dest);
	vs_reap_later(dest);
}

void vs_config_remove_dest(struct vs_dest *dest)
{
	vs_assert_config_locked(dest->svc->vn);
	dest_unlist(dest);
	dest_retire(dest);
	vs_reap_conns(dest->svc->vn);
}

/* The configured destination that @conf names, or ERR_PTR(). */
static struct vs_dest *dest_lookup(struct vs_service *svc,
				   const struct vs_dest_conf *conf,
				   struct netlink_ext_ack *extack)
{
	struct vs_dest *dest = vs_dest_lookup(svc, conf->af, &conf->addr,
					      conf->port);

	if (dest && dest->configured)
		return dest;
	return ERR_PTR(vs_refuse(extack, "no such destination", -ENOENT));
}

/* Add. */

static void add_dest_undo(struct vs_txn_op *op)
{
	dest_unlist(op->dest);
	if (dest_op(op)->is_new)
		vs_dest_free(op->dest);
}

static void add_dest_apply(struct vs_txn_op *op)
{
	vs_reap_cancel(op->dest);
	set_bit(ilog2(VS_DEST_AVAILABLE), &op->dest->flags);
	dest_list_real(op->dest);
}

static void add_dest_finish(struct vs_txn_op *op)
{
	op->dest->row = ++op->svc->last_row;
	vs_config_notify(op->svc->vn, VS_CONFIG_DEST_ADDED, op->svc, op->dest);
}

static const struct vs_txn_type add_dest_type = {
	.undo = add_dest_undo,
	.apply = add_dest_apply,
	.finish = add_dest_finish,
};

static struct vs_dest *dest_create(struct vs_service *svc,
				   const struct vs_dest_conf *conf,
				   struct netlink_ext_ack *extack)
{
	int err = 0;

	if (!addr_may_be_server(svc->vn->net, conf))
		return ERR_PTR(vs_refuse(extack,
					 "destination address is neither unicast nor local",
					 -EINVAL));
	if (conf->af == AF_INET6)
		err = vs_config_defrag6(svc->vn);
	return err ? ERR_PTR(err) : vs_dest_new(svc, conf);
}

/* A removed destination that is added again keeps connections and counts. */
static void dest_revive(struct vs_dest *dest, const struct vs_dest_conf *conf)
{
	struct vs_sums now = {};

	dest->last_weight = 0;
	dest_set(dest, conf);
	vs_stats_sum(dest->stats, &now);
	dest->totals.last = now;
}

static int add_dest_stage(struct vs_txn *txn, struct vs_service *svc,
			  struct vs_dest_conf *conf,
			  struct netlink_ext_ack *extack)
{
	struct dest_op d = {};
	struct vs_dest *dest;
	int err;

	err = dest_check(svc, conf, extack);
	if (err)
		return err;
	dest = vs_dest_lookup(svc, conf->af, &conf->addr, conf->port);
	/* still visible to packets if this transaction deletes it */
	if (dest && (dest->configured || vs_dest_available(dest)))
		return vs_refuse(extack, "destination exists already", -EEXIST);
	if (dest) {
		dest_revive(dest, conf);
	} else {
		dest = dest_create(svc, conf, extack);
		if (IS_ERR(dest))
			return PTR_ERR(dest);
		d.is_new = true;
	}
	err = dest_op_stage(txn, &add_dest_type, dest, &d);
	if (!err)
		dest_list(dest);
	else if (d.is_new)
		vs_dest_free(dest);
	return err;
}

/* Edit. */

static void edit_dest_undo(struct vs_txn_op *op)
{
	dest_set(op->dest, &dest_op(op)->old);
	op->dest->last_weight = dest_op(op)->old_last_weight;
}

static void edit_dest_apply(struct vs_txn_op *op)
{
	dest_list_real(op->dest);
}

static void edit_dest_finish(struct vs_txn_op *op)
{
	vs_config_notify(op->svc->vn, VS_CONFIG_DEST_EDITED, op->svc, op->dest);
}

static const struct vs_txn_type edit_dest_type = {
	.undo = edit_dest_undo,
	.apply = edit_dest_apply,
	.finish = edit_dest_finish,
};

static int edit_dest_stage(struct vs_txn *txn, struct vs_service *svc,
			   struct vs_dest_conf *conf,
			   struct netlink_ext_ack *extack)
{
	struct vs_dest *dest;
	struct dest_op d = {};
	int err;

	err = dest_check(svc, conf, extack);
	if (err)
		return err;
	dest = dest_lookup(svc, conf, extack);
	if (IS_ERR(dest))
		return PTR_ERR(dest);
	vs_dest_conf(dest, &d.old);
	d.old_last_weight = dest->last_weight;
	err = dest_op_stage(txn, &edit_dest_type, dest, &d);
	/* Visible to packets at once. Snapshots copy the weight from here. */
	if (!err)
		dest_set(dest, conf);
	return err;
}

/* Delete. */

static void del_dest_undo(struct vs_txn_op *op)
{
	struct vs_dest *dest = op->dest;

	dest_list(dest);
	list_move(&dest->list, dest_op(op)->before);
}

static void del_dest_apply(struct vs_txn_op *op)
{
	dest_retire(op->dest);
}

static void del_dest_finish(struct vs_txn_op *op)
{
	/* packets could find it in the previous snapshot until now */
	op->dest->gone = get_state_synchronize_rcu();
	vs_reap_conns(op->svc->vn);
	vs_config_notify(op->svc->vn, VS_CONFIG_DEST_REMOVED, op->svc,
			 op->dest);
}

static const struct vs_txn_type del_dest_type = {
	.undo = del_dest_undo,
	.apply = del_dest_apply,
	.finish = del_dest_finish,
};

static int del_dest_stage(struct vs_txn *txn, struct vs_service *svc,
			  struct vs_dest_conf *conf,
			  struct netlink_ext_ack *extack)
{
	struct vs_dest *dest;
	struct dest_op d = {};
	int err;

	err = dest_key_check(svc, conf, extack);
	if (err)
		return err;
	dest = dest_lookup(svc, conf, extack);
	if (IS_ERR(dest))
		return PTR_ERR(dest);
	d.before = dest->list.prev;
	err = dest_op_stage(txn, &del_dest_type, dest, &d);
	if (!err)
		dest_unlist(dest);
	return err;
}

/* Runs a transaction of one operation on a destination of service @key. */
static int dest_txn(struct vs_net *vn, const struct vs_svc_key *key,
		    const struct vs_dest_conf *conf,
		    struct netlink_ext_ack *extack,
		    int (*stage)(struct vs_txn *txn, struct vs_service *svc,
				 struct vs_dest_conf *conf,
				 struct netlink_ext_ack *extack))
{
	struct vs_dest_conf c = *conf;
	struct vs_service *svc;
	struct vs_txn txn;

	vs_txn_begin(&txn, vn);
	svc = vs_config_lookup(vn, key, extack);
	return vs_txn_end(&txn, PTR_ERR_OR_ZERO(svc) ?:
				stage(&txn, svc, &c, extack));
}

int vs_config_add_dest(struct vs_net *vn, const struct vs_svc_key *key,
		       const struct vs_dest_conf *conf,
		       struct netlink_ext_ack *extack)
{
	return dest_txn(vn, key, conf, extack, add_dest_stage);
}

int vs_config_edit_dest(struct vs_net *vn, const struct vs_svc_key *key,
			const struct vs_dest_conf *conf,
			struct netlink_ext_ack *extack)
{
	return dest_txn(vn, key, conf, extack, edit_dest_stage);
}

int vs_config_del_dest(struct vs_net *vn, const struct vs_svc_key *key,
		       const struct vs_dest_conf *conf,
		       struct netlink_ext_ack *extack)
{
	return dest_txn(vn, key, conf, extack, del_dest_stage);
}
