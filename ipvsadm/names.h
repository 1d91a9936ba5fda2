/* SPDX-License-Identifier: GPL-2.0 */
/* Translate host and port names to numbers and back. Results are cached. */
#ifndef IPVSADM_NAMES_H
#define IPVSADM_NAMES_H

#include "types.h"

/* -n with -R: fail on any name instead of resolving it. */
void names_numeric_only(bool on);

/* Return 0 or -1. @family AF_UNSPEC: prefer IPv4 to IPv6. */
int names_resolve_host(const char *name, int family, struct ipvs_addr *addr);
int names_resolve_port(const char *name, uint16_t protocol, in_port_t *port);

/* Return the numeric form if there is no name. */
const char *names_of_addr(const struct ipvs_addr *addr);
const char *names_of_port(in_port_t port, uint16_t protocol);

#endif
