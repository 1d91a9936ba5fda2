#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Run ipvsadm/tests/compare.sh, which compares our ipvsadm with Debian's, against the module.

# shellcheck source=tools/testing/selftests/ipvs/lib/lib.sh
. "$(dirname -- "$0")/../lib/lib.sh"

export ONCE_TESTS="comparison"

# alone CMD...: with a network and an /etc/hosts of its own.
alone() {
	cp /etc/hosts "$SCRATCH/hosts"
	# The inner shell expands them.
	# shellcheck disable=SC2016
	unshare --net --mount sh -c 'mount --bind "$0" /etc/hosts && exec "$@"' "$SCRATCH/hosts" "$@"
}

comparison() {
	local compare=$HERE/../../../../../ipvsadm/tests/compare.sh

	[ -x "$WEIR_IPVSADM" ] || { skip "our ipvsadm is not built"; return; }
	[ -e "$compare" ] || { skip "no ipvsadm/tests/compare.sh"; return; }
	# The results of the comparison are indented: together they are one result here.
	alone bash "$compare" >"$SCRATCH/compare" 2>&1 ||
		fail "status $? from ipvsadm/tests/compare.sh"
	sed 's/^/    /' "$SCRATCH/compare"
}

with_topology
tests_run
