/* SPDX-License-Identifier: GPL-2.0 */
/* The input of -R as a list of requests. */
#ifndef IPVSADM_RULES_H
#define IPVSADM_RULES_H

#include <stdio.h>

#include "request.h"

struct rule {
	size_t line;
	struct request req;
};

struct rules {
	struct rule *v;
	size_t n, cap;
};

/*
 * Reads all of @in and reports every bad line on @errors. Returns the number
 * of bad lines, or -1 if @in cannot be read.
 */
int rules_read(FILE *in, FILE *errors, struct rules *rules);

#endif
