#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The sync daemon of a master: which packets make a message, and what it says, byte for byte. The
# golden files hold the kernel's results, the same for both families. Topology: topology.sh, with
# phantoms at both ends; the daemon sends on back, and server2 receives:
#
#   phantom client -- front -- director -- back -- phantom servers
#                                            \-- server2, member of 224.0.0.81

# shellcheck source=tools/testing/selftests/ipvs/lib/lib.sh
. "$(dirname -- "$0")/../lib/lib.sh"

export ALL_TESTS="packets settings ftp relayed sequences"
export ONCE_TESTS="version0"

marked() {
	nft_rules <<-RULES
		table inet weir {
			chain pre {
				type filter hook prerouting priority mangle;
				tcp dport 2500 meta mark set 7
			}
		}
	RULES
}

packets() {
	marked
	python_test packets "$AF"
}

version0() {
	marked
	python_test version0
}

ftp() {
	modprobe -q ip_vs_ftp || { skip "there is no ip_vs_ftp"; return; }
	defer modprobe -q -r ip_vs_ftp
	python_test ftp "$AF"
}

tool nft
with_topology
steady_table
tests_run
