# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Common functions of the lab's scripts: paths, messages, locks, long-running steps.

VM=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
CLONE=$(cd "$VM/../../.." && pwd)
CACHE=${WEIR_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/weir}

EXIT_FAIL=1
EXIT_SKIP=4

say() { printf '%s\n' "vm: $*" >&2; }
die() { say "error: $*"; exit "$EXIT_FAIL"; }
skip() { say "SKIP: $*"; exit "$EXIT_SKIP"; }

# hash_of FILE-OR-TEXT...: print a short hash of the contents of files and of strings
hash_of()
{
	local a

	for a in "$@"; do
		if [[ -f $a ]]; then cat "$a"; else printf '%s\n' "$a"; fi
	done | sha256sum | cut -c1-12
}

# with_lock NAME CMD...: run CMD holding the lock NAME of the cache
with_lock()
{
	local name=$1 fd rc=0
	shift

	mkdir -p "$CACHE/lock"
	exec {fd}>"$CACHE/lock/$name"
	if ! flock -n "$fd"; then
		say "waiting for another run preparing $name"
		flock -w 3600 "$fd" || die "timed out after one hour waiting for the lock $name"
	fi
	"$@" {fd}>&- || rc=$?
	exec {fd}>&-
	return "$rc"
}

# long LABEL SECONDS LOG CMD...: run CMD with its output in LOG and a progress message every 5 s,
# kill it after SECONDS; say the time it took, and on failure print the end of the log
long()
{
	local label=$1 limit=$2 log=$3 pid rc=0 t0=$SECONDS
	shift 3

	mkdir -p "$(dirname "$log")"
	timeout -k 10 "$limit" "$@" >"$log" 2>&1 </dev/null &
	pid=$!
	trap 'kill "$pid" 2>/dev/null; exit 130' INT TERM
	while kill -0 "$pid" 2>/dev/null; do
		# wait 5 s, or until the process exits
		if ! timeout 5 tail --pid="$pid" -f /dev/null; then
			say "$label: $((SECONDS - t0)) s: $(tail -n 1 "$log" | tr -d '\r' | cut -c1-90)"
		fi
	done
	wait "$pid" || rc=$?
	trap - INT TERM
	if ((rc == 124 || rc == 137)); then
		say "$label: timed out after $limit s"
	elif ((rc)); then
		tail -n 25 "$log" >&2
	fi
	((rc)) || { say "$label: done in $((SECONDS - t0)) s"; return 0; }
	say "$label: failed ($rc) after $((SECONDS - t0)) s, log: $log"
	echo "$label: $(grep -aE '^E: |[Ee]rror' "$log" | tail -n 1)" >"$CACHE/log/last-failure"
	return "$rc"
}

# counts_said FILE: print the numbers of the last line "N passed, N failed, N skipped", if there is one
counts_said()
{
	local line

	line=$(grep -aE '^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$' "$1" | tail -n 1)
	echo "${line//[^0-9 ]/}"
}

# count_results FILE: print how many tests of a run passed, failed and were skipped
count_results()
{
	LC_ALL=C awk '
		/^ok .*# SKIP/ { skipped++; next }
		/^ok/ { passed++ }
		/^not ok/ { failed++ }
		END { print passed + 0, failed + 0, skipped + 0 }' "$1"
}
