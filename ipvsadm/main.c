// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cmdline.h"
#include "cmds.h"
#include "errors.h"
#include "nl.h"
#include "opts.h"

#define VERSION_TEXT "ipvsadm v1.31 (Weir, compiled with libnl and IPVS v%d.%d.%d)\n"
#define OLDEST_IPVS 0x010104

enum exit_status connect_kernel(void)
{
	struct ipvs_info info;
	int err;

	if (ipvs_open())
		return EXIT_USAGE;
	err = ipvs_get_info(&info);
	if (err) {
		refused(err, IPVS_CMD_GET_INFO, NULL);
		fail("Can't initialize ipvs: %s", strdupa(fail_text()));
		return EXIT_USAGE;
	}
	if (info.version < OLDEST_IPVS)
		fprintf(stderr, "Warning: IPVS version mismatch: the kernel has IPVS version %d.%d.%d, ipvsadm requires minimum IPVS version %d.%d.%d\n",
			NVERSION(info.version), NVERSION(OLDEST_IPVS));
	return EXIT_OK;
}

enum exit_status run_command(const struct request *req)
{
	switch (req->cmd) {
	case CMD_ADD:
		return cmd_add_service(req);
	case CMD_EDIT:
		return cmd_edit_service(req);
	case CMD_DEL:
		return cmd_delete_service(req);
	case CMD_CLEAR:
		return cmd_clear(req);
	case CMD_ZERO:
		return cmd_zero(req);
	case CMD_ADD_DEST:
		return cmd_add_dest(req);
	case CMD_EDIT_DEST:
		return cmd_edit_dest(req);
	case CMD_DEL_DEST:
		return cmd_delete_dest(req);
	case CMD_LIST:
		return cmd_list(req);
	case CMD_SAVE:
		return cmd_save(req);
	case CMD_SET:
		return cmd_set_timeouts(req);
	case CMD_START_DAEMON:
		return cmd_start_daemon(req);
	case CMD_STOP_DAEMON:
		return cmd_stop_daemon(req);
	default:
		fail("no command");
		return EXIT_USAGE;
	}
}

static enum exit_status run(const struct request *req)
{
	enum exit_status status;

	switch (req->cmd) {
	case CMD_HELP:
		printf(VERSION_TEXT, NVERSION(IP_VS_VERSION_CODE));
		opts_help(stdout);
		return EXIT_OK;
	case CMD_VERSION:
		printf(VERSION_TEXT, NVERSION(IP_VS_VERSION_CODE));
		return EXIT_OK;
	case CMD_RESTORE:
		return cmd_restore(req);
	default:
		status = connect_kernel();
		return status == EXIT_OK ? run_command(req) : status;
	}
}

int main(int argc, char **argv)
{
	struct request req = { .cmd = CMD_LIST };
	enum exit_status status;

	if (argc > 1 && cmdline_parse(argc - 1, argv + 1, &req)) {
		fprintf(stderr, "%s\n", fail_text());
		return EXIT_USAGE;
	}
	status = run(&req);
	ipvs_close();
	if (fflush(stdout) && status == EXIT_OK) {
		fail("cannot write: %s", strerror(errno));
		status = EXIT_LIST;
	}
	if (status != EXIT_OK)
		fprintf(stderr, "%s\n", fail_text());
	return status;
}
