#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Which server a scheduler chooses, connection by connection, for given weights and loads: the
# sequences in golden/sched.txt are the kernel's own. Topology: topology.sh, with phantom servers,
# so that the load of each is what the test makes it.

# shellcheck source=tools/testing/selftests/ipvs/lib.sh
. "$(dirname -- "$0")/lib.sh"

export ALL_TESTS="choices"
export ONCE_TESTS="unknown_scheduler"

choices() {
	defer clean_director
	run_py sched.py "$AF"
}

unknown_scheduler() {
	refute "a scheduler that does not exist was taken" \
		quiet_in director ipvsadm -A -t "$(at "$VIP")" -s nonsense 2>/dev/null
	equal "services" "$(quiet_in director ipvsadm -S -n | wc -l)" 0
}

with_topology
tests_run
