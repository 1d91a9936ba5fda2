// SPDX-License-Identifier: GPL-2.0
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "conn.h"
#include "text.h"

enum field {
	F_PROTOCOL, F_CLIENT, F_CLIENT_PORT, F_VIRT, F_VIRT_PORT, F_DEST, F_DEST_PORT,
	F_STATE, F_EXPIRES, F_REQUIRED, F_PE = F_REQUIRED, F_PE_DATA, F_COUNT,
};

static size_t conn_split_fields(char *line, char *field[F_COUNT])
{
	size_t n = 0;
	char *save, *word = strtok_r(line, " \t\r\n", &save);

	while (word && n < F_COUNT) {
		field[n++] = word;
		word = strtok_r(NULL, " \t\r\n", &save);
	}
	return n;
}

static int conn_parse_hex(const char *text, size_t digits, uint32_t *value)
{
	if (strlen(text) != digits || strspn(text, "0123456789abcdefABCDEF") != digits)
		return -1;
	*value = strtoul(text, NULL, 16);
	return 0;
}

/* IPv4 is eight hexadecimal digits; IPv6 is standard notation, optionally in brackets. */
static int conn_parse_addr(char *text, struct ipvs_addr *addr)
{
	size_t len = strlen(text);
	uint32_t word;

	memset(addr, 0, sizeof(*addr));
	if (text[0] == '[' && text[len - 1] == ']') {
		text[len - 1] = '\0';
		text++;
	}
	if (strchr(text, ':')) {
		addr->af = AF_INET6;
		return inet_pton(AF_INET6, text, &addr->v6) == 1 ? 0 : -1;
	}
	addr->af = AF_INET;
	if (conn_parse_hex(text, 8, &word))
		return -1;
	addr->v4.s_addr = htonl(word);
	return 0;
}

static int conn_parse_port(const char *text, in_port_t *port)
{
	uint32_t number;

	if (conn_parse_hex(text, 4, &number))
		return -1;
	*port = htons(number);
	return 0;
}

static int conn_copy_field(char *to, size_t size, const char *from)
{
	if (strlen(from) >= size)
		return -1;
	strcpy(to, from);
	return 0;
}

static int conn_parse_expires(const char *text, unsigned int *expires)
{
	char *end;
	unsigned long number;

	errno = 0;
	number = strtoul(text, &end, 10);
	if (errno || *end || *text < '0' || *text > '9' || number > UINT32_MAX)
		return -1;
	*expires = number;
	return 0;
}

int conn_parse(char *line, struct ipvs_conn *conn)
{
	char *field[F_COUNT];
	size_t n = conn_split_fields(line, field);

	memset(conn, 0, sizeof(*conn));
	if (n < F_REQUIRED ||
	    conn_copy_field(conn->protocol, sizeof(conn->protocol), field[F_PROTOCOL]) ||
	    conn_copy_field(conn->state, sizeof(conn->state), field[F_STATE]) ||
	    conn_parse_expires(field[F_EXPIRES], &conn->expires) ||
	    conn_parse_addr(field[F_CLIENT], &conn->client) ||
	    conn_parse_addr(field[F_VIRT], &conn->virt) ||
	    conn_parse_addr(field[F_DEST], &conn->dest) ||
	    conn_parse_port(field[F_CLIENT_PORT], &conn->client_port) ||
	    conn_parse_port(field[F_VIRT_PORT], &conn->virt_port) ||
	    conn_parse_port(field[F_DEST_PORT], &conn->dest_port))
		return -1;
	if (n < F_COUNT)
		return 0;
	if (conn_copy_field(conn->pe, sizeof(conn->pe), field[F_PE]) ||
	    conn_copy_field(conn->pe_data, sizeof(conn->pe_data), field[F_PE_DATA]))
		return -1;
	return 0;
}

void conn_print_title(bool with_pe)
{
	puts("IPVS connection entries");
	if (with_pe)
		printf("pro expire %-11s %-18s %-18s %-18s %-16s %s\n", "state",
		       "source", "virtual", "destination", "pe name", "pe_data");
	else
		printf("pro expire %-11s %-18s %-18s %s\n", "state",
		       "source", "virtual", "destination");
}

static uint16_t conn_protocol(const char *name)
{
	static const uint16_t known[] = { IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP };

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (!strcmp(name, text_protocol_label(known[i])))
			return known[i];
	}
	return 0;
}

void conn_print(const struct ipvs_conn *conn, bool numeric, bool with_pe)
{
	uint16_t protocol = conn_protocol(conn->protocol);
	char client[TEXT_ENDPOINT_MAX], virt[TEXT_ENDPOINT_MAX], dest[TEXT_ENDPOINT_MAX];
	char expires[32];

	text_endpoint(&conn->client, conn->client_port, protocol, numeric, client);
	text_endpoint(&conn->virt, conn->virt_port, protocol, numeric, virt);
	text_endpoint(&conn->dest, conn->dest_port, protocol, numeric, dest);
	snprintf(expires, sizeof(expires), "%02u:%02u",
		 conn->expires / 60, conn->expires % 60);
	/* Two widths differ from those of the title, as in 1.31. */
	if (with_pe && *conn->pe_data)
		printf("%-3s %-6s %-11s %-18.59s %-18.59s %-16.59s %-18s %s\n",
		       conn->protocol, expires, conn->state, client, virt, dest,
		       conn->pe, conn->pe_data);
	else
		printf("%-3s %-6s %-11s %-18.59s %-18.59s %.59s\n",
		       conn->protocol, expires, conn->state, client, virt, dest);
}
