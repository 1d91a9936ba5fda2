#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The sync daemons: how they are started, stopped and listed, by netlink, socket options and
# ipvsadm; their threads and sockets; and their interface, namespace and module. The golden files
# hold the kernel's answers. Topology: topology.sh; server2 is the other end of the back link.

# shellcheck source=tools/testing/selftests/ipvs/lib/lib.sh
. "$(dirname -- "$0")/../lib/lib.sh"

export ALL_TESTS=""
export ONCE_TESTS="netlink inside high_ports at_once unload wire interface returns namespace program"

tool ss
with_topology
steady_table
tests_run
