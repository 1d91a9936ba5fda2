#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Two directors, each in its namespace and with the same VIP, are independent; a director's
# namespace may be deleted under traffic, and the module unloads afterwards. Topology: topology.sh,
# and in addition
#
#   client2 .2 ---- 192.0.2.0/24 ---- .1 director2 (VIP, server program on it)

# shellcheck source=tools/testing/selftests/ipvs/lib/lib.sh
. "$(dirname -- "$0")/../lib/lib.sh"

export ALL_TESTS="independent"
export ONCE_TESTS="deleted_under_traffic empty_namespaces"

second_director() {
	run ip netns add client2
	defer ip netns del client2
	run ip netns add director2
	defer ip netns del director2
	ns_sysctls client2
	ns_sysctls director2 net.ipv4.ip_forward=1
	run ip link add front netns director2 type veth peer name front netns client2
	for AF in 4 6; do
		family "$AF"
		printf 'addr add %s/%s dev front %s\n' "$DIRECTOR" "$PLEN" "$NODAD" \
			"$VIP" "$HOST" "$NODAD" >"$SCRATCH/director2-$AF"
		printf 'addr add %s/%s dev front %s\n' "$CLIENT" "$PLEN" "$NODAD" >"$SCRATCH/client2-$AF"
		printf 'route add %s/%s via %s\n' "$VIP" "$HOST" "$DIRECTOR" >>"$SCRATCH/route2"
	done
	{ echo "link set lo up"; echo "link set front up"; cat "$SCRATCH"/director2-?; } | batch director2
	{ echo "link set lo up"; echo "link set front up"; cat "$SCRATCH"/client2-? "$SCRATCH/route2"; } |
		batch client2
	rm "$SCRATCH/route2"
}

independent() {
	local af=$AF

	second_director
	family "$af"
	service t rr m 1
	equal "services in the other" "$(quiet_in director2 ipvsadm -S -n | wc -l)" 0
	in_ns director2 ipvsadm -A -t "$(at "$VIP")" -s wlc
	in_ns director2 ipvsadm -a -t "$(at "$VIP")" -r "$(at "$DIRECTOR")" -m
	ask -n 3 >"$SCRATCH/answers"
	equal "by the first" "$(tally "$SCRATCH/answers")" server1x3
	python3 -S "$LIB/servers.py" "$PORT" - - director2 >/dev/null &
	defer stop_process $!
	wait_listen director2 "$PORT" 2
	equal "by the second" "$(quiet_in client2 python3 -S "$LIB/ask.py" "$VIP" "$PORT")" director2
	in_ns director2 ipvsadm --set 11 12 13
	equal "timeouts of the first" "$(quiet_in director ipvsadm -L --timeout)" \
		"Timeout (tcp tcpfin udp): 900 120 300"
	in_ns director2 ipvsadm -C
	equal "services of the first" "$(quiet_in director ipvsadm -S -n | wc -l)" 2
	equal "connections of the second" \
		"$(quiet_in director2 grep -c "$(printf ' %04X ' "$PORT")" /proc/net/ip_vs_conn)" 1
}

# Connections, a flood that creates more, then the namespace is deleted.
deleted_under_traffic() {
	local n

	for n in 1 2; do
		second_director
		for AF in 4 6; do
			family "$AF"
			in_ns director2 ipvsadm -A -u "$(at "$VIP")" -s rr
			in_ns director2 ipvsadm -a -u "$(at "$VIP")" -r "$(at "$DIRECTOR")" -m
			nsenter --net=/run/netns/client2 python3 -S "$LIB/spray.py" "$VIP" "$PORT" 60 &
			eval "local flood$AF=$!"
		done
		busywait 20 many_connections || fail "no connections to delete"
		run ip netns del director2
		# shellcheck disable=SC2154
		stop_process "$flood4"
		# shellcheck disable=SC2154
		stop_process "$flood6"
		ip netns del client2
	done
	check "the module does not unload: something holds it" module_reload
}

many_connections() {
	[ "$(quiet_in director2 sh -c 'wc -l </proc/net/ip_vs_conn')" -gt 20 ]
}

empty_namespaces() {
	local n

	for n in 1 2 3; do
		ip netns add "empty$n" || fail "namespace $n"
	done
	check "reload with namespaces" module_reload
	for n in 1 2 3; do
		equal "services in empty$n" "$(quiet_in "empty$n" ipvsadm -S -n | wc -l)" 0
		ip netns del "empty$n"
	done
	check "reload after them" module_reload
}

with_topology
with_servers
tests_run
