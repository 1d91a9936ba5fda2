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
FAILURES=() UNTIDY=()

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

run_script() {
	local name=$1 log=$REPORT/$1.log start=$SECONDS rc failed

	printf '# === %s (%s, %s)\n' "$name" "$IMPL" "$KERNEL"
	timeout -k 10 "$SCRIPT_TIMEOUT" bash "$HERE/$name.sh" 2>&1 | tee "$log"
	rc=${PIPESTATUS[0]}
	failed=$(count '^not ok' "$log")
	SKIPPED=$((SKIPPED + $(count '^ok .*# SKIP' "$log")))
	PASSED=$((PASSED + $(grep '^ok' "$log" | grep -vc '# SKIP')))
	if [ "$rc" -ne 0 ] && [ "$rc" -ne 4 ] && [ "$failed" -eq 0 ]; then
		printf 'not ok - %s: ended with status %d%s\n' "$name" "$rc" \
			"$([ "$rc" -ne 124 ] || echo ' (timeout)')" | tee -a "$log"
		failed=1
	fi
	FAILED=$((FAILED + failed))
	printf '# === %s took %d s\n' "$name" "$((SECONDS - start))"
	if [ "$failed" -gt 0 ]; then
		FAILURES+=("$(grep '^not ok' "$log")")
	fi
}

# shared: what the scripts share and are to leave as they found it: addresses, routes, rules and
# knobs of every namespace. Not: what the kernel itself adds and leaves.
shared() {
	local ns

	ip netns list | sort
	for ns in $ALL_NS; do
		quiet_in "$ns" sh -c '
			ip -br addr | awk "{ \$2 = \"\"; print }"; ip rule; ip -6 rule
			{ ip route show table all; ip -6 route show table all; } | sed "s/ linkdown//"
			nft list ruleset | grep -vE "^(table|})|^.(chain|})|^..type |^$"
			cd /proc/sys/net && grep -rs . ipv4/*_* ipv4/conf/all ipv4/conf/default \
				ipv6/conf/all ipv6/conf/default | sort' |
			grep -vE 'gre0|gretap0|erspan0|l3mdev|fastopen_key' | sed "s/^/$ns: /"
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

# tidy NAME: where NAME left something, tell, and make the topology anew.
tidy() {
	looks || return
	busywait 1 as_before && return
	UNTIDY+=("$1")
	sed -n "s/^[<>]/# $1 leaves &/p" "$SCRATCH/left" | head -n 20
	topology_down
	topology_up || echo "# no topology any more"
	shared >"$SCRATCH/before"
}

names=("$@")
mkdir -p "$REPORT"
with_topology
export TOPOLOGY=shared
! looks || shared >"$SCRATCH/before"

[ $# -gt 0 ] || read -rd '' -a names <<<"$(scripts)"
for name in "${names[@]}"; do
	name=$(basename "$name" .sh)
	[ -e "$HERE/$name.sh" ] || { echo "no such test: $name"; FAILED=$((FAILED + 1)); continue; }
	run_script "$name"
	module_reload || echo "# ip_vs cannot be unloaded after $name"
	tidy "$name"
done
[ ${#UNTIDY[@]} -eq 0 ] || printf '# left something behind: %s\n' "${UNTIDY[*]}"
printf '# %s took %d s in all\n' "$IMPL" "$SECONDS"
for failure in "${FAILURES[@]}"; do
	printf '# failed: %s\n' "$failure"
done
printf '%d passed, %d failed, %d skipped\n' "$PASSED" "$FAILED" "$SKIPPED"
[ "$FAILED" -eq 0 ]
