#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Runs the scripts of this folder (or only those named, without .sh), one after another over one
# topology and with a freshly loaded module each, and adds up what they report.
# The last line is `N passed, N failed, N skipped`; the status is 0 if nothing failed.

HERE=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tools/testing/selftests/ipvs/lib.sh
. "$HERE/lib.sh"

case $KERNEL in
*debug) SCRIPT_TIMEOUT=${SCRIPT_TIMEOUT:-900} ;;
uml) SCRIPT_TIMEOUT=${SCRIPT_TIMEOUT:-300} ;;
*) SCRIPT_TIMEOUT=${SCRIPT_TIMEOUT:-600} ;;
esac
PASSED=0 FAILED=0 SKIPPED=0
REPORT=${OUT:-$SCRATCH}/selftests
FAILURES=()

scripts() {
	local kind='TEST_PROGS'

	case $KERNEL in
	uml*) EXTENDED=1 ;;
	esac
	[ -z "${EXTENDED:-}" ] || kind='TEST_PROGS[A-Z_]*'
	sed -n "s/^$kind += \(.*\)\.sh\$/\1/p" "$HERE/Makefile"
}

count() {
	grep -c "$1" "$2"
}

# not_ok NAME WHAT: a failure of the script as a whole.
not_ok() {
	FAILED=$((FAILED + 1))
	FAILURES+=("not ok - $1: $2")
	printf 'not ok - %s: %s\n' "$1" "$2" | tee -a "$REPORT/$1.log"
}

run_script() {
	local name=$1 log=$REPORT/$1.log start=$SECONDS rc failed

	printf '# === %s (%s, %s)\n' "$name" "$IMPL" "$KERNEL"
	timeout -k 10 "$SCRIPT_TIMEOUT" bash "$HERE/$name.sh" 2>&1 | tee "$log"
	rc=${PIPESTATUS[0]}
	failed=$(count '^not ok' "$log")
	SKIPPED=$((SKIPPED + $(count '^ok .*# SKIP' "$log")))
	PASSED=$((PASSED + $(grep '^ok' "$log" | grep -vc '# SKIP')))
	FAILED=$((FAILED + failed))
	if [ "$failed" -gt 0 ]; then
		FAILURES+=("$(grep '^not ok' "$log")")
	elif [ "$rc" -ne 0 ] && [ "$rc" -ne 4 ]; then
		not_ok "$name" "ended with status $rc$([ "$rc" -ne 124 ] || echo ' (timeout)')"
	fi
	printf '# === %s took %d s\n' "$name" "$((SECONDS - start))"
}

# What the scripts share and are to leave as they found it: programs and files; links, addresses,
# neighbours, routes, rules, device features and knobs of every namespace. Sorted, as the kernel has
# no order in some of it. Not: what the kernel itself adds and leaves.
shared_in() {
	quiet_in "$1" sh -c '
		ip -br addr | awk "{ \$2 = \"\"; print }"
		ip -o link | sed -E "s/<[^>]*>//; s/ qdisc no(op|queue)//; s/ state [A-Z]+//"
		ip neigh show nud permanent
		ip rule; ip -6 rule
		{ ip route show table all; ip -6 route show table all; } | sed "s/ linkdown//"
		nft list ruleset | grep -vE "^(table|})|^.(chain|})|^..type |^$"
		for dev in front back; do ethtool -k $dev 2>/dev/null | sed "s/^/$dev /"; done
		cd /proc/sys/net && grep -rs . ipv4/*_* ipv6/*_* netfilter/nf_conntrack_max \
			ipv[46]/conf/all ipv[46]/conf/default ipv[46]/conf/front ipv[46]/conf/back' |
		grep -vE 'gre0|gretap0|erspan0|l3mdev|fastopen_key|_available_' | sed "s/^/$1: /" | sort
}

shared() {
	local ns

	ip netns list | sort
	find /tmp -mindepth 1 -maxdepth 1 ! -path "$PYTHONPYCACHEPREFIX" | sort
	readlink /proc/[0-9]*/exe | grep -vE '/(bash|grep|readlink|sed|sort)$' | sort | sed 's/^/running: /'
	for ns in $ALL_NS; do
		shared_in "$ns"
	done
}

# What a script leaves does not depend on the kernel; where the processor is emulated, or all is
# checked, looking takes as long as a script.
looks() {
	[ "$KERNEL" = uml ]
}

as_before() {
	shared >"$SCRATCH/after"
	diff "$SCRATCH/before" "$SCRATCH/after" >"$SCRATCH/left"
}

settled() {
	as_before && return
	mv "$SCRATCH/after" "$SCRATCH/before"
	return 1
}

# remember: how it is before the next script, once nothing changes any more
remember() {
	looks || return
	: >"$SCRATCH/before"
	busywait 10 settled || echo "# what the scripts share does not settle"
}

# tidy NAME: what NAME left is a failure of NAME; the next begins with a new topology.
tidy() {
	looks || return
	busywait 20 as_before && return
	sed -n 's/^> /added: /p; s/^< /gone: /p' "$SCRATCH/left" >"$SCRATCH/changes"
	sed "s/^/# $1 leaves /; 20q" "$SCRATCH/changes"
	not_ok "$1" "leaves $(wc -l <"$SCRATCH/changes") changes, $(head -n 1 "$SCRATCH/changes")"
	topology_down
	topology_up || echo "# no topology any more"
	remember
}

names=("$@")
mkdir -p "$REPORT"
with_topology
export TOPOLOGY=shared
remember

[ $# -gt 0 ] || read -rd '' -a names <<<"$(scripts)"
for name in "${names[@]}"; do
	name=$(basename "$name" .sh)
	[ -e "$HERE/$name.sh" ] || { echo "no such test: $name"; FAILED=$((FAILED + 1)); continue; }
	run_script "$name"
	module_reload || echo "# ip_vs cannot be unloaded after $name"
	tidy "$name"
done
printf '# %s took %d s in all\n' "$IMPL" "$SECONDS"
for failure in "${FAILURES[@]}"; do
	printf '# failed: %s\n' "$failure"
done
printf '%d passed, %d failed, %d skipped\n' "$PASSED" "$FAILED" "$SKIPPED"
[ "$FAILED" -eq 0 ]
