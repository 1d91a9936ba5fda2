/* SPDX-License-Identifier: GPL-2.0 */
/* The rules read by -R. */
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
 * Reads @in to its end and reports every invalid line on @errors. Returns the
 * number of invalid lines, or -1 if @in cannot be read.
 */
int rules_read(FILE *in, FILE *errors, struct rules *rules);

#endif
