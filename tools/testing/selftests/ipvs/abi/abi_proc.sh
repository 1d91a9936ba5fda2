#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# /proc/net/ip_vs, ip_vs_conn and ip_vs_stats, byte for byte, of a known state: services of all
# kinds, all methods, connections of TCP and UDP. golden/proc_*.txt is the kernel's text; only the
# table size and the remaining seconds of a connection are masked. Services and connections are in
# hash table order, so both are sorted. Topology: topology.sh, with phantoms.

# shellcheck source=tools/testing/selftests/ipvs/lib/lib.sh
. "$(dirname -- "$0")/../lib/lib.sh"

# stats is the first test after the module was loaded: all counters are zero
export ONCE_TESTS="stats services connections"

services() {
	defer clean_director
	ipvs_batch <<-'RULES'
		-A -t 203.0.113.10:80 -s rr
		-a -t 203.0.113.10:80 -r 198.51.100.11:8080 -m -w 1
		-a -t 203.0.113.10:80 -r 198.51.100.12:80 -g -w 0
		-a -t 203.0.113.10:80 -r 198.51.100.13:80 -i -w 2147483647
		-A -u 203.0.113.10:53 -s wlc -o
		-A -t 203.0.113.10:0 -s wrr -p 300 -M 255.255.255.0
		-A -u 203.0.113.10:65535 -s lc -p 60
		-A -f 4294967295 -s sed
		-A -f 7 -s nq -p 1800
		-a -f 7 -r 198.51.100.11:0 -g
		-A -t [2001:db8:f::10]:80 -s rr
		-a -t [2001:db8:f::10]:80 -r [2001:db8:b::11]:8080 -m -w 65535
		-a -t [2001:db8:f::10]:80 -r 198.51.100.11:80 -i
		-A -u [2001:db8:f::10]:53 -s wrr -p 5 -M 64
		-A -f 8 -6 -s lc
		-a -f 8 -6 -r [2001:db8:b::11]:0 -g
	RULES
	run_py abi_proc.py services
}

with_topology
tests_run
