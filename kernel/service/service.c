// SPDX-License-Identifier: GPL-2.0
/*
 * Services: lookup by packets, creation, removal.
 */
#include <linux/rhashtable.h>
#include <linux/slab.h>
#include <net/ip.h>

#include "net.h"
#include "service/service.h"

static const struct rhashtable_params service_params = {
	.key_len = sizeof(struct vs_svc_key),
	.key_offset = offsetof(struct vs_service, key),
	.head_offset = offsetof(struct vs_service, node),
	.automatic_shrinking = true,
};

/* hashed as a whole: must have no padding */
static_assert(sizeof(struct vs_svc_key) == sizeof(union nf_inet_addr) + 8);

static struct vs_service *service_find(struct vs_net *vn,
				       const struct vs_svc_key *key)
{
	struct vs_service *svc;

	svc = rhashtable_lookup(&vn->services, key, service_params);
	return svc && vs_service_configured(svc) ? svc : NULL;
}

/*
 * Data connections of FTP belong to the service of the control port. They go to
 * port 20 in active mode, to any unprivileged port in passive mode.
 */
static bool may_be_ftp_data(const struct vs_net *vn,
			    const struct vs_svc_key *key)
{
	return key->proto == IPPROTO_TCP &&
	       READ_ONCE(vn->config.num_ftp[vs_af_index(key->af)]) &&
	       (key->port == VS_FTP_DATA_PORT ||
		!inet_port_requires_bind_service(vn->net, ntohs(key->port)));
}

struct vs_service *vs_service_lookup(struct vs_net *vn, u8 af, u8 proto,
				     const union nf_inet_addr *daddr,
				     __be16 dport, u32 mark)
{
	struct vs_svc_key key = { .af = af };
	struct vs_service *svc;

	vs_assert_packet_context();
	if (mark && READ_ONCE(vn->config.num_fwmark[vs_af_index(af)])) {
		key.fwmark = mark;
		svc = service_find(vn, &key);
		if (svc)
			return svc;
		key.fwmark = 0;
	}
	vs_addr_set(af, &key.addr, daddr);
	key.proto = proto;
	key.port = dport;
	svc = service_find(vn, &key);
	if (!svc && may_be_ftp_data(vn, &key)) {
		key.port = VS_FTP_PORT;
		svc = service_find(vn, &key);
	}
	if (svc || !READ_ONCE(vn->config.num_port0))
		return svc;
	key.port = 0;
	return service_find(vn, &key);
}

struct vs_service *vs_service_by_key(struct vs_net *vn,
				     const struct vs_svc_key *key)
{
	vs_assert_config_locked(vn);
	return rhashtable_lookup_fast(&vn->services, key, service_params);
}

struct vs_service *vs_service_new(struct vs_net *vn,
				  const struct vs_svc_key *key)
{
	struct vs_service *svc = kzalloc(sizeof(*svc), VS_GFP_CONFIG);
	int err;

	vs_assert_config_locked(vn);
	if (!svc)
		return ERR_PTR(-ENOMEM);
	svc->key = *key;
	svc->vn = vn;
	INIT_LIST_HEAD(&svc->list);
	INIT_LIST_HEAD(&svc->dests);
	INIT_LIST_HEAD(&svc->removed);
	err = rhashtable_insert_fast(&vn->services, &svc->node, service_params);
	if (!err)
		return svc;
	kfree(svc);
	return ERR_PTR(err);
}

void vs_service_free(struct vs_service *svc)
{
	struct vs_net *vn = svc->vn;

	vs_assert_config_locked(vn);
	rhashtable_remove_fast(&vn->services, &svc->node, service_params);
	list_del(&svc->list);
	kfree_rcu(svc, rcu);
}

int vs_services_init(struct vs_net *vn)
{
	return rhashtable_init(&vn->services, &service_params);
}

void vs_services_exit(struct vs_net *vn)
{
	rhashtable_destroy(&vn->services);
}
