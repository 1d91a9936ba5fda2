/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The option table. A row describes one command or option completely: its
 * spelling, its parser, the commands it is allowed with and required by, its
 * help text and, for a command, the function that runs it. Scanning, checking,
 * --help and the dispatch use the same rows.
 */
#ifndef IPVSADM_OPT_H
#define IPVSADM_OPT_H

#include <stdio.h>

#include "fail.h"
#include "request.h"

#define CMD_BIT(cmd) (1u << (cmd))

enum opt_arg { ARG_NONE, ARG_REQUIRED, ARG_OPTIONAL };
enum opt_section { SEC_COMMANDS, SEC_SERVICE, SEC_OPTIONS, SEC_DAEMON, SEC_COUNT };

struct opt;

/* An option on the command line */
struct given {
	const struct opt *opt;
	const char *value;		/* NULL: none */
	char as_typed[32];
};

struct opt {
	enum opt_section section;
	enum cmd cmd;			/* set in the row of a command */
	enum opt_id id;			/* set in the row of an option */
	char letter;
	const char *name;
	const char *group;		/* name of @id in messages, if not @name */
	enum opt_arg arg;
	const char *metavar;
	uint32_t allowed;		/* CMD_BIT()s */
	uint32_t required;
	uint32_t alone;			/* at most one of the rows with the same bit */
	int number;			/* parameter of @set */
	int (*set)(struct request *req, const struct given *given);
	bool connect;			/* connect before @run; a rule of -R unless @set refuses it */
	enum exit_status (*run)(const struct request *req);
	const char *help;		/* NULL: an alias, not listed */
};

extern const struct opt opt_table[];
extern const size_t opt_count;

const struct opt *opt_by_letter(char letter);
const struct opt *opt_by_name(const char *name, size_t len);
/* The row of command @cmd, which is not CMD_NONE */
const struct opt *opt_command(enum cmd cmd);
const char *opt_group(const struct opt *opt);

void opt_help(FILE *to);

#endif
