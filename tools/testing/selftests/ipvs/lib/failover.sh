# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# For the tests of Documentation/failover.rst and mesh.rst, after lib.sh: directors A, B and C of their own beside
# those of topology.sh, the files of the document, and clients whose connections last.
#
#      bridge front   bridge back
#         |      +----------+      |
#         +------+    A     +------+      addresses .4
#         |      +----------+      |
#         +------+    B     +------+      .5
#         |      +----------+      |
#         +------+    C     +------+      .6
#
# The director of topology.sh has no links meanwhile; .1 is the directors' or the router's to take. The
# servers have the document's virtual addresses on lo.

# shellcheck source=tools/testing/selftests/ipvs/lib/clients.sh
. "$LIB/clients.sh"

DOCS=$LIB/../../../../../Documentation
declare -A BYTE=([A]=4 [B]=5 [C]=6)
VIP_A=192.0.2.100 VIP_B=192.0.2.101 VIP6_A=2001:db8:a::100
SCRIPTS=/usr/local/sbin

# doc NAME [DIRECTOR]: the block of the documents that follows the comment ".. file: NAME". A line that
# ends in "# on B: TEXT" becomes TEXT, with the same indentation, for director B.
doc() {
	awk -v name="$1" '
		$0 == ".. file: " name { found = 1; next }
		found == 1 && /::$/ { found = 2; next }
		found == 2 && /^[^ ]/ { exit }
		found == 2 && (/./ || text) { sub(/^    /, ""); text = text $0 "\n" }
		END { sub(/\n+$/, "\n", text); printf "%s", text }' "$DOCS/failover.rst" "$DOCS/mesh.rst" |
		sed -E "s/^( *)[^ ].*# on ${2:-nobody}: (.*)/\1\2/" >"$SCRATCH/doc"
	[ -s "$SCRATCH/doc" ] || fail "the document has no file $1"
	cat "$SCRATCH/doc"
}

# doc_commands NAME NS [DIRECTOR]: runs the commands of a block in a namespace
doc_commands() {
	doc "$1" "${3:-$2}" >"$SCRATCH/commands"
	sed "s/^/# $2\$ /" "$SCRATCH/commands"
	quiet_in "$2" bash -e "$SCRATCH/commands" || fail "status $? from $1 in $2"
}

# settings NS NAME: a file for sysctl
settings() {
	doc "$2" >"$SCRATCH/sysctl.conf"
	sed "s/^/# $1\$ sysctl /" "$SCRATCH/sysctl.conf"
	quiet_in "$1" sysctl -qp "$SCRATCH/sysctl.conf" || fail "status $? from $2 in $1"
}

# doc_script NAME PATH: puts a script of the document where it says
doc_script() {
	defer rm -f "$2"
	doc "$1" >"$2"
	chmod 755 "$2"
}

# for_failover: what the tests of this document have in common
for_failover() {
	local net ns

	[ -e "$DOCS/failover.rst" ] || skip_all "Documentation/failover.rst is not there"
	# one process has the sockets of all servers, also those whose client has gone without a word
	ulimit -n 16384
	with_topology
	for net in front back; do
		ip -n switch link set "${net:0:1}-director" nomaster
		defer ip -n switch link set "${net:0:1}-director" master "$net"
	done
	for ns in client $SERVERS; do
		defer ip -n "$ns" neigh flush nud all
	done
	for ns in $SERVERS; do
		for net in "$VIP_A" "$VIP_B"; do
			ip -n "$ns" addr add "$net/32" dev lo
			defer ip -n "$ns" addr del "$net/32" dev lo
		done
		ip -n "$ns" addr add "$VIP6_A/128" dev lo nodad
		defer ip -n "$ns" addr del "$VIP6_A/128" dev lo
		# the answers to health checks do not go through the gateway
		for net in 198.51.100.0/24 2001:db8:b::/64; do
			ip -n "$ns" route add "$net" dev back table 100
			defer ip -n "$ns" route del "$net" dev back table 100
		done
	done
	# the path where `make install` puts it
	[ -x "$SCRIPTS/ipvsadm" ] || { ln -s "$(command -v ipvsadm)" "$SCRIPTS/" && defer rm "$SCRIPTS/ipvsadm"; }
	neighbours_forget
}

# neighbours_forget: who had an address before is forgotten
neighbours_forget() {
	local ns

	for ns in client $SERVERS; do
		ip -n "$ns" neigh flush nud all
	done
}

# host_up NS BYTE BRIDGE...: a router. tcp_orphan_retries: a dead program's sockets do not hold it long.
host_up() {
	local net

	run ip netns add "$1"
	defer remove "$1"
	ns_sysctls "$1" net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 \
		net.ipv4.conf.{all,default}.send_redirects=0 net.ipv4.tcp_orphan_retries=1
	ip -n "$1" link set lo up
	for net in "${@:3}"; do
		link_up "$1" "$net"
		for AF in 4 6; do
			family "$AF"
			[ "$net" = front ] || FRONT=$BACK
			ip -n "$1" addr add "$FRONT$2/$PLEN" dev "$net" $NODAD
		done
	done
	family 4
}

# director_up NS: a director that knows nothing
director_up() {
	host_up "$1" "${BYTE[$1]}" front back
}

# die NS: without a word
die() {
	printf '# %s dies\n' "$1"
	remove "$1"
}

# remove NS: first its links, which no namespace's end removes at once
remove() {
	local net

	for net in front back; do
		quiet_in switch ip link del "${net:0:1}-$1" 2>/dev/null
	done
	ip netns pids "$1" 2>/dev/null | xargs -r kill -9
	busywait 10 no_process "$1" || fail "processes in $1 do not end"
	ip netns del "$1" 2>/dev/null
}

no_process() {
	[ -z "$(ip netns pids "$1" 2>/dev/null)" ]
}

# stop_in NS NAME: ends a program in an orderly way
stop_in() {
	local pid

	for pid in $(ip netns pids "$1"); do
		[ "$(cat "/proc/$pid/comm" 2>/dev/null)" = "$2" ] && kill "$pid"
	done
	busywait 20 not_running "$1" "$2" || fail "$2 does not end in $1"
}

not_running() {
	local pid

	for pid in $(ip netns pids "$1"); do
		[ "$(cat "/proc/$pid/comm" 2>/dev/null)" != "$2" ] || return 1
	done
}

# keepalived_start NS FILE-OF-THE-DOCUMENT... : all of them make its configuration
keepalived_start() {
	local file ns=$1

	for file in "${@:2}"; do
		doc "$file" "$ns"
	done >"$SCRATCH/$ns.conf"
	program "$ns" keepalived -n -G -l -D -f "$SCRATCH/$ns.conf" \
		-p "$SCRATCH/$ns.pid" -c "$SCRATCH/$ns-checkers.pid" -r "$SCRATCH/$ns-vrrp.pid"
	busywait 20 grep -q 'Startup complete' "$SCRATCH/$ns.log" || { fail "keepalived does not start in $ns"; said "$ns"; }
	if grep -E "$ns.conf: Line|Unknown keyword" "$SCRATCH/$ns.log" | sed 's/^/# /' | grep .; then
		fail "keepalived complains of the document's file"
	fi
}

# program NS COMMAND...: in the background, with its messages in $SCRATCH/NS.log. The shell forgets it:
# how it ends is no message.
program() {
	printf '# %s& %s\n' "$1" "${*:2}"
	nsenter "--net=/run/netns/$1" "${@:2}" >>"$SCRATCH/$1.log" 2>&1 &
	PID=$!
	disown "$PID"
	defer kill "$PID"
}

# said NS [LINES]: the messages of the programs there, for the failed test
said() {
	tail -n "${2:-40}" "$SCRATCH/$1.log" | sed "s/^/# $1: /"
}

# has_address NS ADDRESS
has_address() {
	ip -n "$1" -o addr show to "$2" 2>/dev/null | grep -q .
}

has_not_address() {
	! has_address "$@"
}

# becomes_master NS ADDRESS [SECONDS]
becomes_master() {
	busywait "${3:-30}" has_address "$1" "$2" || { fail "$1 does not take $2"; said "$1"; }
}

# key_file: as in the document
key_file() {
	defer rm -f /etc/ipvsadm.keys
	doc key >"$SCRATCH/commands"
	bash -e "$SCRATCH/commands" || fail "status $? from the commands for the key"
}

wait_sync() {
	in_ns "$1" ipvsadm --wait-sync "${2:-20}"
}

# clients N [ADDRESS PORT]...: waits until all connections are open
clients() {
	clients_start "$@"
	client_says open 120
}

# known_by NS...: all connections
known_by() {
	local ns

	for ns; do
		busywait 20 all_known "$ns" || fail "$ns knows $(established "$ns") of $CONNECTIONS connections"
	done
}

# unit NS DIRECTIVE: runs the command of this line of the mesh daemon's unit
unit() {
	local command

	command=$(doc pair/ipvs-mesh.service | sed -n "s/^$2=-\{0,1\}//p")
	[ "$1" = A ] || command=${command/198.51.100.5/198.51.100.4}
	# shellcheck disable=SC2086
	in_ns "$1" $command
}

mesh_start() {
	unit "$1" ExecStart
}
