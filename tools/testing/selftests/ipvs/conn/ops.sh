#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# One-packet scheduling (--ops): each datagram is scheduled anew and leaves no connection.
# golden/ops.txt holds the kernel's results. Topology: topology.sh, with phantoms.

# shellcheck source=tools/testing/selftests/ipvs/lib/lib.sh
. "$(dirname -- "$0")/../lib/lib.sh"

export ALL_TESTS="packets questions"
export ONCE_TESTS="listed"

# questions_by METHOD: like a resolver: several questions from one port.
questions_by() {
	ipvs_batch <<-RULES
		-A -u $(at "$VIP") -s rr --ops
		$(for n in 1 2 3; do echo "-a -u $(at "$VIP") -r $(at "${RS[n]}") -$1"; done)
	RULES
	ask -u -p 5353 -n 6 >"$SCRATCH/answers"
	equal "-$1: servers" "$(tally "$SCRATCH/answers")" "server1x2 server2x2 server3x2"
	quiet_in director ipvsadm -Lcn | grep ":5353 " && fail "-$1: connections are left"
	clean_director
}

# Real servers that reply to the client directly, from the virtual address.
questions() {
	defer clean_director
	questions_by g
	questions_by i
}

listed() {
	defer clean_director
	ipvs -A -u "$VIP:53" -s rr --ops
	equal "listed" "$(quiet_in director ipvsadm -Sn)" "-A -u $VIP:53 -s rr -o"
	check "in /proc/net/ip_vs" quiet_in director grep -q ' rr ops *$' /proc/net/ip_vs
	ipvs -E -u "$VIP:53" -s rr
	equal "taken back" "$(quiet_in director ipvsadm -Sn)" "-A -u $VIP:53 -s rr"
}

with_topology
with_servers
tests_run
