// SPDX-License-Identifier: GPL-2.0
/* Implements names.h with a few fixed names instead of the resolver. */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "names.h"

void names_numeric_only(bool on)
{
	(void)on;
}

int names_resolve_host(const char *name, int family, struct ipvs_addr *addr)
{
	memset(addr, 0, sizeof(*addr));
	if (!strcmp(name, "vip") && family != AF_INET6) {
		addr->af = AF_INET;
		return inet_pton(AF_INET, "192.0.2.1", &addr->v4) == 1 ? 0 : -1;
	}
	if (!strcmp(name, "vip6") && family != AF_INET) {
		addr->af = AF_INET6;
		return inet_pton(AF_INET6, "2001:db8::1", &addr->v6) == 1 ? 0 : -1;
	}
	return -1;
}

int names_resolve_port(const char *name, uint16_t protocol, in_port_t *port)
{
	if (!strcmp(name, "http") && protocol == IPPROTO_TCP)
		*port = htons(80);
	else if (!strcmp(name, "domain") && protocol == IPPROTO_UDP)
		*port = htons(53);
	else
		return -1;
	return 0;
}

const char *names_of_addr(const struct ipvs_addr *addr)
{
	static char text[INET6_ADDRSTRLEN];

	return inet_ntop(addr->af, addr->word, text, sizeof(text));
}

const char *names_of_port(in_port_t port, uint16_t protocol)
{
	static char text[8];

	(void)protocol;
	snprintf(text, sizeof(text), "%u", ntohs(port));
	return text;
}
