#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# drop_packet, drop_entry and secure_tcp: their effects, when the automatic modes switch on and off,
# and that a flood of SYNs does not affect established clients. Topology: topology.sh, with phantoms
# and real servers. LONG=1 also waits for the minute after which idle connections may be dropped.

# shellcheck source=tools/testing/selftests/ipvs/lib/lib.sh
. "$(dirname -- "$0")/../lib/lib.sh"

export ALL_TESTS="drop_packet drop_entry drop_entry_sctp templates flood"
export ONCE_TESTS="secure_tcp automatic${LONG:+ idle}"

drop_entry_sctp() {
	steady_table
	python_test drop_entry_sctp "$AF"
}

# The state table of secure_tcp, walked as in states.sh.
secure_tcp() {
	defer clean_director
	in_ns director sysctl -qw net.ipv4.vs.secure_tcp=3
	defer quiet_in director sysctl -qw net.ipv4.vs.secure_tcp=0
	run_py states.py secure "$AF"
}

flood() {
	service t rr m 1 2
	python_test flood "$AF"
}

with_topology
with_servers server1 server2
tests_run
