// SPDX-License-Identifier: GPL-2.0
/*
 * Persistence. A template stands for a client, or a network of clients: new
 * connections from there go to the template's destination for as long as it
 * lives. It is a connection itself, without client port, under
 *
 *	<protocol, network, 0, virtual address, port>	one port
 *	<protocol, network, 0, virtual address, 0>	all ports, and FTP
 *	<IP, network, 0, mark, 0>			a fwmark service
 */
#include <linux/ip_vs.h>
#include <net/ipv6.h>

#include "net.h"
#include "persist.h"
#include "schedule.h"
#include "service.h"

static void client_net(const struct vs_pkt *p, const struct vs_service *svc,
		       union nf_inet_addr *net)
{
	*net = (union nf_inet_addr){};
	if (p->af == AF_INET6)
		ipv6_addr_prefix(&net->in6, &p->saddr.in6,
				 (__force u32)READ_ONCE(svc->netmask));
	else
		net->ip = p->saddr.ip & READ_ONCE(svc->netmask);
}

/* One port is kept apart from the others when the service is for that port
 * only; FTP's data connections come on others. */
static bool has_port(const struct vs_pkt *p, const struct vs_service *svc)
{
	return p->dport == svc->key.port && svc->key.port != VS_FTP_PORT;
}

/* A template whose destination is gone, or drained, steers nobody any more. */
static bool is_valid(const struct vs_pkt *p, const struct vs_conn *ct)
{
	const struct vs_dest *dest = ct->dest;

	if (!dest || !vs_dest_available(dest))
		return false;
	return READ_ONCE(dest->weight) ||
	       !READ_ONCE(p->vn->sysctl.expire_quiescent_template);
}

struct vs_conn *vs_persist_template(struct vs_pkt *p, struct vs_service *svc)
{
	union nf_inet_addr net, vaddr = p->daddr;
	struct vs_conn_conf conf = {
		.caddr = &net,
		.vaddr = &vaddr,
		.af = p->af,
		.proto = p->proto,
		.st = VS_ST_TEMPLATE,
		.fwmark = svc->key.fwmark,
		.timeout = READ_ONCE(svc->timeout),
	};
	struct vs_tuple k = {
		.saddr = &net, .daddr = &vaddr,
		.af = p->af,
	};
	struct vs_conn *ct;

	client_net(p, svc, &net);
	if (svc->key.fwmark) {
		vaddr = (union nf_inet_addr){ .ip = htonl(svc->key.fwmark) };
		conf.proto = IPPROTO_IP;
	} else if (has_port(p, svc)) {
		conf.vport = p->dport;
	}
	k.proto = conf.proto;
	k.dport = conf.vport;

	ct = vs_table_find_template(&p->vn->table, &k);
	if (ct && is_valid(p, ct)) {
		vs_conn_touch(ct);
		return ct;
	}
	if (ct)
		vs_conn_retire(ct);

	conf.dest = vs_schedule_choose(p, svc);
	if (!conf.dest)
		return NULL;
	if (has_port(p, svc))
		conf.dport = conf.dest->key.port;
	ct = vs_conn_new(p->vn, &conf);
	if (ct == ERR_PTR(-EEXIST))	/* another CPU has the same client */
		ct = vs_table_find_template(&p->vn->table, &k) ?:
		     ERR_PTR(-ENOMEM);
	return ct;
}
