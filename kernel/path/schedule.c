// SPDX-License-Identifier: GPL-2.0
/*
 * A packet without a connection: look up its service, have the scheduler choose
 * a destination, create the connection.
 */
#include <linux/ip_vs.h>
#include <linux/netdevice.h>
#include <net/addrconf.h>
#include <net/route.h>

#include "conn/defence.h"
#include "net.h"
#include "path/choose.h"
#include "path/lookup.h"
#include "path/persist.h"
#include "path/reject.h"
#include "path/schedule.h"
#include "pe/pe.h"
#include "service/service.h"

static bool is_sloppy(const struct vs_sysctl *knobs, u8 proto)
{
	return proto == IPPROTO_TCP ? READ_ONCE(knobs->sloppy_tcp) :
				      READ_ONCE(knobs->sloppy_sctp);
}

/* A SYN opens a TCP connection, an INIT an SCTP association. With the sloppy_*
 * sysctls any packet but a RST or ABORT does, to take over connections that
 * another director opened. AH and ESP follow the connection of the key
 * exchange, and open none. */
static bool may_open_conn(const struct vs_pkt *p)
{
	switch (p->proto) {
	case IPPROTO_TCP:
	case IPPROTO_SCTP:
		if (p->l3)	/* in an ICMP error: no flags after the ports */
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

/* A real server on this host replies to a client on this host over loopback:
 * such a packet is a reply although its destination may be a virtual
 * address. */
static bool is_local_reply(const struct vs_pkt *p)
{
	const struct net_device *dev = p->skb->dev;
	enum vs_dir dir;

	if (dev && !(dev->flags & IFF_LOOPBACK))
		return false;
	return vs_lookup_reverse(p, &dir) && dir == VS_DIR_IN;
}

/* Drops a packet whose connection or template could not be created. */
static struct vs_conn *drop_failed(struct vs_pkt *p, int err)
{
	enum vs_counter why = VS_DROP_NO_MEMORY;

	if (err == -ENOSPC)
		why = VS_DROP_CONN_MAX;
	else if (err == -EEXIST)
		why = VS_DROP_CONN_RACE;
	else if (err == -EINVAL)
		why = VS_DROP_PE_PAYLOAD;
	p->verdict = vs_drop(p, why);
	return NULL;
}

/* The real server's port: the destination's own if the client uses the
 * service's port, else the port that the client uses. */
static __be16 schedule_dport(const struct vs_pkt *p, const struct vs_service *svc,
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

/* With net.ipv4.vs.cache_bypass, the packets of a fwmark service without a
 * usable destination (a transparent cache cluster) go to their original
 * destination. */
static bool may_bypass(const struct vs_pkt *p, const struct vs_service *svc)
{
	if (!READ_ONCE(p->vn->sysctl.cache_bypass) || !svc->key.fwmark || p->l3)
		return false;
	if (p->af == AF_INET6)
		return ipv6_addr_type(&p->daddr.in6) & IPV6_ADDR_UNICAST;
	return inet_addr_type(p->vn->net, p->daddr.ip) == RTN_UNICAST;
}

/* Opens a connection to @dest, or one that bypasses the service if @dest is
 * NULL. */
static struct vs_conn *schedule_open(struct vs_pkt *p, const struct vs_service *svc,
				 struct vs_dest *dest, struct vs_conn *control)
{
	struct vs_conn_conf conf = {
		.caddr = &p->saddr,
		.vaddr = &p->daddr,
		.cport = p->sport,
		.vport = p->dport,
		.dport = dest ? schedule_dport(p, svc, dest) : 0,
		.af = p->af,
		.proto = p->proto,
		.method = dest ? 0 : IP_VS_CONN_F_BYPASS,
		.st = is_one_packet(p, svc) ? VS_ST_ONE_PACKET : 0,
		.fwmark = svc->key.fwmark,
		.dest = dest,
		.control = control,
	};
	struct vs_conn *cp = vs_conn_new(p->vn, &conf);

	if (cp == ERR_PTR(-EEXIST))	/* another CPU created and counted it */
		return vs_lookup_client(p) ?: drop_failed(p, -EEXIST);
	if (IS_ERR(cp))
		return drop_failed(p, PTR_ERR(cp));
	if (dest)
		vs_stats_conn(dest->stats);
	else
		vs_event(p->vn, VS_EV_BYPASSED);
	return cp;
}

/* Leaves the packet to the local stack. */
static struct vs_conn *pass_unscheduled(struct vs_pkt *p, enum vs_counter why)
{
	/* embedded in an ICMP error: the error is counted */
	p->verdict = p->l3 ? NF_ACCEPT : vs_pass(p, why);
	return NULL;
}

/* No destination is usable: reject the packet, unless it only matched a
 * persistent FTP service, which takes data connections to other ports. */
static struct vs_conn *reject_no_dest(struct vs_pkt *p,
				      const struct vs_service *svc)
{
	if (may_bypass(p, svc))
		return schedule_open(p, svc, NULL, NULL);
	if (svc->key.port == VS_FTP_PORT && p->dport != VS_FTP_PORT)
		return pass_unscheduled(p, VS_PASS_FTP_DATA);
	p->verdict = vs_drop(p, VS_DROP_NO_DEST);
	if (!p->l3)	/* no ICMP error about an ICMP error */
		vs_reject_unreachable(p);
	return NULL;
}

static struct vs_conn *schedule_persistent(struct vs_pkt *p,
					   struct vs_service *svc)
{
	struct vs_conn *tmpl = vs_persist_tmpl(p, svc);

	if (!tmpl)
		return reject_no_dest(p, svc);
	if (IS_ERR(tmpl))
		return drop_failed(p, PTR_ERR(tmpl));
	return schedule_open(p, svc, tmpl->dest, tmpl);
}

static struct vs_conn *schedule_plain(struct vs_pkt *p, struct vs_service *svc)
{
	struct vs_dest *dest = NULL;

	/* a port-0 service needs persistence */
	if (svc->key.fwmark || svc->key.port == p->dport)
		dest = vs_choose_dest(p, svc);
	if (!dest)
		return reject_no_dest(p, svc);
	return schedule_open(p, svc, dest, NULL);
}

struct vs_conn *vs_schedule(struct vs_pkt *p)
{
	struct vs_service *svc;

	vs_assert_packet_context();
	if (!may_open_conn(p))
		return pass_unscheduled(p, VS_PASS_NOT_OPENING);
	svc = vs_service_lookup(p->vn, p->af, p->proto, &p->daddr, p->dport,
				p->skb->mark);
	if (!svc)
		return pass_unscheduled(p, VS_PASS_NO_SERVICE);
	if (vs_defence_drops(p->vn)) {
		p->verdict = vs_drop(p, VS_DROP_DEFENCE);
		return NULL;
	}
	if (p->sport == VS_FTP_DATA_PORT)
		return pass_unscheduled(p, VS_PASS_FTP_DATA);
	if (is_local_reply(p))
		return pass_unscheduled(p, VS_PASS_LOCAL_REPLY);
	if (READ_ONCE(svc->flags) & IP_VS_SVC_F_PERSISTENT)
		return schedule_persistent(p, svc);
	return schedule_plain(p, svc);
}

/* .allow_dup: the client may have a connection to another real server under
 * the same tuple. Its packets then go to the newer one, as with the kernel's
 * ip_vs. */
static struct vs_conn *schedule_open_out(struct vs_pkt *p, struct vs_dest *dest,
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

	vs_assert_packet_context();
	if (p->proto != IPPROTO_UDP || p->nonfirst_frag)
		return NULL;
	dest = vs_dest_lookup_real(p->vn, p->af, p->proto, &p->saddr, p->sport);
	if (!dest)
		return NULL;
	svc = dest->svc;
	pe = rcu_dereference(svc->pe);
	/* a fwmark service has no virtual address, a port-0 service no port */
	if (!pe || !pe->conn_out || svc->key.fwmark || !svc->key.port ||
	    !p->sport)
		return NULL;
	if (READ_ONCE(svc->flags) & IP_VS_SVC_F_PERSISTENT)
		control = vs_persist_tmpl_out(p, dest);
	return IS_ERR(control) ? NULL : schedule_open_out(p, dest, control);
}
