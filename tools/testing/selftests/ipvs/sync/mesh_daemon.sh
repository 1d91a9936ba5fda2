#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The mesh daemon: how it is started, stopped and listed, by netlink and ipvsadm; what excludes it; the
# module. Topology: topology.sh; a peer is a program on server2.

# shellcheck source=tools/testing/selftests/ipvs/lib/lib.sh
. "$(dirname -- "$0")/../lib/lib.sh"

export ALL_TESTS="parameters"
export ONCE_TESTS="errors twice excluded keys privileges program unload"

with_topology
tests_run
