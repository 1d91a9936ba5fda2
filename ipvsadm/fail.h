/* SPDX-License-Identifier: GPL-2.0 */
/* One place for the reason of a failure, so that who finds it need not know who prints it. */
#ifndef IPVSADM_FAIL_H
#define IPVSADM_FAIL_H

#include <stddef.h>

enum exit_status {
	EXIT_OK = 0,
	EXIT_LIST = 1,		/* something could not be read for a listing */
	EXIT_USAGE = 2,		/* bad command line or input, or no IPVS to talk to */
	EXIT_KERNEL = 255,	/* the kernel refused */
};

/* Records the text and returns -1. */
int fail(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
const char *fail_text(void);

/* Out of memory: says so and exits, as nothing sensible is left to do. */
void *grow(void *array, size_t count, size_t *cap, size_t size);

#endif
