#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The mesh daemon: how it is started, stopped and listed, by netlink and ipvsadm; what excludes it; its
# interface, namespace and module. Topology: topology.sh; a peer is a program on server2, and sync0 is a
# link between director and server2.

# shellcheck source=tools/testing/selftests/ipvs/lib/lib.sh
. "$(dirname -- "$0")/../lib/lib.sh"

export ALL_TESTS="parameters"
export ONCE_TESTS="errors twice excluded keys privileges program interface namespace unload at_once"

with_topology
tests_run
