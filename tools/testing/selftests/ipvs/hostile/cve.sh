#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Classes of public vulnerabilities of the in-tree ip_vs, one test each. Documentation/testing.rst
# lists the scripts that cover the others. Topology: topology.sh, with phantoms.

# shellcheck source=tools/testing/selftests/ipvs/lib/lib.sh
. "$(dirname -- "$0")/../lib/lib.sh"

# pages: a header outside the linear part, a pointer kept across a move (CVE-2026-68476, -72319)
# options: options of one header taken for those of another (CVE-2026-74669)
# sctp_headers: chunks and checksum behind extension headers (CVE-2026-72021, -45850)
export ALL_TESTS="pages options sctp_headers"
# stamped: options, as above, that the stack fills in
# shared: a length read twice, from pages written to concurrently (CVE-2026-74724, -74747)
# stale_bytes: uninitialized memory in replies (CVE-2012-6540)
# unregistered: cached routes hold a device that is removed (CVE-2026-45917)
# doomed: a namespace is deleted with everything in use (CVE-2026-74670, CVE-2025-40018)
# resized: tables of every size, resized while in use (the shift out of bounds of 7.1)
export ONCE_TESTS="stamped shared stale_bytes unregistered doomed resized"

ROUNDS=${ROUNDS:-1500}

pages() {
	modprobe -q tun
	python_test pages "$AF"
}

# Pages of a file go through GUE to the director; the inner packet is from a client.
shared() {
	modprobe -a -q fou ipip || :
	in_ns director ip fou add port 5556 gue
	defer quiet_in director ip fou del port 5556
	run ip -n director link set tunl0 up
	defer ip -n director link set tunl0 down
	python_test shared "$ROUNDS"
}

# --- devices -------------------------------------------------------------------------------

# far_network: another device of the director, and the route to a server behind it.
far_network() {
	ip -n director link add far type veth peer name far netns server3 || return 1
	printf '%s\n' "link set far address 02:00:00:00:0d:09" "link set far up" | batch server3
	printf '%s\n' "link set far up" "addr add 10.9.0.1/24 dev far" \
		"addr add fd09::1/64 dev far nodad" \
		"neigh replace 10.9.0.9 lladdr 02:00:00:00:0d:09 dev far nud permanent" \
		"neigh replace fd09::9 lladdr 02:00:00:00:0d:09 dev far nud permanent" | batch director
}

far_packets() {
	quiet_in server3 awk '$1 == "far:" { print $3 }' /proc/net/dev
}

some_arrived() {
	[ "$(far_packets)" -gt 40 ]
}

# flood VIP: new and existing connections, until the test ends
flood() {
	background nsenter --net=/run/netns/client python3 -S "$LIB/spray.py" "$1" "$PORT" 600
}

unregistered() {
	local method

	defer ip -n director link del far
	for AF in 4 6; do
		family "$AF"
		flood "$VIP"
	done
	for method in m g i; do
		far_network || fail "no device"
		clean_director
		ipvs_batch <<-RULES
			-A -u $(at 203.0.113.10) -s rr
			-a -u $(at 203.0.113.10) -r $(at 10.9.0.9) -$method
			-A -u $(at 2001:db8:f::10) -s rr
			-a -u $(at 2001:db8:f::10) -r $(at fd09::9) -$method
			-A -t $(at 203.0.113.10) -s wlc
			-a -t $(at 203.0.113.10) -r $(at 10.9.0.9) -$method
		RULES
		busywait 10 some_arrived || fail "nothing arrives by -$method"
		run timeout 8 ip -n director link del far
	done
	check "the module does not unload: something holds it" module_reload
}

# --- namespaces ----------------------------------------------------------------------------

# doomed_director: services of every kind, templates, connections, removed servers with connections.
doomed_director() {
	local n port=8100

	ip netns add doomed || return 1
	ns_sysctls doomed net.ipv4.ip_forward=1
	ip link add front netns doomed type veth peer name front netns doomed-client || return 1
	printf '%s\n' "link set lo up" "link set front up" "addr add 192.0.2.1/24 dev front" \
		"addr add 203.0.113.10/32 dev lo" | batch doomed
	printf '%s\n' "link set front up" "addr add 192.0.2.2/24 dev front" \
		"route add 203.0.113.10/32 via 192.0.2.1" | batch doomed-client
	{
		for n in rr wrr lc wlc sed nq lblc lblcr dh sh mh fo ovf; do
			echo "-A -u 203.0.113.10:$((port++)) -s $n"
		done
		echo "-A -u $(at 203.0.113.10) -s rr -p 300"
		echo "-A -t $(at 203.0.113.10) -s lblcr"
		for n in 1 2 3; do
			echo "-a -u $(at 203.0.113.10) -r 192.0.2.1:$((8000 + n)) -m"
			echo "-a -t $(at 203.0.113.10) -r 192.0.2.1:$((9000 + n)) -m"
		done
	} | quiet_in doomed ipvsadm -R 2>/dev/null
	quiet_in doomed sysctl -qw net.ipv4.vs.run_estimation=1 2>/dev/null
	quiet_in doomed sysctl -qw net.ipv4.vs.drop_entry=3 2>/dev/null
}

doomed_busy() {
	[ "$(quiet_in doomed sh -c 'wc -l </proc/net/ip_vs_conn')" -gt 20 ]
}

doomed() {
	local n

	run ip netns add doomed-client
	defer ip netns del doomed-client
	defer ip netns del doomed
	for n in 1 2 3; do
		doomed_director || fail "no namespace"
		nsenter --net=/run/netns/doomed-client python3 -S "$LIB/spray.py" 203.0.113.10 "$PORT" 600 &
		PID=$!
		busywait 20 doomed_busy || fail "no connections to delete"
		quiet_in doomed ipvsadm -d -u "$(at 203.0.113.10)" -r 192.0.2.1:8001
		quiet_in doomed ipvsadm -E -u "$(at 203.0.113.10)" -s mh -p 300
		[ "$n" = 2 ] && quiet_in doomed sysctl -qw net.ipv4.vs.run_estimation=0 2>/dev/null
		run ip netns del doomed
		stop_process "$PID"
		ip -n doomed-client link del front 2>/dev/null
	done
	check "the module does not unload: something holds it" module_reload
}

# --- tables --------------------------------------------------------------------------------

knob_storm() {
	local n name

	for n in {1..80}; do
		for name in conn_lfactor svc_lfactor; do
			quiet_in director sysctl -qw "net.ipv4.vs.$name=$((RANDOM % 17 - 8))"
		done
	done
}

service_storm() {
	local n

	for n in 1 2 3; do
		seq 20000 20400 | sed 's/.*/-A -u 203.0.113.10:& -s rr/' | quiet_in director ipvsadm -R
		seq 20000 20400 | sed 's/.*/-D -u 203.0.113.10:&/' | quiet_in director ipvsadm -R
		quiet_in director cat /proc/net/ip_vs_conn >/dev/null
	done
}

resized() {
	local storm was name

	for name in conn_lfactor svc_lfactor; do
		was=$(quiet_in director sysctl -nq "net.ipv4.vs.$name" 2>/dev/null) ||
			{ skip "no net.ipv4.vs.$name"; return; }
		defer quiet_in director sysctl -qw "net.ipv4.vs.$name=$was"
	done
	family 4
	service u rr m 1
	flood "$VIP"
	knob_storm &
	storm=$!
	service_storm
	wait "$storm" || fail "a knob was refused"
	equal "an answer afterwards" "$(ask -u)" server1
}

with_topology
with_servers
tests_run
