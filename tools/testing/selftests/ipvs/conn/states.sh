#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The TCP and SCTP state tables: every transition that packets can reach, as shown by
# /proc/net/ip_vs_conn, with the active and inactive counts and the timeout of each state; and UDP.
# golden/states*.txt hold the kernel's results. Topology: topology.sh, with phantoms at both ends,
# so that no TCP stack interferes.

# shellcheck source=tools/testing/selftests/ipvs/lib/lib.sh
. "$(dirname -- "$0")/../lib/lib.sh"

export ALL_TESTS="transitions sctp udp real_sockets"

# in_state STATE: a connection of this family has this state (port in hexadecimal).
in_state() {
	quiet_in director awk -v port="$SPORT" -v state="$1" \
		'$3 == port && $8 == state { found = 1 } END { exit !found }' /proc/net/ip_vs_conn
}

# A connection of real sockets: ESTABLISHED while open, then the state after FINs from both ends.
real_sockets() {
	local method fin=([1]=TIME_WAIT [2]=FIN_WAIT [3]=FIN_WAIT) n=0

	for method in m g i; do
		n=$((n + 1))
		SPORT=$(printf '%04X' $((30000 + n)))
		service t rr "$method" 1
		equal "$method" "$(ask -p $((30000 + n)))" server1
		busywait 5 in_state "${fin[n]}" || fail "-$method: not in ${fin[n]} after both FINs"
		clean_director
	done
}

with_topology
with_servers
tests_run
