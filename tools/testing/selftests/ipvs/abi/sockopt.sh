#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The socket options, by a client that speaks nothing else: every command, with wrong lengths, too
# little room, wrong protocols and wrong values. golden/sockopt.txt holds the kernel's answers.
# Topology: topology.sh, with phantoms.

# shellcheck source=tools/testing/selftests/ipvs/lib.sh
. "$(dirname -- "$0")/lib.sh"

export ONCE_TESTS="answers unprivileged operations counts"

helper() {
	defer clean_director
	run_py sockopt.py "$@"
}

answers() { helper answers; }
unprivileged() { helper unprivileged; }
operations() { helper operations; }
counts() { helper counts; }

with_topology
tests_run
