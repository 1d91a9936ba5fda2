// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "cmdline.h"
#include "fail.h"
#include "opt.h"
#include "rules.h"

#define MAX_ARGS 128

static int split_words(char *line, char *argv[MAX_ARGS], int *argc)
{
	char *save, *word = strtok_r(line, " \t\r\n\v\f", &save);

	*argc = 0;
	if (word && !strcmp(word, "ipvsadm"))
		word = strtok_r(NULL, " \t\r\n\v\f", &save);
	for (; word; word = strtok_r(NULL, " \t\r\n\v\f", &save)) {
		if (*argc == MAX_ARGS)
			return fail("more than %d words", MAX_ARGS);
		argv[(*argc)++] = word;
	}
	return 0;
}

/* Returns 1 for a rule, 0 for an empty line or a comment, -1 if invalid. */
static int parse_rule(char *line, size_t len, struct request *req)
{
	const struct opt *command;
	char *argv[MAX_ARGS];
	int argc;

	if (strlen(line) != len)
		return fail("a NUL byte in the input");
	if (line[strspn(line, " \t\r\n\v\f")] == '#')
		return 0;
	if (split_words(line, argv, &argc))
		return -1;
	if (!argc)
		return 0;
	if (cmdline_parse(argc, argv, NULL, req))
		return -1;
	command = opt_command(req->cmd);
	if (!command->connect)
		return fail("--%s is no rule to restore", command->name);
	return 1;
}

int rules_read(FILE *in, FILE *errors, struct rules *rules)
{
	struct request req;
	char *line = NULL;
	size_t size = 0, number = 0;
	ssize_t len;
	int bad = 0;

	while ((len = getline(&line, &size, in)) >= 0) {
		int found = parse_rule(line, len, &req);

		number++;
		if (found < 0) {
			fprintf(errors, "line %zu: %s\n", number, fail_text());
			bad += bad < INT_MAX;
		} else if (found) {
			rules->v = array_grow(rules->v, rules->n, &rules->cap, sizeof(*rules->v));
			rules->v[rules->n++] = (struct rule){ .line = number, .req = req };
		}
	}
	free(line);
	if (ferror(in))
		return fail("cannot read the rules: %s", strerror(errno));
	return bad;
}
