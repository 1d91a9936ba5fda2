/* SPDX-License-Identifier: GPL-2.0 */
/* Host and service names, both ways; answers are remembered for the run. */
#ifndef IPVSADM_NAMES_H
#define IPVSADM_NAMES_H

#include "types.h"

/* -n: names are neither asked for nor accepted. */
void names_numeric_only(bool on);

/* @family AF_UNSPEC: IPv4 if the name has it, else IPv6 */
int names_resolve_host(const char *name, int family, struct ipvs_addr *addr);
int names_resolve_port(const char *name, uint16_t protocol, in_port_t *port);

/* Never fail: without a name the numeric form is returned. */
const char *names_of_addr(const struct ipvs_addr *addr);
const char *names_of_port(in_port_t port, uint16_t protocol);

#endif
