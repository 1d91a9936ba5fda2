# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What every script here uses: TAP results, deferred cleanup, waiting, and the topology.
#
# A script defines functions, names those to run for each family in ALL_TESTS and those to
# run once in ONCE_TESTS, and ends with `tests_run`. TESTS=name[,name] runs only these.
#
# IMPL=weir|kernel says whose ip_vs is under test. A line of the file `differences` skips a test
# for one of them and gives the reason.

set -u

HERE=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
SCRIPT=$(basename -- "$0" .sh)
IMPL=${IMPL:-kernel}
KERNEL=${KERNEL:-$(uname -r)}
WEIR_IPVSADM=/opt/weir/sbin/ipvsadm
DEBIAN_IPVSADM=/usr/sbin/ipvsadm
export IMPL KERNEL
export PYTHONPATH=$HERE PYTHONPYCACHEPREFIX=/tmp/pycache LC_ALL=C
export PATH=$PATH:/usr/sbin:/sbin

TESTS_RUN=0 TESTS_FAILED=0
RET=0 SKIP_REASON=
SCRATCH=$(mktemp -d)

# --- deferred cleanup ----------------------------------------------------------------------

DEFERRED=()

# defer CMD...: run CMD when the test (or, outside a test, the script) ends, last come first.
defer() {
	DEFERRED+=("$(printf '%q ' "$@")")
}

unwind_to() {
	local keep=$1 i cmd

	for ((i = ${#DEFERRED[@]} - 1; i >= keep; i--)); do
		cmd=${DEFERRED[i]}
		unset "DEFERRED[i]"
		eval "$cmd" >/dev/null 2>&1
	done
	return 0
}

trap 'unwind_to 0' EXIT
trap 'exit 143' TERM INT
defer rm -rf "$SCRATCH"

# --- running and judging -------------------------------------------------------------------

fail() {
	RET=1
	printf '# FAIL: %s\n' "$*"
}

skip() {
	SKIP_REASON="$*"
}

# run CMD...: print it, run it, fail the test if it fails.
run() {
	printf '# $ %s\n' "$*"
	"$@" || fail "status $? from: $*"
}

# in_ns NS CMD...: the same inside a network namespace.
in_ns() {
	printf '# %s$ %s\n' "$1" "${*:2}"
	quiet_in "$@" || fail "status $? from: ${*:2} (in $1)"
}

# quiet_in NS CMD...: no printing, no judging: for queries. Half the cost of `ip netns exec`,
# which matters where the processor is emulated.
quiet_in() {
	nsenter "--net=/run/netns/$1" -- "${@:2}"
}

# ipvs ARGS...: ipvsadm in the director.
ipvs() {
	in_ns director ipvsadm "$@"
}

# tally FILE: how often each line occurs, as "NAMExCOUNT ...", in the order of the names.
tally() {
	local -A count=()
	local line

	while read -r line; do
		count[$line]=$((${count[$line]:-0} + 1))
	done <"$1"
	for line in "${!count[@]}"; do
		echo "${line}x${count[$line]}"
	done | sort | xargs
}

# check WHAT CMD...: CMD must succeed.
check() {
	local what=$1

	shift
	"$@" || fail "$what"
}

# refute WHAT CMD...: CMD must fail.
refute() {
	local what=$1

	shift
	if "$@"; then
		fail "$what"
	fi
}

# equal WHAT GOT WANTED
equal() {
	[ "$2" = "$3" ] || fail "$1: got '$2', wanted '$3'"
}

# check_file WHAT GOT WANTED: two files must be the same; the difference is shown.
check_file() {
	diff -u --label "wanted: $1" --label "got: $1" "$3" "$2" | sed 's/^/# /' >"$SCRATCH/diff"
	[ -s "$SCRATCH/diff" ] || return 0
	cat "$SCRATCH/diff"
	fail "$1 differs"
}

# golden NAME FILE: compare with golden/NAME, or write it when UPDATE_GOLDEN is set (into OUT).
golden() {
	local dir=${GOLDEN_DIR:-${OUT:-/tmp}/golden}

	if [ -n "${UPDATE_GOLDEN:-}" ]; then
		mkdir -p "$dir"
		cp -- "$2" "$dir/$1"
		printf '# wrote golden %s\n' "$1"
		return 0
	fi
	check_file "$1" "$2" "$HERE/golden/$1"
}

# tool NAME...: skip the whole script when a tool is missing.
tool() {
	local t

	for t; do
		command -v "$t" >/dev/null || skip_all "$t is not installed"
	done
}

skip_all() {
	printf '1..0 # SKIP %s\n' "$*"
	printf 'ok 1 - %s # SKIP %s\n' "$SCRIPT" "$*"
	exit 4
}

# --- waiting -------------------------------------------------------------------------------

# pause SECONDS: between two looks of busywait; a read that gets nothing, so no process is made.
mkfifo "$SCRATCH/nothing"
exec {NOTHING}<>"$SCRATCH/nothing"

pause() {
	read -rt "$1" -u "$NOTHING" || :
}

# busywait SECONDS CMD...: until CMD succeeds; its failure after that time is ours.
busywait() {
	local end=$((SECONDS + $1))

	shift
	until "$@"; do
		((SECONDS > end)) && return 1
		pause 0.05
	done
}

# TCP and UDP, if both are waited for; by UDP all that shows is a bound port.
listening() {
	[ "$(quiet_in "$1" ss -Hltun "sport = :$2" | wc -l)" -ge "${3:-1}" ]
}

# wait_listen NS PORT [SOCKETS]
wait_listen() {
	busywait 20 listening "$@" || fail "nothing listens on port $2 in $1"
}

# background CMD...: start it, have it killed at the end of the test. Sets PID.
background() {
	printf '# & %s\n' "$*"
	"$@" &
	PID=$!
	defer stop_process "$PID"
}

stop_process() {
	kill "$1" 2>/dev/null
	wait "$1" 2>/dev/null
}

# --- the module ----------------------------------------------------------------------------

# The in-tree ip_vs has its schedulers in modules of their own, which hold it. What is in flight
# may hold it for a moment, too.
module_unload() {
	ip netns exec director ipvsadm -C 2>/dev/null
	awk '$1 ~ /^(ip_vs_|xt_ipvs$)/ { print $1 }' /proc/modules | xargs -r rmmod 2>/dev/null
	rmmod ip_vs 2>/dev/null
	! grep -q '^ip_vs ' /proc/modules
}

module_reload() {
	busywait 20 module_unload || return 1
	modprobe ip_vs
}

# --- the run over the tests ----------------------------------------------------------------

# difference TEST: prints the reason if this test is not for this implementation.
difference() {
	local impl kernel name reason

	while read -r impl kernel name reason; do
		case $impl in '' | '#'* | golden | row) continue ;; esac
		[ "$impl" = "$IMPL" ] || continue
		# The columns are patterns.
		# shellcheck disable=SC2053
		[[ $KERNEL == $kernel && $1 == $name ]] || continue
		printf '%s\n' "$reason"
		return 0
	done <"$HERE/differences"
}

result() {
	local name=$1 reason=$2

	TESTS_RUN=$((TESTS_RUN + 1))
	if [ -n "$reason" ]; then
		printf 'ok %d - %s # SKIP %s\n' "$TESTS_RUN" "$name" "$reason"
	elif [ "$RET" -eq 0 ]; then
		printf 'ok %d - %s # %s s\n' "$TESTS_RUN" "$name" "$3"
	else
		TESTS_FAILED=$((TESTS_FAILED + 1))
		printf 'not ok %d - %s\n' "$TESTS_RUN" "$name"
	fi
}

test_one() {
	local fn=$1 label=$2 depth=${#DEFERRED[@]} reason started took=0

	RET=0 SKIP_REASON=
	reason=$(difference "$SCRIPT:$fn")
	if [ -z "$reason" ]; then
		printf '# --- %s: %s%s\n' "$SCRIPT" "$fn" "$label"
		started=$EPOCHREALTIME
		"$fn"
		unwind_to "$depth"
		took=$(((${EPOCHREALTIME/./} - ${started/./}) / 100000))
		reason=$SKIP_REASON
	fi
	result "$SCRIPT: $fn$label" "$reason" "$((took / 10)).$((took % 10))"
}

wanted() {
	[ -z "${TESTS:-}" ] || [[ ",$TESTS," == *",$1,"* ]]
}

tests_run() {
	local t f

	for t in ${ALL_TESTS:-}; do
		wanted "$t" || continue
		for f in ${FAMILIES:-4 6}; do
			family "$f"
			test_one "$t" " IPv$f"
		done
	done
	family 4
	for t in ${ONCE_TESTS:-}; do
		wanted "$t" || continue
		test_one "$t" ""
	done
	printf '1..%d\n' "$TESTS_RUN"
	[ "$TESTS_FAILED" -eq 0 ]
	exit
}

# run_py FILE ARGS...: a helper that says itself what is wrong, and whose status is the verdict.
# (-S: only the standard library is used, and Python starts twice as fast.)
run_py() {
	run python3 -S "$HERE/$1" "${@:2}"
}

# shellcheck source=tools/testing/selftests/ipvs/topology.sh
. "$HERE/topology.sh"
