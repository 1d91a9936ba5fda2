// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cmdline.h"
#include "connect.h"
#include "fail.h"
#include "ipvs.h"
#include "opt.h"

static enum exit_status run_request(const struct request *req)
{
	const struct opt *command = opt_command(req->cmd);
	enum exit_status status = EXIT_OK;

	if (command->connect)
		status = connect_kernel();
	return status == EXIT_OK ? command->run(req) : status;
}

int main(int argc, char **argv)
{
	struct request req = { .cmd = CMD_LIST };
	struct ipvs_mesh_config mesh = { 0 };
	enum exit_status status = EXIT_USAGE;

	if (argc < 2 || !cmdline_parse(argc - 1, argv + 1, &mesh, &req)) {
		status = run_request(&req);
		ipvs_close();
	}
	explicit_bzero(&mesh, sizeof(mesh));
	if (fflush(stdout) && status == EXIT_OK) {
		fail("cannot write: %s", strerror(errno));
		status = EXIT_LIST;
	}
	if (status != EXIT_OK && *fail_text())
		fprintf(stderr, "%s\n", fail_text());
	return status;
}
