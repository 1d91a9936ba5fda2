#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Every scheduler against a model of it (ipvstest/schedulers.py): the same choices over random
# histories of weights, thresholds, arrivals and closings, added and removed servers, and live
# switches of scheduler and flags; for twos the same distribution. The seed is printed; SEED=N
# repeats a run, ROUNDS=N makes it longer.
#
# Topology: topology.sh, with phantom servers and clients (198.18.0.0/16, 2001:db8:c::/48), and
# sites that the director accepts as its own and marks by port (198.19.0.0/16, 2001:db8:5::/48).

# shellcheck source=tools/testing/selftests/ipvs/lib/lib.sh
. "$(dirname -- "$0")/../lib/lib.sh"

export ALL_TESTS="choices"
tool nft

SITES4=198.19.0.0/16 SITES6=2001:db8:5::/48
MARKS=$((16 * ${ROUNDS:-1}))
CLIENTS4=198.18.0.0/16 CLIENTS6=2001:db8:c::/48

# mark_by_port MAP: ports from 101 on map to marks from 1 on.
mark_by_port() {
	local map=$1

	nft_rules <<-RULES
		table inet weir_sched {
			chain pre {
				type filter hook prerouting priority mangle;
				ip daddr $SITES4 meta mark set tcp dport map { $map }
				ip6 daddr $SITES6 meta mark set tcp dport map { $map }
			}
		}
	RULES
}

choices() {
	local sites=SITES$AF clients=CLIENTS$AF map n

	map=$(for n in $(seq "$MARKS"); do printf '%d : %d, ' $((100 + n)) "$n"; done)
	defer clean_director
	mark_by_port "${map%, }"
	defer ip -n director route del local "${!sites}" dev lo
	run ip -n director route add local "${!sites}" dev lo
	defer ip -n director route del "${!clients}" via "$CLIENT"
	run ip -n director route add "${!clients}" via "$CLIENT"
	defer quiet_in director ipvsadm --set 900 120 300
	ipvs --set 0 1 0
	run_py sched_diff.py choices "$AF" "$MARKS"
}

with_topology
tests_run
