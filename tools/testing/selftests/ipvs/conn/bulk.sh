#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Megabytes of TCP through every method, in both directions, with GRO and GSO on and with all
# offloads off; the data are compared by SHA-256. And iperf3, for which NAT and tunnels must keep
# GSO packets whole. Topology: topology.sh.

# shellcheck source=tools/testing/selftests/ipvs/lib/lib.sh
. "$(dirname -- "$0")/../lib/lib.sh"

export ALL_TESTS="offloads_on offloads_off parallel"

SIZE=${SIZE:-2000000}

each_method() {
	local method

	for method in m g i; do
		service t rr "$method" 1
		equal "up, -$method" "$(ask -k sum -s "$SIZE" -w 60)" same
		equal "down, -$method" "$(ask -k give -s "$SIZE" -w 60)" same
		clean_director
	done
}

offloads_on() {
	defer usual_offloads
	offloads gro on gso on tso on tx on rx on
	each_method
}

offloads_off() {
	defer usual_offloads
	offloads gro off gso off tso off tx off rx off
	SIZE=$((SIZE / 4)) each_method
}

# Several parallel streams through each method.
parallel() {
	local method n sent got methods=(- m g i)

	command -v iperf3 >/dev/null || { skip "iperf3 is not installed"; return; }
	defer usual_offloads
	offloads gro on gso on tso on tx on rx on
	for n in 1 2 3; do
		method=${methods[n]}
		background nsenter "--net=/run/netns/server$n" iperf3 -s -1 -p "530$n"
		wait_listen "server$n" "530$n"
		PORT=530$n service t rr "$method" "$n"
		quiet_in client iperf3 -c "$VIP" -p "530$n" -P 3 -n "$((SIZE / 2))" -J >"$SCRATCH/iperf" ||
			fail "iperf3 by -$method: $(jq -r .error "$SCRATCH/iperf")"
		sent=$(jq .end.sum_sent.bytes "$SCRATCH/iperf")
		got=$(jq .end.sum_received.bytes "$SCRATCH/iperf")
		# The client exits without waiting for data in flight.
		if [ "${got:-0}" -eq 0 ]; then
			fail "-$method: $got of $sent bytes"
		fi
	done
}

with_topology
with_servers
tests_run
