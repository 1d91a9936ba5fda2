#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Two directors in a mesh, by unicast and by multicast: each knows the connections of the other, real
# clients go on when the second takes over, and when the first comes back empty and is in sync again;
# keys are changed under traffic without a loss. Topology: topology.sh and lib/standby.sh.

# shellcheck source=tools/testing/selftests/ipvs/lib/lib.sh
. "$(dirname -- "$0")/../lib/lib.sh"

export ALL_TESTS=""
export ONCE_TESTS="failover failover_group both_ways rotation removed"

# shellcheck source=tools/testing/selftests/ipvs/lib/standby.sh
. "$LIB/standby.sh"

# pair_test STEP [ARG...]: a step with two directors and the same services
pair_test() {
	standby_up
	standby_services
	run_py mesh_pair.py "$@"
}

failover() {
	pair_test failover peers "$SCRATCH/services"
}

failover_group() {
	pair_test failover group "$SCRATCH/services"
}

both_ways() {
	pair_test both_ways
}

rotation() {
	pair_test rotation
}

removed() {
	pair_test removed
}

with_topology
with_servers server1 server2
tests_run
