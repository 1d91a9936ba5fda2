/* SPDX-License-Identifier: GPL-2.0 */
/* The connection table, which the kernel offers as text only. */
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

/* A line of /proc/net/ip_vs_conn: 0, or -1 if it is none. @line is cut up. */
int conn_parse(char *line, struct ipvs_conn *conn);

void conn_print_title(bool with_pe);
void conn_print(const struct ipvs_conn *conn, bool numeric, bool with_pe);

#endif
