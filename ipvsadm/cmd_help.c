// SPDX-License-Identifier: GPL-2.0
/* --help, --version */
#include <stdio.h>

#include "cmds.h"
#include "opt.h"
#include "types.h"

enum exit_status cmd_version(const struct request *req)
{
	(void)req;
	printf("ipvsadm v1.31 (Weir, compiled with libnl and IPVS v%d.%d.%d)\n",
	       NVERSION(IP_VS_VERSION_CODE));
	return EXIT_OK;
}

enum exit_status cmd_help(const struct request *req)
{
	cmd_version(req);
	opt_help(stdout);
	return EXIT_OK;
}
