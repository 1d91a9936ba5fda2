#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Broken, truncated and unusual packets of all kinds to a virtual service, and as answers from its
# server: each is forwarded, answered or dropped as the kernel does (golden/badpkt*.txt), and the
# director forwards on. Topology: topology.sh, with phantoms.

# shellcheck source=tools/testing/selftests/ipvs/lib.sh
. "$(dirname -- "$0")/lib.sh"

export ALL_TESTS="requests answers"

requests() {
	defer clean_director
	run_py badpkt.py requests "$AF"
}

answers() {
	defer clean_director
	run_py badpkt.py answers "$AF"
}

with_topology
tests_run
