// SPDX-License-Identifier: GPL-2.0
#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "print.h"
#include "text.h"

/* 1.31 truncates names to these widths; scripts rely on the columns. */
#define ENDPOINT_WIDTH 59
#define SERVICE_WIDTH 33
#define DEST_WIDTH 28

void print_info(const struct ipvs_info *info)
{
	printf("IP Virtual Server version %d.%d.%d (size=%d)\n",
	       NVERSION(info->version), (int)info->conn_tab_size);
}

void print_title(const struct list_style *style)
{
	static const char stats[] =
		"%-33s %8s %8s %8s %8s %8s\n  -> RemoteAddress:Port\n";
	static const char prot[] = "Prot LocalAddress:Port";

	switch (style->format) {
	case LIST_STATS:
		printf(stats, prot, "Conns", "InPkts", "OutPkts", "InBytes", "OutBytes");
		break;
	case LIST_RATE:
		printf(stats, prot, "CPS", "InPPS", "OutPPS", "InBPS", "OutBPS");
		break;
	case LIST_THRESHOLDS:
		printf("%-33s %-10s %-10s %-10s %-10s\n  -> RemoteAddress:Port\n", prot,
		       "Uthreshold", "Lthreshold", "ActiveConn", "InActConn");
		break;
	case LIST_PERSISTENT:
		printf("%-33s %-9s %-11s %-10s %-10s\n  -> RemoteAddress:Port\n", prot,
		       "Weight", "PersistConn", "ActiveConn", "InActConn");
		break;
	case LIST_TUNNELS:
		puts("Prot LocalAddress:Port Scheduler Flags\n"
		     "  -> RemoteAddress:Port           Forward TunnelInfo    Weight ActiveConn InActConn");
		break;
	case LIST_PLAIN:
		puts("Prot LocalAddress:Port Scheduler Flags\n"
		     "  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn");
		break;
	}
}

/* Nine columns, scaled with a suffix K, M, G or T unless @exact */
static void print_number(uint64_t number, bool exact)
{
	static const struct {
		uint64_t below, unit;
		char letter;
	} scale[] = {
		{ 1000000000ull, 1000ull, 'K' },
		{ 100000000000ull, 1000000ull, 'M' },
		{ 100000000000000ull, 1000000000ull, 'G' },
		{ UINT64_MAX, 1000000000000ull, 'T' },
	};
	size_t i = 0;

	if (exact) {
		printf(" %8llu", (unsigned long long)number);
		return;
	}
	if (number < 100000000) {
		printf("%9llu", (unsigned long long)number);
		return;
	}
	while (number >= scale[i].below && scale[i].below != UINT64_MAX)
		i++;
	printf("%8llu%c", (unsigned long long)(number / scale[i].unit), scale[i].letter);
}

static void print_totals(const struct ipvs_stats *stats, bool exact)
{
	print_number(stats->conns, exact);
	print_number(stats->inpkts, exact);
	print_number(stats->outpkts, exact);
	print_number(stats->inbytes, exact);
	print_number(stats->outbytes, exact);
	putchar('\n');
}

static void print_service_rates(const struct ipvs_stats *stats, bool exact)
{
	print_number(stats->cps, exact);
	print_number(stats->inpps, exact);
	print_number(stats->outpps, exact);
	print_number(stats->inbps, exact);
	print_number(stats->outbps, exact);
	putchar('\n');
}

/* 1.31 does not scale a server's connection and packet rates. */
static void print_dest_rates(const struct ipvs_stats *stats, bool exact)
{
	print_number(stats->cps, true);
	print_number(stats->inpps, true);
	print_number(stats->outpps, true);
	print_number(stats->inbps, exact);
	print_number(stats->outbps, exact);
	putchar('\n');
}

static void print_service_label(const struct ipvs_service *svc, bool numeric, char *buf)
{
	char endpoint[TEXT_ENDPOINT_MAX];

	if (svc->fwmark) {
		snprintf(buf, TEXT_ENDPOINT_MAX, "FWM  %u%s", svc->fwmark,
			 svc->addr.af == AF_INET6 ? " IPv6" : "");
		return;
	}
	text_endpoint(&svc->addr, svc->port, svc->protocol, numeric, endpoint);
	snprintf(buf, TEXT_ENDPOINT_MAX, "%-4s %.*s", text_protocol_label(svc->protocol),
		 ENDPOINT_WIDTH, endpoint);
	if (svc->addr.af != AF_INET6)
		buf[SERVICE_WIDTH] = '\0';
}

static void print_service_flags(const struct ipvs_service *svc)
{
	char flags[64];
	struct in_addr mask = { svc->netmask };

	text_sched_flags(svc->flags, svc->sched, flags, sizeof(flags));
	if (*flags)
		printf(" (%s)", flags);
	if (svc->flags & IP_VS_SVC_F_PERSISTENT) {
		printf(" persistent %u", svc->timeout);
		if (svc->addr.af == AF_INET && svc->netmask != IPVS_MASK4_HOST)
			printf(" mask %s", inet_ntoa(mask));
		if (svc->addr.af == AF_INET6 && svc->netmask != IPVS_MASK6_HOST)
			printf(" mask %u", svc->netmask);
		if (*svc->pe)
			printf(" pe %s", svc->pe);
	}
	if (svc->flags & IP_VS_SVC_F_ONEPACKET)
		printf(" ops");
	putchar('\n');
}

void print_service(const struct ipvs_service *svc, const struct list_style *style)
{
	char label[TEXT_ENDPOINT_MAX];

	print_service_label(svc, style->numeric, label);
	switch (style->format) {
	case LIST_STATS:
		printf("%-33s", label);
		print_totals(&svc->stats, style->exact);
		break;
	case LIST_RATE:
		printf("%-33s", label);
		print_service_rates(&svc->stats, style->exact);
		break;
	default:
		printf("%s %s", label, svc->sched);
		print_service_flags(svc);
		break;
	}
}

static void text_tunnel(const struct ipvs_dest *dest, char *buf, size_t size)
{
	const char *type = text_tunnel_type(dest->tun_type);

	if (dest->method != IP_VS_CONN_F_TUNNEL || !type)
		snprintf(buf, size, "n/a");
	else if (dest->tun_type == IP_VS_CONN_F_TUNNEL_TYPE_GUE)
		snprintf(buf, size, "%s:%d:%s", type, ntohs(dest->tun_port),
			 text_tunnel_csum_label(dest->tun_flags));
	else if (dest->tun_type == IP_VS_CONN_F_TUNNEL_TYPE_GRE)
		snprintf(buf, size, "%s:%s", type, text_tunnel_csum_label(dest->tun_flags));
	else
		snprintf(buf, size, "%s", type);
}

static void print_dest_conns(const struct ipvs_dest *dest, enum list_format format)
{
	char tunnel[32];

	switch (format) {
	case LIST_THRESHOLDS:
		printf(" %-10u %-10u", dest->upper, dest->lower);
		break;
	case LIST_PERSISTENT:
		printf(" %-9u %-11u", dest->weight, dest->persistent);
		break;
	case LIST_TUNNELS:
		text_tunnel(dest, tunnel, sizeof(tunnel));
		printf(" %-7s %-13s %-6d", text_method_label(dest->method), tunnel,
		       (int)dest->weight);
		break;
	default:
		printf(" %-7s %-6d", text_method_label(dest->method), (int)dest->weight);
		break;
	}
	printf(" %-10u %-10u\n", dest->active, dest->inactive);
}

void print_dest(const struct ipvs_service *svc, const struct ipvs_dest *dest,
		const struct list_style *style)
{
	char endpoint[TEXT_ENDPOINT_MAX];

	text_endpoint(&dest->addr, dest->port, svc->protocol, style->numeric, endpoint);
	endpoint[dest->addr.af == AF_INET6 ? ENDPOINT_WIDTH : DEST_WIDTH] = '\0';
	printf("  -> %-28s", endpoint);
	switch (style->format) {
	case LIST_STATS:
		print_totals(&dest->stats, style->exact);
		break;
	case LIST_RATE:
		print_dest_rates(&dest->stats, style->exact);
		break;
	default:
		print_dest_conns(dest, style->format);
		break;
	}
}

void print_service_rule(const struct ipvs_service *svc, bool numeric)
{
	char text[TEXT_ENDPOINT_MAX], flags[64];
	struct in_addr mask = { svc->netmask };

	text_service(svc, numeric, text);
	printf("-A %s -s %s", text, svc->sched);
	if (svc->flags & IP_VS_SVC_F_PERSISTENT) {
		printf(" -p %u", svc->timeout);
		if (svc->addr.af == AF_INET && svc->netmask != IPVS_MASK4_HOST)
			printf(" -M %s", inet_ntoa(mask));
		if (svc->addr.af == AF_INET6 && svc->netmask != IPVS_MASK6_HOST)
			printf(" -M %u", svc->netmask);
	}
	if (*svc->pe)
		printf(" --pe %s", svc->pe);
	if (svc->flags & IP_VS_SVC_F_ONEPACKET)
		printf(" -o");
	text_sched_flags(svc->flags, svc->sched, flags, sizeof(flags));
	if (*flags)
		printf(" -b %s", flags);
	putchar('\n');
}

void print_dest_rule(const struct ipvs_service *svc, const struct ipvs_dest *dest,
		     bool numeric)
{
	char text[TEXT_ENDPOINT_MAX], endpoint[TEXT_ENDPOINT_MAX];
	const char *type = text_tunnel_type(dest->tun_type);

	text_service(svc, numeric, text);
	text_endpoint(&dest->addr, dest->port, svc->protocol, numeric, endpoint);
	printf("-a %s -r %s %s -w %d", text, endpoint, text_method_option(dest->method),
	       (int)dest->weight);
	if (dest->method == IP_VS_CONN_F_TUNNEL && type) {
		printf(" --tun-type %s", type);
		if (dest->tun_type == IP_VS_CONN_F_TUNNEL_TYPE_GUE)
			printf(" --tun-port %d", ntohs(dest->tun_port));
		if (dest->tun_type != IP_VS_CONN_F_TUNNEL_TYPE_IPIP)
			printf(" %s", text_tunnel_csum_option(dest->tun_flags));
	}
	/* 1.31 does not save the thresholds. */
	if (dest->upper)
		printf(" -x %u", dest->upper);
	if (dest->lower)
		printf(" -y %u", dest->lower);
	putchar('\n');
}

void print_counters(const struct ipvs_counters *counters, bool exact)
{
	if (!exact)
		printf("%12s  %-22s %s\n", "Count", "Name", "Meaning");
	for (size_t i = 0; i < counters->n; i++) {
		const struct ipvs_counter *c = &counters->v[i];

		if (exact)
			printf("%s %" PRIu64 "\n", c->name, c->value);
		else if (c->value)
			printf("%12" PRIu64 "  %-22s %s\n", c->value, c->name, c->text);
	}
}

void print_timeouts(const struct ipvs_timeouts *timeouts)
{
	printf("Timeout (tcp tcpfin udp): %u %u %u\n",
	       timeouts->tcp, timeouts->tcp_fin, timeouts->udp);
}

void print_daemon(const struct ipvs_daemon *daemon)
{
	char group[INET6_ADDRSTRLEN];

	printf("%s sync daemon (mcast=%s, syncid=%u",
	       daemon->state == IP_VS_STATE_MASTER ? "master" : "backup",
	       daemon->ifname, daemon->syncid);
	if (daemon->maxlen)
		printf(", maxlen=%u", daemon->maxlen);
	if (daemon->group.af &&
	    inet_ntop(daemon->group.af, daemon->group.word, group, sizeof(group)))
		printf(", group=%s", group);
	if (daemon->port)
		printf(", port=%u", daemon->port);
	if (daemon->ttl)
		printf(", ttl=%u", daemon->ttl);
	puts(")");
}

static void print_mesh_title(const struct ipvs_mesh *mesh)
{
	const struct ipvs_daemon *daemon = &mesh->daemon;
	char group[INET6_ADDRSTRLEN];

	printf("mesh sync daemon (syncid=%u", daemon->syncid);
	if (*daemon->ifname)
		printf(", interface=%s", daemon->ifname);
	if (daemon->group.af)
		printf(", group=%s", inet_ntop(daemon->group.af, daemon->group.word, group,
					       sizeof(group)));
	if (daemon->maxlen)
		printf(", maxlen=%u", daemon->maxlen);
	if (daemon->port)
		printf(", port=%u", daemon->port);
	if (daemon->ttl)
		printf(", ttl=%u", daemon->ttl);
	if (mesh->key_id >= 0)
		printf(", key=%d", mesh->key_id);
	puts(")");
}

static void print_peer(const struct ipvs_peer *peer)
{
	bool answers = peer->state != WEIR_SYNC_STARTING && peer->state != WEIR_SYNC_ALONE;
	char addr[INET6_ADDRSTRLEN];

	printf("  peer %s: %s", inet_ntop(peer->addr.af, peer->addr.word, addr, sizeof(addr)),
	       text_peer_state(peer->state));
	/* What it said last is out of date. */
	if (answers)
		printf(", %" PRIu64 " connections", peer->conns);
	if (peer->heard)
		printf(", heard %u.%u s ago", peer->silent / 1000, peer->silent % 1000 / 100);
	else
		printf(", never heard");
	if (answers)
		printf(", lag %" PRIu64, peer->lag);
	printf(", resent %" PRIu64 ", lost %" PRIu64, peer->resent, peer->lost);
	printf(", resyncs %" PRIu64 " (%" PRIu64 " entries received, %" PRIu64 " sent)%s\n",
	       peer->resyncs, peer->got, peer->given,
	       answers && peer->unready ? ", not in sync itself" : "");
}

void print_mesh(const struct ipvs_mesh *mesh)
{
	char state[TEXT_MESH_MAX];

	text_mesh_state(mesh, state);
	print_mesh_title(mesh);
	printf("  %s, %" PRIu64 " connections\n", state, mesh->conns);
	for (size_t i = 0; i < mesh->n; i++)
		print_peer(&mesh->v[i]);
}
