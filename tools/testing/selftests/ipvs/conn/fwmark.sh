#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Firewall marks combine several ports, protocols or addresses into one service, and with
# persistence a client's connections to all of them go to one server: the recipes of
# Documentation/persistence.rst, with real clients. Topology: topology.sh.

# shellcheck source=tools/testing/selftests/ipvs/lib/lib.sh
. "$(dirname -- "$0")/../lib/lib.sh"

export ALL_TESTS="web all_protocols ftp_range ftp_port rtsp anywhere addresses"

PORTS=80,443,554,6970,8000

# mark MARK MATCH...: nftables sets the mark of matching packets to the VIP.
mark() {
	nft_rules <<-RULES
		table inet weir {
			chain pre {
				type filter hook prerouting priority mangle;
				$(nft_family) daddr $VIP ${*:2} meta mark set $1
			}
		}
	RULES
}

# group MARK METHOD [OPTION...]: a service for the mark; the servers keep the client's port.
group() {
	local six='' n

	[ "$AF" = 4 ] || six=-6
	defer clean_director
	ipvs_batch <<-RULES
		-A -f $1 $six -s rr ${*:3}
		$(for n in 1 2 3; do echo "-a -f $1 $six -r $(at "${RS[n]}" 0) -$2"; done)
	RULES
}

# one_server WHAT FILE: all answers are from one server.
one_server() {
	local servers

	servers=$(sort -u "$2" | xargs)
	case $servers in
	server[123]) ;;
	*) fail "$1: answers from '$servers'" ;;
	esac
}

# templates PATTERN: the number of table lines of fwmark templates.
templates() {
	quiet_in director awk '$1 == "IP" && $3 == "0000" && $5 == "0000" && $7 == "0000"' \
		/proc/net/ip_vs_conn | grep -c "$1"
}

# HTTP and HTTPS: a client keeps its server after the login.
web() {
	mark 1 "tcp dport { 80, 443 }"
	group 1 m -p 60
	{ PORT=80 ask -n 2; PORT=443 ask -n 2; PORT=80 ask; } >"$SCRATCH/answers"
	one_server "HTTP and HTTPS" "$SCRATCH/answers"
	equal "templates of the mark" "$(templates ASSURED)" 1
	forget_group
}

# A group's templates end with its servers.
forget_group() {
	forget '^IP ' || fail "connections stay"
}

# TCP and UDP on one port, as DNS and Kerberos use.
all_protocols() {
	mark 2 "meta l4proto { tcp, udp } th dport 8000"
	group 2 m -p 60
	{ ask -n 2; ask -u -n 2; ask; } >"$SCRATCH/answers"
	one_server "TCP and UDP" "$SCRATCH/answers"
	forget_group
}

with_ftp() {
	local ready

	mkfifo "$SCRATCH/ftpd"
	exec {FTPD}<>"$SCRATCH/ftpd"
	background python3 -S "$LIB/ftpd.py" 30000 30009 $SERVERS >&"$FTPD"
	read -rt 30 -u "$FTPD" ready || fail "the FTP servers did not start"
	: "$ready"
}

# fetch [OPTION...]: gets a file by passive FTP.
fetch() {
	printf '# client$ curl %s ftp://%s/file\n' "$*" "$(at "$VIP" 21)" >&2
	quiet_in client curl -sS --max-time 5 "$@" "ftp://$(at "$VIP" 21)/file" 2>&1
}

# An FTP session: its data connection must reach the server that listens, or there is no file.
sessions() {
	fetch >"$SCRATCH/answers"
	[ "$AF" = 6 ] || fetch --disable-epsv >>"$SCRATCH/answers"
	one_server "$1" "$SCRATCH/answers"
}

# Passive FTP with servers that use a range of ports.
ftp_range() {
	local method

	mark 3 "tcp dport { 21, 30000-30009 }"
	for method in m g i; do
		group 3 "$method" -p 60
		sessions "a range of ports, -$method"
		forget_group
	done
}

# Passive FTP without marks: a persistent service for port 21 takes all unprivileged ports.
ftp_port() {
	local n

	defer clean_director
	ipvs_batch <<-RULES
		-A -t $(at "$VIP" 21) -s rr -p 60
		$(for n in 1 2 3; do echo "-a -t $(at "$VIP" 21) -r $(at "${RS[n]}" 21) -g"; done)
	RULES
	sessions "port 21"
}

# RTSP and its datagrams.
rtsp() {
	mark 4 "meta l4proto { tcp, udp } th dport { 554, 6970-6999 }"
	group 4 g -p 60
	{ PORT=554 ask; PORT=6970 ask -u -n 2; PORT=554 ask; } >"$SCRATCH/answers"
	one_server "RTSP" "$SCRATCH/answers"
	forget_group
}

# Virtual addresses that the director does not have: marked packets are delivered locally.
anywhere() {
	local VIP=198.18.0.10 rest=0.0.0.0/0

	[ "$AF" = 4 ] || VIP=2001:db8:5::10 rest=::/0
	in_ns client ip route add "$VIP/$HOST" via "$DIRECTOR"
	defer ip -n client route del "$VIP/$HOST"
	in_ns director ip "-$AF" rule add fwmark 5 lookup 105
	defer ip -n director "-$AF" rule del fwmark 5 lookup 105
	in_ns director ip route add local "$rest" dev lo table 105
	defer ip -n director "-$AF" route flush table 105
	mark 5 "tcp dport 8000"
	group 5 m
	ask -n 6 >"$SCRATCH/answers"
	equal "not persistent" "$(tally "$SCRATCH/answers")" "server1x2 server2x2 server3x2"
	clean_director
	group 5 m -p 60
	ask -n 3 >"$SCRATCH/answers"
	one_server "persistent" "$SCRATCH/answers"
	forget_group
}

# Clients of one network, two virtual addresses, one server.
addresses() {
	local mask=255.255.255.0 vip2=203.0.113.11

	[ "$AF" = 4 ] || mask=64 vip2=2001:db8:f::11
	in_ns director ip addr add "$vip2/$HOST" dev lo
	defer ip -n director addr del "$vip2/$HOST" dev lo
	in_ns client ip route add "$vip2/$HOST" via "$DIRECTOR"
	defer ip -n client route del "$vip2/$HOST"
	in_ns client ip addr add "${FRONT}200/$PLEN" dev front $NODAD
	defer ip -n client addr del "${FRONT}200/$PLEN" dev front
	nft_rules <<-RULES
		table inet weir {
			chain pre {
				type filter hook prerouting priority mangle;
				$(nft_family) daddr { $VIP, $vip2 } tcp dport 8000 meta mark set 6
			}
		}
	RULES
	group 6 m -p 60 -M "$mask"
	{ ask -b "$CLIENT"; ask -b "${FRONT}200"; VIP=$vip2 ask; } >"$SCRATCH/answers"
	one_server "two addresses" "$SCRATCH/answers"
	forget_group
}

tool nft curl
with_topology
with_servers
with_ftp
tests_run
