#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The mesh daemon against datagrams that are forged, damaged, sent again or, though authentic, absurd.
# Topology: that of mesh_wire.sh.

# shellcheck source=tools/testing/selftests/ipvs/lib/lib.sh
. "$(dirname -- "$0")/../lib/lib.sh"

export ALL_TESTS="forged sizes replayed headers ranges"
export ONCE_TESTS=""

with_topology
tests_run
