// SPDX-License-Identifier: GPL-2.0
#include <arpa/inet.h>
#include <limits.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>

#include "fail.h"
#include "keys.h"
#include "names.h"
#include "parse.h"
#include "set.h"
#include "text.h"

#define DEFAULT_PERSISTENCE 360	/* as 1.31, whose manual page says 300 */
#define SYNC_MAXLEN_MAX (65535 - 20 - 8)

/* "illegal weight specified: -w x (expected 0 to 2147483647)" */
static int fail_value(const struct given *given, const char *what, const char *expected)
{
	return fail("illegal %s specified: %s %.200s (expected %s)", what,
		    given->as_typed, given->value, expected);
}

static int set_number(const struct given *given, const char *what, uint32_t min,
		  uint32_t max, uint32_t *value)
{
	char expected[64];

	if (!parse_number(given->value, min, max, value))
		return 0;
	snprintf(expected, sizeof(expected), "an integer from %u to %u", min, max);
	return fail_value(given, what, expected);
}

static int set_name(const struct given *given, const char *what, char *to, size_t size)
{
	char expected[64];

	if (*given->value && strlen(given->value) < size) {
		memset(to, 0, size);
		memcpy(to, given->value, strlen(given->value));
		return 0;
	}
	snprintf(expected, sizeof(expected), "a name of 1 to %zu characters", size - 1);
	return fail_value(given, what, expected);
}

int set_service(struct request *req, const struct given *given)
{
	struct ipvs_service *svc = &req->svc;
	bool has_port;

	svc->protocol = given->opt->number;
	if (parse_endpoint(given->value, svc->protocol, &svc->addr, &svc->port, &has_port))
		return fail_value(given, "virtual server address[:port]",
			   "host[:port], IPv6 as [addr]:port");
	return 0;
}

int set_fwmark(struct request *req, const struct given *given)
{
	if (parse_fwmark(given->value, &req->svc.fwmark))
		return fail("invalid fwmark value `%.200s' specified: %s %.200s (expected 1 to 4294967295)",
			    given->value, given->as_typed, given->value);
	req->svc.addr.af = AF_INET;
	return 0;
}

int set_ipv6(struct request *req, const struct given *given)
{
	if (!req->svc.fwmark)
		return fail("%s is for a fwmark service, given with -f", given->as_typed);
	req->svc.addr.af = AF_INET6;
	return 0;
}

int set_scheduler(struct request *req, const struct given *given)
{
	return set_name(given, "scheduler", req->svc.sched, sizeof(req->svc.sched));
}

int set_pe(struct request *req, const struct given *given)
{
	return set_name(given, "persistence engine", req->svc.pe, sizeof(req->svc.pe));
}

int set_persistent(struct request *req, const struct given *given)
{
	req->svc.flags |= IP_VS_SVC_F_PERSISTENT;
	req->svc.timeout = DEFAULT_PERSISTENCE;
	if (!given->value || !parse_number(given->value, 1, PARSE_TIMEOUT_MAX,
					   &req->svc.timeout))
		return 0;
	return fail("invalid timeout value `%.200s' specified: %s %.200s (expected 1 to %u seconds)",
		    given->value, given->as_typed, given->value, PARSE_TIMEOUT_MAX);
}

int set_netmask(struct request *req, const struct given *given)
{
	struct ipvs_service *svc = &req->svc;

	if (!parse_netmask(given->value, svc->addr.af, &svc->netmask))
		return 0;
	if (svc->addr.af == AF_INET6)
		return fail_value(given, "ipv6 netmask", "a prefix length from 1 to 128");
	return fail_value(given, "virtual server persistent mask",
		   "an IPv4 mask like 255.255.255.0");
}

int set_sched_flags(struct request *req, const struct given *given)
{
	const char *sched = *req->svc.sched ? req->svc.sched : "wlc";
	char item[64];
	uint32_t flags;

	if (!parse_sched_flags(given->value, NULL, &flags, item, sizeof(item)) &&
	    parse_sched_flags(given->value, sched, &flags, item, sizeof(item)))
		return fail("incompatible scheduler flag `%s': %s %.200s with scheduler %s",
			    item, given->as_typed, given->value, sched);
	if (parse_sched_flags(given->value, sched, &flags, item, sizeof(item)))
		return fail("invalid scheduler flag `%s': %s %.200s",
			    item, given->as_typed, given->value);
	req->svc.flags |= flags;
	return 0;
}

int set_ops(struct request *req, const struct given *given)
{
	(void)given;
	req->svc.flags |= IP_VS_SVC_F_ONEPACKET;
	return 0;
}

int set_real_server(struct request *req, const struct given *given)
{
	struct ipvs_dest *dest = &req->dest;

	if (parse_endpoint(given->value, req->svc.protocol, &dest->addr,
			   &dest->port, &req->dest_has_port))
		return fail_value(given, "real server address[:port]",
			   "host[:port], IPv6 as [addr]:port");
	return 0;
}

int set_method(struct request *req, const struct given *given)
{
	req->dest.method = given->opt->number;
	return 0;
}

int set_weight(struct request *req, const struct given *given)
{
	return set_number(given, "weight", 0, INT_MAX, &req->dest.weight);
}

int set_upper(struct request *req, const struct given *given)
{
	return set_number(given, "u_threshold", 0, INT_MAX, &req->dest.upper);
}

int set_lower(struct request *req, const struct given *given)
{
	return set_number(given, "l_threshold", 0, INT_MAX, &req->dest.lower);
}

int set_tun_type(struct request *req, const struct given *given)
{
	if (text_to_tunnel_type(given->value, &req->dest.tun_type))
		return fail_value(given, "tunnel type", "ipip, gue or gre");
	return 0;
}

int set_tun_port(struct request *req, const struct given *given)
{
	uint32_t port = 0;

	if (set_number(given, "tunnel port", 1, UINT16_MAX, &port))
		return -1;
	req->dest.tun_port = htons(port);
	return 0;
}

int set_tun_csum(struct request *req, const struct given *given)
{
	req->dest.tun_flags = given->opt->number;
	return 0;
}

int set_numeric(struct request *req, const struct given *given)
{
	(void)given;
	if (req->cmd == CMD_RESTORE)
		names_numeric_only(true);
	return 0;
}

static int set_mesh_state(struct request *req, const struct given *given)
{
	if (!req->mesh)
		return fail("%s mesh is no rule to restore", given->as_typed);
	req->daemon.state = IPVS_STATE_MESH;
	return 0;
}

int set_state(struct request *req, const struct given *given)
{
	if (!strcmp(given->value, "master"))
		req->daemon.state = IP_VS_STATE_MASTER;
	else if (!strcmp(given->value, "backup"))
		req->daemon.state = IP_VS_STATE_BACKUP;
	else if (!strcmp(given->value, "mesh"))
		return set_mesh_state(req, given);
	else
		return fail("illegal %s parameter specified: %s %.200s (expected master, backup or mesh)",
			    given->opt->name, given->as_typed, given->value);
	return 0;
}

int set_syncid(struct request *req, const struct given *given)
{
	return set_number(given, "syncid", 0, 255, &req->daemon.syncid);
}

int set_maxlen(struct request *req, const struct given *given)
{
	uint32_t maxlen = 0;

	if (set_number(given, "sync-maxlen", 1, SYNC_MAXLEN_MAX, &maxlen))
		return -1;
	req->daemon.maxlen = maxlen;
	return 0;
}

int set_mcast_if(struct request *req, const struct given *given)
{
	return set_name(given, "mcast-interface", req->daemon.ifname,
		    sizeof(req->daemon.ifname));
}

static bool is_multicast(const struct ipvs_addr *addr)
{
	if (addr->af == AF_INET6)
		return IN6_IS_ADDR_MULTICAST(&addr->v6);
	return IN_MULTICAST(ntohl(addr->v4.s_addr));
}

int set_mcast_group(struct request *req, const struct given *given)
{
	struct ipvs_addr *group = &req->daemon.group;

	if (parse_addr(given->value, group) || !is_multicast(group))
		return fail("invalid %s mcast-group `%.200s': %s %.200s (expected a multicast address)",
			    strchr(given->value, ':') ? "IPv6" : "IPv4",
			    given->value, given->as_typed, given->value);
	return 0;
}

int set_mcast_port(struct request *req, const struct given *given)
{
	uint32_t port = 0;

	if (set_number(given, "mcast-port", 1, UINT16_MAX, &port))
		return -1;
	req->daemon.port = port;
	return 0;
}

int set_mcast_ttl(struct request *req, const struct given *given)
{
	uint32_t ttl = 0;

	if (set_number(given, "mcast-ttl", 1, 255, &ttl))
		return -1;
	req->daemon.ttl = ttl;
	return 0;
}

static int fail_not_mesh(const struct request *req, const struct given *given)
{
	return fail("Illegal '%s' option with the '%s' daemon: %s %.200s", opt_group(given->opt),
		    req->daemon.state == IP_VS_STATE_MASTER ? "master" : "backup",
		    given->as_typed, given->value);
}

static const char *family_name(uint16_t af)
{
	return af == AF_INET6 ? "IPv6" : "IPv4";
}

/* @family: that of the group or of the peers before, AF_UNSPEC if there are none */
static int parse_peer(const struct given *given, const char *text, uint16_t family,
		      struct ipvs_addr *addr)
{
	if (parse_addr_or_name(text, family, addr))
		return fail("invalid sync-peer `%.200s' specified: %s %.200s (expected an %saddress or a name)",
			    text, given->as_typed, given->value,
			    !family ? "" : family == AF_INET6 ? "IPv6 " : "IPv4 ");
	if (family && addr->af != family)
		return fail("invalid sync-peer `%.200s' specified: %s %.200s (%s, but the group or another peer is %s)",
			    text, given->as_typed, given->value, family_name(addr->af),
			    family_name(family));
	if (is_multicast(addr))
		return fail("invalid sync-peer `%.200s' specified: %s %.200s (a multicast address: give it with --mcast-group)",
			    text, given->as_typed, given->value);
	return 0;
}

static int add_peer(const struct given *given, const char *text, uint16_t group_family,
		    struct ipvs_mesh_config *mesh)
{
	struct ipvs_addr *peers = mesh->peers, addr;
	char digits[INET6_ADDRSTRLEN];

	if (mesh->n_peers == WEIR_MESH_MAX_PEERS)
		return fail("too many sync-peers specified: %s %.600s (expected 1 to %d)",
			    given->as_typed, given->value, WEIR_MESH_MAX_PEERS);
	if (parse_peer(given, text, mesh->n_peers ? peers[0].af : group_family, &addr))
		return -1;
	for (size_t i = 0; i < mesh->n_peers; i++) {
		if (!memcmp(peers[i].word, addr.word, sizeof(addr.word)))
			return fail("duplicate sync-peer `%.200s' specified: %s %.200s (%s is in the list already)",
				    text, given->as_typed, given->value,
				    inet_ntop(addr.af, addr.word, digits, sizeof(digits)));
	}
	peers[mesh->n_peers++] = addr;
	return 0;
}

int set_sync_peers(struct request *req, const struct given *given)
{
	char text[WEIR_MESH_MAX_PEERS * NI_MAXHOST], *rest = text;

	if (req->daemon.state != IPVS_STATE_MESH)
		return fail_not_mesh(req, given);
	if (strlen(given->value) >= sizeof(text))
		return fail("illegal sync-peer specified: %s %.200s... (too long)",
			    given->as_typed, given->value);
	strcpy(text, given->value);
	while (rest) {
		if (add_peer(given, strsep(&rest, ","), req->daemon.group.af, req->mesh))
			return -1;
	}
	return 0;
}

/* --sync-key of --start-daemon, and the command --set-sync-keys */
int set_sync_keys(struct request *req, const struct given *given)
{
	if (req->cmd == CMD_START_DAEMON && req->daemon.state != IPVS_STATE_MESH)
		return fail_not_mesh(req, given);
	if (!req->mesh)
		return fail("%s is no rule to restore", given->as_typed);
	return keys_read(given->value, req->mesh);
}

int set_wait(struct request *req, const struct given *given)
{
	if (!req->mesh)
		return fail("%s is no rule to restore", given->as_typed);
	return given->value ? set_number(given, "wait-sync", 0, PARSE_TIMEOUT_MAX, &req->wait) : 0;
}
