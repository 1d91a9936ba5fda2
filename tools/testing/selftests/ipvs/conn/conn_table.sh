#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The connection table grows with its connections and shrinks back: CONNS connections (20000; at
# native speed 200000, on a debug kernel 6000) from as many source addresses and ports, memory and
# table size before, at the peak and after they have expired. Packets go on being forwarded all the
# time.
# A million: run uml --timeout 1200 --env CONNS=1000000 --env FAMILIES=4 -- .../run_all.sh conn_table
# Topology: topology.sh, with a phantom.

# shellcheck source=tools/testing/selftests/ipvs/lib.sh
. "$(dirname -- "$0")/lib.sh"

export ALL_TESTS="grow_and_shrink"

case $KERNEL in
uml) CONNS=${CONNS:-200000} ;;
*debug) CONNS=${CONNS:-6000} RATE=100 ;;
*) CONNS=${CONNS:-20000} ;;
esac

grow_and_shrink() {
	defer clean_director
	defer quiet_in director ipvsadm --set 900 120 300
	run_py conn_table.py "$AF" "$CONNS" "${RATE:-8000}"
}

with_topology
tests_run
