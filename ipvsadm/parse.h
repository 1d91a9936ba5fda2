/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Parse the values of options. Pure functions, except that names are resolved
 * through names.h. All return 0, or -1 if the text is invalid.
 */
#ifndef IPVSADM_PARSE_H
#define IPVSADM_PARSE_H

#include "types.h"

#define PARSE_TIMEOUT_MAX (31 * 24 * 60 * 60)	/* a month */

int parse_number(const char *text, uint32_t min, uint32_t max, uint32_t *value);

/* addr, addr:port, name:service, [addr6], [addr6]:port, addr6 */
int parse_endpoint(const char *text, uint16_t protocol, struct ipvs_addr *addr,
		   in_port_t *port, bool *has_port);

/* Decimal or hexadecimal (0x), not 0 */
int parse_fwmark(const char *text, uint32_t *mark);

/* A dotted mask (IPv4) or a prefix length; see struct ipvs_service.netmask */
int parse_netmask(const char *text, uint16_t af, uint32_t *mask);

/* A numeric address without a port */
int parse_addr(const char *text, struct ipvs_addr *addr);

/* An address or a name, without a port. @family: of a name, or AF_UNSPEC */
int parse_addr_or_name(const char *text, int family, struct ipvs_addr *addr);

/*
 * A comma-separated list of flags. A flag specific to a scheduler is accepted
 * only if @sched is that scheduler or NULL. An invalid item is copied to @bad.
 */
int parse_sched_flags(const char *text, const char *sched, uint32_t *flags,
		      char *bad, size_t bad_size);

#endif
