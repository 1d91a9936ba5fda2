#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The connection table grows with its connections and shrinks back: CONNS connections (100000) from
# as many source addresses and ports, memory and table size before, at the peak and after they
# have expired. Packets go on being forwarded all the time. Topology: topology.sh, with a phantom.

# shellcheck source=tools/testing/selftests/ipvs/lib.sh
. "$(dirname -- "$0")/lib.sh"

export ALL_TESTS="grow_and_shrink"

grow_and_shrink() {
	defer clean_director
	defer quiet_in director ipvsadm --set 900 120 300
	run_py conn_table.py "$AF" "${CONNS:-100000}"
}

with_topology
tests_run
