/* SPDX-License-Identifier: GPL-2.0 */
/* Print listings, byte for byte as ipvsadm 1.31 does, and rules for -R. */
#ifndef IPVSADM_PRINT_H
#define IPVSADM_PRINT_H

#include "types.h"

enum list_format {
	LIST_PLAIN,
	LIST_STATS,
	LIST_RATE,
	LIST_THRESHOLDS,
	LIST_PERSISTENT,
	LIST_TUNNELS,
};

struct list_style {
	enum list_format format;
	bool numeric, exact;
};

void print_title(const struct list_style *style);
void print_service(const struct ipvs_service *svc, const struct list_style *style);
void print_dest(const struct ipvs_service *svc, const struct ipvs_dest *dest,
		const struct list_style *style);

void print_service_rule(const struct ipvs_service *svc, bool numeric);
void print_dest_rule(const struct ipvs_service *svc, const struct ipvs_dest *dest,
		     bool numeric);

void print_info(const struct ipvs_info *info);
/* @exact: all counters as "name value"; otherwise a table of the non-zero ones */
void print_counters(const struct ipvs_counters *counters, bool exact);
void print_timeouts(const struct ipvs_timeouts *timeouts);
void print_daemon(const struct ipvs_daemon *daemon);
void print_mesh(const struct ipvs_mesh *mesh);

#endif
