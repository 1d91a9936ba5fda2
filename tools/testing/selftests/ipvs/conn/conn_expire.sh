#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Timeouts set by `ipvsadm --set` are the ones connections get: each lives as long as it should
# while it is idle, lives on while it is used, and leaves no count behind.
# Topology: topology.sh, with phantoms.

# shellcheck source=tools/testing/selftests/ipvs/lib.sh
. "$(dirname -- "$0")/lib.sh"

export ALL_TESTS="expiry"
export ONCE_TESTS="setting"

timeouts() {
	quiet_in director ipvsadm -L --timeout
}

restore_timeouts() {
	quiet_in director ipvsadm --set 900 120 300
}

expiry() {
	defer clean_director
	ipvs --set 3 3 3
	defer restore_timeouts
	run_py conn_expire.py "$AF"
}

setting() {
	defer restore_timeouts
	equal "default" "$(timeouts)" "Timeout (tcp tcpfin udp): 900 120 300"
	ipvs --set 100 20 30
	equal "set" "$(timeouts)" "Timeout (tcp tcpfin udp): 100 20 30"
	ipvs --set 0 21 0
	equal "0 keeps" "$(timeouts)" "Timeout (tcp tcpfin udp): 100 21 30"
}

with_topology
tests_run
