#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The generic netlink family IPVS, message by message: every service and destination command with
# good and with bad attributes. golden/genl.txt holds the kernel's answers: errnos, and what
# dumps contain. Topology: only the director is used.

# shellcheck source=tools/testing/selftests/ipvs/lib.sh
. "$(dirname -- "$0")/lib.sh"

export ONCE_TESTS="genl_family answers unprivileged texts"

helper() {
	defer clean_director
	run_py abi_genl.py "$@"
}

answers() { helper answers; }
unprivileged() { helper unprivileged; }
texts() { helper texts; }
genl_family() { helper family; }

with_topology
tests_run
