#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Many services (SERVICES, 200) of five servers each: added, listed, edited, flushed, with the time
# of each step, to be compared with IMPL=kernel; and the rates of one service among them. Debian's
# ipvsadm drives both implementations. Topology: topology.sh.

# shellcheck source=tools/testing/selftests/ipvs/lib/lib.sh
. "$(dirname -- "$0")/../lib/lib.sh"

export ALL_TESTS="life rates_among_many"

SERVICES=${SERVICES:-200}

# rules LETTER WEIGHT: `a` adds services and servers, `e` edits the servers
rules() {
	awk -v n="$SERVICES" -v c="$1" -v w="$2" -v six="$((AF == 6))" 'BEGIN {
		for (i = 0; i < n; i++) {
			if (six)
				vip = sprintf("[2001:db8:f:%x::1]:80", i)
			else
				vip = sprintf("10.%d.%d.%d:80", 100 + i / 65536, i / 256 % 256, i % 256)
			if (c == "a")
				printf "-A -t %s -s wlc\n", vip
			for (s = 1; s <= 5; s++) {
				rs = six ? "[2001:db8:b::" s "]:80" : "198.51.100." s ":80"
				printf "-%s -t %s -r %s -m -w %d\n", c, vip, rs, w
			}
		}
	}'
}

# timed WHAT CMD...
timed() {
	local what=$1 start=$EPOCHREALTIME

	shift
	"$@" || fail "$what: status $? from $*"
	awk -v what="$what" -v a="$start" -v b="$EPOCHREALTIME" -v n="$SERVICES" -v impl="$IMPL" \
		'BEGIN { printf "#   %s: %s, %d x 5: %.3f s\n", impl, what, n, b - a }'
}

restore() {
	quiet_in director "$DEBIAN_IPVSADM" -R <"$1"
}

list() {
	quiet_in director "$DEBIAN_IPVSADM" -Ln >"$SCRATCH/list"
}

read_proc() {
	quiet_in director cat /proc/net/ip_vs >"$SCRATCH/proc"
}

# servers_of FILE WEIGHT
servers_of() {
	awk -v w="$2" '$1 == "->" && $3 == "Masq" && $4 == w' "$1" | wc -l
}

life() {
	defer clean_director
	rules a 1 >"$SCRATCH/add"
	rules e 2 >"$SCRATCH/edit"
	timed add restore "$SCRATCH/add"
	timed "list by netlink" list
	equal "servers listed" "$(servers_of "$SCRATCH/list" 1)" $((SERVICES * 5))
	timed "read /proc/net/ip_vs" read_proc
	equal "servers in /proc" "$(servers_of "$SCRATCH/proc" 1)" $((SERVICES * 5))
	timed edit restore "$SCRATCH/edit"
	list
	equal "servers edited" "$(servers_of "$SCRATCH/list" 2)" $((SERVICES * 5))
	timed flush quiet_in director "$DEBIAN_IPVSADM" -C
	list
	equal "servers after the flush" "$(servers_of "$SCRATCH/list" 2)" 0
}

rates_among_many() {
	defer clean_director
	rules a 1 >"$SCRATCH/add"
	restore "$SCRATCH/add" || fail "add"
	KEEP=1 run_py ../abi/stats.py rates "$AF"
}

with_topology
tests_run
