// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>

#include "cmds.h"
#include "fail_kernel.h"
#include "ipvs.h"
#include "print.h"
#include "sort.h"

static int save_service(const struct ipvs_service *svc, bool numeric)
{
	struct ipvs_dests dests = { 0 };
	int err = ipvs_get_dests(svc, &dests);

	if (err) {
		fail_kernel_service(err, IPVS_CMD_GET_DEST, svc);
		free(dests.v);
		return -1;
	}
	sort_dests(&dests);
	print_service_rule(svc, numeric);
	for (size_t i = 0; i < dests.n; i++)
		print_dest_rule(svc, &dests.v[i], numeric);
	free(dests.v);
	return 0;
}

enum exit_status cmd_save(const struct request *req)
{
	struct ipvs_services services = { 0 };
	int err = ipvs_get_services(&services);

	if (err) {
		free(services.v);
		fail_kernel(err, IPVS_CMD_GET_SERVICE, NULL);
		return EXIT_LIST;
	}
	sort_services(&services);
	for (size_t i = 0; i < services.n && !err; i++)
		err = save_service(&services.v[i], request_has(req, OPT_NUMERIC));
	free(services.v);
	return err ? EXIT_LIST : EXIT_OK;
}
