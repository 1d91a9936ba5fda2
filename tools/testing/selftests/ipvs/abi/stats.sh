#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Counters are what was sent: connections, packets and bytes, per server, per service and in all,
# both ways; they go to zero on -Z; and rates are near the truth. Topology: topology.sh, with
# phantoms.

# shellcheck source=tools/testing/selftests/ipvs/lib.sh
. "$(dirname -- "$0")/lib.sh"

export ALL_TESTS="counters zero rates"

helper() {
	defer clean_director
	run_py stats.py "$1" "$AF"
}

counters() { helper counters; }
zero() { helper zero; }
rates() { helper rates; }

with_topology
tests_run
