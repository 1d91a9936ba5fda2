// SPDX-License-Identifier: GPL-2.0
/*
 * Destinations: creation, settings, the counters of their connections, removal.
 */
#include <linux/ip_vs.h>
#include <linux/rhashtable.h>
#include <linux/slab.h>

#include "config/config.h"
#include "net.h"
#include "service/dest.h"
#include "service/service.h"

/* How long a removed destination without connections is kept, as in ip_vs. */
#define DEST_KEEP	(120 * HZ)

static const struct rhashtable_params dest_params = {
	.key_len = offsetofend(struct vs_dest_key, af),
	.key_offset = offsetof(struct vs_dest, key),
	.head_offset = offsetof(struct vs_dest, node),
	.automatic_shrinking = true,
};

static const struct rhashtable_params real_params = {
	.key_len = sizeof(struct vs_real_key),
	.key_offset = offsetof(struct vs_real, key),
	.head_offset = offsetof(struct vs_real, node),
	.automatic_shrinking = true,
};

/* hashed as a whole: must have no padding */
static_assert(offsetofend(struct vs_dest_key, af) ==
	      sizeof(void *) + sizeof(union nf_inet_addr) + 4);
static_assert(sizeof(struct vs_real_key) == sizeof(union nf_inet_addr) + 4);

/*
 * Thresholds. VS_DEST_OVERLOAD is set when @total reaches the upper threshold
 * and cleared when @total falls below the lower one. Each CPU that changes
 * @total reads the flag afterwards and corrects it if it does not fit. Since
 * @total may change again meanwhile, it is read again after each change of the
 * flag: the last CPU to change either of them sees both.
 */
static bool overload_fits(const struct vs_dest *dest)
{
	bool now = READ_ONCE(dest->flags) & VS_DEST_OVERLOAD;
	u32 u = READ_ONCE(dest->u_threshold);
	u32 l = READ_ONCE(dest->l_threshold) ?: u - (u >> 2);
	u32 total = atomic_read(&dest->total);
	bool overloaded = u && (total >= u || (now && total >= l));

	return overloaded == now;
}

static void settle_overload(struct vs_dest *dest)
{
	spin_lock_bh(&dest->lock);
	while (!overload_fits(dest)) {
		change_bit(ilog2(VS_DEST_OVERLOAD), &dest->flags);
		smp_mb__after_atomic();		/* flag, then total */
	}
	spin_unlock_bh(&dest->lock);
}

void vs_dest_bind(struct vs_dest *dest, bool template)
{
	refcount_inc(&dest->ref);
	if (template) {
		atomic_inc(&dest->persist);
		return;
	}
	atomic_inc_return(&dest->total);	/* total, then flag: ordered */
	if (READ_ONCE(dest->u_threshold) && !overload_fits(dest))
		settle_overload(dest);
	vs_dest_load_changed(dest);
}

void vs_dest_unbind(struct vs_dest *dest, bool template)
{
	if (template) {
		atomic_dec(&dest->persist);
	} else {
		atomic_dec_return(&dest->total);
		if (READ_ONCE(dest->u_threshold) && !overload_fits(dest))
			settle_overload(dest);
		vs_dest_load_changed(dest);
	}
	/*
	 * Last access: the configuration may free @dest as soon as it sees a
	 * count of 1. Never the last reference, which is the configuration's.
	 */
	refcount_dec(&dest->ref);
}

static struct vs_dest_key dest_key(const struct vs_service *svc, u16 af,
				   const union nf_inet_addr *addr, __be16 port)
{
	struct vs_dest_key key;

	memset(&key, 0, sizeof(key));
	key.svc = svc;
	vs_addr_set(af, &key.addr, addr);
	key.port = port;
	key.af = af;
	return key;
}

struct vs_dest *vs_dest_lookup(struct vs_service *svc, u16 af,
			       const union nf_inet_addr *addr, __be16 port)
{
	struct vs_dest_key key = dest_key(svc, af, addr, port);

	vs_assert_config_locked(svc->vn);
	return rhashtable_lookup_fast(&svc->vn->dests, &key, dest_params);
}

struct vs_dest *vs_dest_find(struct vs_service *svc, u16 af,
			     const union nf_inet_addr *addr, __be16 port)
{
	struct vs_dest_key key = dest_key(svc, af, addr, port);
	struct vs_dest *dest;

	vs_assert_packet_context();
	dest = rhashtable_lookup(&svc->vn->dests, &key, dest_params);
	return dest && vs_dest_available(dest) ? dest : NULL;
}

/* Real servers: the destinations of all services by address, port and protocol.
 * A destination has its struct vs_real as long as it exists, so that it can be
 * listed there without an allocation, and is listed while packets of the server
 * may belong to it. */

static struct vs_real_key real_key(u8 af, u8 proto,
				   const union nf_inet_addr *addr, __be16 port)
{
	struct vs_real_key key = { .port = port, .af = af, .proto = proto };

	vs_addr_set(af, &key.addr, addr);
	return key;
}

static struct vs_real *real_get(struct vs_service *svc,
				const struct vs_dest_key *dest)
{
	u8 proto = svc->key.fwmark ? 0 : svc->key.proto;
	struct vs_real_key key = real_key(dest->af, proto, &dest->addr,
					  dest->port);
	struct rhashtable *reals = &svc->vn->reals;
	struct vs_real *real;
	int err;

	vs_assert_config_locked(svc->vn);
	real = rhashtable_lookup_fast(reals, &key, real_params);
	if (real) {
		real->users++;
		return real;
	}
	real = kzalloc(sizeof(*real), VS_GFP_CONFIG);
	if (!real)
		return ERR_PTR(-ENOMEM);
	real->key = key;
	real->users = 1;
	INIT_HLIST_HEAD(&real->dests);
	err = rhashtable_insert_fast(reals, &real->node, real_params);
	if (!err)
		return real;
	kfree(real);
	return ERR_PTR(err);
}

static void real_put(struct vs_net *vn, struct vs_real *real)
{
	vs_assert_config_locked(vn);
	if (--real->users)
		return;
	rhashtable_remove_fast(&vn->reals, &real->node, real_params);
	kfree_rcu(real, rcu);
}

void vs_dest_list_real(struct vs_dest *dest)
{
	struct vs_net *vn = dest->svc->vn;

	vs_assert_config_locked(vn);
	if (dest->method != IP_VS_CONN_F_MASQ) {
		vs_dest_unlist_real(dest);
	} else if (hlist_unhashed(&dest->real_node)) {
		WRITE_ONCE(dest->real_age, ++vn->real_age);
		hlist_add_head_rcu(&dest->real_node, &dest->real->dests);
	}
}

void vs_dest_unlist_real(struct vs_dest *dest)
{
	vs_assert_config_locked(dest->svc->vn);
	hlist_del_init_rcu(&dest->real_node);
}

/* A reader may be on a destination that has just been removed. */
static struct vs_dest *real_newest(struct vs_net *vn,
				   const struct vs_real_key *key)
{
	struct vs_real *real = rhashtable_lookup(&vn->reals, key, real_params);
	struct vs_dest *dest;

	if (!real)
		return NULL;
	hlist_for_each_entry_rcu(dest, &real->dests, real_node)
		if (vs_dest_available(dest) &&
		    READ_ONCE(dest->method) == IP_VS_CONN_F_MASQ)
			return dest;
	return NULL;
}

struct vs_dest *vs_dest_lookup_real(struct vs_net *vn, u8 af, u8 proto,
				    const union nf_inet_addr *addr,
				    __be16 port)
{
	struct vs_real_key key = real_key(af, proto, addr, port);
	struct vs_dest *dest, *marked;

	vs_assert_packet_context();
	dest = real_newest(vn, &key);
	if (!READ_ONCE(vn->config.num_fwmark[vs_af_index(af)]))
		return dest;
	key.proto = 0;
	marked = real_newest(vn, &key);
	if (!dest || !marked)
		return dest ?: marked;
	return (long)(READ_ONCE(marked->real_age) -
		      READ_ONCE(dest->real_age)) > 0 ? marked : dest;
}

void vs_dest_set(struct vs_dest *dest, const struct vs_dest_conf *conf)
{
	u32 flags = conf->conn_flags & IP_VS_CONN_F_DEST_MASK;

	vs_assert_config_locked(dest->svc->vn);
	flags |= IP_VS_CONN_F_INACTIVE;
	if ((flags & IP_VS_CONN_F_FWD_MASK) != IP_VS_CONN_F_MASQ)
		flags |= IP_VS_CONN_F_NOOUTPUT;
	dest->conn_flags = flags;
	WRITE_ONCE(dest->method, flags & IP_VS_CONN_F_FWD_MASK);
	WRITE_ONCE(dest->tun_type, conf->tun_type);
	WRITE_ONCE(dest->tun_flags, conf->tun_flags);
	WRITE_ONCE(dest->tun_port, conf->tun_port);
	if (conf->weight)
		dest->last_weight = conf->weight;
	WRITE_ONCE(dest->weight, conf->weight);
	WRITE_ONCE(dest->u_threshold, conf->u_threshold);
	WRITE_ONCE(dest->l_threshold, conf->l_threshold);
	smp_mb();	/* thresholds, then @total and flag */
	settle_overload(dest);
}

void vs_dest_conf(const struct vs_dest *dest, struct vs_dest_conf *conf)
{
	*conf = (struct vs_dest_conf) {
		.addr = dest->key.addr,
		.port = dest->key.port,
		.af = dest->key.af,
		.conn_flags = dest->conn_flags,
		.weight = dest->weight,
		.u_threshold = dest->u_threshold,
		.l_threshold = dest->l_threshold,
		.tun_type = dest->tun_type,
		.tun_port = dest->tun_port,
		.tun_flags = dest->tun_flags,
	};
}

static struct vs_cpu_stats __percpu *alloc_stats(void)
{
	struct vs_cpu_stats __percpu *stats;
	int cpu;

	stats = alloc_percpu_gfp(struct vs_cpu_stats, VS_GFP_CONFIG);
	if (!stats)
		return NULL;
	for_each_possible_cpu(cpu)
		u64_stats_init(&per_cpu_ptr(stats, cpu)->sync);
	return stats;
}

struct vs_dest *vs_dest_new(struct vs_service *svc,
			    const struct vs_dest_conf *conf)
{
	struct vs_dest *dest = kzalloc(sizeof(*dest), VS_GFP_CONFIG);
	struct vs_net *vn = svc->vn;
	int err = -ENOMEM;

	if (!dest)
		return ERR_PTR(err);
	dest->key = dest_key(svc, conf->af, &conf->addr, conf->port);
	dest->svc = svc;
	spin_lock_init(&dest->lock);
	refcount_set(&dest->ref, 1);
	INIT_LIST_HEAD(&dest->list);
	INIT_LIST_HEAD(&dest->trash);
	dest->stats = alloc_stats();
	if (!dest->stats)
		goto err_dest;
	dest->real = real_get(svc, &dest->key);
	err = PTR_ERR_OR_ZERO(dest->real);
	if (err)
		goto err_stats;
	err = rhashtable_insert_fast(&vn->dests, &dest->node, dest_params);
	if (err)
		goto err_real;
	vs_dest_set(dest, conf);
	vs_all_add(dest);
	return dest;

err_real:
	real_put(vn, dest->real);
err_stats:
	free_percpu(dest->stats);
err_dest:
	kfree(dest);
	return ERR_PTR(err);
}

static void dest_free_rcu(struct rcu_head *rcu)
{
	struct vs_dest *dest = container_of(rcu, struct vs_dest, rcu);

	WARN_ON_ONCE(rcu_access_pointer(dest->route));
	free_percpu(dest->stats);
	kfree(dest);
}

void vs_dest_free(struct vs_dest *dest)
{
	struct vs_net *vn = dest->svc->vn;

	vs_assert_config_locked(vn);
	WARN_ON_ONCE(refcount_read(&dest->ref) != 1);
	WARN_ON_ONCE(!hlist_unhashed(&dest->real_node));
	rhashtable_remove_fast(&vn->dests, &dest->node, dest_params);
	real_put(vn, dest->real);
	list_del(&dest->list);
	list_del(&dest->trash);
	vs_all_del(dest);
	call_rcu(&dest->rcu, dest_free_rcu);
}

/*
 * Packets that have seen the destination as available may bind connections to
 * it until a grace period after its removal has passed. From then on @ref only
 * falls. Packets of the last connections may still use the destination, and
 * cache a route in it, until a grace period after @ref was seen to be 1.
 */
bool vs_dest_expired(struct vs_dest *dest)
{
	vs_assert_config_locked(dest->svc->vn);
	if (!poll_state_synchronize_rcu(dest->gone) ||
	    refcount_read(&dest->ref) != 1) {
		dest->idle = 0;
		return false;
	}
	if (!dest->idle) {
		dest->idle = get_jiffies_64();
		dest->gone = get_state_synchronize_rcu();
		return false;
	}
	return time_after_eq64(get_jiffies_64(), dest->idle + DEST_KEEP);
}

int vs_dests_init(struct vs_net *vn)
{
	int err = rhashtable_init(&vn->dests, &dest_params);

	if (err)
		return err;
	err = rhashtable_init(&vn->reals, &real_params);
	if (err)
		rhashtable_destroy(&vn->dests);
	return err;
}

void vs_dests_exit(struct vs_net *vn)
{
	rhashtable_destroy(&vn->reals);
	rhashtable_destroy(&vn->dests);
}
