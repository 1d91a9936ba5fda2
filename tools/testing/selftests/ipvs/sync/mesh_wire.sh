#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The mesh daemon beside a peer that is written from the protocol's text: the handshake; which packets
# are told, and how; full resyncs; multicast. Topology: topology.sh, with phantoms at both ends; the
# peers are programs on server2 and server3:
#
#   phantom client -- front -- director -- back -- phantom servers
#                                            |\-- server2: a peer
#                                             \-- server3: another one

# shellcheck source=tools/testing/selftests/ipvs/lib/lib.sh
. "$(dirname -- "$0")/../lib/lib.sh"

export ALL_TESTS="handshake packets fields again removed given group"
export ONCE_TESTS=""

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

fields() {
	marked
	python_test fields "$AF"
}

given() {
	marked
	python_test given "$AF"
}

# short: timeouts of UDP that a test can wait for
short() {
	defer quiet_in director ipvsadm --set 900 120 300
	in_ns director ipvsadm --set 900 120 "$1"
}

again() {
	short 16
	python_test again "$AF"
}

removed() {
	short 2
	python_test removed "$AF"
}

tool nft
with_topology
tests_run
