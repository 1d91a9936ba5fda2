// SPDX-License-Identifier: GPL-2.0
/*
 * All of the input is read and parsed before anything is sent. An error of
 * the kernel is reported with its line and the remaining rules are applied
 * nevertheless: a director that lost one server is better than one that also
 * lost all servers after it.
 */
#include <stdio.h>
#include <stdlib.h>

#include "cmds.h"
#include "connect.h"
#include "opt.h"
#include "rules.h"

static enum exit_status apply_rules(const struct rules *rules)
{
	enum exit_status status = EXIT_OK;

	for (size_t i = 0; i < rules->n; i++) {
		const struct rule *rule = &rules->v[i];
		enum exit_status rc = opt_command(rule->req.cmd)->run(&rule->req);

		if (rc == EXIT_OK)
			continue;
		fprintf(stderr, "line %zu: %s\n", rule->line, fail_text());
		status = rc;
	}
	if (status != EXIT_OK)
		fail("the table is restored in part only");
	return status;
}

enum exit_status cmd_restore(const struct request *req)
{
	struct rules rules = { 0 };
	enum exit_status status = EXIT_USAGE;
	int bad = rules_read(stdin, stderr, &rules);

	if (bad > 0)
		fail("nothing restored: %d bad line%s", bad, bad > 1 ? "s" : "");
	if (!bad)
		status = connect_kernel();
	if (status == EXIT_OK && request_has(req, OPT_REPLACE))
		status = cmd_clear(req);
	if (status == EXIT_OK)
		status = apply_rules(&rules);
	free(rules.v);
	return status;
}
