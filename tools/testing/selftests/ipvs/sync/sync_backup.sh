#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The sync daemon of a backup: what messages do to its tables and counts, valid and malformed ones,
# and the use of its connections. The golden files hold the kernel's results, the same for both
# families. Topology: topology.sh, with phantoms; server2 sends to the group 224.0.0.81 on back.

# shellcheck source=tools/testing/selftests/ipvs/lib/lib.sh
. "$(dirname -- "$0")/../lib/lib.sh"

export ALL_TESTS="entries updates ids traffic"
export ONCE_TESTS="version0 expected"

# with the engine, which messages do not load
entries() {
	modprobe -q ip_vs_pe_sip || { skip "there is no ip_vs_pe_sip"; return; }
	python_test entries "$AF"
}

with_topology
steady_table
tests_run
