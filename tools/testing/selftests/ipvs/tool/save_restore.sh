#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# `ipvsadm -R` restores what `ipvsadm -S` wrote: services of all kinds, both families, both programs
# (ours and Debian's), and after unloading the module. Topology: only the director.

# shellcheck source=tools/testing/selftests/ipvs/lib/lib.sh
. "$(dirname -- "$0")/../lib/lib.sh"

export ONCE_TESTS="round_trip both_programs across_reload large"

rules() {
	cat <<-'RULES'
		-A -t 203.0.113.10:80 -s rr
		-a -t 203.0.113.10:80 -r 198.51.100.11:8080 -m -w 1
		-a -t 203.0.113.10:80 -r 198.51.100.12:80 -g -w 0
		-a -t 203.0.113.10:80 -r 198.51.100.13:80 -i -w 1000
		-A -t 203.0.113.10:443 -s wrr -p 300 -M 255.255.255.0
		-a -t 203.0.113.10:443 -r 198.51.100.11:443 -g -w 1
		-A -u 203.0.113.10:53 -s wlc -p 60
		-A -t [2001:db8:f::10]:80 -s sed
		-a -t [2001:db8:f::10]:80 -r [2001:db8:b::11]:8080 -m -w 65535
		-A -u [2001:db8:f::10]:53 -s nq -p 5 -M 64
		-A -f 7 -s lc -p 1800
		-a -f 7 -r 198.51.100.11:0 -g -w 1
	RULES
}

# saved PROGRAM: sorted, as the order is not defined.
saved() {
	quiet_in director "${1:-ipvsadm}" -S -n | sort
}

load() {
	defer clean_director
	rules | ipvs_batch
}

round_trip() {
	load
	saved >"$SCRATCH/before"
	equal "lines saved" "$(wc -l <"$SCRATCH/before")" "$(rules | wc -l)"
	quiet_in director ipvsadm -S -n >"$SCRATCH/file"
	ipvs -C
	equal "lines after -C" "$(saved | wc -l)" 0
	check "restore" quiet_in director ipvsadm -R <"$SCRATCH/file"
	saved >"$SCRATCH/after"
	check_file "saved again" "$SCRATCH/after" "$SCRATCH/before"
}

both_programs() {
	local a b programs="$DEBIAN_IPVSADM"

	[ -x "$WEIR_IPVSADM" ] && programs="$programs $WEIR_IPVSADM"
	for a in $programs; do
		for b in $programs; do
			load
			quiet_in director "$a" -S -n >"$SCRATCH/file"
			sort "$SCRATCH/file" >"$SCRATCH/before"
			clean_director
			check "$b -R of $a -S" quiet_in director "$b" -R <"$SCRATCH/file"
			saved "$a" >"$SCRATCH/after"
			check_file "$a -S, $b -R" "$SCRATCH/after" "$SCRATCH/before"
			clean_director
		done
	done
}

across_reload() {
	load
	saved >"$SCRATCH/before"
	quiet_in director ipvsadm -S -n >"$SCRATCH/file"
	check "reload" module_reload
	equal "lines after reload" "$(saved | wc -l)" 0
	check "restore" quiet_in director ipvsadm -R <"$SCRATCH/file"
	saved >"$SCRATCH/after"
	check_file "saved after reload" "$SCRATCH/after" "$SCRATCH/before"
}

large() {
	local n

	defer clean_director
	{
		for ((n = 1; n <= 100; n++)); do
			echo "-A -t 203.0.113.10:$n -s rr"
			echo "-a -t 203.0.113.10:$n -r 198.51.100.11:$n -m -w 1"
			echo "-a -t 203.0.113.10:$n -r 198.51.100.12:$n -m -w 2"
		done
	} >"$SCRATCH/file"
	check "restore of 300 lines" quiet_in director ipvsadm -R <"$SCRATCH/file"
	saved >"$SCRATCH/after"
	sort -o "$SCRATCH/file" "$SCRATCH/file"
	check_file "300 lines" "$SCRATCH/after" "$SCRATCH/file"
}

with_topology
tests_run
