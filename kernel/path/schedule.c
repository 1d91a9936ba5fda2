// SPDX-License-Identifier: GPL-2.0
/*
 * A packet that belongs to no connection: find its service, let the scheduler
 * choose a destination, make the connection.
 */
#include <linux/ip_vs.h>
#include <linux/netdevice.h>
#include <net/addrconf.h>
#include <net/route.h>

#include "conn/defence.h"
#include "net.h"
#include "path/icmp.h"
#include "path/persist.h"
#include "path/schedule.h"
#include "pe/pe.h"
#include "sched/sched.h"
#include "service/service.h"
#include "trace.h"

static bool is_sloppy(const struct vs_sysctl *knobs, u8 proto)
{
	return proto == IPPROTO_TCP ? READ_ONCE(knobs->sloppy_tcp) :
				      READ_ONCE(knobs->sloppy_sctp);
}

/* A TCP connection begins with a SYN, an SCTP association with an INIT; the
 * sloppy knobs take over those that another director began. AH and ESP only
 * ever follow. */
static bool may_begin(const struct vs_pkt *p)
{
	switch (p->proto) {
	case IPPROTO_TCP:
	case IPPROTO_SCTP:
		if (p->l3)	/* in an ICMP error: there may be ports only */
			return true;
		return !vs_pkt_aborts(p) &&
		       (vs_pkt_opens(p) ||
			is_sloppy(&p->vn->sysctl, p->proto));
	case IPPROTO_UDP:
		return true;
	default:
		return false;
	}
}

/* A real server on this host answers its client over the loopback path: that
 * packet is a reply although its destination may be a virtual address. */
static bool is_local_reply(const struct vs_pkt *p)
{
	const struct net_device *dev = p->skb->dev;
	struct vs_tuple k = {
		.saddr = &p->daddr, .daddr = &p->saddr,
		.sport = p->dport, .dport = p->sport,
		.af = p->af, .proto = p->proto,
	};
	enum vs_dir dir;

	if (dev && !(dev->flags & IFF_LOOPBACK))
		return false;
	return vs_table_lookup(&p->vn->table, &k, &dir) && dir == VS_DIR_IN;
}

struct vs_dest *vs_schedule_choose(const struct vs_pkt *p,
				   struct vs_service *svc)
{
	struct vs_snap *snap = rcu_dereference(svc->snap);
	struct vs_flow flow = {
		.af = p->af,
		.saddr = &p->saddr,
		.daddr = &p->daddr,
		.sport = p->sport,
	};

	struct vs_dest *dest = snap ? vs_sched_pick(snap, &flow) : NULL;

	trace_weir_schedule(p, svc, dest);
	if (dest)
		__vs_event(p->vn, VS_EV_SCHEDULED);
	return dest;
}

static struct vs_conn *failed(struct vs_pkt *p, int err)
{
	enum vs_counter why = VS_DROP_NO_MEMORY;

	if (err == -ENOSPC)
		why = VS_DROP_CONN_MAX;
	else if (err == -EINVAL)
		why = VS_DROP_PE_PAYLOAD;
	p->verdict = vs_drop(p, why);
	return NULL;
}

/* The port at the real server: its own where it stands for the service's, or
 * the one the client asked for. */
static __be16 server_port(const struct vs_pkt *p, const struct vs_service *svc,
			  const struct vs_dest *dest)
{
	if (READ_ONCE(svc->flags) & IP_VS_SVC_F_PERSISTENT &&
	    p->dport != svc->key.port)
		return p->dport;
	return dest->key.port ?: p->dport;
}

static bool is_one_packet(const struct vs_pkt *p, const struct vs_service *svc)
{
	return p->proto == IPPROTO_UDP &&
	       READ_ONCE(svc->flags) & IP_VS_SVC_F_ONEPACKET;
}

static struct vs_conn *connect_to(struct vs_pkt *p, struct vs_service *svc,
				  struct vs_dest *dest, struct vs_conn *control)
{
	struct vs_conn_conf conf = {
		.caddr = &p->saddr,
		.vaddr = &p->daddr,
		.cport = p->sport,
		.vport = p->dport,
		.dport = server_port(p, svc, dest),
		.af = p->af,
		.proto = p->proto,
		.fwmark = svc->key.fwmark,
		.dest = dest,
		.control = control,
	};
	struct vs_conn *cp;

	if (is_one_packet(p, svc))
		conf.st = VS_ST_ONE_PACKET;
	cp = vs_conn_new(p->vn, &conf);
	if (cp == ERR_PTR(-EEXIST)) {	/* another CPU made and counted it */
		cp = vs_conn_lookup_in(p);
		return cp ?: failed(p, -ENOMEM);
	}
	if (IS_ERR(cp))
		return failed(p, PTR_ERR(cp));
	vs_stats_conn(dest->stats);
	return cp;
}

/* A cache cluster without a cache: whatever the mark brought here goes on to
 * where it was going. */
static bool may_bypass(const struct vs_pkt *p, const struct vs_service *svc)
{
	if (!READ_ONCE(p->vn->sysctl.cache_bypass) || !svc->key.fwmark || p->l3)
		return false;
	if (p->af == AF_INET6)
		return ipv6_addr_type(&p->daddr.in6) & IPV6_ADDR_UNICAST;
	return inet_addr_type(p->vn->net, p->daddr.ip) == RTN_UNICAST;
}

static struct vs_conn *bypass(struct vs_pkt *p, const struct vs_service *svc)
{
	struct vs_conn_conf conf = {
		.caddr = &p->saddr,
		.vaddr = &p->daddr,
		.cport = p->sport,
		.vport = p->dport,
		.af = p->af,
		.proto = p->proto,
		.method = IP_VS_CONN_F_BYPASS,
		.st = is_one_packet(p, svc) ? VS_ST_ONE_PACKET : 0,
		.fwmark = svc->key.fwmark,
	};
	struct vs_conn *cp = vs_conn_new(p->vn, &conf);

	if (cp == ERR_PTR(-EEXIST))
		return vs_conn_lookup_in(p) ?: failed(p, -ENOMEM);
	if (IS_ERR(cp))
		return failed(p, PTR_ERR(cp));
	vs_event(p->vn, VS_EV_BYPASSED);
	return cp;
}

static struct vs_conn *passed(struct vs_pkt *p, enum vs_counter why)
{
	/* an error's embedded packet: the error is counted */
	p->verdict = p->l3 ? NF_ACCEPT : vs_pass(p, why);
	return NULL;
}

/* Nobody can take the packet: tell the client, unless only an FTP service's
 * wide port range brought it here. */
static struct vs_conn *refuse(struct vs_pkt *p, const struct vs_service *svc)
{
	if (may_bypass(p, svc))
		return bypass(p, svc);
	if (svc->key.port == VS_FTP_PORT && p->dport != VS_FTP_PORT)
		return passed(p, VS_PASS_FTP_DATA);
	p->verdict = vs_drop(p, VS_DROP_NO_DEST);
	if (!p->l3)	/* no error about an error */
		vs_icmp_unreachable(p);
	return NULL;
}

static struct vs_conn *schedule_persistent(struct vs_pkt *p,
					   struct vs_service *svc)
{
	struct vs_conn *ct = vs_persist_tmpl(p, svc);

	if (!ct)
		return refuse(p, svc);
	if (IS_ERR(ct))
		return failed(p, PTR_ERR(ct));
	return connect_to(p, svc, ct->dest, ct);
}

static struct vs_conn *schedule_plain(struct vs_pkt *p, struct vs_service *svc)
{
	struct vs_dest *dest = NULL;

	/* a port-0 service means something with persistence only */
	if (svc->key.fwmark || svc->key.port == p->dport)
		dest = vs_schedule_choose(p, svc);
	if (!dest)
		return refuse(p, svc);
	return connect_to(p, svc, dest, NULL);
}

struct vs_conn *vs_schedule(struct vs_pkt *p)
{
	struct vs_service *svc;

	if (!may_begin(p))
		return passed(p, VS_PASS_NOT_OPENING);
	svc = vs_service_lookup(p->vn, p->af, p->proto, &p->daddr, p->dport,
			      p->skb->mark);
	if (!svc)
		return passed(p, VS_PASS_NO_SERVICE);
	if (vs_defence_drops(p->vn)) {
		p->verdict = vs_drop(p, VS_DROP_DEFENCE);
		return NULL;
	}
	if (p->sport == VS_FTP_DATA_PORT)
		return passed(p, VS_PASS_FTP_DATA);
	if (is_local_reply(p))
		return passed(p, VS_PASS_LOCAL_REPLY);
	if (READ_ONCE(svc->flags) & IP_VS_SVC_F_PERSISTENT)
		return schedule_persistent(p, svc);
	return schedule_plain(p, svc);
}

/* The client may be in touch with another server: its answers come to the
 * newer connection, as with the kernel's ip_vs. */
static struct vs_conn *connect_from(struct vs_pkt *p, struct vs_dest *dest,
				    struct vs_conn *control)
{
	const struct vs_service *svc = dest->svc;
	struct vs_conn_conf conf = {
		.caddr = &p->daddr,
		.vaddr = &svc->key.addr,
		.cport = p->dport,
		.vport = svc->key.port,
		.dport = p->sport,
		.af = p->af,
		.proto = p->proto,
		.st = is_one_packet(p, svc) ? VS_ST_ONE_PACKET : 0,
		.dest = dest,
		.control = control,
		.allow_dup = true,
	};
	struct vs_conn *cp = vs_conn_new(p->vn, &conf);

	if (IS_ERR(cp))
		return NULL;
	vs_stats_conn(dest->stats);
	return cp;
}

struct vs_conn *vs_schedule_out(struct vs_pkt *p)
{
	struct vs_conn *control = NULL;
	const struct vs_service *svc;
	const struct vs_pe *pe;
	struct vs_dest *dest;

	if (p->proto != IPPROTO_UDP || p->later_frag)
		return NULL;
	dest = vs_dest_lookup_real(p->vn, p->af, p->proto, &p->saddr, p->sport);
	if (!dest)
		return NULL;
	svc = dest->svc;
	pe = rcu_dereference(svc->pe);
	/* a mark does not tell the virtual address, and a service for all ports
	 * not the port */
	if (!pe || !pe->conn_out || svc->key.fwmark || !svc->key.port ||
	    !p->sport)
		return NULL;
	if (READ_ONCE(svc->flags) & IP_VS_SVC_F_PERSISTENT)
		control = vs_persist_tmpl_out(p, dest);
	return IS_ERR(control) ? NULL : connect_from(p, dest, control);
}
