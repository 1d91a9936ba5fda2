#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Many servers come, go and change weight while clients connect, for each scheduler in turn; then
# the servers' counters must agree with the table of connections. The kernel's log, which the lab
# watches, must stay clean. Topology: topology.sh.

# shellcheck source=tools/testing/selftests/ipvs/lib.sh
. "$(dirname -- "$0")/lib.sh"

export ALL_TESTS="churn"

churn() {
	defer clean_director
	background nsenter --net=/run/netns/client python3 -S "$HERE/spray.py" "$VIP" "$PORT" 600
	run_py sched_churn.py "$AF" "$PORT" "$PID"
}

with_topology
tests_run
