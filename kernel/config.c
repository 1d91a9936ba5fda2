// SPDX-License-Identifier: GPL-2.0
/*
 * Services and destinations come, change and go. Whatever may fail is done
 * first, publishing last.
 */
#include <linux/inetdevice.h>
#include <linux/slab.h>
#include <net/ip6_route.h>
#include <net/ipv6.h>
#include <net/netfilter/ipv6/nf_defrag_ipv6.h>
#include <net/route.h>

#include "config.h"
#include "est.h"
#include "hook.h"
#include "main.h"
#include "net.h"
#include "route.h"

#define REAP_PERIOD	(60 * HZ)
#define MAX_SECONDS	(INT_MAX / HZ)

/* Later IPv6 fragments carry no ports: they are put together before they come
 * to us. Once enabled it stays so for the namespace's life. */
static int enable_defrag6(struct vs_net *vn)
{
	int err;

	if (vn->config.defrag6)
		return 0;
	err = nf_defrag_ipv6_enable(vn->net);
	vn->config.defrag6 = !err;
	return err;
}

struct vs_service *vs_config_service(struct vs_net *vn,
				     const struct vs_svc_key *key)
{
	struct vs_service *svc = vs_service_get(vn, key);

	return svc && vs_service_configured(svc) ? svc : NULL;
}

static struct vs_service *need_service(struct vs_net *vn,
				       const struct vs_svc_key *key,
				       struct netlink_ext_ack *extack)
{
	struct vs_service *svc = vs_config_service(vn, key);

	if (svc)
		return svc;
	NL_SET_ERR_MSG(extack, "no such service");
	return ERR_PTR(-ESRCH);
}

static int refuse(struct netlink_ext_ack *extack, const char *why, int err)
{
	if (extack)
		extack->_msg = why;
	return err;
}

/* Snapshots. */

static struct vs_snap *build_snap(struct vs_service *svc)
{
	struct vs_snap *old;

	old = rcu_dereference_protected(svc->snap,
					lockdep_is_held(&svc->vn->config.lock));
	return vs_snap_build(svc->sched, svc->flags, &svc->dests,
			     svc->num_dests, old);
}

static void publish_snap(struct vs_service *svc, struct vs_snap *snap)
{
	snap = rcu_replace_pointer(svc->snap, snap,
				   lockdep_is_held(&svc->vn->config.lock));
	if (snap)
		vs_snap_retire(snap);
}

/* Services. */

static int check_service(const struct vs_svc_key *key,
			 const struct vs_svc_conf *conf,
			 const struct vs_sched **sched,
			 struct netlink_ext_ack *extack)
{
	u32 plen = (__force u32)conf->netmask;

	*sched = NULL;
	if (strcmp(conf->sched_name, "none")) {
		*sched = vs_sched_find(conf->sched_name);
		if (!*sched)
			return refuse(extack, "no scheduler of that name",
				      -ENOENT);
	}
	if (conf->pe_name[0])
		return refuse(extack, "no persistence engine of that name",
			      -ENOENT);
	if (key->af == AF_INET6 && (plen < 1 || plen > 128))
		return refuse(extack,
			      "IPv6 persistence prefix length is not 1..128",
			      -EINVAL);
	return 0;
}

static u32 merge_flags(u32 flags, const struct vs_svc_conf *conf)
{
	return (flags & ~conf->flags_mask) | (conf->flags & conf->flags_mask);
}

static void set_service(struct vs_service *svc, const struct vs_svc_conf *conf)
{
	WRITE_ONCE(svc->timeout, min_t(u32, conf->timeout, MAX_SECONDS) * HZ);
	WRITE_ONCE(svc->netmask, conf->netmask);
}

static void count_service(const struct vs_service *svc, int n)
{
	struct vs_config *c = &svc->vn->config;
	int i = vs_af_index(svc->key.af);

	c->num_services += n;
	c->num_af[i] += n;
	if (svc->key.fwmark)
		WRITE_ONCE(c->num_fwmark[i], c->num_fwmark[i] + n);
	else if (!svc->key.port)
		WRITE_ONCE(c->num_port0, c->num_port0 + n);
}

/* The first service of a family brings its hooks. */
static int need_hooks(struct vs_net *vn, u8 af)
{
	struct vs_config *c = &vn->config;

	if (c->num_af[vs_af_index(af)])
		return 0;
	if (!c->num_services && poll_state_synchronize_rcu(c->quiet) &&
	    !percpu_counter_sum(&vn->conns))
		memset(&vn->filter, 0, sizeof(vn->filter));
	return vs_hooks_register(vn, af);
}

static void drop_hooks(struct vs_net *vn, u8 af)
{
	if (vn->config.num_af[vs_af_index(af)])
		return;
	vs_hooks_unregister(vn, af);
	vn->config.quiet = get_state_synchronize_rcu();
}

/* A deleted service that is wanted again starts to count anew. */
static void zero_revived(struct vs_service *svc)
{
	struct vs_sums now = {};
	struct vs_dest *dest;

	vs_stats_sum_service(svc, &now);
	vs_stats_zero(&svc->shown, &now);
	list_for_each_entry(dest, &svc->removed, list) {
		struct vs_sums d = {};

		vs_stats_sum(dest->stats, &d);
		vs_stats_zero(&dest->shown, &d);
	}
}

static void publish_service(struct vs_service *svc, u32 flags)
{
	struct vs_net *vn = svc->vn;

	if (!svc->key.fwmark)
		vs_filter_add(vn->filter.vip, svc->key.af, &svc->key.addr);
	list_move_tail(&svc->list, &vn->config.services);
	count_service(svc, 1);
	/* ordered after all that a reader of the flag relies on */
	smp_store_release(&svc->flags, flags | IP_VS_SVC_F_HASHED);
	vs_est_kick(vn);
}

static int add_service(struct vs_net *vn, struct vs_service *svc,
		       const struct vs_svc_key *key,
		       const struct vs_svc_conf *conf,
		       const struct vs_sched *sched,
		       struct netlink_ext_ack *extack)
{
	u32 flags = merge_flags(0, conf);
	bool revived = svc;
	struct vs_snap *snap;
	int err = -ENOMEM;

	if (!svc) {
		svc = vs_service_new(vn, key);
		if (IS_ERR(svc))
			return PTR_ERR(svc);
	}
	snap = vs_snap_build(sched, flags, &svc->dests, 0, NULL);
	if (!snap)
		goto err_service;
	err = need_hooks(vn, key->af);
	if (err) {
		NL_SET_ERR_MSG(extack, "cannot register the packet hooks");
		goto err_snap;
	}

	svc->sched = sched;
	set_service(svc, conf);
	publish_snap(svc, snap);
	if (revived)
		zero_revived(svc);
	publish_service(svc, flags);
	return 0;

err_snap:
	vs_snap_free(snap);
err_service:
	if (!revived)
		vs_service_free(svc);
	return err;
}

int vs_config_add_service(struct vs_net *vn, const struct vs_svc_key *key,
			  const struct vs_svc_conf *conf,
			  struct netlink_ext_ack *extack)
{
	const struct vs_sched *sched;
	struct vs_service *svc;
	int err;

	mutex_lock(&vn->config.lock);
	svc = vs_service_get(vn, key);
	if (svc && vs_service_configured(svc))
		err = refuse(extack, "service exists already", -EEXIST);
	else
		err = check_service(key, conf, &sched, extack);
	if (!err && key->af == AF_INET6)
		err = enable_defrag6(vn);
	if (!err)
		err = add_service(vn, svc, key, conf, sched, extack);
	mutex_unlock(&vn->config.lock);
	return err;
}

static int edit_service(struct vs_service *svc, const struct vs_svc_conf *conf,
			const struct vs_sched *sched)
{
	u32 flags = merge_flags(svc->flags, conf) | IP_VS_SVC_F_HASHED;
	const struct vs_sched *old_sched = svc->sched;
	u32 old_flags = svc->flags;
	struct vs_snap *snap;

	svc->sched = sched;
	WRITE_ONCE(svc->flags, flags);
	snap = build_snap(svc);
	if (!snap) {
		svc->sched = old_sched;
		WRITE_ONCE(svc->flags, old_flags);
		return -ENOMEM;
	}
	set_service(svc, conf);
	publish_snap(svc, snap);
	return 0;
}

int vs_config_edit_service(struct vs_net *vn, const struct vs_svc_key *key,
			   const struct vs_svc_conf *conf,
			   struct netlink_ext_ack *extack)
{
	const struct vs_sched *sched;
	struct vs_service *svc;
	int err;

	mutex_lock(&vn->config.lock);
	svc = need_service(vn, key, extack);
	err = PTR_ERR_OR_ZERO(svc);
	if (!err)
		err = check_service(key, conf, &sched, extack);
	if (!err)
		err = edit_service(svc, conf, sched);
	mutex_unlock(&vn->config.lock);
	return err;
}

/* Destinations. */

/* Takes @dest out of the configuration; the snapshot is the caller's. */
static void remove_dest(struct vs_dest *dest)
{
	struct vs_service *svc = dest->svc;

	clear_bit(ilog2(VS_DEST_AVAILABLE), &dest->flags);
	list_move(&dest->list, &svc->removed);
	svc->num_dests--;
	dest->idle = 0;
	dest->gone = get_state_synchronize_rcu();
	vs_route_drop(dest);
	queue_delayed_work(vs_wq, &svc->vn->config.reap, REAP_PERIOD);
}

static void del_service(struct vs_service *svc)
{
	struct vs_net *vn = svc->vn;
	struct vs_dest *dest, *next;

	WRITE_ONCE(svc->flags, svc->flags & ~IP_VS_SVC_F_HASHED);
	count_service(svc, -1);
	drop_hooks(vn, svc->key.af);
	publish_snap(svc, NULL);
	list_for_each_entry_safe(dest, next, &svc->dests, list)
		remove_dest(dest);
	if (list_empty(&svc->removed))
		vs_service_free(svc);
	else
		list_move_tail(&svc->list, &vn->config.gone);
}

int vs_config_del_service(struct vs_net *vn, const struct vs_svc_key *key,
			  struct netlink_ext_ack *extack)
{
	struct vs_service *svc;

	mutex_lock(&vn->config.lock);
	svc = need_service(vn, key, extack);
	if (!IS_ERR(svc))
		del_service(svc);
	mutex_unlock(&vn->config.lock);
	return PTR_ERR_OR_ZERO(svc);
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
		return refuse(extack, "destination's address family is unknown",
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
		return refuse(extack,
			      "a destination of the other address family needs tunnelling",
			      -EINVAL);
	if (method > IP_VS_CONN_F_DROUTE)
		return refuse(extack, "unknown forwarding method", -EINVAL);
	if (conf->weight < 0)
		return refuse(extack, "weight is above 2147483647", -ERANGE);
	if (conf->l_threshold > conf->u_threshold)
		return refuse(extack,
			      "lower threshold is above the upper threshold",
			      -ERANGE);
	if (conf->u_threshold > INT_MAX)
		return refuse(extack, "upper threshold is above 2147483647",
			      -EINVAL);
	if (conf->tun_type == IP_VS_CONN_F_TUNNEL_TYPE_GUE && !conf->tun_port)
		return refuse(extack, "GUE needs a tunnel port", -EINVAL);
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
	snap = build_snap(svc);
	if (!snap) {
		list_move(&dest->list, &svc->removed);
		svc->num_dests--;
		return -ENOMEM;
	}
	filter_dest(dest);
	set_bit(ilog2(VS_DEST_AVAILABLE), &dest->flags);
	publish_snap(svc, snap);
	return 0;
}

static int new_dest(struct vs_service *svc, const struct vs_dest_conf *conf,
		    struct netlink_ext_ack *extack)
{
	struct vs_net *vn = svc->vn;
	struct vs_dest *dest;
	int err = 0;

	if (!may_be_server(vn->net, conf))
		return refuse(extack,
			      "destination's address is neither unicast nor local",
			      -EINVAL);
	if (conf->af == AF_INET6)
		err = enable_defrag6(vn);
	if (err)
		return err;
	dest = vs_dest_new(svc, conf);
	if (IS_ERR(dest))
		return PTR_ERR(dest);
	err = enlist_dest(dest);
	if (err)
		vs_dest_free(dest);
	return err;
}

/* A removed destination goes on with its connections and counts. */
static int revive_dest(struct vs_dest *dest, const struct vs_dest_conf *conf)
{
	struct vs_sums now = {};

	vs_dest_set(dest, conf);
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
	svc = need_service(vn, key, extack);
	err = PTR_ERR_OR_ZERO(svc);
	if (!err)
		err = check_dest(svc, &c, extack);
	if (err)
		goto out;
	dest = vs_dest_get(svc, c.af, &c.addr, c.port);
	if (!dest)
		err = new_dest(svc, &c, extack);
	else if (vs_dest_available(dest))
		err = refuse(extack, "destination exists already", -EEXIST);
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
	struct vs_dest *dest = vs_dest_get(svc, conf->af, &conf->addr,
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
	snap = build_snap(dest->svc);
	if (!snap) {
		vs_dest_set(dest, &old);
		dest->last_weight = last_weight;
		return -ENOMEM;
	}
	filter_dest(dest);
	vs_route_drop(dest);
	publish_snap(dest->svc, snap);
	return 0;
}

int vs_config_edit_dest(struct vs_net *vn, const struct vs_svc_key *key,
			const struct vs_dest_conf *conf,
			struct netlink_ext_ack *extack)
{
	struct vs_dest_conf c = *conf;
	struct vs_service *svc;
	struct vs_dest *dest;
	int err;

	mutex_lock(&vn->config.lock);
	svc = need_service(vn, key, extack);
	err = PTR_ERR_OR_ZERO(svc);
	if (!err)
		err = check_dest(svc, &c, extack);
	if (err)
		goto out;
	dest = need_dest(svc, &c, extack);
	err = PTR_ERR_OR_ZERO(dest);
	if (!err)
		err = edit_dest(dest, &c);
out:
	mutex_unlock(&vn->config.lock);
	return err;
}

static int del_dest(struct vs_dest *dest)
{
	struct vs_service *svc = dest->svc;
	struct list_head *before = dest->list.prev;
	struct vs_snap *snap;

	list_del(&dest->list);
	svc->num_dests--;
	snap = build_snap(svc);
	list_add(&dest->list, before);
	svc->num_dests++;
	if (!snap)
		return -ENOMEM;
	remove_dest(dest);
	publish_snap(svc, snap);
	dest->gone = get_state_synchronize_rcu();
	return 0;
}

int vs_config_del_dest(struct vs_net *vn, const struct vs_svc_key *key,
		       const struct vs_dest_conf *conf,
		       struct netlink_ext_ack *extack)
{
	struct vs_dest_conf c = *conf;
	struct vs_service *svc;
	struct vs_dest *dest;
	int err;

	mutex_lock(&vn->config.lock);
	svc = need_service(vn, key, extack);
	err = PTR_ERR_OR_ZERO(svc);
	if (!err)
		err = check_dest_key(svc, &c, extack);
	if (err)
		goto out;
	dest = need_dest(svc, &c, extack);
	err = PTR_ERR_OR_ZERO(dest);
	if (!err)
		err = del_dest(dest);
out:
	mutex_unlock(&vn->config.lock);
	return err;
}

/* All at once. */

static void flush(struct vs_net *vn)
{
	struct vs_service *svc, *next;

	mutex_lock(&vn->config.lock);
	list_for_each_entry_safe(svc, next, &vn->config.services, list)
		del_service(svc);
	mutex_unlock(&vn->config.lock);
}

int vs_config_flush(struct vs_net *vn)
{
	flush(vn);
	return 0;
}

static void zero_service(struct vs_service *svc)
{
	struct vs_sums now = {};
	struct vs_dest *dest;

	list_for_each_entry(dest, &svc->dests, list) {
		struct vs_sums d = {};

		vs_stats_sum(dest->stats, &d);
		vs_stats_zero(&dest->shown, &d);
	}
	vs_stats_sum_service(svc, &now);
	vs_stats_zero(&svc->shown, &now);
}

static void zero_all(struct vs_net *vn)
{
	struct vs_sums now = {};
	struct vs_service *svc;

	list_for_each_entry(svc, &vn->config.services, list)
		zero_service(svc);
	vs_stats_sum_total(vn, &now);
	vs_stats_zero(&vn->total, &now);
}

int vs_config_zero(struct vs_net *vn, const struct vs_svc_key *key,
		   struct netlink_ext_ack *extack)
{
	struct vs_service *svc = NULL;

	mutex_lock(&vn->config.lock);
	if (!key)
		zero_all(vn);
	else
		svc = need_service(vn, key, extack);
	if (!IS_ERR_OR_NULL(svc))
		zero_service(svc);
	mutex_unlock(&vn->config.lock);
	return PTR_ERR_OR_ZERO(svc);
}

static void set_timeout(u32 *jiffies, u32 seconds)
{
	if (seconds)
		WRITE_ONCE(*jiffies, seconds * HZ);
}

int vs_config_set_timeouts(struct vs_net *vn, const struct vs_timeouts *t,
			   struct netlink_ext_ack *extack)
{
	struct vs_proto_net *pn = &vn->proto;

	if (t->tcp > MAX_SECONDS || t->tcp_fin > MAX_SECONDS ||
	    t->udp > MAX_SECONDS)
		return refuse(extack, "timeout is too long", -EINVAL);
	mutex_lock(&vn->config.lock);
	set_timeout(&pn->tcp_timeout[VS_TCP_S_ESTABLISHED], t->tcp);
	set_timeout(&pn->tcp_timeout[VS_TCP_S_FIN_WAIT], t->tcp_fin);
	set_timeout(&pn->udp_timeout, t->udp);
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

/* Frees what was removed from @svc: all, or what nobody has used for long. */
static void reap_service(struct vs_service *svc, bool all)
{
	struct vs_dest *dest, *next;

	list_for_each_entry_safe(dest, next, &svc->removed, list)
		if (all || vs_dest_expired(dest))
			vs_dest_free(dest);
}

/* Whether anything is left. */
static bool reap(struct vs_net *vn, bool all)
{
	struct vs_config *c = &vn->config;
	struct vs_service *svc, *next;
	bool left = false;

	lockdep_assert_held(&c->lock);
	list_for_each_entry(svc, &c->services, list) {
		reap_service(svc, all);
		left |= !list_empty(&svc->removed);
	}
	list_for_each_entry_safe(svc, next, &c->gone, list) {
		reap_service(svc, all);
		if (list_empty(&svc->removed))
			vs_service_free(svc);
	}
	return left || !list_empty(&c->gone);
}

static void reap_work(struct work_struct *work)
{
	struct vs_net *vn = container_of(work, struct vs_net,
					 config.reap.work);

	mutex_lock(&vn->config.lock);
	if (reap(vn, false))
		queue_delayed_work(vs_wq, &vn->config.reap, REAP_PERIOD);
	mutex_unlock(&vn->config.lock);
}

int vs_config_net_init(struct vs_net *vn)
{
	struct vs_config *c = &vn->config;
	int err;

	mutex_init(&c->lock);
	INIT_LIST_HEAD(&c->services);
	INIT_LIST_HEAD(&c->gone);
	INIT_DELAYED_WORK(&c->reap, reap_work);
	c->quiet = get_state_synchronize_rcu();
	err = vs_services_init(vn);
	if (err)
		return err;
	err = vs_dests_init(vn);
	if (err)
		vs_services_exit(vn);
	return err;
}

void vs_config_net_flush(struct vs_net *vn)
{
	flush(vn);
	cancel_delayed_work_sync(&vn->config.reap);
}

void vs_config_net_exit(struct vs_net *vn)
{
	mutex_lock(&vn->config.lock);
	reap(vn, true);
	mutex_unlock(&vn->config.lock);
	vs_dests_exit(vn);
	vs_services_exit(vn);
	if (vn->config.defrag6)
		nf_defrag_ipv6_disable(vn->net);
	mutex_destroy(&vn->config.lock);
}
