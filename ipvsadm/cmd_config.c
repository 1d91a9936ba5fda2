// SPDX-License-Identifier: GPL-2.0
/* --set, --start-daemon, --stop-daemon */
#include <stdio.h>

#include "cmds.h"
#include "fail_kernel.h"
#include "ipvs.h"

enum exit_status cmd_set_timeouts(const struct request *req)
{
	char object[64];
	int err = ipvs_set_timeouts(&req->timeouts);

	if (!err)
		return EXIT_OK;
	snprintf(object, sizeof(object), "--set %u %u %u", req->timeouts.tcp,
		 req->timeouts.tcp_fin, req->timeouts.udp);
	fail_kernel(err, IPVS_CMD_SET_CONFIG, object);
	return EXIT_KERNEL;
}

static enum exit_status change_daemon(int cmd, const struct ipvs_daemon *daemon)
{
	const char *state = daemon->state == IP_VS_STATE_MASTER ? "master" : "backup";
	char object[64];
	int err = ipvs_change_daemon(cmd, daemon);

	if (!err)
		return EXIT_OK;
	if (cmd == IPVS_CMD_NEW_DAEMON)
		snprintf(object, sizeof(object), "%s on %s", state, daemon->ifname);
	else
		snprintf(object, sizeof(object), "%s", state);
	fail_kernel(err, cmd, object);
	return EXIT_KERNEL;
}

enum exit_status cmd_start_daemon(const struct request *req)
{
	if (req->daemon.state == IPVS_STATE_MESH)
		return cmd_start_mesh(req);
	return change_daemon(IPVS_CMD_NEW_DAEMON, &req->daemon);
}

enum exit_status cmd_stop_daemon(const struct request *req)
{
	if (req->daemon.state == IPVS_STATE_MESH)
		return cmd_stop_mesh(req);
	return change_daemon(IPVS_CMD_DEL_DAEMON, &req->daemon);
}
