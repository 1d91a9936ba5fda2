# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Virtual services on the director, and the programs behind them: the answering program and its
# client, nginx, vsftpd.

# clean_director: removes all services. Their connections expire, or stay without effect on other
# tests.
clean_director() {
	quiet_in director ipvsadm -C
}

# ipvs_batch < LINES: ipvsadm commands, executed by one process.
ipvs_batch() {
	local lines

	lines=$(cat)
	printf '# director$ ipvsadm %s\n' "${lines//$'\n'/$'\n'# director\$ ipvsadm }"
	quiet_in director ipvsadm -R <<<"$lines" || fail "status $? from ipvsadm -R"
}

# service PROTO SCHED METHOD [SERVER...]: a service on the VIP with these servers (numbers).
# PROTO is t or u, METHOD m, g or i.
service() {
	local proto=$1 sched=$2 method=$3 n

	shift 3
	[ $# -gt 0 ] || set -- 1 2 3
	defer clean_director
	ipvs_batch <<-RULES
		-A -$proto $(at "$VIP") -s $sched
		$(for n; do echo "-a -$proto $(at "$VIP") -r $(at "${RS[n]}") -$method"; done)
	RULES
}

# forget PATTERN: removes services and, together with their servers, the connections and templates
# whose line in the table matches: they would hold the module of an app or engine.
forget() {
	local status

	quiet_in director sysctl -qw net.ipv4.vs.expire_nodest_conn=1
	clean_director
	busywait 5 none_listed "$1"
	status=$?
	quiet_in director sysctl -qw net.ipv4.vs.expire_nodest_conn=0
	return "$status"
}

none_listed() {
	! quiet_in director grep -q -- "$1" /proc/net/ip_vs_conn
}

# While the table of the in-tree ip_vs grows, /proc and expire_nodest_conn miss some connections.
steady_table() {
	local knob=net.ipv4.vs.conn_lfactor was

	was=$(quiet_in director sysctl -nq "$knob" 2>/dev/null) || return 0
	defer quiet_in director sysctl -qw "$knob=$was"
	in_ns director sysctl -qw "$knob=4"
}

# with_servers [NAMESPACE...]: the answering program in every server, for TCP and UDP, both
# families, and a client for `ask`. PORTS=a,b,...: on these ports instead of PORT.
with_servers() {
	local ready

	[ $# -gt 0 ] || set -- $SERVERS
	mkfifo "$SCRATCH/ready" "$SCRATCH/wishes" "$SCRATCH/answers.pipe"
	# Read and write, so that no open blocks for the other side.
	exec {READY}<>"$SCRATCH/ready" {WISHES}<>"$SCRATCH/wishes" {ANSWERS}<>"$SCRATCH/answers.pipe"
	python3 -S "$LIB/servers.py" "${PORTS:-$PORT}" "$SCRATCH/wishes" "$SCRATCH/answers.pipe" "$@" \
		>"$SCRATCH/ready" &
	defer stop_process $!
	read -rt 60 -u "$READY" ready || fail "the servers did not start"
	: "$ready"
}

# ask [ARGS...]: requests from the client to the VIP; prints a server's name per request.
ask() {
	ask_from client "$@"
}

# ask_from NS [ARGS...]
ask_from() {
	local answer

	printf '# %s$ ask.py %s\n' "$1" "${*:2} $VIP $PORT" >&2
	printf '%s\n' "$* $VIP $PORT" >&"$WISHES"
	while read -rt 120 -u "$ANSWERS" answer && [ "$answer" != . ]; do
		printf '%s\n' "$answer"
	done
}

# with_web NS ROOT [DIRECTIVES...]: nginx serves the files in ROOT on port 80.
with_web() {
	local dir=$SCRATCH/nginx-$1

	mkdir -p "$dir"
	cat >"$dir/conf" <<-CONF
		pid $dir/pid; error_log $dir/error; worker_processes 1; user root;
		events { worker_connections 64; }
		http {
			access_log off; server_tokens off; default_type text/plain;
			server { listen 80; listen [::]:80; root $2; ${*:3} }
		}
	CONF
	background nsenter "--net=/run/netns/$1" nginx -c "$dir/conf" -g "daemon off;" -e "$dir/error"
	wait_listen "$1" 80 2
}

# vsftpd_in NAMESPACE: anonymous users may get $SCRATCH/file from pub/ and put files into in/.
vsftpd_in() {
	local root=$SCRATCH/$1

	mkdir -p "$root/pub" "$root/in" "$SCRATCH/empty"
	cp "$SCRATCH/file" "$root/pub/file"
	chown ftp "$root/in"
	cat >"$root.conf" <<-CONF
		listen=NO
		listen_ipv6=YES
		background=NO
		anonymous_enable=YES
		anon_root=$root
		ftp_username=ftp
		nopriv_user=nobody
		secure_chroot_dir=$SCRATCH/empty
		no_anon_password=YES
		write_enable=YES
		anon_upload_enable=YES
		connect_from_port_20=YES
		seccomp_sandbox=NO
		isolate=NO
		isolate_network=NO
	CONF
	# vsftpd writes its errors to its standard input
	background nsenter "--net=/run/netns/$1" -- vsftpd "$root.conf" 0>&1
	wait_listen "$1" 21
}
