#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The packet table: one packet in, what leaves byte for byte, and the counters, for each protocol,
# method and family. The expected packets come from the rules in ipvstest/rules.py, the rows
# from packet_rows.py; a row that fails is named. Topology: topology.sh, with phantoms.

# shellcheck source=tools/testing/selftests/ipvs/lib.sh
. "$(dirname -- "$0")/lib.sh"

export ALL_TESTS="table"

table() {
	defer clean_director
	run_py packet_table.py "$AF"
}

with_topology
tests_run
