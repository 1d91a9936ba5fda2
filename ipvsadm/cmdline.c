// SPDX-License-Identifier: GPL-2.0
/*
 * Three steps: match the words against the option table, check which options
 * may be combined, then call the setters in table order, not in the user's
 * order. Hence options may be given in any order ("-r server -t service").
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "cmdline.h"
#include "fail.h"
#include "opt.h"
#include "parse.h"

#define MAX_GIVEN 64
#define MAX_WORDS 4

struct scan {
	int argc, next;
	char **argv;
	struct given given[MAX_GIVEN];
	size_t n_given;
	const struct given *cmd;
	const char *words[MAX_WORDS];	/* arguments that are not options */
	size_t n_words;
};

static int note_command(struct scan *scan, struct given *given)
{
	if (scan->cmd)
		return fail("multiple commands specified: %s and %s",
			    scan->cmd->as_typed, given->as_typed);
	scan->cmd = given;
	return 0;
}

static int note_option(struct request *req, const struct given *given)
{
	uint64_t bit = 1ull << given->opt->id;

	if (req->given & bit)
		return fail("multiple '%s' options specified: %s%s%.200s",
			    opt_group(given->opt), given->as_typed,
			    given->value ? " " : "", given->value ? given->value : "");
	req->given |= bit;
	return 0;
}

static int take_value(struct scan *scan, struct given *given, const char *attached)
{
	const char *next = scan->next < scan->argc ? scan->argv[scan->next] : NULL;

	given->value = NULL;
	switch (given->opt->arg) {
	case ARG_NONE:
		if (attached)
			return fail("%s takes no value: %.200s", given->as_typed, attached);
		return 0;
	case ARG_OPTIONAL:
		if (!attached && (!next || *next == '-'))
			return 0;
		break;
	case ARG_REQUIRED:
		if (!attached && !next)
			return fail("%s: missing argument (%s)", given->as_typed,
				    given->opt->metavar);
		break;
	}
	if (!attached) {
		attached = next;
		scan->next++;
	}
	given->value = attached;
	return 0;
}

static int add_given(struct scan *scan, struct request *req, const struct opt *opt,
		     const char *attached)
{
	struct given *given = &scan->given[scan->n_given];

	/* MAX_GIVEN exceeds the number of options: some option is repeated. */
	if (scan->n_given == MAX_GIVEN)
		return fail("too many options");
	scan->n_given++;
	given->opt = opt;
	if (take_value(scan, given, attached))
		return -1;
	return opt->cmd ? note_command(scan, given) : note_option(req, given);
}

static int scan_long(struct scan *scan, struct request *req, const char *word)
{
	const char *equals = strchr(word, '=');
	size_t len = equals ? (size_t)(equals - word) : strlen(word);
	const struct opt *opt = opt_by_name(word + 2, len - 2);
	struct given *given;

	if (!opt)
		return fail("%.200s: unknown option", word);
	given = &scan->given[scan->n_given % MAX_GIVEN];
	snprintf(given->as_typed, sizeof(given->as_typed), "--%s", opt->name);
	return add_given(scan, req, opt, equals ? equals + 1 : NULL);
}

static int scan_short(struct scan *scan, struct request *req, const char *word)
{
	for (const char *p = word + 1; *p; p++) {
		const struct opt *opt = opt_by_letter(*p);
		struct given *given;
		const char *rest = NULL;

		if (!opt)
			return fail("-%c: unknown option in %.200s", *p, word);
		given = &scan->given[scan->n_given % MAX_GIVEN];
		snprintf(given->as_typed, sizeof(given->as_typed), "-%c", *p);
		if (opt->arg != ARG_NONE && p[1])
			rest = p[1] == '=' ? p + 2 : p + 1;
		if (add_given(scan, req, opt, rest))
			return -1;
		if (rest)
			return 0;
	}
	return 0;
}

static int scan_word(struct scan *scan, const char *word)
{
	if (scan->n_words == MAX_WORDS)
		return fail("unexpected argument %.200s", word);
	scan->words[scan->n_words++] = word;
	return 0;
}

static int scan_words(struct scan *scan, struct request *req)
{
	bool only_words = false;

	while (scan->next < scan->argc) {
		const char *word = scan->argv[scan->next++];
		int err;

		if (!only_words && !strcmp(word, "--")) {
			only_words = true;
			continue;
		}
		if (only_words || word[0] != '-' || !word[1])
			err = scan_word(scan, word);
		else if (word[1] == '-')
			err = scan_long(scan, req, word);
		else
			err = scan_short(scan, req, word);
		if (err)
			return -1;
	}
	return 0;
}

static int check_allowed(const struct scan *scan, enum cmd cmd)
{
	for (size_t i = 0; i < scan->n_given; i++) {
		const struct given *given = &scan->given[i];

		if (given->opt->id && !(given->opt->allowed & CMD_BIT(cmd)))
			return fail("Illegal '%s' option with the '%s' command: %s%s%.200s",
				    opt_group(given->opt), opt_command(cmd)->name, given->as_typed,
				    given->value ? " " : "",
				    given->value ? given->value : "");
	}
	return 0;
}

static int check_required(const struct request *req, enum cmd cmd)
{
	for (size_t i = 0; i < opt_count; i++) {
		const struct opt *opt = &opt_table[i];

		if ((opt->required & CMD_BIT(cmd)) && !request_has(req, opt->id))
			return fail("You need to supply the '%s' option for the '%s' command",
				    opt_group(opt), opt_command(cmd)->name);
	}
	return 0;
}

static int check_alone(const struct scan *scan, enum cmd cmd)
{
	const struct given *first = NULL;

	for (size_t i = 0; i < scan->n_given; i++) {
		const struct given *given = &scan->given[i];

		if (!(given->opt->alone & CMD_BIT(cmd)))
			continue;
		if (first)
			return fail("The option '%s' conflicts with the '%s' option in the '%s' command",
				    opt_group(given->opt), opt_group(first->opt),
				    opt_command(cmd)->name);
		first = given;
	}
	return 0;
}

/* As in 1.31, several table formats are not an error; list_style_of() picks one. */
static int check_list_formats(const struct request *req)
{
	bool no_table = request_has(req, OPT_TIMEOUT) || request_has(req, OPT_DAEMON) ||
			request_has(req, OPT_COUNTERS);
	bool statistics = request_has(req, OPT_STATS) || request_has(req, OPT_RATE) ||
			  request_has(req, OPT_THRESHOLDS);

	if ((no_table || request_has(req, OPT_CONNECTION)) && statistics)
		return fail("options conflicts in the list command: --stats --rate --thresholds are for the table of services");
	if (no_table && request_has(req, OPT_PERSISTENT_CONN))
		return fail("options conflicts in the list command: --persistent-conn is for services and connections");
	return 0;
}

static int check_request(const struct scan *scan, const struct request *req)
{
	if (check_allowed(scan, req->cmd) || check_required(req, req->cmd) ||
	    check_alone(scan, req->cmd))
		return -1;
	return req->cmd == CMD_LIST ? check_list_formats(req) : 0;
}

static int set_values(struct scan *scan, struct request *req)
{
	for (size_t row = 0; row < opt_count; row++) {
		for (size_t i = 0; i < scan->n_given; i++) {
			const struct given *given = &scan->given[i];

			if (given->opt == &opt_table[row] && given->opt->set &&
			    given->opt->set(req, given))
				return -1;
		}
	}
	return 0;
}

static int finish_timeouts(const struct scan *scan, struct request *req)
{
	uint32_t *values[] = { &req->timeouts.tcp, &req->timeouts.tcp_fin,
			       &req->timeouts.udp };

	if (req->cmd != CMD_SET) {
		if (scan->n_words)
			return fail("unexpected argument %.200s", scan->words[0]);
		return 0;
	}
	if (scan->n_words > 3)
		return fail("unexpected argument %.200s", scan->words[3]);
	if (scan->n_words < 3)
		return fail("--set option requires 3 timeout values, %zu given",
			    scan->n_words);
	for (size_t i = 0; i < 3; i++) {
		if (parse_number(scan->words[i], 0, PARSE_TIMEOUT_MAX, values[i]))
			return fail("invalid timeout value `%.200s' specified: --set %.200s %.200s %.200s (expected 0 to %u seconds)",
				    scan->words[i], scan->words[0], scan->words[1],
				    scan->words[2], PARSE_TIMEOUT_MAX);
	}
	return 0;
}

static int finish_service(struct request *req)
{
	struct ipvs_service *svc = &req->svc;

	if (!svc->fwmark && !svc->port && !(svc->flags & IP_VS_SVC_F_PERSISTENT))
		return fail("Zero port specified for non-persistent service: give a port, or -p");
	if ((svc->flags & IP_VS_SVC_F_ONEPACKET) && !svc->fwmark &&
	    svc->protocol != IPPROTO_UDP)
		return fail("One-Packet Scheduling is only for UDP virtual services: -o with %s",
			    svc->protocol == IPPROTO_TCP ? "-t" : "--sctp-service");
	if (!*svc->sched)
		strcpy(svc->sched, "wlc");
	if (!request_has(req, OPT_NETMASK))
		svc->netmask = svc->addr.af == AF_INET6 ? IPVS_MASK6_HOST : IPVS_MASK4_HOST;
	return 0;
}

static int finish_tunnel(const struct request *req)
{
	uint8_t type = req->dest.tun_type;
	bool csum = request_has(req, OPT_TUN_CSUM), port = request_has(req, OPT_TUN_PORT);

	if (req->dest.method != IP_VS_CONN_F_TUNNEL) {
		if (csum || port || request_has(req, OPT_TUN_TYPE))
			return fail("Tunnel options conflict with forward method: --tun-… is for -i");
		return 0;
	}
	if (type == IP_VS_CONN_F_TUNNEL_TYPE_GUE && !port)
		return fail("You need to supply the 'tun-port' option for the 'gue' tunnel type");
	if (type != IP_VS_CONN_F_TUNNEL_TYPE_GUE && port)
		return fail("Illegal 'tun-port' option with the '%s' tunnel type",
			    type ? "gre" : "ipip");
	if (type == IP_VS_CONN_F_TUNNEL_TYPE_IPIP && csum)
		return fail("Illegal 'tunnel checksum' option with the 'ipip' tunnel type");
	if (type == IP_VS_CONN_F_TUNNEL_TYPE_GRE &&
	    (req->dest.tun_flags & IP_VS_TUNNEL_ENCAP_FLAG_REMCSUM))
		return fail("Illegal 'tun-remcsum' option with the 'gre' tunnel type");
	return 0;
}

static int finish_dest(struct request *req)
{
	const struct ipvs_service *svc = &req->svc;
	struct ipvs_dest *dest = &req->dest;

	if (!request_has(req, OPT_METHOD))
		dest->method = IP_VS_CONN_F_DROUTE;
	if (!request_has(req, OPT_WEIGHT))
		dest->weight = 1;
	if (!req->dest_has_port)
		dest->port = svc->port;
	/* Only NAT changes the port; fwmark services have no port. */
	if (!svc->fwmark && dest->method != IP_VS_CONN_F_MASQ && req->cmd != CMD_DEL_DEST)
		dest->port = svc->port;
	if (dest->addr.af != svc->addr.af && req->cmd != CMD_DEL_DEST &&
	    dest->method != IP_VS_CONN_F_TUNNEL)
		return fail("Different address family is allowed only for tunneling servers: add -i");
	return finish_tunnel(req);
}

static int finish_daemon(struct request *req)
{
	bool has_if = request_has(req, OPT_MCAST_IF);

	if (req->daemon.state != IPVS_STATE_MESH) {
		if (!has_if)
			strcpy(req->daemon.ifname, "eth0");
		return 0;
	}
	if (!has_if && !request_has(req, OPT_SYNC_PEER))
		return fail("mesh needs --sync-peer, or --mcast-interface for multicast");
	if (!request_has(req, OPT_SYNC_KEY))
		return fail("You need to supply the 'sync-key' option for the 'mesh' daemon");
	return 0;
}

static int finish_request(const struct scan *scan, struct request *req)
{
	if (finish_timeouts(scan, req))
		return -1;
	switch (req->cmd) {
	case CMD_ADD:
	case CMD_EDIT:
		return finish_service(req);
	case CMD_ADD_DEST:
	case CMD_EDIT_DEST:
	case CMD_DEL_DEST:
		return finish_dest(req);
	case CMD_START_DAEMON:
		return finish_daemon(req);
	default:
		return 0;
	}
}

int cmdline_parse(int argc, char **argv, struct ipvs_mesh_config *mesh, struct request *req)
{
	struct scan scan = { .argc = argc, .argv = argv };

	memset(req, 0, sizeof(*req));
	req->mesh = mesh;
	if (scan_words(&scan, req))
		return -1;
	if (!scan.cmd)
		return fail("no command specified: one of -A -E -D -C -R -S -a -e -d -L -Z --set --start-daemon --stop-daemon --set-sync-keys --wait-sync -h -v");
	req->cmd = scan.cmd->opt->cmd;
	if (req->cmd == CMD_HELP)
		return 0;
	if (check_request(&scan, req) || set_values(&scan, req))
		return -1;
	return finish_request(&scan, req);
}
