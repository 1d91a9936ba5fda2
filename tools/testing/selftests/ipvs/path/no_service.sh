#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Packets that ip_vs ignores or refuses: a port of the VIP without a service belongs to the
# director's own stack; a service without an available server answers with ICMP port unreachable.
# Topology: topology.sh; the server program also runs on the director.

# shellcheck source=tools/testing/selftests/ipvs/lib/lib.sh
. "$(dirname -- "$0")/../lib/lib.sh"

export ALL_TESTS="other_port other_protocol no_dest weight_zero after_flush"

other_port() {
	PORT=81 service t rr m 1
	equal "TCP to a port with a listener" "$(ask)" director
	equal "UDP to a port with a listener" "$(ask -u)" director
	equal "TCP to a port without a listener" "$(PORT=82 ask)" refused
	equal "UDP to a port without a listener" "$(PORT=82 ask -u)" refused
	# Nothing listens on port 81 of server1, which refuses through the director.
	equal "TCP to the service" "$(PORT=81 ask)" refused
}

other_protocol() {
	service t rr m 1
	equal "UDP beside a TCP service" "$(ask -u)" director
	equal "the TCP service" "$(ask)" server1
}

# refused_both: the client gets the refusal, for TCP and UDP.
refused_both() {
	equal "TCP" "$(ask -w 3)" refused
	equal "UDP" "$(ask -u -w 3)" refused
}

no_dest() {
	defer clean_director
	ipvs -A -t "$(at "$VIP")" -s rr
	ipvs -A -u "$(at "$VIP")" -s wlc
	refused_both
}

weight_zero() {
	local n

	service t wrr m 1 2
	service u wlc m 1 2
	for n in 1 2; do
		echo "-e -t $(at "$VIP") -r $(at "${RS[n]}") -m -w 0"
		echo "-e -u $(at "$VIP") -r $(at "${RS[n]}") -m -w 0"
	done >"$SCRATCH/rules"
	ipvs_batch <"$SCRATCH/rules"
	refused_both
	ipvs -e -t "$(at "$VIP")" -r "$(at "${RS[2]}")" -m -w 1
	equal "TCP after one got a weight" "$(ask -n 2 | xargs)" "server2 server2"
}

after_flush() {
	service t rr m 1
	equal "with the service" "$(ask)" server1
	ipvs -C
	equal "without it" "$(ask)" director
}

with_topology
with_servers server1 server2 director
tests_run
