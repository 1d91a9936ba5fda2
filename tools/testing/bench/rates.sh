#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Guest script: how the rate estimation of many services affects latency. For each number of
# services, a real-time task sleeps and wakes for ten seconds, which are five rounds of the
# estimator. (Each service has one server; both implementations estimate the rates of both.)
#   tools/testing/vm/run uml --cpus 1 [--impl kernel] tools/testing/bench/rates.sh [NUMBER...]
set -eu

HERE=$(cd "$(dirname "$0")" && pwd)

rules()
{
	awk -v n="$1" 'BEGIN {
		for (i = 0; i < n; i++) {
			vip = sprintf("10.%d.%d.%d:80", i / 65536, i / 256 % 256, i % 256)
			printf "-A -t %s -s rr\n-a -t %s -r 198.51.100.1:80 -m\n", vip, vip
		}
	}'
}

modprobe ip_vs
echo "${IMPL-}: no service: $(python3 -S "$HERE/rates.py" 10)"
(($#)) || set -- 1 1000 50000
for number; do
	rules "$number" | ipvsadm -R
	echo "${IMPL-}: $number services: $(python3 -S "$HERE/rates.py" 10)"
	ipvsadm -C
done
