// SPDX-License-Identifier: GPL-2.0
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "names.h"
#include "parse.h"
#include "text.h"

static bool is_digits(const char *text)
{
	return *text && !text[strspn(text, "0123456789")];
}

static int parse_unsigned(const char *text, int base, uint32_t min, uint32_t max,
			  uint32_t *value)
{
	unsigned long long number;
	char *end;

	errno = 0;
	number = strtoull(text, &end, base);
	if (errno || *end || number < min || number > max)
		return -1;
	*value = number;
	return 0;
}

int parse_number(const char *text, uint32_t min, uint32_t max, uint32_t *value)
{
	if (!is_digits(text))
		return -1;
	return parse_unsigned(text, 10, min, max, value);
}

int parse_fwmark(const char *text, uint32_t *mark)
{
	if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
		const char *hex = text + 2;

		if (!*hex || hex[strspn(hex, "0123456789abcdefABCDEF")])
			return -1;
		return parse_unsigned(hex, 16, 1, UINT32_MAX, mark);
	}
	return parse_number(text, 1, UINT32_MAX, mark);
}

/*
 * inet_aton() and getaddrinfo() accept "80" and "0x50" as addresses. A port
 * given without an address must not become 0.0.0.80.
 */
static bool looks_like_number(const char *host)
{
	if (host[0] == '0' && (host[1] == 'x' || host[1] == 'X'))
		return true;
	return !host[strspn(host, "0123456789.")];
}

static int parse_host(const char *host, struct ipvs_addr *addr)
{
	memset(addr, 0, sizeof(*addr));
	if (strlen(host) >= NI_MAXHOST || !*host)
		return -1;
	if (inet_pton(AF_INET, host, &addr->v4) == 1) {
		addr->af = AF_INET;
		return 0;
	}
	if (looks_like_number(host)) {
		/* short forms with a dot are accepted: 10.1 is 10.0.0.1 */
		if (!strchr(host, '.') || !inet_aton(host, &addr->v4))
			return -1;
		addr->af = AF_INET;
		return 0;
	}
	return names_resolve_host(host, AF_UNSPEC, addr);
}

static int parse_addr6(const char *text, struct ipvs_addr *addr)
{
	memset(addr, 0, sizeof(*addr));
	if (inet_pton(AF_INET6, text, &addr->v6) != 1)
		return -1;
	addr->af = AF_INET6;
	return 0;
}

int parse_addr(const char *text, struct ipvs_addr *addr)
{
	memset(addr, 0, sizeof(*addr));
	if (inet_pton(AF_INET, text, &addr->v4) == 1) {
		addr->af = AF_INET;
		return 0;
	}
	return parse_addr6(text, addr);
}

int parse_addr_or_name(const char *text, int family, struct ipvs_addr *addr)
{
	if (!parse_addr(text, addr))
		return 0;
	if (!*text || strlen(text) >= NI_MAXHOST || looks_like_number(text) || strchr(text, ':'))
		return -1;
	return names_resolve_host(text, family, addr);
}

static int parse_port(const char *text, uint16_t protocol, in_port_t *port)
{
	uint32_t number;

	if (is_digits(text)) {
		if (parse_number(text, 0, UINT16_MAX, &number))
			return -1;
		*port = htons(number);
		return 0;
	}
	return *text ? names_resolve_port(text, protocol, port) : -1;
}

/*
 * Parses "[addr]rest" or, as printed by -S without -n, "[name]rest". Returns
 * rest, or NULL.
 */
static const char *parse_bracketed(const char *text, struct ipvs_addr *addr)
{
	char inner[NI_MAXHOST];
	const char *close = strchr(text, ']');
	size_t len;

	if (!close)
		return NULL;
	len = close - text - 1;
	if (!len || len >= sizeof(inner))
		return NULL;
	memcpy(inner, text + 1, len);
	inner[len] = '\0';
	if (!parse_addr6(inner, addr))
		return close + 1;
	if (looks_like_number(inner) || strchr(inner, ':') ||
	    names_resolve_host(inner, AF_INET6, addr))
		return NULL;
	return close + 1;
}

static const char *parse_unbracketed(const char *text, struct ipvs_addr *addr)
{
	char host[NI_MAXHOST];
	size_t len = strcspn(text, ":");

	if (len >= sizeof(host))
		return NULL;
	memcpy(host, text, len);
	host[len] = '\0';
	if (parse_host(host, addr))
		return NULL;
	return text + len;
}

int parse_endpoint(const char *text, uint16_t protocol, struct ipvs_addr *addr,
		   in_port_t *port, bool *has_port)
{
	const char *rest;

	*port = 0;
	*has_port = false;
	/* two colons without a bracket: an IPv6 address without a port */
	if (text[0] != '[' && strchr(text, ':') != strrchr(text, ':'))
		return parse_addr6(text, addr);

	if (text[0] == '[')
		rest = parse_bracketed(text, addr);
	else
		rest = parse_unbracketed(text, addr);
	if (!rest)
		return -1;
	if (!*rest)
		return 0;
	if (*rest != ':' || parse_port(rest + 1, protocol, port))
		return -1;
	*has_port = true;
	return 0;
}

int parse_netmask(const char *text, uint16_t af, uint32_t *mask)
{
	struct in_addr addr;
	uint32_t bits;

	if (af == AF_INET6)
		return parse_number(text, 1, 128, mask);
	if (!parse_number(text, 0, 32, &bits)) {
		*mask = htonl(bits ? ~0u << (32 - bits) : 0);
		return 0;
	}
	if (inet_pton(AF_INET, text, &addr) != 1)
		return -1;
	*mask = addr.s_addr;
	return 0;
}

int parse_sched_flags(const char *text, const char *sched, uint32_t *flags,
		      char *bad, size_t bad_size)
{
	*flags = 0;
	while (*text) {
		size_t len = strcspn(text, ",");
		uint32_t flag = text_to_sched_flag(text, len, sched);

		if (len && !flag) {
			snprintf(bad, bad_size, "%.*s", (int)len, text);
			return -1;
		}
		*flags |= flag;
		text += len;
		text += *text == ',';
	}
	return 0;
}
