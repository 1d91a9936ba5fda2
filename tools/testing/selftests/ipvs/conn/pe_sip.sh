#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The persistence engine sip: calls stay with their server, by Call-ID; calls that a server begins;
# malformed messages; and the module of the engine. golden/pe_sip.txt holds the kernel's results,
# the same for both families. Topology: topology.sh, with phantoms at both ends.

# shellcheck source=tools/testing/selftests/ipvs/lib/lib.sh
. "$(dirname -- "$0")/../lib/lib.sh"

export ALL_TESTS="table phones hostile"
export ONCE_TESTS="module"

table() {
	steady_table
	defer forget ' sip '
	run_py pe_sip.py table "$AF"
}

phones() {
	defer forget ' sip '
	run_py pe_sip.py phones "$AF"
	check "no Call-ID listed" quiet_in director sh -c \
		"ipvsadm -Lcn --persistent-conn | grep -q 'sip *call0@phone'"
}

hostile() {
	defer forget ' sip '
	run_py pe_sip.py hostile "$AF"
}

loaded() {
	grep -q '^ip_vs_pe_sip ' /proc/modules
}

# The module is loaded on demand, held while in use, listed, and released.
module() {
	local had

	had=$(quiet_in director ipvsadm -Sn | wc -l)
	equal "services at the start" "$had" 0
	rmmod ip_vs_pe_sip 2>/dev/null
	refute "loaded without need" loaded
	defer forget ' sip '
	if quiet_in director ipvsadm -A -u "$VIP:5060" -s rr -p 60 --pe none-such 2>/dev/null; then
		fail "a missing engine was accepted"
	fi
	ipvs -A -u "$VIP:5060" -s rr -p 60 --pe sip
	check "not loaded" loaded
	refute "unloaded in use" rmmod ip_vs_pe_sip 2>/dev/null
	equal "listed" "$(quiet_in director ipvsadm -Sn)" \
		"-A -u $VIP:5060 -s rr -p 60 --pe sip"
	ipvs -E -u "$VIP:5060" -s rr -p 60
	equal "taken back" "$(quiet_in director ipvsadm -Sn)" "-A -u $VIP:5060 -s rr -p 60"
	check "still held" rmmod ip_vs_pe_sip
	ipvs -E -u "$VIP:5060" -s rr -p 60 --pe sip
	ipvs -D -u "$VIP:5060"
	check "held by a removed service" rmmod ip_vs_pe_sip
}

with_topology
tests_run
