// SPDX-License-Identifier: GPL-2.0
#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "names.h"
#include "text.h"

static const char *const tunnel_types[] = {
	[IP_VS_CONN_F_TUNNEL_TYPE_IPIP] = "ipip",
	[IP_VS_CONN_F_TUNNEL_TYPE_GUE] = "gue",
	[IP_VS_CONN_F_TUNNEL_TYPE_GRE] = "gre",
};

#define N_TUNNEL_TYPES (sizeof(tunnel_types) / sizeof(tunnel_types[0]))

int text_to_tunnel_type(const char *name, uint8_t *type)
{
	for (size_t i = 0; i < N_TUNNEL_TYPES; i++) {
		if (!strcmp(name, tunnel_types[i])) {
			*type = i;
			return 0;
		}
	}
	return -1;
}

const char *text_tunnel_type(uint8_t type)
{
	return type < N_TUNNEL_TYPES ? tunnel_types[type] : NULL;
}

/* Names specific to a scheduler come first: they are preferred for output. */
static const struct sched_flag {
	uint32_t flag;
	const char *name;
	const char *sched;	/* NULL: any */
} sched_flags[] = {
	{ IP_VS_SVC_F_SCHED1, "sh-fallback", "sh" },
	{ IP_VS_SVC_F_SCHED2, "sh-port", "sh" },
	{ IP_VS_SVC_F_SCHED1, "mh-fallback", "mh" },
	{ IP_VS_SVC_F_SCHED2, "mh-port", "mh" },
	{ IP_VS_SVC_F_SCHED1, "flag-1", NULL },
	{ IP_VS_SVC_F_SCHED2, "flag-2", NULL },
	{ IP_VS_SVC_F_SCHED3, "flag-3", NULL },
};

#define N_SCHED_FLAGS (sizeof(sched_flags) / sizeof(sched_flags[0]))

uint32_t text_to_sched_flag(const char *name, size_t len, const char *sched)
{
	for (size_t i = 0; i < N_SCHED_FLAGS; i++) {
		const struct sched_flag *row = &sched_flags[i];

		if (strlen(row->name) != len || strncmp(row->name, name, len))
			continue;
		if (!sched || !row->sched || !strcmp(row->sched, sched))
			return row->flag;
	}
	return 0;
}

void text_sched_flags(uint32_t flags, const char *sched, char *buf, size_t size)
{
	size_t used = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < N_SCHED_FLAGS; i++) {
		const struct sched_flag *row = &sched_flags[i];

		if (!(flags & row->flag) || (row->sched && strcmp(row->sched, sched)))
			continue;
		flags &= ~row->flag;
		used += snprintf(buf + used, size - used, "%s%s",
				 used ? "," : "", row->name);
		if (used >= size)
			return;
	}
}

const char *text_protocol_option(uint16_t protocol)
{
	switch (protocol) {
	case IPPROTO_TCP:
		return "-t";
	case IPPROTO_UDP:
		return "-u";
	case IPPROTO_SCTP:
		return "--sctp-service";
	default:
		return "--xxx-service";
	}
}

const char *text_protocol_label(uint16_t protocol)
{
	switch (protocol) {
	case IPPROTO_TCP:
		return "TCP";
	case IPPROTO_UDP:
		return "UDP";
	case IPPROTO_SCTP:
		return "SCTP";
	default:
		return "?";
	}
}

const char *text_method_option(uint32_t method)
{
	switch (method & IP_VS_CONN_F_FWD_MASK) {
	case IP_VS_CONN_F_MASQ:
		return "-m";
	case IP_VS_CONN_F_TUNNEL:
		return "-i";
	default:
		return "-g";
	}
}

const char *text_method_label(uint32_t method)
{
	switch (method & IP_VS_CONN_F_FWD_MASK) {
	case IP_VS_CONN_F_MASQ:
		return "Masq";
	case IP_VS_CONN_F_LOCALNODE:
		return "Local";
	case IP_VS_CONN_F_TUNNEL:
		return "Tunnel";
	default:
		return "Route";
	}
}

const char *text_tunnel_csum_option(uint16_t flags)
{
	if (flags & IP_VS_TUNNEL_ENCAP_FLAG_REMCSUM)
		return "--tun-remcsum";
	if (flags & IP_VS_TUNNEL_ENCAP_FLAG_CSUM)
		return "--tun-csum";
	return "--tun-nocsum";
}

const char *text_tunnel_csum_label(uint16_t flags)
{
	if (flags & IP_VS_TUNNEL_ENCAP_FLAG_REMCSUM)
		return "r+c";
	if (flags & IP_VS_TUNNEL_ENCAP_FLAG_CSUM)
		return "+c";
	return "-c";
}

void text_endpoint(const struct ipvs_addr *addr, in_port_t port,
		   uint16_t protocol, bool numeric, char *buf)
{
	bool six = addr->af == AF_INET6;
	char digits[INET6_ADDRSTRLEN];
	const char *host;

	inet_ntop(addr->af, addr->word, digits, sizeof(digits));
	host = numeric ? digits : names_of_addr(addr);
	if (numeric)
		snprintf(buf, TEXT_ENDPOINT_MAX, "%s%s%s:%u", six ? "[" : "", host,
			 six ? "]" : "", ntohs(port));
	else
		snprintf(buf, TEXT_ENDPOINT_MAX, "%s%s%s:%s", six ? "[" : "", host,
			 six ? "]" : "", names_of_port(port, protocol));
}

void text_service(const struct ipvs_service *svc, bool numeric, char *buf)
{
	char endpoint[TEXT_ENDPOINT_MAX];

	if (svc->fwmark) {
		snprintf(buf, TEXT_ENDPOINT_MAX, "-f %u%s", svc->fwmark,
			 svc->addr.af == AF_INET6 ? " -6" : "");
		return;
	}
	text_endpoint(&svc->addr, svc->port, svc->protocol, numeric, endpoint);
	snprintf(buf, TEXT_ENDPOINT_MAX, "%s %.1100s", text_protocol_option(svc->protocol), endpoint);
}

void text_mesh_state(const struct ipvs_mesh *mesh, char *buf)
{
	static const char *const states[] = {
		[WEIR_SYNC_STARTING] = "starting",
		[WEIR_SYNC_ALONE] = "alone: no peer answers",
		[WEIR_SYNC_BEHIND] = "behind: messages are missing",
		[WEIR_SYNC_INCOMPLETE] = "incomplete: no room for all connections",
		[WEIR_SYNC_IN_SYNC] = "in sync",
	};
	uint64_t got = 0;

	if (mesh->state == WEIR_SYNC_RESYNC) {
		for (size_t i = 0; i < mesh->n; i++)
			got += mesh->v[i].state == WEIR_SYNC_RESYNC ? mesh->v[i].got : 0;
		snprintf(buf, TEXT_MESH_MAX, "resync: %" PRIu64 " entries received", got);
	} else if (mesh->state < sizeof(states) / sizeof(states[0])) {
		snprintf(buf, TEXT_MESH_MAX, "%s", states[mesh->state]);
	} else {
		snprintf(buf, TEXT_MESH_MAX, "in state %u, unknown to this ipvsadm", mesh->state);
	}
}

const char *text_peer_state(uint8_t state)
{
	static const char *const states[] = {
		[WEIR_SYNC_STARTING] = "starting",
		[WEIR_SYNC_ALONE] = "does not answer",
		[WEIR_SYNC_RESYNC] = "resync",
		[WEIR_SYNC_BEHIND] = "behind: messages are missing",
		[WEIR_SYNC_INCOMPLETE] = "incomplete: no room for all connections",
		[WEIR_SYNC_IN_SYNC] = "in sync",
	};

	return state < sizeof(states) / sizeof(states[0]) ? states[state] : "in an unknown state";
}
