// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "fail.h"
#include "fail_kernel.h"
#include "ipvs.h"
#include "text.h"

#define NO_MESH "the loaded ip_vs has no mesh daemon"

/* Rows without a command come last and match every command. */
static const struct {
	int cmd, err;
	const char *text;
} texts[] = {
	{ IPVS_CMD_NEW_SERVICE, EEXIST, "Service already exists" },
	{ IPVS_CMD_NEW_SERVICE, ENOENT, "Scheduler or persistence engine not found" },
	{ IPVS_CMD_SET_SERVICE, ESRCH, "No such service" },
	{ IPVS_CMD_SET_SERVICE, ENOENT, "Scheduler or persistence engine not found" },
	{ IPVS_CMD_DEL_SERVICE, ESRCH, "No such service" },
	{ IPVS_CMD_GET_SERVICE, ESRCH, "No such service" },
	{ IPVS_CMD_ZERO, ESRCH, "No such service" },
	{ IPVS_CMD_NEW_DEST, ESRCH, "Service not defined" },
	{ IPVS_CMD_NEW_DEST, EEXIST, "Destination already exists" },
	{ IPVS_CMD_SET_DEST, ESRCH, "Service not defined" },
	{ IPVS_CMD_SET_DEST, ENOENT, "No such destination" },
	{ IPVS_CMD_DEL_DEST, ESRCH, "Service not defined" },
	{ IPVS_CMD_DEL_DEST, ENOENT, "No such destination" },
	{ IPVS_CMD_GET_DEST, ESRCH, "No such service" },
	{ IPVS_CMD_NEW_DAEMON, EEXIST, "Daemon has already run" },
	{ IPVS_CMD_DEL_DAEMON, ESRCH, "No daemon is running" },
	{ FAIL_WEIR(WEIR_CMD_START_MESH), EEXIST, "Daemon has already run" },
	{ FAIL_WEIR(WEIR_CMD_START_MESH), EBUSY, "Another daemon is running" },
	{ FAIL_WEIR(WEIR_CMD_START_MESH), EINVAL, "Parameters not accepted" },
	{ FAIL_WEIR(WEIR_CMD_START_MESH), EOPNOTSUPP, NO_MESH },
	{ FAIL_WEIR(WEIR_CMD_STOP_MESH), ESRCH, "No daemon is running" },
	{ FAIL_WEIR(WEIR_CMD_STOP_MESH), EOPNOTSUPP, NO_MESH },
	{ FAIL_WEIR(WEIR_CMD_SET_MESH_KEYS), ESRCH, "No daemon is running" },
	{ FAIL_WEIR(WEIR_CMD_SET_MESH_KEYS), EINVAL, "Keys not accepted" },
	{ FAIL_WEIR(WEIR_CMD_SET_MESH_KEYS), EOPNOTSUPP, NO_MESH },
	{ FAIL_WEIR(WEIR_CMD_GET_MESH), ESRCH, "No daemon is running" },
	{ FAIL_WEIR(WEIR_CMD_GET_MESH), EOPNOTSUPP, NO_MESH },
	{ 0, EPERM, "Permission denied (you must be root)" },
	{ 0, EINVAL, "Invalid operation.  Possibly wrong module version, address not unicast, ..." },
	{ 0, ENOPROTOOPT, "Protocol not available" },
	{ 0, ENOMEM, "Memory allocation problem" },
	{ 0, EOPNOTSUPP, "Operation not supported with IPv6" },
	{ 0, EAFNOSUPPORT, "Operation not supported with specified address family" },
	{ 0, EMSGSIZE, "Module is wrong version" },
	{ 0, EPROTO, "Answer of the kernel not understood" },
};

static const char *error_text(int err, int cmd)
{
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (texts[i].err == -err && (!texts[i].cmd || texts[i].cmd == cmd))
			return texts[i].text;
	}
	return strerror(-err);
}

int fail_kernel(int err, int cmd, const char *object)
{
	const char *kernel = ipvs_extack();

	return fail("%s%s%.400s%s%s%s", error_text(err, cmd), object ? ": " : "",
		    object ? object : "", kernel ? " (" : "", kernel ? kernel : "",
		    kernel ? ")" : "");
}

int fail_kernel_service(int err, int cmd, const struct ipvs_service *svc)
{
	char text[TEXT_ENDPOINT_MAX];

	text_service(svc, true, text);
	return fail_kernel(err, cmd, text);
}

int fail_kernel_dest(int err, int cmd, const struct ipvs_service *svc,
		 const struct ipvs_dest *dest)
{
	char service[TEXT_ENDPOINT_MAX], endpoint[TEXT_ENDPOINT_MAX], text[2 * TEXT_ENDPOINT_MAX + 8];

	text_service(svc, true, service);
	text_endpoint(&dest->addr, dest->port, svc->protocol, true, endpoint);
	snprintf(text, sizeof(text), "%s -r %s", service, endpoint);
	return fail_kernel(err, cmd, text);
}
