#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The module is loaded, configured and unloaded repeatedly under traffic: RELOADS times (10). Each
# time it must forward, and nothing may hold a reference. The kernel's log, which the lab watches,
# must stay clean. Topology: topology.sh.

# shellcheck source=tools/testing/selftests/ipvs/lib/lib.sh
. "$(dirname -- "$0")/../lib/lib.sh"

export ONCE_TESTS="under_traffic refused_while_used"

RELOADS=${RELOADS:-10}

both_services() {
	local proto

	for AF in 4 6; do
		family "$AF"
		for proto in t u; do
			echo "-A -$proto $(at "$VIP") -s rr"
			echo "-a -$proto $(at "$VIP") -r $(at "${RS[1]}") -m"
			echo "-a -$proto $(at "$VIP") -r $(at "${RS[2]}") -g"
			echo "-a -$proto $(at "$VIP") -r $(at "${RS[3]}") -i"
		done
	done
}

connected() {
	[ "$(quiet_in director sh -c 'wc -l </proc/net/ip_vs_conn')" -gt 10 ]
}

under_traffic() {
	local n

	both_services >"$SCRATCH/rules"
	defer clean_director
	defer modprobe ip_vs
	for AF in 4 6; do
		family "$AF"
		background nsenter --net=/run/netns/client python3 -S "$LIB/spray.py" "$VIP" "$PORT" 3600
	done
	for ((n = 1; n <= RELOADS; n++)); do
		quiet_in director ipvsadm -R <"$SCRATCH/rules" || { fail "round $n: ipvsadm"; return; }
		busywait 20 connected || { fail "round $n: no connections"; return; }
		module_reload || { fail "round $n: ip_vs does not unload"; return; }
	done
	printf '# %d times\n' "$RELOADS"
}

# rmmod refuses as long as there is a service.
refused_while_used() {
	family 4
	service t rr m 1
	refute "rmmod with a service" rmmod ip_vs 2>/dev/null
	equal "afterwards" "$(ask)" server1
}

with_topology
with_servers
tests_run
