// SPDX-License-Identifier: GPL-2.0
/*
 * Command lines and the expected result: for a valid one the rule that -S
 * would print, for an invalid one a part of the error message, which must be
 * one line.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "cmdline.h"
#include "fail.h"
#include "opt.h"
#include "print.h"

struct row {
	int rc;
	const char *args;
	const char *text;
};

static const struct row rows[] = {
	/* services */
	{ 0, "-A -t 10.0.0.1:80", "-A -t 10.0.0.1:80 -s wlc" },
	{ 0, "--add-service --tcp-service=10.0.0.1:80 --scheduler rr", "-A -t 10.0.0.1:80 -s rr" },
	{ 0, "-A -t10.0.0.1:80 -srr", "-A -t 10.0.0.1:80 -s rr" },
	{ 0, "-t 10.0.0.1:80 -s rr -A", "-A -t 10.0.0.1:80 -s rr" },
	{ 0, "-A -t vip:http", "-A -t 192.0.2.1:80 -s wlc" },
	{ 0, "-A -t 10.1:80", "-A -t 10.0.0.1:80 -s wlc" },
	{ 0, "-A -u vip:domain -o", "-A -u 192.0.2.1:53 -s wlc -o" },
	{ 0, "-A --sctp-service 10.0.0.1:9", "-A --sctp-service 10.0.0.1:9 -s wlc" },
	{ 0, "-A -t [2001:db8::1]:80", "-A -t [2001:db8::1]:80 -s wlc" },
	{ 0, "-A -t [vip6]:80", "-A -t [2001:db8::1]:80 -s wlc" },
	{ 0, "-A -t vip6:80", "-A -t [2001:db8::1]:80 -s wlc" },
	{ 0, "-A -t 2001:db8::1 -p", "-A -t [2001:db8::1]:0 -s wlc -p 360" },
	{ 0, "-A -t 10.0.0.1 -p", "-A -t 10.0.0.1:0 -s wlc -p 360" },
	{ 0, "-A -t 10.0.0.1:80 -p 5", "-A -t 10.0.0.1:80 -s wlc -p 5" },
	{ 0, "-A -t 10.0.0.1:80 -p -s rr", "-A -t 10.0.0.1:80 -s rr -p 360" },
	{ 0, "-A -t 10.0.0.1:80 -p5", "-A -t 10.0.0.1:80 -s wlc -p 5" },
	{ 0, "-A -t 10.0.0.1:80 --persistent=5", "-A -t 10.0.0.1:80 -s wlc -p 5" },
	{ 0, "-A -t 10.0.0.1:80 -p -M 255.255.0.0", "-A -t 10.0.0.1:80 -s wlc -p 360 -M 255.255.0.0" },
	{ 0, "-A -t 10.0.0.1:80 -p -M 24", "-A -t 10.0.0.1:80 -s wlc -p 360 -M 255.255.255.0" },
	{ 0, "-A -M 64 -p -t [2001:db8::1]:80", "-A -t [2001:db8::1]:80 -s wlc -p 360 -M 64" },
	{ 0, "-A -f 7", "-A -f 7 -s wlc" },
	{ 0, "-A -f 0x10", "-A -f 16 -s wlc" },
	{ 0, "-A -6 -f 4294967295", "-A -f 4294967295 -6 -s wlc" },
	{ 0, "-A -f 7 -o", "-A -f 7 -s wlc -o" },
	{ 0, "-E -t 10.0.0.1:80 -b sh-port,sh-fallback -s sh", "-A -t 10.0.0.1:80 -s sh -b sh-fallback,sh-port" },
	{ 0, "-A -t 10.0.0.1:80 -s mh -b flag-1,flag-3", "-A -t 10.0.0.1:80 -s mh -b mh-fallback,flag-3" },
	{ 0, "-A -u 10.0.0.1:5060 -p 60 --pe sip", "-A -u 10.0.0.1:5060 -s wlc -p 60 --pe sip" },
	{ 2, "-A", "'service-address' option for the 'add-service'" },
	{ 2, "-A -t", "-t: missing argument" },
	{ 2, "-A -t 10.0.0.1", "Zero port specified for non-persistent service" },
	{ 2, "-A -t 10.0.0.1:65536", "-t 10.0.0.1:65536" },
	{ 2, "-A -t 10.0.0.1:", "illegal virtual server address[:port] specified: -t 10.0.0.1:" },
	{ 2, "-A -t 10.0.0.1:nosuch", "-t 10.0.0.1:nosuch" },
	{ 2, "-A -t 10.0.0.256:80", "-t 10.0.0.256:80" },
	{ 2, "-A -t 80", "-t 80" },
	{ 2, "-A -t 0x50:80", "-t 0x50:80" },
	{ 2, "-A -t :80", "-t :80" },
	{ 2, "-A -t [2001:db8::1:80", "-t [2001:db8::1:80" },
	{ 2, "-A -t [2001:db8::1]80", "-t [2001:db8::1]80" },
	{ 2, "-A -t []:80", "-t []:80" },
	{ 2, "-A -t [10.0.0.1]:80", "-t [10.0.0.1]:80" },
	{ 2, "-A -t fe80::1%eth0", "-t fe80::1%eth0" },
	{ 2, "-A -t 10.0.0.1:80 -t 10.0.0.2:80", "multiple 'service-address' options specified: -t 10.0.0.2:80" },
	{ 2, "-A -t 10.0.0.1:80 -u 10.0.0.1:80", "multiple 'service-address' options specified: -u" },
	{ 2, "-A -t 10.0.0.1:80 -o", "One-Packet Scheduling is only for UDP" },
	{ 2, "-A -t 10.0.0.1:80 -p 0", "invalid timeout value `0' specified: -p 0" },
	{ 2, "-A -t 10.0.0.1:80 -p 2678401", "-p 2678401" },
	{ 2, "-A -t 10.0.0.1:80 -p 5s", "-p 5s" },
	{ 2, "-A -t 10.0.0.1:80 -M 255.255.255", "-M 255.255.255" },
	{ 2, "-A -t 10.0.0.1:80 -M 33", "-M 33" },
	{ 2, "-A -t [2001:db8::1]:80 -M 0", "illegal ipv6 netmask specified: -M 0" },
	{ 2, "-A -t [2001:db8::1]:80 -M 255.255.255.0", "illegal ipv6 netmask" },
	{ 2, "-A -f 0", "invalid fwmark value `0' specified" },
	{ 2, "-A -f 4294967296", "invalid fwmark value" },
	{ 2, "-A -f -1", "invalid fwmark value" },
	{ 2, "-A -f 0x", "invalid fwmark value" },
	{ 2, "-A -t 10.0.0.1:80 -6", "-6 is for a fwmark service" },
	{ 2, "-A -t 10.0.0.1:80 -s a-name-that-is-too-long", "illegal scheduler specified: -s" },
	{ 2, "-A -t 10.0.0.1:80 -s sh -b mh-port", "incompatible scheduler flag `mh-port': -b mh-port with scheduler sh" },
	{ 2, "-A -t 10.0.0.1:80 -b nosuch", "invalid scheduler flag `nosuch': -b nosuch" },
	{ 2, "-A -t 10.0.0.1:80 -w 3", "Illegal 'weight' option with the 'add-service' command: -w 3" },
	{ 2, "-A -t 10.0.0.1:80 -r 10.0.0.2", "Illegal 'real-server' option" },
	{ 2, "-A -D -t 10.0.0.1:80", "multiple commands specified: -A and -D" },
	{ 2, "-A -t 10.0.0.1:80 --nosuch", "--nosuch: unknown option" },
	{ 2, "-A -t 10.0.0.1:80 --ops=1", "--ops takes no value: 1" },
	{ 2, "-A -t 10.0.0.1:80 -q", "-q: unknown option" },
	{ 2, "-A -t 10.0.0.1:80 word", "unexpected argument word" },
	{ 2, "-n", "no command specified" },
	{ 2, "-D", "'service-address' option for the 'delete-service'" },
	{ 2, "-C -n", "Illegal 'numeric' option with the 'clear' command: -n" },

	/* servers */
	{ 0, "-a -t 10.0.0.1:80 -r 10.0.0.2", "-a -t 10.0.0.1:80 -r 10.0.0.2:80 -g -w 1" },
	{ 0, "-a -r 10.0.0.2 -t 10.0.0.1:80 -m", "-a -t 10.0.0.1:80 -r 10.0.0.2:80 -m -w 1" },
	{ 0, "-a -t 10.0.0.1:80 -r 10.0.0.2:8080 -m -w 0", "-a -t 10.0.0.1:80 -r 10.0.0.2:8080 -m -w 0" },
	{ 0, "-a -t 10.0.0.1:80 -r 10.0.0.2:8080", "-a -t 10.0.0.1:80 -r 10.0.0.2:80 -g -w 1" },
	{ 0, "-a -f 7 -r 10.0.0.2 -i", "-a -f 7 -r 10.0.0.2:0 -i -w 1 --tun-type ipip" },
	{ 0, "-a -f 7 -r 10.0.0.2:8080", "-a -f 7 -r 10.0.0.2:8080 -g -w 1" },
	{ 0, "-e -t 10.0.0.1:80 -r 10.0.0.2 -x 10 -y 5", "-a -t 10.0.0.1:80 -r 10.0.0.2:80 -g -w 1 -x 10 -y 5" },
	{ 0, "-d -t 10.0.0.1:80 -r 10.0.0.2:8080", "-a -t 10.0.0.1:80 -r 10.0.0.2:8080 -g -w 1" },
	{ 0, "-a -t [2001:db8::1]:80 -r 10.0.0.2 -i", "-a -t [2001:db8::1]:80 -r 10.0.0.2:80 -i -w 1 --tun-type ipip" },
	{ 0, "-a -t 10.0.0.1:80 -r 10.0.0.2 -i --tun-type gue --tun-port 6080 --tun-remcsum",
	  "-i -w 1 --tun-type gue --tun-port 6080 --tun-remcsum" },
	{ 0, "-a -t 10.0.0.1:80 -r 10.0.0.2 -i --tun-type gre --tun-csum", "--tun-type gre --tun-csum" },
	{ 0, "-a -t 10.0.0.1:80 -r 10.0.0.2 -i --tun-type gre", "--tun-type gre --tun-nocsum" },
	{ 0, "-a -t 10.0.0.1:80 -r 10.0.0.2 -w 2147483647", "-w 2147483647" },
	{ 2, "-a -t 10.0.0.1:80", "'real-server' option for the 'add-server' command" },
	{ 2, "-a -r 10.0.0.2", "'service-address' option for the 'add-server' command" },
	{ 2, "-a -t 10.0.0.1:80 -r 10.0.0.2 -w -1", "illegal weight specified: -w -1" },
	{ 2, "-a -t 10.0.0.1:80 -r 10.0.0.2 -w 2147483648", "illegal weight specified: -w 2147483648" },
	{ 2, "-a -t 10.0.0.1:80 -r 10.0.0.2 --weight=", "illegal weight specified: --weight" },
	{ 2, "-a -t 10.0.0.1:80 -r 10.0.0.2 -w +1", "illegal weight specified: -w +1" },
	{ 2, "-a -t 10.0.0.1:80 -r 10.0.0.2 -x x", "illegal u_threshold specified: -x x" },
	{ 2, "-a -t 10.0.0.1:80 -r 10.0.0.2 -y x", "illegal l_threshold specified: -y x" },
	{ 2, "-a -t 10.0.0.1:80 -r 10.0.0.2 -m -g", "multiple 'forwarding-method' options specified: -g" },
	{ 2, "-a -t 10.0.0.1:80 -r [2001:db8::2]:80 -m", "Different address family is allowed only for tunneling" },
	{ 2, "-a -t 10.0.0.1:80 -r 10.0.0.2 --tun-type gre", "Tunnel options conflict with forward method" },
	{ 2, "-a -t 10.0.0.1:80 -r 10.0.0.2 -i --tun-type vxlan", "illegal tunnel type specified: --tun-type vxlan" },
	{ 2, "-a -t 10.0.0.1:80 -r 10.0.0.2 -i --tun-type gue", "'tun-port' option for the 'gue' tunnel type" },
	{ 2, "-a -t 10.0.0.1:80 -r 10.0.0.2 -i --tun-type gue --tun-port 0", "illegal tunnel port specified: --tun-port 0" },
	{ 2, "-a -t 10.0.0.1:80 -r 10.0.0.2 -i --tun-port 6080", "Illegal 'tun-port' option with the 'ipip'" },
	{ 2, "-a -t 10.0.0.1:80 -r 10.0.0.2 -i --tun-csum", "with the 'ipip' tunnel type" },
	{ 2, "-a -t 10.0.0.1:80 -r 10.0.0.2 -i --tun-type gre --tun-remcsum", "with the 'gre' tunnel type" },
	{ 2, "-a -t 10.0.0.1:80 -r 10.0.0.2 -i --tun-type gre --tun-csum --tun-nocsum", "multiple 'tunnel checksum' options" },
	{ 2, "-a -t 10.0.0.1:80 -r 10.0.0.2 -s rr", "Illegal 'scheduler' option with the 'add-server' command" },

	/* other commands */
	{ 0, "-L", "" }, { 0, "-l", "" }, { 0, "-Ln", "" }, { 0, "-Lnc", "" }, { 0, "-ln --stats --exact", "" },
	{ 0, "-n -L", "" }, { 0, "-L --sort --nosort", "" }, { 0, "-L --stats --rate", "" },
	{ 0, "-C", "" }, { 0, "-S -n", "" }, { 0, "-R", "" }, { 0, "-R --replace -n", "" },
	{ 0, "-Z", "" }, { 0, "-Z -t 10.0.0.1:80", "" }, { 0, "-h", "" }, { 0, "-h -q --nosuch", NULL },
	{ 0, "--set 900 120 300", "" }, { 0, "--set 0 0 0", "" }, { 0, "--set -- 1 2 3", "" },
	{ 0, "--start-daemon master", "" }, { 0, "--stop-daemon=backup", "" },
	{ 0, "--start-daemon backup --syncid 255 --mcast-interface eth1 --mcast-group ff02::81 --mcast-port 1 --mcast-ttl 255 --sync-maxlen 65507", "" },
	{ 2, "-L --stats -c", "options conflicts in the list command" },
	{ 2, "-L --daemon --persistent-conn", "options conflicts in the list command" },
	{ 2, "-L -c -t 10.0.0.1:80", "The option 'service-address' conflicts with the 'connection' option in the 'list' command" },
	{ 2, "-L --timeout --daemon", "The option 'daemon' conflicts with the 'timeout' option" },
	{ 2, "-L -w 1", "Illegal 'weight' option with the 'list' command" },
	{ 2, "-S --replace", "Illegal 'replace' option with the 'save' command" },
	{ 2, "--set", "--set option requires 3 timeout values" },
	{ 2, "--set 1 2", "--set option requires 3 timeout values" },
	{ 2, "--set 1 2 3 4", "unexpected argument 4" },
	{ 2, "--set 1 2 3 4 5", "unexpected argument" },
	{ 2, "--set 1 2 x", "invalid timeout value `x' specified: --set 1 2 x" },
	{ 2, "--set 1 2 2678401", "invalid timeout value" },
	{ 2, "--start-daemon", "--start-daemon: missing argument" },
	{ 2, "--start-daemon both", "illegal start-daemon parameter specified: --start-daemon both" },
	{ 2, "--start-daemon master --syncid 256", "illegal syncid specified: --syncid 256" },
	{ 2, "--start-daemon master --sync-maxlen 0", "illegal sync-maxlen specified" },
	{ 2, "--start-daemon master --mcast-group 10.0.0.1", "invalid IPv4 mcast-group `10.0.0.1'" },
	{ 2, "--start-daemon master --mcast-group fe80::1", "invalid IPv6 mcast-group `fe80::1'" },
	{ 2, "--start-daemon master --mcast-port 0", "illegal mcast-port specified" },
	{ 2, "--start-daemon master --mcast-ttl 0", "illegal mcast-ttl specified" },
	{ 2, "--start-daemon master --mcast-interface an-interface-too-long", "illegal mcast-interface specified" },
	{ 0, "--stop-daemon mesh", "" },
	{ 0, "--wait-sync", "" }, { 0, "--wait-sync 30", "" }, { 0, "--wait-sync=2678400", "" },
	{ 2, "--wait-sync 1s", "illegal wait-sync specified: --wait-sync 1s (expected an integer from 0 to 2678400)" },
	{ 2, "--wait-sync 2678401", "illegal wait-sync specified" },
	{ 2, "--wait-sync 3 4", "unexpected argument 4" },
	{ 2, "--wait-sync -n", "Illegal 'numeric' option with the 'wait-sync' command: -n" },
	{ 2, "--set-sync-keys", "--set-sync-keys: missing argument (file)" },
	{ 2, "--set-sync-keys /nosuch --sync-peer 10.0.0.2", "Illegal 'sync-peer' option with the 'set-sync-keys' command" },
	{ 2, "--set-sync-keys /nosuch", "cannot open /nosuch: No such file" },
	{ 2, "--set-sync-keys -", "cannot open -: No such file" },
	{ 2, "--set-sync-keys /dev/null", "/dev/null: not a regular file" },
	{ 2, "--start-daemon mesh", "mesh needs --sync-peer, or --mcast-interface for multicast" },
	{ 2, "--start-daemon mesh --mcast-group 224.0.0.81", "mesh needs --sync-peer, or --mcast-interface for multicast" },
	{ 2, "--start-daemon mesh --mcast-interface eth1", "You need to supply the 'sync-key' option for the 'mesh' daemon" },
	{ 2, "--start-daemon mesh --sync-peer 10.0.0.2", "You need to supply the 'sync-key' option for the 'mesh' daemon" },
	{ 2, "--start-daemon mesh --sync-key", "--sync-key: missing argument (file)" },
	{ 2, "--start-daemon mesh --sync-key a --sync-key b", "multiple 'sync-key' options specified: --sync-key b" },
	{ 2, "--start-daemon mesh --sync-peer 10.0.0.2 --sync-key /nosuch", "cannot open /nosuch: No such file" },
	{ 2, "--start-daemon mesh --sync-peer 10.0.0.2,nosuch", "invalid sync-peer `nosuch' specified: --sync-peer 10.0.0.2,nosuch (expected an IPv4 address or a name)" },
	{ 2, "--start-daemon mesh --sync-peer 10.0.0.2,", "invalid sync-peer `' specified: --sync-peer 10.0.0.2," },
	{ 2, "--start-daemon mesh --sync-peer=", "invalid sync-peer `' specified: --sync-peer  (expected an address or a name)" },
	{ 2, "--start-daemon mesh --sync-peer 10.0.0.2:8848", "invalid sync-peer `10.0.0.2:8848'" },
	{ 2, "--start-daemon mesh --sync-peer 10.2", "invalid sync-peer `10.2'" },
	{ 2, "--start-daemon mesh --sync-peer 10.0.0.2,10.0.0.3,10.0.0.2", "duplicate sync-peer `10.0.0.2' specified: --sync-peer 10.0.0.2,10.0.0.3,10.0.0.2 (10.0.0.2 is in the list already)" },
	{ 2, "--start-daemon mesh --sync-peer vip,192.0.2.1", "duplicate sync-peer `192.0.2.1'" },
	{ 2, "--start-daemon mesh --sync-peer 2001:db8::1,vip6", "duplicate sync-peer `vip6' specified: --sync-peer 2001:db8::1,vip6 (2001:db8::1 is in the list already)" },
	{ 2, "--start-daemon mesh --sync-peer 10.0.0.2,2001:db8::1", "invalid sync-peer `2001:db8::1' specified: --sync-peer 10.0.0.2,2001:db8::1 (IPv6, but the group or another peer is IPv4)" },
	{ 2, "--start-daemon mesh --sync-peer 10.0.0.2 --mcast-group ff02::81", "invalid sync-peer `10.0.0.2' specified: --sync-peer 10.0.0.2 (IPv4, but the group or another peer is IPv6)" },
	{ 2, "--start-daemon mesh --sync-peer vip --mcast-group ff02::81", "invalid sync-peer `vip' specified: --sync-peer vip (expected an IPv6 address or a name)" },
	{ 2, "--start-daemon mesh --sync-peer 224.0.0.81", "invalid sync-peer `224.0.0.81' specified: --sync-peer 224.0.0.81 (a multicast address" },
	{ 2, "--start-daemon mesh --sync-peer 10.0.0.1,10.0.0.2,10.0.0.3,10.0.0.4,10.0.0.5,10.0.0.6,10.0.0.7,10.0.0.8,"
	  "10.0.0.9,10.0.0.10,10.0.0.11,10.0.0.12,10.0.0.13,10.0.0.14,10.0.0.15,10.0.0.16,10.0.0.17",
	  "too many sync-peers specified" },
	{ 2, "--start-daemon master --sync-key /nosuch", "Illegal 'sync-key' option with the 'master' daemon: --sync-key /nosuch" },
	{ 2, "--start-daemon backup --sync-peer 10.0.0.2", "Illegal 'sync-peer' option with the 'backup' daemon: --sync-peer 10.0.0.2" },
	{ 2, "--stop-daemon mesh --sync-key /nosuch", "Illegal 'sync-key' option with the 'stop-daemon' command" },
	{ 2, "-L --sync-peer 10.0.0.2", "Illegal 'sync-peer' option with the 'list' command" },
	{ 2, "--stop-daemon master --mcast-ttl 3", "Illegal 'mcast-ttl' option with the 'stop-daemon' command" },
};

static int split_args(const char *args, char *buf, size_t size, char **argv)
{
	int argc = 0;

	snprintf(buf, size, "%s", args);
	for (char *word = strtok(buf, " "); word; word = strtok(NULL, " "))
		argv[argc++] = word;
	return argc;
}

/* Prints the request as a rule into @buf */
static void capture_rule(const struct request *req, char *buf, size_t size)
{
	FILE *real = stdout;
	FILE *memory = fmemopen(buf, size, "w");

	stdout = memory;
	if (req->cmd == CMD_ADD || req->cmd == CMD_EDIT)
		print_service_rule(&req->svc, true);
	else if (req->cmd == CMD_ADD_DEST || req->cmd == CMD_EDIT_DEST || req->cmd == CMD_DEL_DEST)
		print_dest_rule(&req->svc, &req->dest, true);
	fclose(memory);
	stdout = real;
}

static bool check_row(const struct row *row)
{
	char buf[512], text[1024] = "", *argv[64];
	int argc = split_args(row->args, buf, sizeof(buf), argv);
	struct ipvs_mesh_config mesh = { 0 };
	struct request req;
	int rc = cmdline_parse(argc, argv, &mesh, &req) ? 2 : 0;

	/* -h with other options may succeed or fail */
	if (!row->text)
		return true;
	if (rc == 0)
		capture_rule(&req, text, sizeof(text));
	else
		snprintf(text, sizeof(text), "%s", fail_text());
	if (rc == row->rc && strstr(text, row->text) &&
	    (rc == 0 || !strchr(text, '\n')))
		return true;
	printf("not ok: ipvsadm %s\n  want %d: %s\n  got  %d: %s\n",
	       row->args, row->rc, row->text, rc, text);
	return false;
}

/* Each row must be complete and its letter unique. */
static int check_table(void)
{
	int bad = 0;

	for (size_t i = 0; i < opt_count; i++) {
		const struct opt *opt = &opt_table[i];
		bool listed = opt->help || opt->letter == 'l';

		if (!opt->name || !listed || (!opt->cmd && !opt->id) ||
		    !opt->cmd != !opt->run || (opt->id && !opt->allowed) || (opt->arg && !opt->metavar) ||
		    (opt->letter && opt_by_letter(opt->letter) != opt)) {
			printf("not ok: row %zu of the option table (%s)\n", i, opt->name);
			bad++;
		}
	}
	return bad;
}

int main(void)
{
	size_t n = sizeof(rows) / sizeof(rows[0]);
	int bad = check_table();

	for (size_t i = 0; i < n; i++)
		bad += !check_row(&rows[i]);
	printf("cmdline: %zu command lines, %d bad\n", n, bad);
	return bad ? 1 : 0;
}
