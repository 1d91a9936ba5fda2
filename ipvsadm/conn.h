/* SPDX-License-Identifier: GPL-2.0 */
/* The connection table, which the kernel only exports as text. */
#ifndef IPVSADM_CONN_H
#define IPVSADM_CONN_H

#include <stdio.h>

#include "types.h"

struct ipvs_conn {
	char protocol[16];
	char state[32];
	unsigned int expires;		/* seconds */
	struct ipvs_addr client, virt, dest;
	in_port_t client_port, virt_port, dest_port;
	char pe[IP_VS_PENAME_MAXLEN];	/* empty: none */
	char pe_data[4 * IP_VS_PEDATA_MAXLEN];
};

/*
 * Parses a line of /proc/net/ip_vs_conn, modifying @line. Returns 0, or -1 if
 * the line is malformed.
 */
int conn_parse(char *line, struct ipvs_conn *conn);

void conn_print_title(bool with_pe);
void conn_print(const struct ipvs_conn *conn, bool numeric, bool with_pe);

#endif
