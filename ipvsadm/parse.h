/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Values as people write them into values as the kernel takes them. Pure: no
 * output, no state; the only way out is names.h, for what is not a number.
 * All return 0, or -1 for what is not such a value.
 */
#ifndef IPVSADM_PARSE_H
#define IPVSADM_PARSE_H

#include "types.h"

#define PARSE_TIMEOUT_MAX (31 * 24 * 60 * 60)	/* a month */

int parse_number(const char *text, uint32_t min, uint32_t max, uint32_t *value);

/* addr, addr:port, name:service, [addr6], [addr6]:port, addr6 */
int parse_endpoint(const char *text, uint16_t protocol, struct ipvs_addr *addr,
		   in_port_t *port, bool *has_port);

/* Decimal or 0x…, never 0 */
int parse_fwmark(const char *text, uint32_t *mark);

/* 255.255.255.0 or a prefix length, into what struct ipvs_service keeps */
int parse_netmask(const char *text, uint16_t af, uint32_t *mask);

/* An address without port, for multicast groups */
int parse_addr(const char *text, struct ipvs_addr *addr);

/*
 * A comma-separated list of flags; those that belong to one scheduler are
 * accepted with that scheduler only. The item that is wrong is copied to @bad.
 */
int parse_sched_flags(const char *text, const char *sched, uint32_t *flags,
		      char *bad, size_t bad_size);

#endif
