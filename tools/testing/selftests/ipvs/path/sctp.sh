#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# SCTP associations between the kernel's own sockets, by NAT (with the port translated, too),
# direct routing and tunnelling, with checksums and segments left to devices and to the stack (other
# tunnels: tunnels.sh); conn_reuse_mode and persistence for SCTP; AH and ESP that follow
# their ISAKMP connection. The state table is tested by states.sh, sloppy_sctp by knobs.sh. Topology:
# topology.sh.

# shellcheck source=tools/testing/selftests/ipvs/lib.sh
. "$(dirname -- "$0")/lib.sh"

export ALL_TESTS="associations rules ipsec"

helper() {
	defer clean_director
	run_py sctp.py "$1" "$AF"
}

associations() {
	defer quiet_in director ethtool -K front tx on sg on tso on gso on
	defer quiet_in director ethtool -K back tx on sg on tso on gso on
	helper associations
}

rules() { helper rules; }
ipsec() { helper ipsec; }

tool ethtool
with_topology
tests_run
