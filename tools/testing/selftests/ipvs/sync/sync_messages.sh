#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The messages of a sync master: how many entries they have, when they are sent, and from which port
# on; and what is repeated after a time. Topology: that of sync_master.sh.

# shellcheck source=tools/testing/selftests/ipvs/lib/lib.sh
. "$(dirname -- "$0")/../lib/lib.sh"

export ALL_TESTS="slow"
export ONCE_TESTS="boundaries delay mixed stopped backlog many ports"

backlog() {
	modprobe -q sch_netem || { skip "there is no sch_netem"; return; }
	python_test backlog
}

with_topology
steady_table
tests_run
