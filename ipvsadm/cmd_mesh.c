// SPDX-License-Identifier: GPL-2.0
/* --start-daemon mesh, --stop-daemon mesh, --set-sync-keys, --wait-sync */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "cmds.h"
#include "fail_kernel.h"
#include "ipvs.h"
#include "text.h"

#define POLL_MS 100

static enum exit_status mesh_failed(int err, int cmd, const char *object)
{
	fail_kernel(err, FAIL_WEIR(cmd), err == -EOPNOTSUPP ? NULL : object);
	return EXIT_KERNEL;
}

enum exit_status cmd_start_mesh(const struct request *req)
{
	int err = ipvs_start_mesh(&req->daemon, req->mesh);
	char object[64];

	if (!err)
		return EXIT_OK;
	snprintf(object, sizeof(object), "mesh%s%s", *req->daemon.ifname ? " on " : "",
		 req->daemon.ifname);
	return mesh_failed(err, WEIR_CMD_START_MESH, object);
}

enum exit_status cmd_stop_mesh(const struct request *req)
{
	int err = ipvs_stop_mesh();

	(void)req;
	return err ? mesh_failed(err, WEIR_CMD_STOP_MESH, "mesh") : EXIT_OK;
}

enum exit_status cmd_set_keys(const struct request *req)
{
	int err = ipvs_set_mesh_keys(req->mesh);

	return err ? mesh_failed(err, WEIR_CMD_SET_MESH_KEYS, "mesh") : EXIT_OK;
}

/* Returns EXIT_LIST while not in sync; writes the state to @state. */
static enum exit_status poll_mesh(char *state)
{
	struct ipvs_mesh mesh = { 0 };
	int err = ipvs_get_mesh(&mesh);
	bool ready = mesh.state == WEIR_SYNC_IN_SYNC || mesh.state == WEIR_SYNC_ALONE;

	if (!err)
		text_mesh_state(&mesh, state);
	free(mesh.v);
	if (err)
		return mesh_failed(err, WEIR_CMD_GET_MESH, "mesh");
	return ready ? EXIT_OK : EXIT_LIST;
}

static int64_t clock_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000ll + now.tv_nsec / 1000000;
}

enum exit_status cmd_wait_sync(const struct request *req)
{
	int64_t end = clock_ms() + req->wait * 1000ll;
	char state[TEXT_MESH_MAX];
	enum exit_status status;

	while ((status = poll_mesh(state)) == EXIT_LIST) {
		int64_t left = end - clock_ms();
		struct timespec pause = {
			.tv_nsec = (left < POLL_MS ? left : POLL_MS) * 1000000,
		};

		if (left <= 0)
			break;
		nanosleep(&pause, NULL);
	}
	if (status == EXIT_OK || status == EXIT_LIST)
		puts(state);
	return status;
}
