#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Three active directors of Documentation/failover.rst behind a router that spreads packets by ECMP, by
# the files of the document: keepalived checks the servers, BIRD announces the virtual address, the mesh
# daemon tells each director the connections of the others. One leaves, one dies, one comes; without
# servers there is no route. Topology: topology.sh, lib/failover.sh, and
#
#    client --- front --- router (.1)      routes to the VIP by A, B, C
#
# CONNECTIONS=N: of them (default 200).

# shellcheck source=tools/testing/selftests/ipvs/lib/lib.sh
. "$(dirname -- "$0")/../lib/lib.sh"
# shellcheck source=tools/testing/selftests/ipvs/lib/failover.sh
. "$LIB/failover.sh"

export ALL_TESTS=""
export ONCE_TESTS="ecmp group"

N=${CONNECTIONS:-200}

bird_start() {
	doc "$2" >"$SCRATCH/$1-bird.conf"
	program "$1" bird -f -c "$SCRATCH/$1-bird.conf" -s "$SCRATCH/$1.ctl" -P "$SCRATCH/$1-bird.pid"
}

# director_works NS
director_works() {
	director_up "$1"
	settings "$1" ecmp/sysctl.conf
	doc_commands ecmp/start "$1"
	bird_start "$1" ecmp/bird.conf
	keepalived_start "$1" ecmp/keepalived.conf
}

# next_hops: the directors' addresses in the router's route
next_hops() {
	ip -n router route show "$VIP" | grep -o 'via [^ ]*' | sed 's/via 192.0.2.//' | sort | xargs
}

hops_are() {
	[ "$(next_hops)" = "$1" ]
}

# routed_by NS...: and by no others
routed_by() {
	local ns wanted=

	for ns; do
		wanted+="${wanted:+ }${BYTE[$ns]}"
	done
	busywait 30 hops_are "$wanted" && return
	fail "the route is by '$(next_hops)', not by '$wanted'"
	for ns in "$@" router; do
		said "$ns" 15
	done
	return 1
}

# sessions: of BGP at the router
sessions() {
	birdc -s "$SCRATCH/router.ctl" show protocols | grep -c Established
}

sessions_are() {
	[ "$(sessions)" = "$1" ]
}

# share NS: how many packets it has had of the service
share() {
	quiet_in "$1" ipvsadm -Ln --stats --exact | awk '/^TCP/ { print $4 }'
}

shares() {
	local ns

	for ns; do
		printf '# %s has had %s packets, knows %s connections, has taken over %s\n' "$ns" \
			"$(share "$ns")" "$(established "$ns")" \
			"$(quiet_in "$ns" awk '$1 == "sync_taken_over" { print $2 }' /proc/net/weir_stats)"
	done
}

# plug on|off: the servers
plug() {
	local ns

	for ns in $SERVERS; do
		if [ "$1" = on ]; then
			run ip -n switch link set "b-$ns" master back
		else
			run ip -n switch link set "b-$ns" nomaster
		fi
	done
}

ecmp() {
	local ns

	key_file
	doc_script ecmp/vip "$SCRIPTS/vip"
	# the directors share /run here
	sed -i 's#/run/vip#&-$(ip netns identify)#' "$SCRIPTS/vip"
	defer rm -f /run/vip-{A,B,C}{,.lock}
	host_up router 1 front
	settings router ecmp/router.sysctl
	bird_start router ecmp/router.conf
	for ns in A B C; do
		director_works "$ns"
	done
	routed_by A B C || return
	clients "$N" "$VIP" 80 || return
	known_by A B C
	shares A B C
	judge "three directors"

	doc_commands ecmp/leave A
	routed_by B C
	unit A ExecStop
	stop_in A keepalived
	stop_in A bird
	judge "A leaves"
	shares A B C
	die B
	routed_by C
	judge "B dies"
	shares C
	# as a machine that knows nothing
	remove A
	busywait 10 sessions_are 1 || fail "the router has $(sessions) sessions"
	director_works A
	routed_by A C
	judge "A comes back"
	known_by A C
	shares A C
	for ns in A C; do
		in_ns "$ns" ipvsadm -L --daemon
		in_ns "$ns" ipvsadm -L --counters
	done

	plug off
	defer plug on
	routed_by
	plug on
	routed_by A C
	judge "the servers come back"
}

# mesh_listing NS
mesh_listing() {
	quiet_in "$1" ipvsadm -L --daemon
}

resyncs() {
	mesh_listing B | sed -n 's/.*resyncs \([0-9]*\).*/\1/p'
}

# What peers of a group say of each other; and after they have not heard each other for a time, they
# tell each other everything once.
group() {
	local ns before

	key_file
	for ns in A B; do
		director_up "$ns"
		settings "$ns" ecmp/sysctl.conf
		doc_commands ecmp/start "$ns"
	done
	for ns in A B; do
		wait_sync "$ns"
	done
	pause 3
	for ns in A B; do
		mesh_listing "$ns" | sed "s/^/# $ns: /"
		refute "$ns: its peer is not in sync itself" grep -q "not in sync itself" <(mesh_listing "$ns")
	done
	in_ns A nft add table inet split
	in_ns A nft add chain inet split input '{ type filter hook input priority -10; }'
	in_ns A nft add rule inet split input udp dport 8848 drop
	pause 5
	in_ns A nft delete table inet split
	pause 3
	before=$(resyncs)
	pause 6
	mesh_listing B | sed "s/^/# B: /"
	equal "resyncs after all is known" "$(resyncs)" "$before"
}

[ "$IMPL" = weir ] || skip_all "the kernel's ip_vs has no mesh daemon"
tool keepalived openssl bird
for_failover
PORTS=80 with_servers
tests_run
