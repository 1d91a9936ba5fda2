/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The option table. A row is all there is to know of a command or an option:
 * how it is written, what sets it, where it may, must or must not stand, and
 * its help. Scanning, checking and --help read the same rows.
 */
#ifndef IPVSADM_OPTS_H
#define IPVSADM_OPTS_H

#include <stdio.h>

#include "request.h"

#define CMD_BIT(cmd) (1u << (cmd))

enum opt_arg { ARG_NONE, ARG_REQUIRED, ARG_OPTIONAL };
enum opt_section { SEC_COMMANDS, SEC_SERVICE, SEC_OPTIONS, SEC_DAEMON, SEC_COUNT };

struct opt;

/* One option as it stood on the command line */
struct given {
	const struct opt *opt;
	const char *value;		/* NULL: none */
	char as_typed[32];
};

struct opt {
	enum opt_section section;
	enum cmd cmd;			/* the row is a command */
	enum opt_id id;			/* the row is an option */
	char letter;
	const char *name;
	const char *group;		/* the name of @id in messages, if not @name */
	enum opt_arg arg;
	const char *metavar;
	uint32_t allowed;		/* bits of enum cmd */
	uint32_t required;
	uint32_t alone;			/* of the rows so marked, one may be given */
	int number;			/* for @set */
	int (*set)(struct request *req, const struct given *given);
	const char *help;		/* NULL: another spelling, not listed */
};

extern const struct opt opt_table[];
extern const size_t opt_count;

const struct opt *opt_by_letter(char letter);
const struct opt *opt_by_name(const char *name, size_t len);
const char *opt_group(const struct opt *opt);
const char *cmd_name(enum cmd cmd);

void opts_help(FILE *to);

#endif
