# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# For scripts that run in two guests at once (tools/testing/vm/pair), after lib.sh: the guests meet in
# /shared, which is one directory of the host, and a guest can lose its power. ROLE is 1 or 2.

[ -n "${ROLE:-}" ] && [ -d /shared ] || skip_all "needs two guests (tools/testing/vm/pair)"
PEER=$((3 - ROLE))

# meet WHERE [SECONDS]: waits until the other guest calls `meet WHERE` as well. Ends the script if that
# does not happen, or if the other script has ended.
meet() {
	printf '# guest %d is at: %s\n' "$ROLE" "$1"
	: >"/shared/$1.$ROLE"
	busywait "${2:-120}" came_or_ended "$1"
	[ -e "/shared/$1.$PEER" ] || { echo "Bail out! guest $PEER did not come to: $1"; exit 1; }
}

came_or_ended() {
	[ -e "/shared/$1.$PEER" ] || [ -e "/shared/ended.$PEER" ]
}

# power_cut: the host ends this guest as if its power failed. The guest passes if no test has failed.
power_cut() {
	echo "# guest $ROLE loses its power"
	echo "$((RET || TESTS_FAILED))" >"$OUT/.weir/power-cut.new"
	mv "$OUT/.weir/power-cut.new" "$OUT/.weir/power-cut"
	while :; do
		pause 60
	done
}
