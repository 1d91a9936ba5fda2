// SPDX-License-Identifier: GPL-2.0
#include "cmds.h"
#include "fail_kernel.h"
#include "ipvs.h"

static enum exit_status change_dest(int cmd, const struct request *req)
{
	int err = ipvs_change_dest(cmd, &req->svc, &req->dest);

	if (!err)
		return EXIT_OK;
	fail_kernel_dest(err, cmd, &req->svc, &req->dest);
	return EXIT_KERNEL;
}

enum exit_status cmd_add_dest(const struct request *req)
{
	return change_dest(IPVS_CMD_NEW_DEST, req);
}

enum exit_status cmd_edit_dest(const struct request *req)
{
	return change_dest(IPVS_CMD_SET_DEST, req);
}

enum exit_status cmd_delete_dest(const struct request *req)
{
	return change_dest(IPVS_CMD_DEL_DEST, req);
}
