#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Path MTU: a packet with DF that exceeds the MTU towards its server makes the director send an
# error; errors from servers and routers behind the director reach the client; and a bulk transfer
# gets through each time. Topology: topology.sh; some tests reduce the MTU towards the servers
# (`back`) to 1400 bytes.

# shellcheck source=tools/testing/selftests/ipvs/lib/lib.sh
. "$(dirname -- "$0")/../lib/lib.sh"

export ALL_TESTS="too_big learnt tunnel_bulk narrow_bulk"

# bulk_each METHOD...: a TCP stream in each direction.
bulk_each() {
	local method

	defer forget_pmtu
	for method; do
		service t rr "$method" 1
		equal "up by -$method" "$(ask -k sum -s 200000 -w 30)" same
		equal "down by -$method" "$(ask -k give -s 200000 -w 30)" same
		clean_director
		forget_pmtu
	done
}

tunnel_bulk() { bulk_each i; }

narrow_bulk() {
	local ns

	for ns in director server1; do
		in_ns "$ns" ip link set back mtu 1400
		defer ip -n "$ns" link set back mtu 1500
	done
	bulk_each m g i
}

with_topology
with_servers
tests_run
