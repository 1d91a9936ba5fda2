#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What becomes of connections when their real server is removed, comes back, is drained or edited,
# and of what a server sends that belongs to none. Topology: topology.sh, with phantoms.

# shellcheck source=tools/testing/selftests/ipvs/lib.sh
. "$(dirname -- "$0")/lib.sh"

export ALL_TESTS="removed revived expire_nodest_conn drained edited nat_icmp_send"

helper() {
	defer clean_director
	run_py dest_rules.py "$@" "$AF"
}

removed() { helper removed; }
revived() { helper revived; }
expire_nodest_conn() { helper expire_nodest_conn; }
drained() { helper drained; }
edited() { helper edited; }
nat_icmp_send() { helper nat_icmp_send; }

with_topology
tests_run
