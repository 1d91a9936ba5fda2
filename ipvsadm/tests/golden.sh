#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# golden/NAME.in is a script that runs the tool on a table in a file (fake.c),
# golden/NAME.out its expected output. UPDATE=1 rewrites the .out files.
set -eu

tool=$(readlink -f "$1")
cd "$(dirname "$(readlink -f "$0")")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
status=0 count=0

# shellcheck disable=SC2317 # called from golden/*.in
ipvsadm()
{
	local rc=0
	"$tool" "$@" 2>&1 || rc=$?
	((!rc)) || echo "status $rc"
}

play() # NAME: run the script in a subshell, on an empty table
{
	rm -f "$work/table"
	export FAKE_TABLE=$work/table
	# shellcheck source=/dev/null
	(. "golden/$1.in")
}

for script in golden/*.in; do
	count=$((count + 1))
	name=$(basename "$script" .in)
	play "$name" > "$work/out" 2>&1
	if [[ ${UPDATE-} ]]; then
		cp "$work/out" "golden/$name.out"
	elif ! diff -u "golden/$name.out" "$work/out"; then
		echo "not ok: golden/$name"
		status=1
	fi
done
echo "golden: $count scripts, status $status"
exit $status
