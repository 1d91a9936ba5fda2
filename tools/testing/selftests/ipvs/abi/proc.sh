#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The files /proc/net/ip_vs*, apart from their text: modes, reads in small pieces, the table size
# before the table exists, ip_vs_app and ip_vs_status. Topology: topology.sh, with phantoms.

# shellcheck source=tools/testing/selftests/ipvs/lib/lib.sh
. "$(dirname -- "$0")/../lib/lib.sh"

export ONCE_TESTS="before_services modes pieces status"

# In a new namespace: a table, once allocated, stays.
before_services() {
	run ip netns add fresh
	defer ip netns del fresh
	equal "files" "$(quiet_in fresh cat /proc/net/ip_vs_app /proc/net/ip_vs_conn |
		sed 's/ .*//' | xargs)" "prot Pro"
	case $KERNEL in
	6.*) equal "size" "$(quiet_in fresh sed -n '1s/.*size=//p' /proc/net/ip_vs)" "4096)" ;;
	*) equal "size" "$(quiet_in fresh sed -n '1s/.*size=//p' /proc/net/ip_vs)" "0)" ;;
	esac
}

modes() {
	local file

	for file in ip_vs ip_vs_app ip_vs_conn ip_vs_conn_sync ip_vs_stats ip_vs_stats_percpu; do
		equal "mode of $file" "$(quiet_in director stat -Lc %a "/proc/net/$file")" 444
	done
	has_status || return 0
	equal "mode of ip_vs_status" "$(quiet_in director stat -Lc %a /proc/net/ip_vs_status)" 440
}

# The in-tree ip_vs has it since 7.1, Weir on all kernels.
has_status() {
	quiet_in director test -e /proc/net/ip_vs_status || [ "$IMPL" = weir ]
}

status() {
	has_status || { skip "the kernel's ip_vs has no ip_vs_status"; return; }
	python_test status
}

with_topology
tests_run
