/* SPDX-License-Identifier: GPL-2.0 */
/* Parse a command line, or an input line of -R, into a struct request. */
#ifndef IPVSADM_CMDLINE_H
#define IPVSADM_CMDLINE_H

#include "request.h"

/*
 * @argv excludes the program name. Returns 0, or -1 with the reason in
 * fail_text().
 */
int cmdline_parse(int argc, char **argv, struct request *req);

#endif
