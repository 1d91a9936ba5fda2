/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The reason of the last failure. The function that detects an error records
 * it here and returns -1; main.c or cmd_restore.c prints it.
 */
#ifndef IPVSADM_FAIL_H
#define IPVSADM_FAIL_H

enum exit_status {
	EXIT_OK = 0,
	EXIT_LIST = 1,		/* a listing is incomplete */
	EXIT_USAGE = 2,		/* bad command line or rule, or IPVS is not available */
	EXIT_KERNEL = 255,	/* the kernel returned an error */
};

/* Records the message and returns -1. */
int fail(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
const char *fail_text(void);

#endif
