/* SPDX-License-Identifier: GPL-2.0 */
/* A command line (or a line of ipvsadm -R) into a struct request. */
#ifndef IPVSADM_CMDLINE_H
#define IPVSADM_CMDLINE_H

#include "request.h"

/* @argv without the program's name. On -1, fail_text() says why. */
int cmdline_parse(int argc, char **argv, struct request *req);

#endif
