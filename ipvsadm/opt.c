// SPDX-License-Identifier: GPL-2.0
#include <string.h>

#include "cmds.h"
#include "opt.h"
#include "set.h"

#define C(cmd) CMD_BIT(CMD_##cmd)

#define ON_SERVICE	(C(ADD) | C(EDIT))
#define ON_DEST		(C(ADD_DEST) | C(EDIT_DEST))
#define ON_DEST_KEY	(ON_DEST | C(DEL_DEST))
#define ON_START	C(START_DAEMON)
#define ON_LIST		C(LIST)
#define NEED_SERVICE	(ON_SERVICE | C(DEL) | ON_DEST_KEY)
#define TAKE_SERVICE	(NEED_SERVICE | C(LIST) | C(ZERO))
#define EVERYWHERE	(~0u)

#define COMMAND(id, short, long, function, text) \
	{ .section = SEC_COMMANDS, .cmd = CMD_##id, .letter = short, \
	  .name = long, .connect = true, .run = function, .help = text }

/* A command that does not start by connecting to the kernel */
#define LOCAL_COMMAND(id, short, long, function, text) \
	{ .section = SEC_COMMANDS, .cmd = CMD_##id, .letter = short, \
	  .name = long, .run = function, .help = text }

#define DAEMON_COMMAND(id, long, function, text) \
	{ .section = SEC_COMMANDS, .cmd = CMD_##id, .name = long, \
	  .arg = ARG_REQUIRED, .metavar = "state", .set = set_state, \
	  .connect = true, .run = function, .help = text }

#define SERVICE(short, long, proto, setter, value, text) \
	{ .section = SEC_SERVICE, .id = OPT_SERVICE, .letter = short, \
	  .name = long, .group = "service-address", .arg = ARG_REQUIRED, \
	  .metavar = value, .allowed = TAKE_SERVICE, .required = NEED_SERVICE, \
	  .alone = ON_LIST, .number = proto, .set = setter, .help = text }

/* An option without a value, read with request_has() */
#define SWITCH(opt, short, long, where, text) \
	{ .section = SEC_OPTIONS, .id = OPT_##opt, .letter = short, \
	  .name = long, .allowed = where, .help = text }

#define VALUE(opt, short, long, value, where, setter, text) \
	{ .section = SEC_OPTIONS, .id = OPT_##opt, .letter = short, \
	  .name = long, .arg = ARG_REQUIRED, .metavar = value, \
	  .allowed = where, .set = setter, .help = text }

#define METHOD(short, long, flag, text) \
	{ .section = SEC_OPTIONS, .id = OPT_METHOD, .letter = short, \
	  .name = long, .group = "forwarding-method", .allowed = ON_DEST, \
	  .number = flag, .set = set_method, .help = text }

#define TUN_CSUM(long, flag, text) \
	{ .section = SEC_OPTIONS, .id = OPT_TUN_CSUM, .name = long, \
	  .group = "tunnel checksum", .allowed = ON_DEST, .number = flag, \
	  .set = set_tun_csum, .help = text }

/* Selects a listing other than the table of services */
#define LISTS(opt, short, long, text) \
	{ .section = SEC_OPTIONS, .id = OPT_##opt, .letter = short, \
	  .name = long, .allowed = ON_LIST, .alone = ON_LIST, .help = text }

#define DAEMON(opt, long, value, where, setter, text) \
	{ .section = SEC_DAEMON, .id = OPT_##opt, .name = long, \
	  .arg = ARG_REQUIRED, .metavar = value, .allowed = where, \
	  .set = setter, .help = text }

/* Setters run in row order: an option comes after those it depends on. */
const struct opt opt_table[] = {
	COMMAND(ADD, 'A', "add-service", cmd_add_service,
		"add virtual service with options"),
	COMMAND(EDIT, 'E', "edit-service", cmd_edit_service,
		"edit virtual service with options"),
	COMMAND(DEL, 'D', "delete-service", cmd_delete_service,
		"delete virtual service"),
	COMMAND(CLEAR, 'C', "clear", cmd_clear, "clear the whole table"),
	LOCAL_COMMAND(RESTORE, 'R', "restore", cmd_restore,
		      "restore rules from stdin"),
	COMMAND(SAVE, 'S', "save", cmd_save, "save rules to stdout"),
	COMMAND(ADD_DEST, 'a', "add-server", cmd_add_dest,
		"add real server with options"),
	COMMAND(EDIT_DEST, 'e', "edit-server", cmd_edit_dest,
		"edit real server with options"),
	COMMAND(DEL_DEST, 'd', "delete-server", cmd_delete_dest,
		"delete real server"),
	COMMAND(LIST, 'L', "list", cmd_list, "list the table (also -l)"),
	COMMAND(LIST, 'l', "list", cmd_list, NULL),
	COMMAND(ZERO, 'Z', "zero", cmd_zero,
		"zero counters in a service or all services"),
	COMMAND(SET, 0, "set", cmd_set_timeouts,
		"tcp tcpfin udp: set connection timeout values"),
	DAEMON_COMMAND(START_DAEMON, "start-daemon", cmd_start_daemon,
		       "start connection sync daemon: master|backup|mesh"),
	DAEMON_COMMAND(STOP_DAEMON, "stop-daemon", cmd_stop_daemon,
		       "stop connection sync daemon: master|backup|mesh"),
	{ .section = SEC_COMMANDS, .cmd = CMD_SET_KEYS, .name = "set-sync-keys",
	  .arg = ARG_REQUIRED, .metavar = "file", .set = set_sync_keys,
	  .connect = true, .run = cmd_set_keys,
	  .help = "new keys for the mesh daemon that runs" },
	{ .section = SEC_COMMANDS, .cmd = CMD_WAIT_SYNC, .name = "wait-sync",
	  .arg = ARG_OPTIONAL, .metavar = "[seconds]", .set = set_wait,
	  .connect = true, .run = cmd_wait_sync,
	  .help = "wait until the mesh daemon is in sync, or alone;\n"
		  "without seconds only print its state" },
	LOCAL_COMMAND(HELP, 'h', "help", cmd_help, "display this help message"),
	LOCAL_COMMAND(VERSION, 'v', "version", cmd_version, "display the version"),

	SERVICE('t', "tcp-service", IPPROTO_TCP, set_service, "service-address",
		"service-address is host[:port]"),
	SERVICE('u', "udp-service", IPPROTO_UDP, set_service, "service-address",
		"service-address is host[:port]"),
	SERVICE(0, "sctp-service", IPPROTO_SCTP, set_service, "service-address",
		"service-address is host[:port]"),
	SERVICE('f', "fwmark-service", 0, set_fwmark, "fwmark",
		"fwmark is an integer greater than zero"),

	{ .section = SEC_OPTIONS, .id = OPT_IPV6, .letter = '6', .name = "ipv6",
	  .allowed = TAKE_SERVICE, .set = set_ipv6,
	  .help = "fwmark entry uses IPv6" },
	VALUE(SCHEDULER, 's', "scheduler", "scheduler", ON_SERVICE, set_scheduler,
	      "one of rr|wrr|lc|wlc|lblc|lblcr|dh|sh|sed|nq|fo|ovf|twos|mh,\n"
	      "the default scheduler is wlc."),
	VALUE(PE, 0, "pe", "engine", ON_SERVICE, set_pe,
	      "alternate persistence engine may be sip,\n"
	      "not set by default."),
	{ .section = SEC_OPTIONS, .id = OPT_PERSISTENT, .letter = 'p',
	  .name = "persistent", .arg = ARG_OPTIONAL, .metavar = "[timeout]",
	  .allowed = ON_SERVICE, .set = set_persistent,
	  .help = "persistent service, 360 seconds by default" },
	VALUE(NETMASK, 'M', "netmask", "netmask", ON_SERVICE, set_netmask,
	      "persistent granularity mask"),
	{ .section = SEC_OPTIONS, .id = OPT_REAL_SERVER, .letter = 'r',
	  .name = "real-server", .arg = ARG_REQUIRED, .metavar = "server-address",
	  .allowed = ON_DEST_KEY, .required = ON_DEST_KEY, .set = set_real_server,
	  .help = "server-address is host (and port)" },
	METHOD('g', "gatewaying", IP_VS_CONN_F_DROUTE,
	       "gatewaying (direct routing) (default)"),
	METHOD('i', "ipip", IP_VS_CONN_F_TUNNEL, "ipip encapsulation (tunneling)"),
	METHOD('m', "masquerading", IP_VS_CONN_F_MASQ, "masquerading (NAT)"),
	VALUE(TUN_TYPE, 0, "tun-type", "type", ON_DEST, set_tun_type,
	      "one of ipip|gue|gre,\n"
	      "the default tunnel type is ipip."),
	VALUE(TUN_PORT, 0, "tun-port", "port", ON_DEST, set_tun_port,
	      "tunnel destination port"),
	TUN_CSUM("tun-nocsum", IP_VS_TUNNEL_ENCAP_FLAG_NOCSUM,
		 "tunnel encapsulation without checksum"),
	TUN_CSUM("tun-csum", IP_VS_TUNNEL_ENCAP_FLAG_CSUM,
		 "tunnel encapsulation with checksum"),
	TUN_CSUM("tun-remcsum", IP_VS_TUNNEL_ENCAP_FLAG_REMCSUM,
		 "tunnel encapsulation with remote checksum"),
	VALUE(WEIGHT, 'w', "weight", "weight", ON_DEST, set_weight,
	      "capacity of real server"),
	VALUE(UPPER, 'x', "u-threshold", "uthreshold", ON_DEST, set_upper,
	      "upper threshold of connections"),
	VALUE(LOWER, 'y', "l-threshold", "lthreshold", ON_DEST, set_lower,
	      "lower threshold of connections"),
	LISTS(CONNECTION, 'c', "connection", "output of current IPVS connections"),
	LISTS(TIMEOUT, 0, "timeout", "output of timeout (tcp tcpfin udp)"),
	LISTS(DAEMON, 0, "daemon", "output of daemon information"),
	LISTS(COUNTERS, 0, "counters",
	      "why packets were dropped, and what else was counted\n"
	      "(--exact: all of it, a name and a value per line)"),
	SWITCH(STATS, 0, "stats", ON_LIST, "output of statistics information"),
	SWITCH(RATE, 0, "rate", ON_LIST, "output of rate information"),
	SWITCH(EXACT, 0, "exact", ON_LIST, "expand numbers (display exact values)"),
	SWITCH(THRESHOLDS, 0, "thresholds", ON_LIST, "output of thresholds information"),
	SWITCH(PERSISTENT_CONN, 0, "persistent-conn", ON_LIST,
	       "output of persistent connection info"),
	SWITCH(TUN_INFO, 0, "tun-info", ON_LIST, "output of tunnel information"),
	SWITCH(NOSORT, 0, "nosort", ON_LIST,
	       "disable sorting output of service/server entries"),
	SWITCH(SORT, 0, "sort", EVERYWHERE, "does nothing, for backwards compatibility"),
	{ .section = SEC_OPTIONS, .id = OPT_OPS, .letter = 'o', .name = "ops",
	  .allowed = ON_SERVICE, .set = set_ops, .help = "one-packet scheduling" },
	{ .section = SEC_OPTIONS, .id = OPT_NUMERIC, .letter = 'n', .name = "numeric",
	  .allowed = ON_LIST | C(SAVE) | C(RESTORE), .set = set_numeric,
	  .help = "numeric output of addresses and ports;\n"
		  "with -R: no names in the input" },
	/* after -s: a flag may be specific to a scheduler */
	VALUE(SCHED_FLAGS, 'b', "sched-flags", "flags", ON_SERVICE, set_sched_flags,
	      "scheduler flags (comma-separated)"),
	SWITCH(REPLACE, 0, "replace", C(RESTORE),
	       "with -R: clear the table first, once all of the\n"
	       "input is known to be good"),

	DAEMON(SYNCID, "syncid", "sid", ON_LIST | ON_START | C(STOP_DAEMON),
	       set_syncid, "syncid for connection sync (default=0)"),
	DAEMON(MAXLEN, "sync-maxlen", "length", ON_START, set_maxlen,
	       "max sync message length (default=1472)"),
	DAEMON(MCAST_IF, "mcast-interface", "interface", ON_START, set_mcast_if,
	       "multicast interface for connection sync\n"
	       "(default=eth0, of a mesh: none)"),
	DAEMON(MCAST_GROUP, "mcast-group", "address", ON_START, set_mcast_group,
	       "IPv4/IPv6 group (default=224.0.0.81,\n"
	       "of a mesh with peers: none)"),
	DAEMON(MCAST_PORT, "mcast-port", "port", ON_START, set_mcast_port,
	       "UDP port (default=8848)"),
	DAEMON(MCAST_TTL, "mcast-ttl", "ttl", ON_START, set_mcast_ttl,
	       "multicast TTL (default=1)"),
	/* after --mcast-group, whose family they have */
	DAEMON(SYNC_PEER, "sync-peer", "peer[,peer...]", ON_START, set_sync_peers,
	       "addresses of the other directors of a mesh"),
	DAEMON(SYNC_KEY, "sync-key", "file", ON_START, set_sync_keys,
	       "file with the keys of a mesh, lines of id and secret\n"
	       "(64 hexadecimal digits)"),
};

const size_t opt_count = sizeof(opt_table) / sizeof(opt_table[0]);

_Static_assert(OPT_SYNC_KEY < 64, "request.given has 64 bits");

const struct opt *opt_by_letter(char letter)
{
	for (size_t i = 0; i < opt_count; i++) {
		if (opt_table[i].letter == letter && letter)
			return &opt_table[i];
	}
	return NULL;
}

const struct opt *opt_by_name(const char *name, size_t len)
{
	for (size_t i = 0; i < opt_count; i++) {
		if (strlen(opt_table[i].name) == len &&
		    !memcmp(opt_table[i].name, name, len))
			return &opt_table[i];
	}
	return NULL;
}

const char *opt_group(const struct opt *opt)
{
	return opt->group ? opt->group : opt->name;
}

const struct opt *opt_command(enum cmd cmd)
{
	for (size_t i = 0; i < opt_count; i++) {
		if (opt_table[i].cmd == cmd)
			return &opt_table[i];
	}
	return NULL;
}

static const char usage[] =
	"Usage:\n"
	"  ipvsadm -A|E virtual-service [-s scheduler] [-p [timeout]] [-M netmask]\n"
	"               [--pe engine] [-b sched-flags] [-o]\n"
	"  ipvsadm -D virtual-service\n"
	"  ipvsadm -C\n"
	"  ipvsadm -R [--replace] [-n]\n"
	"  ipvsadm -S [-n]\n"
	"  ipvsadm -a|e virtual-service -r server-address [options]\n"
	"  ipvsadm -d virtual-service -r server-address\n"
	"  ipvsadm -L|l [virtual-service] [options]\n"
	"  ipvsadm -Z [virtual-service]\n"
	"  ipvsadm --set tcp tcpfin udp\n"
	"  ipvsadm --start-daemon {master|backup} [daemon-options]\n"
	"  ipvsadm --start-daemon mesh --sync-key file [daemon-options]\n"
	"  ipvsadm --stop-daemon {master|backup|mesh}\n"
	"  ipvsadm --set-sync-keys file\n"
	"  ipvsadm --wait-sync [seconds]\n"
	"  ipvsadm -h\n"
	"\n";

static const char *const section_titles[SEC_COUNT] = {
	[SEC_COMMANDS] = "Commands:\nEither long or short options are allowed.",
	[SEC_SERVICE] = "virtual-service:",
	[SEC_OPTIONS] = "Options:",
	[SEC_DAEMON] = "Daemon Options:",
};

#define HELP_COLUMN 42

static void print_help_row(FILE *to, const struct opt *opt)
{
	const char *line = opt->help;
	int used = fprintf(to, "  --%-16s %c%c %s", opt->name,
			   opt->letter ? '-' : ' ', opt->letter ? opt->letter : ' ',
			   opt->metavar ? opt->metavar : "");

	while (line) {
		const char *end = strchr(line, '\n');
		int len = end ? (int)(end - line) : (int)strlen(line);

		fprintf(to, "%*s%.*s\n", HELP_COLUMN - used, "", len, line);
		used = 0;
		line = end ? end + 1 : NULL;
	}
}

void opt_help(FILE *to)
{
	fputs(usage, to);
	for (enum opt_section section = 0; section < SEC_COUNT; section++) {
		fprintf(to, "%s%s\n", section ? "\n" : "", section_titles[section]);
		for (size_t i = 0; i < opt_count; i++) {
			if (opt_table[i].section == section && opt_table[i].help)
				print_help_row(to, &opt_table[i]);
		}
	}
}
