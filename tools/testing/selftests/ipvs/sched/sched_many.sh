#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The schedulers with more servers than they walk over one by one: long sequences of choices with
# loads, weights and thresholds that change; golden/sched_many.txt is the kernel's own. Topology:
# topology.sh, with phantom servers of many ports each.

# shellcheck source=tools/testing/selftests/ipvs/lib.sh
. "$(dirname -- "$0")/lib.sh"

export ALL_TESTS="choices"

choices() {
	defer clean_director
	run_py sched_many.py "$AF"
}

with_topology
tests_run
