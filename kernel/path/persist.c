// SPDX-License-Identifier: GPL-2.0
/*
 * Persistence. A template stands for a client, or a network of clients: new
 * connections from there go to the template's destination for as long as it
 * lives. It is a connection itself, without client port, under
 *
 *	<protocol, network, 0, virtual address, port>	one port
 *	<protocol, network, 0, virtual address, 0>	all ports, and FTP
 *	<IP, network, 0, mark, 0>			a fwmark service
 *
 * With a persistence engine it stands for what the engine finds in the packet,
 * beside all this.
 */
#include <linux/ip_vs.h>
#include <net/ipv6.h>

#include "conn/ext.h"
#include "net.h"
#include "path/persist.h"
#include "path/schedule.h"
#include "service/service.h"

/* What a template is known by; @k points into the rest. */
struct want {
	union nf_inet_addr net;
	union nf_inet_addr vaddr;
	struct vs_tuple k;
	struct vs_conn_ext *ext;
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

/* One port is kept apart from the others when the service is for that port
 * only; FTP's data connections come on others. */
static bool has_port(const struct vs_pkt *p, const struct vs_service *svc)
{
	return p->dport == svc->key.port && svc->key.port != VS_FTP_PORT;
}

/* @w is how @svc's template for @client is known. -errno: @p is none that the
 * service's engine understands. */
static int want_init(struct want *w, const struct vs_pkt *p,
		     const struct vs_service *svc,
		     const union nf_inet_addr *client)
{
	const struct vs_pe *pe = rcu_dereference(svc->pe);

	client_net(svc, client, &w->net);
	w->ext = NULL;
	if (pe) {
		w->ext = vs_conn_ext_new(pe, p);
		if (IS_ERR(w->ext))
			return PTR_ERR(w->ext);
	}
	w->k = (struct vs_tuple) {
		.saddr = &w->net, .daddr = &w->vaddr,
		.af = p->af, .proto = p->proto,
		.ext = w->ext,
	};
	return 0;
}

/* A template whose destination is gone, or drained, steers nobody any more;
 * one to another than the server @only is of no use to that. */
static bool is_valid(const struct vs_net *vn, const struct vs_conn *ct,
		     const struct vs_dest *only)
{
	const struct vs_dest *dest = ct->dest;

	if (!dest || !vs_dest_available(dest) || (only && only != dest))
		return false;
	return READ_ONCE(dest->weight) ||
	       !READ_ONCE(vn->sysctl.expire_quiescent_template);
}

static struct vs_conn *lookup(struct vs_net *vn, const struct want *w,
			      const struct vs_dest *only)
{
	struct vs_conn *ct = vs_table_lookup_tmpl(&vn->table, &w->k);

	if (ct && is_valid(vn, ct, only)) {
		vs_conn_touch(ct);
		__vs_event(vn, VS_EV_TEMPLATE_HIT);
		return ct;
	}
	if (ct) {
		vs_event(vn, VS_EV_TEMPLATE_STALE);
		vs_conn_retire(ct);
	}
	return NULL;
}

/* What is left of @w is given back. */
static struct vs_conn *create(struct vs_net *vn, struct want *w,
			      const struct vs_service *svc,
			      struct vs_dest *dest, __be16 dport)
{
	struct vs_conn_conf conf = {
		.caddr = &w->net,
		.vaddr = &w->vaddr,
		.vport = w->k.dport,
		.dport = dport,
		.af = w->k.af,
		.proto = w->k.proto,
		.st = VS_ST_TEMPLATE,
		.fwmark = svc->key.fwmark,
		.timeout = READ_ONCE(svc->timeout),
		.dest = dest,
		.ext = w->ext,
	};
	struct vs_conn *ct = vs_conn_new(vn, &conf);

	if (!IS_ERR(ct))
		return ct;
	if (ct == ERR_PTR(-EEXIST))	/* another CPU has the same client */
		ct = vs_table_lookup_tmpl(&vn->table, &w->k) ?:
		     ERR_PTR(-ENOMEM);
	vs_conn_ext_free(w->ext);
	return ct;
}

struct vs_conn *vs_persist_tmpl(struct vs_pkt *p, struct vs_service *svc)
{
	struct vs_conn *ct;
	struct vs_dest *dest;
	struct want w;
	int err;

	err = want_init(&w, p, svc, &p->saddr);
	if (err)
		return ERR_PTR(err);
	w.vaddr = p->daddr;
	if (svc->key.fwmark) {
		w.vaddr = (union nf_inet_addr){ .ip = htonl(svc->key.fwmark) };
		w.k.proto = IPPROTO_IP;
	} else if (has_port(p, svc)) {
		w.k.dport = p->dport;
	}

	ct = lookup(p->vn, &w, NULL);
	dest = ct ? NULL : vs_schedule_choose(p, svc);
	if (!dest) {
		vs_conn_ext_free(w.ext);
		return ct;
	}
	return create(p->vn, &w, svc, dest,
		      has_port(p, svc) ? dest->key.port : 0);
}

struct vs_conn *vs_persist_tmpl_out(struct vs_pkt *p,
					struct vs_dest *dest)
{
	struct vs_service *svc = dest->svc;
	struct vs_conn *ct;
	struct want w;
	int err;

	err = want_init(&w, p, svc, &p->daddr);
	if (err)
		return ERR_PTR(err);
	w.vaddr = svc->key.addr;
	w.k.dport = svc->key.port;
	ct = lookup(p->vn, &w, dest);
	if (!ct)
		return create(p->vn, &w, svc, dest, p->sport);
	vs_conn_ext_free(w.ext);
	return ct;
}
