#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What happens on the way: TTL and traffic class, and what the client is told when TTL runs out,
# when there is no route to the server, when the server does not answer ARP. golden/ttl*.txt and
# golden/route_fail*.txt hold the kernel's answers. Topology: topology.sh, with phantoms.

# shellcheck source=tools/testing/selftests/ipvs/lib.sh
. "$(dirname -- "$0")/lib.sh"

export ALL_TESTS="ttl route_fail removed_server"

helper() {
	defer clean_director
	run_py ttl.py "$@" "$AF"
}

ttl() { helper ttl; }
removed_server() { helper removed_server; }

route_fail() {
	local family=ipv4

	[ "$AF" = 6 ] && family=ipv6
	# A dead neighbour is found dead in 0.1 s instead of 3 s.
	in_ns director sysctl -qw "net.$family.neigh.back.retrans_time_ms=30"
	defer quiet_in director sysctl -qw "net.$family.neigh.back.retrans_time_ms=1000"
	helper route_fail
}

with_topology
tests_run
