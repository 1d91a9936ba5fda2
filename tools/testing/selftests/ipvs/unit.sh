#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The unit tests of the module's parsers, tables and schedulers, where the clone has them and they
# can run in this guest. No topology.

# shellcheck source=tools/testing/selftests/ipvs/lib.sh
. "$(dirname -- "$0")/lib.sh"

export ONCE_TESTS="unit_tests"

unit_tests() {
	local dir=$HERE/../../unit

	[ -d "$dir" ] || { skip "no tools/testing/unit"; return; }
	[ -x "$dir/run" ] || { skip "tools/testing/unit has nothing to run in a guest"; return; }
	run "$dir/run"
}

tests_run
