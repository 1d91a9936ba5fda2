// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "errors.h"
#include "fail.h"
#include "nl.h"
#include "words.h"

/* Rows without a command come last and hold for all of them. */
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
	{ 0, EPERM, "Permission denied (you must be root)" },
	{ 0, EINVAL, "Invalid operation.  Possibly wrong module version, address not unicast, ..." },
	{ 0, ENOPROTOOPT, "Protocol not available" },
	{ 0, ENOMEM, "Memory allocation problem" },
	{ 0, EOPNOTSUPP, "Operation not supported with IPv6" },
	{ 0, EAFNOSUPPORT, "Operation not supported with specified address family" },
	{ 0, EMSGSIZE, "Module is wrong version" },
	{ 0, EPROTO, "Answer of the kernel not understood" },
};

static const char *text_of(int err, int cmd)
{
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (texts[i].err == -err && (!texts[i].cmd || texts[i].cmd == cmd))
			return texts[i].text;
	}
	return strerror(-err);
}

int refused(int err, int cmd, const char *object)
{
	const char *kernel = ipvs_extack();

	return fail("%s%s%.400s%s%s%s", text_of(err, cmd), object ? ": " : "",
		    object ? object : "", kernel ? " (" : "", kernel ? kernel : "",
		    kernel ? ")" : "");
}

int refused_service(int err, int cmd, const struct ipvs_service *svc)
{
	char text[ENDPOINT_TEXT];

	service_text(svc, true, text);
	return refused(err, cmd, text);
}

int refused_dest(int err, int cmd, const struct ipvs_service *svc,
		 const struct ipvs_dest *dest)
{
	char service[ENDPOINT_TEXT], endpoint[ENDPOINT_TEXT], text[2 * ENDPOINT_TEXT + 8];

	service_text(svc, true, service);
	endpoint_text(&dest->addr, dest->port, svc->protocol, true, endpoint);
	snprintf(text, sizeof(text), "%s -r %s", service, endpoint);
	return refused(err, cmd, text);
}
