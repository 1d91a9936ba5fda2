// SPDX-License-Identifier: GPL-2.0
#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "array.h"
#include "fail.h"
#include "names.h"

#define BUCKETS 4096

struct addr_name {
	struct addr_name *next;
	struct ipvs_addr addr;
	char name[NI_MAXHOST];
};

struct port_name {
	in_port_t port;
	uint16_t protocol;
	char name[32];
};

static struct addr_name *addrs[BUCKETS];
static struct port_name *ports;
static size_t n_ports, cap_ports;
static bool numeric_only;

void names_numeric_only(bool on)
{
	numeric_only = on;
}

static const char *protocol_name(uint16_t protocol)
{
	switch (protocol) {
	case IPPROTO_TCP:
		return "tcp";
	case IPPROTO_UDP:
		return "udp";
	case IPPROTO_SCTP:
		return "sctp";
	default:
		return NULL;
	}
}

static int resolve_host(const char *name, int family, struct ipvs_addr *addr)
{
	struct addrinfo hints = { .ai_family = family, .ai_socktype = SOCK_STREAM };
	struct addrinfo *ai;

	if (getaddrinfo(name, NULL, &hints, &ai))
		return -1;
	memset(addr, 0, sizeof(*addr));
	addr->af = family;
	if (family == AF_INET6)
		addr->v6 = ((struct sockaddr_in6 *)ai->ai_addr)->sin6_addr;
	else
		addr->v4 = ((struct sockaddr_in *)ai->ai_addr)->sin_addr;
	freeaddrinfo(ai);
	return 0;
}

int names_resolve_host(const char *name, int family, struct ipvs_addr *addr)
{
	if (numeric_only)
		return -1;
	if (family != AF_UNSPEC)
		return resolve_host(name, family, addr);
	if (!resolve_host(name, AF_INET, addr))
		return 0;
	return resolve_host(name, AF_INET6, addr);
}

int names_resolve_port(const char *name, uint16_t protocol, in_port_t *port)
{
	struct servent *se;

	if (numeric_only)
		return -1;
	se = getservbyname(name, protocol_name(protocol));
	if (!se)
		return -1;
	*port = se->s_port;
	return 0;
}

static void resolve_addr(struct addr_name *entry)
{
	const struct ipvs_addr *addr = &entry->addr;
	struct sockaddr_in6 sin6 = { .sin6_family = AF_INET6, .sin6_addr = addr->v6 };
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_addr = addr->v4 };
	bool six = addr->af == AF_INET6;

	if (getnameinfo(six ? (struct sockaddr *)&sin6 : (struct sockaddr *)&sin,
			six ? sizeof(sin6) : sizeof(sin),
			entry->name, sizeof(entry->name), NULL, 0, NI_NAMEREQD))
		inet_ntop(addr->af, addr->word, entry->name, sizeof(entry->name));
}

static bool same_addr(const struct ipvs_addr *a, const struct ipvs_addr *b)
{
	return a->af == b->af &&
	       !memcmp(a->word, b->word, a->af == AF_INET6 ? 16 : 4);
}

static unsigned int addr_bucket(const struct ipvs_addr *addr)
{
	uint32_t sum = addr->word[0];

	if (addr->af == AF_INET6)
		sum ^= addr->word[1] ^ addr->word[2] ^ addr->word[3];
	return (sum * 2654435761u) >> 20;	/* the top 12 bits: BUCKETS */
}

const char *names_of_addr(const struct ipvs_addr *addr)
{
	struct addr_name **head = &addrs[addr_bucket(addr)];
	struct addr_name *entry;

	for (entry = *head; entry; entry = entry->next) {
		if (same_addr(&entry->addr, addr))
			return entry->name;
	}
	entry = calloc(1, sizeof(*entry));
	if (!entry)
		return "?";
	entry->addr = *addr;
	resolve_addr(entry);
	entry->next = *head;
	*head = entry;
	return entry->name;
}

const char *names_of_port(in_port_t port, uint16_t protocol)
{
	const char *proto = protocol_name(protocol);
	struct servent *se;
	struct port_name *entry;

	for (size_t i = 0; i < n_ports; i++) {
		if (ports[i].port == port && ports[i].protocol == protocol)
			return ports[i].name;
	}
	ports = array_grow(ports, n_ports, &cap_ports, sizeof(*ports));
	entry = &ports[n_ports++];
	entry->port = port;
	entry->protocol = protocol;
	se = proto ? getservbyport(port, proto) : NULL;
	if (se)
		snprintf(entry->name, sizeof(entry->name), "%s", se->s_name);
	else
		snprintf(entry->name, sizeof(entry->name), "%u", ntohs(port));
	return entry->name;
}
