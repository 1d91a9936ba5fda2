#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# ICMP errors about packets of a connection: a router or the client's host reports about what the
# client was sent, a router or a server about what the server was sent. Topology: topology.sh, with
# phantoms; the test is both ends.

# shellcheck source=tools/testing/selftests/ipvs/lib.sh
. "$(dirname -- "$0")/lib.sh"

export ALL_TESTS="to_server to_client ignored"

helper() {
	defer clean_director
	run_py icmp.py "$@" "$AF"
}

to_server() { helper to_server; }
to_client() { helper to_client; }
ignored() { helper ignored; }

with_topology
tests_run
