# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# The base of all test scripts: TAP results, deferred cleanup, waiting; and it includes the network
# (topology.sh), the services (services.sh) and netfilter.sh.
#
# A script defines functions, names those to run for each family in ALL_TESTS and those to run once
# in ONCE_TESTS, and ends with `tests_run`. A name without a function is a step of the Python file
# of the same name. Tests that need no shell are a Python file alone (py_test.sh).
# TESTS=name[,name] and FAMILIES=4|6 run only these.
#
# IMPL=weir|kernel selects the ip_vs under test. A line in `differences` skips a test for one of
# them and states the reason.

set -u

LIB=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
HERE=$(cd -- "$(dirname -- "$0")" && pwd)
SCRIPT=$(basename -- "$0" .sh)
IMPL=${IMPL:-kernel}
KERNEL=${KERNEL:-$(uname -r)}
WEIR_IPVSADM=/opt/weir/sbin/ipvsadm
DEBIAN_IPVSADM=/usr/sbin/ipvsadm
export IMPL KERNEL
export PYTHONPATH=$LIB PYTHONPYCACHEPREFIX=/tmp/pycache LC_ALL=C
export PATH=$PATH:/usr/sbin:/sbin

TESTS_RUN=0 TESTS_FAILED=0
RET=0 SKIP_REASON=
SCRATCH=$(mktemp -d)

# --- deferred cleanup ----------------------------------------------------------------------

DEFERRED=()

# defer CMD...: run CMD when the test (or, outside a test, the script) ends; last come, first run.
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

# --- commands and verdicts -----------------------------------------------------------------

fail() {
	RET=1
	printf '# FAIL: %s\n' "$*"
}

skip() {
	SKIP_REASON="$*"
}

# run CMD...: print and run CMD; the test fails if CMD fails.
run() {
	printf '# $ %s\n' "$*"
	"$@" || fail "status $? from: $*"
}

# in_ns NS CMD...: run, inside a network namespace.
in_ns() {
	printf '# %s$ %s\n' "$1" "${*:2}"
	quiet_in "$@" || fail "status $? from: ${*:2} (in $1)"
}

# quiet_in NS CMD...: for queries: nothing is printed, and the status is left to the caller.
# nsenter costs half as much as `ip netns exec`, which matters on emulated processors.
quiet_in() {
	nsenter "--net=/run/netns/$1" -- "${@:2}"
}

# ipvs ARGS...: ipvsadm in the director.
ipvs() {
	in_ns director ipvsadm "$@"
}

# tally FILE: the number of times each line occurs, as "NAMExCOUNT ...", sorted by name.
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

# check_file WHAT GOT WANTED: two files must be equal; a difference is printed.
check_file() {
	diff -u --label "wanted: $1" --label "got: $1" "$3" "$2" | sed 's/^/# /' >"$SCRATCH/diff"
	[ -s "$SCRATCH/diff" ] || return 0
	cat "$SCRATCH/diff"
	fail "$1 differs"
}

# golden NAME FILE: compare FILE with golden/NAME beside the script, or write it below OUT when
# UPDATE_GOLDEN is set.
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

# tool NAME...: skip the whole script if a tool is missing.
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

# pause SECONDS: a read that times out, as sleep(1) would cost a process.
mkfifo "$SCRATCH/nothing"
exec {NOTHING}<>"$SCRATCH/nothing"

pause() {
	read -rt "$1" -u "$NOTHING" || :
}

# busywait SECONDS CMD...: repeat CMD until it succeeds; fails after SECONDS.
busywait() {
	local end=$((SECONDS + $1))

	shift
	until "$@"; do
		((SECONDS > end)) && return 1
		pause 0.05
	done
}

# listening NS PORT [SOCKETS]: that many TCP listeners and bound UDP sockets exist.
listening() {
	[ "$(quiet_in "$1" ss -Hltun "sport = :$2" | wc -l)" -ge "${3:-1}" ]
}

# wait_listen NS PORT [SOCKETS]
wait_listen() {
	busywait 20 listening "$@" || fail "nothing listens on port $2 in $1"
}

# background CMD...: start CMD, kill it at the end of the test. Sets PID.
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

# The scheduler modules of the in-tree ip_vs hold a reference on it; so do, for a moment, packets in
# flight.
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

# --- running the tests ---------------------------------------------------------------------

# load_differences: the skipped tests of this implementation, as lines of pattern<TAB>reason in the
# file $DIFFERENCES. run_all.sh does it for all scripts, as starting Python is slow on emulated
# processors.
load_differences() {
	[ -z "${DIFFERENCES:-}" ] || return 0
	DIFFERENCES=$SCRATCH/differences
	python3 -S "$LIB/ipvstest/differences.py" test >"$DIFFERENCES" || exit
}

# difference SCRIPT:TEST: prints the reason if this test is skipped for this implementation.
difference() {
	local pattern reason

	while IFS=$'\t' read -r pattern reason; do
		# shellcheck disable=SC2053
		[[ $1 == $pattern ]] || continue
		printf '%s\n' "$reason"
		return 0
	done <"$DIFFERENCES"
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

# python_test NAME [ARGS...]: a step of the Python file that has the script's name.
python_test() {
	defer clean_director
	run_py "$SCRIPT.py" "$@"
}

# test_one NAME [FAMILY]
test_one() {
	local fn=$1 label=${2:+ IPv$2} run=$1 depth=${#DEFERRED[@]} reason started took=0

	RET=0 SKIP_REASON=
	reason=$(difference "$SCRIPT:$fn")
	if [ -z "$reason" ]; then
		printf '# --- %s: %s%s\n' "$SCRIPT" "$fn" "$label"
		started=$EPOCHREALTIME
		[ -z "${TESTS_IN_PYTHON:-}" ] && declare -F "$fn" >/dev/null || run="python_test $fn ${2:-}"
		$run
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

	load_differences
	for t in ${ALL_TESTS:-}; do
		wanted "$t" || continue
		for f in ${FAMILIES:-4 6}; do
			family "$f"
			test_one "$t" "$f"
		done
	done
	family 4
	for t in ${ONCE_TESTS:-}; do
		wanted "$t" || continue
		test_one "$t"
	done
	printf '1..%d\n' "$TESTS_RUN"
	[ "$TESTS_FAILED" -eq 0 ]
	exit
}

# run_py FILE STEP ARGS...: a step or test of a Python file beside the script, which prints its
# failures itself. -S: only the standard library is used, and Python starts twice as fast.
run_py() {
	local status

	printf '# $ python3 -S %s\n' "$*"
	TAP_SKIP=$SCRATCH/skip python3 -S "$HERE/$1" "${@:2}"
	status=$?
	case $status in
	0) ;;
	4) skip "$(<"$SCRATCH/skip")" ;;
	*) fail "status $status from: $*" ;;
	esac
}

# shellcheck source=tools/testing/selftests/ipvs/lib/topology.sh
. "$LIB/topology.sh"
# shellcheck source=tools/testing/selftests/ipvs/lib/services.sh
. "$LIB/services.sh"
# shellcheck source=tools/testing/selftests/ipvs/lib/netfilter.sh
. "$LIB/netfilter.sh"
