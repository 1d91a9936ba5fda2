// SPDX-License-Identifier: GPL-2.0
#include "cmds.h"
#include "fail_kernel.h"
#include "ipvs.h"

static enum exit_status change_service(int cmd, const struct ipvs_service *svc)
{
	int err = ipvs_change_service(cmd, svc);

	if (!err)
		return EXIT_OK;
	fail_kernel_service(err, cmd, svc);
	return EXIT_KERNEL;
}

enum exit_status cmd_add_service(const struct request *req)
{
	return change_service(IPVS_CMD_NEW_SERVICE, &req->svc);
}

enum exit_status cmd_edit_service(const struct request *req)
{
	return change_service(IPVS_CMD_SET_SERVICE, &req->svc);
}

enum exit_status cmd_delete_service(const struct request *req)
{
	return change_service(IPVS_CMD_DEL_SERVICE, &req->svc);
}

enum exit_status cmd_clear(const struct request *req)
{
	int err = ipvs_flush();

	(void)req;
	if (!err)
		return EXIT_OK;
	fail_kernel(err, IPVS_CMD_FLUSH, NULL);
	return EXIT_KERNEL;
}

enum exit_status cmd_zero(const struct request *req)
{
	int err;

	if (request_has(req, OPT_SERVICE))
		return change_service(IPVS_CMD_ZERO, &req->svc);
	err = ipvs_zero_all();
	if (!err)
		return EXIT_OK;
	fail_kernel(err, IPVS_CMD_ZERO, NULL);
	return EXIT_KERNEL;
}
