#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What the mesh daemon uses goes away: its interface, its namespace; and starts and stops at the same
# time. Topology: topology.sh; a peer is a program on server2, and sync0 is a link between director and
# server2.

# shellcheck source=tools/testing/selftests/ipvs/lib/lib.sh
. "$(dirname -- "$0")/../lib/lib.sh"

export ALL_TESTS=""
export ONCE_TESTS="interface namespace at_once"

# daemon_test STEP: a step of mesh_daemon.py
daemon_test() {
	defer clean_director
	run_py mesh_daemon.py "$1"
}

interface() {
	daemon_test interface
}

namespace() {
	daemon_test namespace
}

at_once() {
	daemon_test at_once
}

with_topology
tests_run
