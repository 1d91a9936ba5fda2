#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Named counters: every reason that packets can provoke is provoked, and that counter moves and no
# other. Topology: topology.sh, with phantoms.

# shellcheck source=tools/testing/selftests/ipvs/lib.sh
. "$(dirname -- "$0")/lib.sh"

export ALL_TESTS="drops passes events"

helper() {
	defer clean_director
	defer quiet_in director ipvsadm --set 900 120 300
	run_py counters.py "$@" "$AF"
}

drops() { helper drops; }
passes() { helper passes; }
events() { helper events; }

[ "$IMPL" = weir ] || skip_all "the kernel's ip_vs names no reasons: this is a promise of Weir's"
with_topology
tests_run
