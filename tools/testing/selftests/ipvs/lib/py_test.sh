#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# py_test.sh FILE.py: runs the tests of a Python file (see ipvstest/tap.py), each in a process of
# its own and over the same network as a shell script's; afterwards the director has no services.

[ $# -eq 1 ] || { echo "usage: ${0##*/} FILE.py" >&2; exit 2; }

# shellcheck source=tools/testing/selftests/ipvs/lib/lib.sh
. "$(dirname -- "$0")/lib.sh"

HERE=$(cd -- "$(dirname -- "$1")" && pwd)
SCRIPT=$(basename -- "$1" .py)
TESTS_IN_PYTHON=1
ALL_TESTS='' ONCE_TESTS=''
servers=()

python3 -S "$1" --list >"$SCRATCH/list" || { echo "Bail out! $1 has no list of tests"; exit 1; }
while IFS=$'\t' read -r kind value; do
	case $kind in
	tool) tool "$value" ;;
	weir_only) [ "$IMPL" = weir ] || skip_all "$value" ;;
	servers) read -ra servers <<<"$value" ;;
	each) ALL_TESTS+=" $value" ;;
	once) ONCE_TESTS+=" $value" ;;
	esac
done <"$SCRATCH/list"

with_topology
[ ${#servers[@]} -eq 0 ] || with_servers "${servers[@]}"
tests_run
