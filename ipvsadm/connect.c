// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <string.h>

#include "connect.h"
#include "fail_kernel.h"
#include "ipvs.h"

#define OLDEST_IPVS 0x010104

enum exit_status connect_kernel(void)
{
	struct ipvs_info info;
	int err;

	if (ipvs_open())
		return EXIT_USAGE;
	err = ipvs_get_info(&info);
	if (err) {
		fail_kernel(err, IPVS_CMD_GET_INFO, NULL);
		fail("Can't initialize ipvs: %s", strdupa(fail_text()));
		return EXIT_USAGE;
	}
	if (info.version < OLDEST_IPVS)
		fprintf(stderr, "Warning: IPVS version mismatch: the kernel has IPVS version %d.%d.%d, ipvsadm requires minimum IPVS version %d.%d.%d\n",
			NVERSION(info.version), NVERSION(OLDEST_IPVS));
	return EXIT_OK;
}
