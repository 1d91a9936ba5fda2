// SPDX-License-Identifier: GPL-2.0
/*
 * Services come, change and go; what concerns all of them. Whatever may fail is
 * done first, publishing last.
 */
#include <net/netfilter/ipv6/nf_defrag_ipv6.h>

#include "config/config_impl.h"
#include "config/est.h"
#include "conn/defence.h"
#include "net.h"
#include "path/hook.h"
#include "path/route.h"
#include "pe/pe.h"
#include "sched/sched.h"

#define REAP_PERIOD	(60 * HZ)
#define MAX_SECONDS	(INT_MAX / HZ)

struct vs_service *vs_config_lookup(struct vs_net *vn,
				     const struct vs_svc_key *key)
{
	struct vs_service *svc = vs_service_by_key(vn, key);

	return svc && vs_service_configured(svc) ? svc : NULL;
}

struct vs_service *vs_config_need_service(struct vs_net *vn,
					  const struct vs_svc_key *key,
					  struct netlink_ext_ack *extack)
{
	struct vs_service *svc = vs_config_lookup(vn, key);

	if (svc)
		return svc;
	NL_SET_ERR_MSG(extack, "no such service");
	return ERR_PTR(-ESRCH);
}

static struct vs_snap *snap_of(const struct vs_service *svc)
{
	return rcu_dereference_protected(svc->snap,
					 lockdep_is_held(&svc->vn->config.lock));
}

static struct vs_snap *build_snap(const struct vs_service *svc,
				  const struct vs_sched *sched, u32 flags,
				  struct vs_snap *old)
{
	struct vs_snap_conf conf = {
		.sched = sched,
		.dests = &svc->dests,
		.n = svc->num_dests,
		.flags = flags,
		.af = svc->key.af,
		.lblc_expiration = &svc->vn->sysctl.lblc_expiration,
		.lblcr_expiration = &svc->vn->sysctl.lblcr_expiration,
	};

	return vs_snap_build(&conf, old);
}

struct vs_snap *vs_config_snap(struct vs_service *svc)
{
	return build_snap(svc, svc->sched, svc->flags, snap_of(svc));
}

void vs_config_publish(struct vs_service *svc, struct vs_snap *snap)
{
	if (snap)
		vs_snap_publish(snap);
	snap = rcu_replace_pointer(svc->snap, snap,
				   lockdep_is_held(&svc->vn->config.lock));
	if (snap)
		vs_snap_retire(snap);
}

int vs_config_defrag6(struct vs_net *vn)
{
	int err;

	if (vn->config.defrag6)
		return 0;
	err = nf_defrag_ipv6_enable(vn->net);
	vn->config.defrag6 = !err;
	return err;
}

static int check_service(const struct vs_svc_key *key,
			 const struct vs_svc_conf *conf,
			 const struct vs_pe *pe,
			 const struct vs_sched **sched,
			 struct netlink_ext_ack *extack)
{
	u32 plen = (__force u32)conf->netmask;

	*sched = NULL;
	if (strcmp(conf->sched_name, "none")) {
		*sched = vs_sched_by_name(conf->sched_name);
		if (!*sched)
			return vs_refuse(extack, "no scheduler of that name",
					 -ENOENT);
	}
	if (conf->pe_name[0] && !pe)
		return vs_refuse(extack, "no persistence engine of that name",
				 -ENOENT);
	if (key->af == AF_INET6 && (plen < 1 || plen > 128))
		return vs_refuse(extack,
				 "IPv6 persistence prefix length is not 1..128",
				 -EINVAL);
	return 0;
}

/* May load a module, and so is the first thing. */
static const struct vs_pe *find_pe(const struct vs_svc_conf *conf)
{
	return conf->pe_name[0] ? vs_pe_get(conf->pe_name) : NULL;
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

	WRITE_ONCE(c->num_services, c->num_services + n);
	c->num_af[i] += n;
	if (svc->key.fwmark)
		WRITE_ONCE(c->num_fwmark[i], c->num_fwmark[i] + n);
	else if (!svc->key.port)
		WRITE_ONCE(c->num_port0, c->num_port0 + n);
	else if (svc->key.port == VS_FTP_PORT)
		WRITE_ONCE(c->num_ftp[i], c->num_ftp[i] + n);
}

/* The first service of a family brings its hooks. */
static int need_hooks(struct vs_net *vn, u8 af)
{
	struct vs_config *c = &vn->config;
	int err;

	if (c->num_af[vs_af_index(af)])
		return 0;
	if (!c->num_services && poll_state_synchronize_rcu(c->quiet) &&
	    !percpu_counter_sum(&vn->conns))
		memset(&vn->filter, 0, sizeof(vn->filter));
	err = vs_conn_net_start(vn);
	return err ?: vs_hooks_register(vn, af);
}

static void drop_hooks(struct vs_net *vn, u8 af)
{
	if (vn->config.num_af[vs_af_index(af)])
		return;
	vs_notrack_stop(vn, af);
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
	vn->config.changes++;
	count_service(svc, 1);
	/* ordered after all that a reader of the flag relies on */
	smp_store_release(&svc->flags, flags | IP_VS_SVC_F_HASHED);
	vs_est_kick(vn);
	vs_notrack_start(vn);
	vs_defence_start(vn);
}

static int add_service(struct vs_net *vn, struct vs_service *svc,
		       const struct vs_svc_key *key,
		       const struct vs_svc_conf *conf,
		       const struct vs_sched *sched,
		       const struct vs_pe *pe,
		       struct netlink_ext_ack *extack)
{
	u32 flags = merge_flags(0, conf);
	bool revived = svc;
	struct vs_snap *snap;
	int err = -ENOMEM;

	/* a configured director is not to lose its module by accident */
	if (!try_module_get(THIS_MODULE))
		return vs_refuse(extack, "the module is being unloaded",
				 -ENOENT);
	if (!svc) {
		svc = vs_service_new(vn, key);
		if (IS_ERR(svc)) {
			module_put(THIS_MODULE);
			return PTR_ERR(svc);
		}
	}
	snap = build_snap(svc, sched, flags, NULL);
	if (!snap)
		goto err_service;
	err = need_hooks(vn, key->af);
	if (err) {
		NL_SET_ERR_MSG(extack, "cannot register the packet hooks");
		goto err_snap;
	}

	svc->sched = sched;
	vs_pe_bind(svc, pe);
	svc->fwmark_proto = conf->fwmark_proto;
	set_service(svc, conf);
	vs_config_publish(svc, snap);
	if (revived)
		zero_revived(svc);
	publish_service(svc, flags);
	return 0;

err_snap:
	vs_snap_free(snap);
err_service:
	if (!revived)
		vs_service_free(svc);
	module_put(THIS_MODULE);
	return err;
}

int vs_config_add_service(struct vs_net *vn, const struct vs_svc_key *key,
			  const struct vs_svc_conf *conf,
			  struct netlink_ext_ack *extack)
{
	const struct vs_pe *pe = find_pe(conf);
	const struct vs_sched *sched;
	struct vs_service *svc;
	int err;

	mutex_lock(&vn->config.lock);
	svc = vs_service_by_key(vn, key);
	if (svc && vs_service_configured(svc))
		err = vs_refuse(extack, "service exists already", -EEXIST);
	else
		err = check_service(key, conf, pe, &sched, extack);
	if (!err && key->af == AF_INET6)
		err = vs_config_defrag6(vn);
	if (!err)
		err = add_service(vn, svc, key, conf, sched, pe, extack);
	mutex_unlock(&vn->config.lock);
	if (err)
		vs_pe_put(pe);
	return err;
}

static int edit_service(struct vs_service *svc, const struct vs_svc_conf *conf,
			const struct vs_sched *sched)
{
	u32 flags = merge_flags(svc->flags, conf) | IP_VS_SVC_F_HASHED;
	struct vs_snap *snap;

	if (sched != svc->sched) {
		snap = build_snap(svc, sched, flags, snap_of(svc));
		if (!snap)
			return -ENOMEM;
		svc->sched = sched;
		vs_config_publish(svc, snap);
	}
	/* the same scheduler goes on as it was: wrr amid its round */
	vs_snap_set_flags(snap_of(svc), flags);
	WRITE_ONCE(svc->flags, flags);
	set_service(svc, conf);
	return 0;
}

int vs_config_edit_service(struct vs_net *vn, const struct vs_svc_key *key,
			   const struct vs_svc_conf *conf,
			   struct netlink_ext_ack *extack)
{
	const struct vs_pe *pe = find_pe(conf);
	const struct vs_sched *sched;
	struct vs_service *svc;
	int err;

	mutex_lock(&vn->config.lock);
	svc = vs_config_need_service(vn, key, extack);
	err = PTR_ERR_OR_ZERO(svc);
	if (!err)
		err = check_service(key, conf, pe, &sched, extack);
	if (!err)
		err = edit_service(svc, conf, sched);
	if (!err)
		pe = vs_pe_bind(svc, pe);
	mutex_unlock(&vn->config.lock);
	vs_pe_put(pe);
	return err;
}

static void del_service(struct vs_service *svc)
{
	struct vs_net *vn = svc->vn;
	struct vs_dest *dest, *next;

	WRITE_ONCE(svc->flags, svc->flags & ~IP_VS_SVC_F_HASHED);
	count_service(svc, -1);
	vn->config.changes++;
	drop_hooks(vn, svc->key.af);
	vs_config_publish(svc, NULL);
	vs_pe_put(vs_pe_bind(svc, NULL));
	list_for_each_entry_safe(dest, next, &svc->dests, list)
		vs_config_remove_dest(dest);
	if (list_empty(&svc->removed))
		vs_service_free(svc);
	else
		list_move_tail(&svc->list, &vn->config.gone);
	module_put(THIS_MODULE);
}

int vs_config_del_service(struct vs_net *vn, const struct vs_svc_key *key,
			  struct netlink_ext_ack *extack)
{
	struct vs_service *svc;

	mutex_lock(&vn->config.lock);
	svc = vs_config_need_service(vn, key, extack);
	if (!IS_ERR(svc))
		del_service(svc);
	mutex_unlock(&vn->config.lock);
	return PTR_ERR_OR_ZERO(svc);
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
		svc = vs_config_need_service(vn, key, extack);
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
		return vs_refuse(extack, "timeout is too long", -EINVAL);
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
	struct vs_snap *snap = snap_of(svc);
	struct vs_dest *dest, *next;

	list_for_each_entry_safe(dest, next, &svc->removed, list) {
		if (!all && !vs_dest_expired(dest))
			continue;
		if (snap)
			vs_snap_forget(snap);
		snap = NULL;	/* once is enough */
		vs_route_drop(dest);
		vs_dest_free(dest);
	}
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

void vs_config_reap_later(struct vs_net *vn)
{
	queue_delayed_work(vs_wq, &vn->config.reap, REAP_PERIOD);
}

static void reap_work(struct work_struct *work)
{
	struct vs_net *vn = container_of(work, struct vs_net,
					 config.reap.work);

	mutex_lock(&vn->config.lock);
	if (reap(vn, false))
		vs_config_reap_later(vn);
	mutex_unlock(&vn->config.lock);
}

static void expire_work(struct work_struct *work)
{
	vs_conn_flush(container_of(work, struct vs_net, config.expire), true);
}

int vs_config_net_init(struct vs_net *vn)
{
	struct vs_config *c = &vn->config;
	int err;

	mutex_init(&c->lock);
	INIT_LIST_HEAD(&c->services);
	INIT_LIST_HEAD(&c->gone);
	INIT_DELAYED_WORK(&c->reap, reap_work);
	INIT_WORK(&c->expire, expire_work);
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
	cancel_work_sync(&vn->config.expire);
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
