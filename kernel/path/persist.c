// SPDX-License-Identifier: GPL-2.0
/*
 * Persistence. A template stands for a client, or a network of clients: while
 * it lives, new connections from there go to the template's destination. A
 * template is a connection itself, without a client port:
 *
 *	<protocol, client net, 0, virtual address, port>	one port
 *	<protocol, client net, 0, virtual address, 0>	all ports, and FTP
 *	<IP, client net, 0, fwmark, 0>			fwmark service
 *
 * With a persistence engine the key also contains what the engine extracts from
 * the packet, for instance a SIP Call-ID.
 */
#include <linux/ip_vs.h>
#include <net/ipv6.h>

#include "conn/ext.h"
#include "net.h"
#include "path/choose.h"
#include "path/persist.h"
#include "service/service.h"
#include "sync/sync.h"

/* The key of a template. @tuple points to the other members. */
struct tmpl_key {
	union nf_inet_addr net;
	union nf_inet_addr vaddr;
	struct vs_tuple tuple;
	struct vs_conn_ext *ext;	/* the engine's data; owned */
};

static void client_net(const struct vs_service *svc,
		       const union nf_inet_addr *client,
		       union nf_inet_addr *net)
{
	*net = (union nf_inet_addr){};
	if (svc->key.af == AF_INET6)
		ipv6_addr_prefix(&net->in6, &client->in6,
				 (__force u32)READ_ONCE(svc->netmask));
	else
		net->ip = client->ip & READ_ONCE(svc->netmask);
}

/* The service's own port has a template apart from the other ports, except for
 * FTP, whose data connections use other ports. */
static bool tmpl_has_port(const struct vs_pkt *p, const struct vs_service *svc)
{
	return p->dport == svc->key.port && svc->key.port != VS_FTP_PORT;
}

/* Starts the key of @svc's template for @client. Fails if the service's engine
 * finds nothing in the packet. */
static int tmpl_key_init(struct tmpl_key *key, const struct vs_pkt *p,
			 const struct vs_service *svc,
			 const union nf_inet_addr *client)
{
	const struct vs_pe *pe = rcu_dereference(svc->pe);

	client_net(svc, client, &key->net);
	key->ext = NULL;
	if (pe) {
		key->ext = vs_conn_ext_new(pe, p);
		if (IS_ERR(key->ext))
			return PTR_ERR(key->ext);
	}
	key->tuple = (struct vs_tuple) {
		.saddr = &key->net, .daddr = &key->vaddr,
		.af = p->af, .proto = p->proto,
		.ext = key->ext,
	};
	return 0;
}

/* Whether @tmpl may still be used: its destination is configured, and not
 * drained if net.ipv4.vs.expire_quiescent_template is set. With @only, its
 * destination must be that one. */
static bool tmpl_is_valid(const struct vs_net *vn, const struct vs_conn *tmpl,
			  const struct vs_dest *only)
{
	const struct vs_dest *dest = tmpl->dest;

	if (!dest || !vs_dest_available(dest) || (only && only != dest))
		return false;
	return READ_ONCE(dest->weight) ||
	       !READ_ONCE(vn->sysctl.expire_quiescent_template);
}

static struct vs_conn *tmpl_lookup(struct vs_net *vn,
				   const struct tmpl_key *key,
				   const struct vs_dest *only)
{
	struct vs_conn *tmpl = vs_table_lookup_tmpl(&vn->table, &key->tuple);

	if (!tmpl)
		return NULL;
	if (unlikely(!tmpl->dest))
		tmpl = vs_sync_bind(vn, tmpl);
	if (!tmpl_is_valid(vn, tmpl, only)) {
		vs_event(vn, VS_EV_TEMPLATE_STALE);
		vs_conn_retire(tmpl);
		return NULL;
	}
	if (!vs_conn_touch(tmpl))
		return NULL;
	__vs_event(vn, VS_EV_TEMPLATE_HIT);
	return tmpl;
}

/* Consumes @key->ext. With @only, a template that another CPU has made is of use
 * if it leads to that destination. */
static struct vs_conn *tmpl_create(struct vs_net *vn, struct tmpl_key *key,
				   const struct vs_service *svc,
				   struct vs_dest *dest, __be16 dport,
				   const struct vs_dest *only)
{
	struct vs_conn_conf conf = {
		.caddr = &key->net,
		.vaddr = &key->vaddr,
		.vport = key->tuple.dport,
		.dport = dport,
		.af = key->tuple.af,
		.proto = key->tuple.proto,
		.st = VS_ST_TEMPLATE,
		.fwmark = svc->key.fwmark,
		.timeout = READ_ONCE(svc->timeout),
		.dest = dest,
		.ext = key->ext,
	};
	struct vs_conn *tmpl = vs_conn_new(vn, &conf), *theirs = NULL;

	if (!IS_ERR(tmpl))
		return tmpl;
	/* another CPU has the same client, or a sync peer: the destination may
	 * be any, or missing */
	if (tmpl == ERR_PTR(-EEXIST))
		theirs = vs_table_lookup_tmpl(&vn->table, &key->tuple);
	if (theirs && tmpl_is_valid(vn, theirs, only))
		tmpl = theirs;
	vs_conn_ext_free(key->ext);
	return tmpl;
}

struct vs_conn *vs_persist_tmpl(struct vs_pkt *p, struct vs_service *svc)
{
	struct vs_conn *tmpl;
	struct vs_dest *dest;
	struct tmpl_key key;
	int err;

	vs_assert_packet_context();
	err = tmpl_key_init(&key, p, svc, &p->saddr);
	if (err)
		return ERR_PTR(err);
	key.vaddr = p->daddr;
	if (svc->key.fwmark) {
		key.vaddr = (union nf_inet_addr){
			.ip = htonl(svc->key.fwmark),
		};
		key.tuple.proto = IPPROTO_IP;
	} else if (tmpl_has_port(p, svc)) {
		key.tuple.dport = p->dport;
	}

	tmpl = tmpl_lookup(p->vn, &key, NULL);
	dest = tmpl ? NULL : vs_choose_dest(p, svc);
	if (!dest) {
		vs_conn_ext_free(key.ext);
		return tmpl;
	}
	return tmpl_create(p->vn, &key, svc, dest,
			   tmpl_has_port(p, svc) ? dest->key.port : 0, NULL);
}

struct vs_conn *vs_persist_tmpl_out(struct vs_pkt *p, struct vs_dest *dest)
{
	struct vs_service *svc = dest->svc;
	struct vs_conn *tmpl;
	struct tmpl_key key;
	int err;

	vs_assert_packet_context();
	err = tmpl_key_init(&key, p, svc, &p->daddr);
	if (err)
		return ERR_PTR(err);
	key.vaddr = svc->key.addr;
	key.tuple.dport = svc->key.port;
	tmpl = tmpl_lookup(p->vn, &key, dest);
	if (!tmpl)
		return tmpl_create(p->vn, &key, svc, dest, p->sport, dest);
	vs_conn_ext_free(key.ext);
	return tmpl;
}
