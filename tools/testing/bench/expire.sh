#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Guest script: how fast connections end that are due at the same time, and what a SYN costs below
# and above net.ipv4.vs.conn_max.
#
#   tools/testing/vm/run uml --impl weir|kernel --module tools/testing/bench --mem 3072 \
#	tools/testing/bench/expire.sh
# FLOWS=1000000: connections, half of them created on each of two CPUs
set -eu

HERE=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tools/testing/bench/lib.sh
. "$HERE/lib.sh"

FLOWS=${FLOWS:-1000000}
HALF=$((FLOWS / 2))
IPVSADM=$(command -v ipvsadm)

# inject CPU WORD...: a job on this CPU; not all of its packets need to arrive. Sets COST, in ns.
inject()
{
	local cpu=$1

	shift
	taskset -pc "$cpu" $$ >/dev/null
	echo "$* method=dr" >/proc/weir_bench
	COST=$(sed -n 's/.*p50=\([0-9]*\).*/\1/p' /proc/weir_bench)
	COST=$((COST / 1000))
	taskset -pc 0-1 $$ >/dev/null
}

# left: connections and templates; only for Weir without a walk over the table
left()
{
	if [[ -e /proc/net/ip_vs_status ]] && grep -q ^Conns: /proc/net/ip_vs_status; then
		awk '$1 == "Conns:" { print $2 }' /proc/net/ip_vs_status
	else
		tail -n +2 /proc/net/ip_vs_conn | wc -l
	fi
}

now() { echo "${EPOCHREALTIME/./}"; }

# expiry: connections whose timeout is a second from their last packet on
expiry()
{
	local start

	"$IPVSADM" --set 0 0 300
	inject 0 type=syn proto=udp first=0 flows=$HALF
	inject 1 type=syn proto=udp first=$HALF flows=$HALF
	echo "# $(left) connections"
	"$IPVSADM" --set 0 0 1
	start=$(now)
	inject 0 type=ack proto=udp first=0 flows=$HALF
	inject 1 type=ack proto=udp first=$HALF flows=$HALF
	echo "# the last packets of all took $((($(now) - start) / 1000)) ms"
	start=$(now)
	while (($(left) > 0)); do
		timeout 0.05 tail -f /dev/null || :
	done
	echo "expiry: all gone $((($(now) - start) / 1000)) ms after the last packet, with a timeout of 1 s"
	"$IPVSADM" --set 0 0 300
}

# limit: SYNs below and above conn_max
limit()
{
	[[ -e /proc/sys/net/ipv4/vs/conn_max ]] || return 0
	inject 0 type=syn first=0 flows=100000
	inject 1 type=syn first=100000 flows=100000
	echo "conn_max: a SYN below it costs $COST ns"
	left=$(left)
	for max in $left $((left + 50)); do
		sysctl -qw net.ipv4.vs.conn_max="$max"
		inject 0 type=syn first=200000 flows=200000
		echo "conn_max: a SYN at it ($((max - left)) free before) costs $COST ns; $(($(left) - max)) too many"
	done
	sysctl -qw net.ipv4.vs.conn_max=$((1 << 30))
}

params=()
[[ ${IMPL-weir} = weir ]] || params=(conn_tab_bits=20)
modprobe ip_vs "${params[@]}"
bench_up "$FLOWS"
trap 'bench_down' EXIT
service_add dr 4 udp
service_add dr 4 tcp
for ((i = 0; i < 3; i++)); do
	expiry
done
limit
"$IPVSADM" -C
