// SPDX-License-Identifier: GPL-2.0
/*
 * Nothing is sent before the last line is read and understood. What the
 * kernel then refuses is reported with its line, and the rest still applied:
 * a director that lost one server is better than one that lost all after it.
 */
#include <stdlib.h>

#include "cmds.h"
#include "rules.h"

static enum exit_status apply(const struct rules *rules)
{
	enum exit_status status = EXIT_OK;

	for (size_t i = 0; i < rules->n; i++) {
		const struct rule *rule = &rules->v[i];
		enum exit_status one = run_command(&rule->req);

		if (one == EXIT_OK)
			continue;
		fprintf(stderr, "line %zu: %s\n", rule->line, fail_text());
		status = one;
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
	if (status == EXIT_OK && has(req, OPT_REPLACE))
		status = cmd_clear(req);
	if (status == EXIT_OK)
		status = apply(&rules);
	free(rules.v);
	return status;
}
