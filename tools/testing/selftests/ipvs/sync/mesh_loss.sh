#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Messages of the mesh get lost, in either direction: they are named and repeated, or made good by a
# full resync; and the states that the daemon says it is in. Topology: that of mesh_wire.sh.

# shellcheck source=tools/testing/selftests/ipvs/lib/lib.sh
. "$(dirname -- "$0")/../lib/lib.sh"

export ALL_TESTS="repeated named lost other_key moved"
export ONCE_TESTS="peers giver ours_lost nobody reordered slowly states"

with_topology
tests_run
