#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# run_all.sh [TEST...]: runs the tests that the Makefile lists (or only those named, as `icmp` or
# `path/icmp`), one after another over one network and with a freshly loaded module each, and adds up
# their results. Guests that share a directory share the tests: each runs those that it is the first
# to claim. The last line is `N passed, N failed, N skipped`; the status is 0 if none failed.

# shellcheck source=tools/testing/selftests/ipvs/lib/lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib/lib.sh"

case $KERNEL in
*debug) SCRIPT_TIMEOUT=${SCRIPT_TIMEOUT:-900} ;;
uml) SCRIPT_TIMEOUT=${SCRIPT_TIMEOUT:-300} ;;
*) SCRIPT_TIMEOUT=${SCRIPT_TIMEOUT:-600} ;;
esac
PASSED=0 FAILED=0 SKIPPED=0
REPORT=${OUT:-$SCRATCH}/selftests
FAILURES=()

# listed VARIABLE: the test files in this variable of the Makefile (a regular expression), in order.
listed() {
	sed -n "s/^$1 += //p" "$HERE/Makefile"
}

default_tests() {
	case $KERNEL in
	uml*) EXTENDED=${EXTENDED:-1} ;;
	esac
	case ${EXTENDED:-} in
	'') listed TEST_PROGS ;;
	all) listed 'TEST_PROGS[A-Z_]*' ;;
	*) listed 'TEST_PROGS\(_EXTENDED\)\{0,1\}' ;;
	esac
}

# find_test NAME: the file of a test; NAME is the file's, with or without folder and suffix.
find_test() {
	local file

	for file in $(listed 'TEST_PROGS[A-Z_]*'); do
		case /$file in
		*"/$1" | *"/$1".sh | *"/$1".py) echo "$file"; return ;;
		esac
	done
	return 1
}

count() {
	grep -c "$1" "$2"
}

# not_ok NAME WHAT: a failure of the test file as a whole.
not_ok() {
	FAILED=$((FAILED + 1))
	FAILURES+=("not ok - $1: $2")
	printf 'not ok - %s: %s\n' "$1" "$2" | tee -a "$REPORT/$1.log"
}

# run_file NAME FILE
run_file() {
	local name=$1 log=$REPORT/$1.log start=$SECONDS command=(bash) rc failed

	printf '# === %s (%s, %s)\n' "$name" "$IMPL" "$KERNEL"
	[[ $2 != *.py ]] || command+=("$LIB/py_test.sh")
	# what it has mounted and started would be there for the others if it could not clean up
	timeout -k 90 "$SCRIPT_TIMEOUT" "${command[@]}" "$HERE/$2" 2>&1 | tee "$log"
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

# What a test leaves behind does not depend on the kernel, and on emulated processors and debug
# kernels the comparison takes as long as a test: do it on uml only.
compares() {
	[ "$KERNEL" = uml ]
}

as_before() {
	# shellcheck disable=SC2086 # a list of names
	python3 -S "$LIB/shared.py" $ALL_NS >"$SCRATCH/after"
	diff "$SCRATCH/before" "$SCRATCH/after" >"$SCRATCH/left"
}

settled() {
	as_before && return
	mv "$SCRATCH/after" "$SCRATCH/before"
	return 1
}

# remember: the state before the next test, once it is stable
remember() {
	compares || return
	: >"$SCRATCH/before"
	busywait 10 settled || echo "# the shared state does not become stable"
}

# tidy NAME: changes left behind are a failure of NAME; the next test starts with a new topology.
tidy() {
	compares || return
	busywait 20 as_before && return
	sed -n 's/^> /added: /p; s/^< /gone: /p' "$SCRATCH/left" >"$SCRATCH/changes"
	sed "s/^/# $1 leaves /; 20q" "$SCRATCH/changes"
	not_ok "$1" "leaves $(wc -l <"$SCRATCH/changes") changes, $(head -n 1 "$SCRATCH/changes")"
	topology_down
	topology_up || echo "# the topology cannot be restored"
	remember
}

# claim NAME: whether this guest is the one to run the test
claim() {
	[ ! -d /shared ] || mkdir "/shared/claim.$1" 2>/dev/null
}

files=("$@")
mkdir -p "$REPORT"
with_topology
load_differences
export TOPOLOGY=shared DIFFERENCES
remember

[ $# -gt 0 ] || read -rd '' -a files <<<"$(default_tests)"
printf '# tests:'
for file in "${files[@]}"; do
	file=${file##*/}
	printf ' %s' "${file%.*}"
done
echo
for file in "${files[@]}"; do
	path=$(find_test "$file") || { echo "no such test: $file"; FAILED=$((FAILED + 1)); continue; }
	name=$(basename "${path%.*}")
	claim "$name" || continue
	run_file "$name" "$path"
	module_reload || echo "# ip_vs cannot be unloaded after $name"
	tidy "$name"
done
printf '# %s took %d s in all\n' "$IMPL" "$SECONDS"
for failure in "${FAILURES[@]}"; do
	printf '# failed: %s\n' "$failure"
done
printf '%d passed, %d failed, %d skipped\n' "$PASSED" "$FAILED" "$SKIPPED"
[ "$FAILED" -eq 0 ]
