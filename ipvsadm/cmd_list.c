// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cmds.h"
#include "conn.h"
#include "fail_kernel.h"
#include "ipvs.h"
#include "print.h"
#include "sort.h"

#define CONN_FILE "/proc/net/ip_vs_conn"

static enum exit_status list_failed(int err, int cmd)
{
	fail_kernel(err, cmd, NULL);
	return EXIT_LIST;
}

static enum exit_status list_timeouts(void)
{
	struct ipvs_timeouts timeouts;
	int err = ipvs_get_timeouts(&timeouts);

	if (err)
		return list_failed(err, IPVS_CMD_GET_CONFIG);
	print_timeouts(&timeouts);
	return EXIT_OK;
}

static enum exit_status list_mesh(void)
{
	struct ipvs_mesh mesh = { 0 };
	enum exit_status status = EXIT_OK;
	int err = ipvs_get_mesh(&mesh);

	if (!err)
		print_mesh(&mesh);
	else if (err != -ESRCH && err != -EOPNOTSUPP)
		status = list_failed(err, FAIL_WEIR(WEIR_CMD_GET_MESH));
	free(mesh.v);
	return status;
}

static enum exit_status list_daemons(void)
{
	struct ipvs_daemon daemons[2];
	int err = ipvs_get_daemons(daemons);

	if (err)
		return list_failed(err, IPVS_CMD_GET_DAEMON);
	for (int i = 0; i < 2; i++) {
		if (daemons[i].state)
			print_daemon(&daemons[i]);
	}
	return list_mesh();
}

static enum exit_status list_counters(bool exact)
{
	struct ipvs_counters counters = { 0 };
	enum exit_status status = EXIT_OK;
	int err = ipvs_get_counters(&counters);

	if (err == -EOPNOTSUPP) {
		fail("no counters: this is the kernel's own ip_vs, which has no named counters");
		status = EXIT_LIST;
	} else if (err) {
		status = list_failed(err, 0);
	} else {
		print_counters(&counters, exact);
	}
	free(counters.v);
	return status;
}

static enum exit_status list_conn_lines(FILE *file, bool numeric, bool with_pe)
{
	struct ipvs_conn conn;
	char *line = NULL;
	size_t size = 0;
	enum exit_status status = EXIT_OK;

	/* skip the heading */
	if (getline(&line, &size, file) < 0) {
		fail("unexpected input from %s", CONN_FILE);
		free(line);
		return EXIT_LIST;
	}
	conn_print_title(with_pe);
	while (getline(&line, &size, file) >= 0) {
		if (conn_parse(line, &conn)) {
			fail("unexpected input from %s", CONN_FILE);
			status = EXIT_LIST;
			continue;
		}
		conn_print(&conn, numeric, with_pe);
	}
	free(line);
	return status;
}

static enum exit_status list_conns(const struct request *req)
{
	FILE *file = fopen(CONN_FILE, "re");
	enum exit_status status;

	if (!file) {
		fail("cannot open file %s: %s", CONN_FILE, strerror(errno));
		return EXIT_LIST;
	}
	status = list_conn_lines(file, request_has(req, OPT_NUMERIC),
				 request_has(req, OPT_PERSISTENT_CONN));
	fclose(file);
	return status;
}

static struct list_style list_style_of(const struct request *req)
{
	struct list_style style = {
		.format = LIST_PLAIN,
		.numeric = request_has(req, OPT_NUMERIC),
		.exact = request_has(req, OPT_EXACT),
	};

	if (request_has(req, OPT_STATS))
		style.format = LIST_STATS;
	else if (request_has(req, OPT_RATE))
		style.format = LIST_RATE;
	else if (request_has(req, OPT_THRESHOLDS))
		style.format = LIST_THRESHOLDS;
	else if (request_has(req, OPT_PERSISTENT_CONN))
		style.format = LIST_PERSISTENT;
	else if (request_has(req, OPT_TUN_INFO))
		style.format = LIST_TUNNELS;
	return style;
}

static enum exit_status list_service_dests(const struct ipvs_service *svc,
				 const struct list_style *style, bool sort)
{
	struct ipvs_dests dests = { 0 };
	int err = ipvs_get_dests(svc, &dests);

	if (err) {
		free(dests.v);
		fail_kernel_service(err, IPVS_CMD_GET_DEST, svc);
		return EXIT_LIST;
	}
	if (sort)
		sort_dests(&dests);
	print_service(svc, style);
	for (size_t i = 0; i < dests.n; i++)
		print_dest(svc, &dests.v[i], style);
	free(dests.v);
	return EXIT_OK;
}

static enum exit_status list_service(const struct request *req)
{
	struct list_style style = list_style_of(req);
	struct ipvs_service svc = req->svc;
	int err = ipvs_get_service(&svc);

	if (err) {
		fail_kernel_service(err, IPVS_CMD_GET_SERVICE, &req->svc);
		return EXIT_LIST;
	}
	print_title(&style);
	return list_service_dests(&svc, &style, !request_has(req, OPT_NOSORT));
}

static enum exit_status list_all(const struct request *req)
{
	struct list_style style = list_style_of(req);
	struct ipvs_services services = { 0 };
	enum exit_status status = EXIT_OK;
	struct ipvs_info info;
	bool sort = !request_has(req, OPT_NOSORT);
	int err = ipvs_get_info(&info);

	if (err)
		return list_failed(err, IPVS_CMD_GET_INFO);
	err = ipvs_get_services(&services);
	if (err) {
		free(services.v);
		return list_failed(err, IPVS_CMD_GET_SERVICE);
	}
	if (sort)
		sort_services(&services);
	print_info(&info);
	print_title(&style);
	for (size_t i = 0; i < services.n && status == EXIT_OK; i++)
		status = list_service_dests(&services.v[i], &style, sort);
	free(services.v);
	return status;
}

enum exit_status cmd_list(const struct request *req)
{
	if (request_has(req, OPT_CONNECTION))
		return list_conns(req);
	if (request_has(req, OPT_TIMEOUT))
		return list_timeouts();
	if (request_has(req, OPT_DAEMON))
		return list_daemons();
	if (request_has(req, OPT_COUNTERS))
		return list_counters(request_has(req, OPT_EXACT));
	if (request_has(req, OPT_SERVICE))
		return list_service(req);
	return list_all(req);
}
