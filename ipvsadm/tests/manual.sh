#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# --help and the manual page have the same options.
set -eu

tool=$1 page=$2
words='s/^-*\(--[a-z0-9-]*\).*/\1/'
help=$("$tool" --help | grep -Eo -- '--[a-z][a-z0-9-]+' | sort -u)
manual=$(sed 's/\\-/-/g; s/\\fI.*//' "$page" | grep -Eo -- '--[a-z][a-z0-9-]+' |
	sed "$words" | sort -u)
if ! diff <(echo "$help") <(echo "$manual"); then
	echo "not ok: --help (<) and the manual (>) differ"
	exit 1
fi
echo "manual: $(echo "$help" | wc -l) options, all explained"
