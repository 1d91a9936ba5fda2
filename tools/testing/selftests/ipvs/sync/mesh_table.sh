#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What becomes of that which peers of the mesh tell: connections appear in the table, change and go;
# older news and hearsay; takeover by packets. Topology: that of mesh_wire.sh.

# shellcheck source=tools/testing/selftests/ipvs/lib/lib.sh
. "$(dirname -- "$0")/../lib/lib.sh"

export ALL_TESTS="received stale restarted hearsay takeover no_room"
export ONCE_TESTS=""

with_topology
tests_run
