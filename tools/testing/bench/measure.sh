#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Guest script: ROUNDS times, for each size and case, measure the kernel's ip_vs
# and Weir one after the other. Every result is a line of $OUT/bench.tsv:
#   round impl case method family proto size value base
# value and base are picoseconds per packet, or bytes per connection. base is
# plain forwarding, the minimum of the runs just before and just after.
#
# usage: measure.sh IMPLS SIZES ROUNDS
set -eu

HERE=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tools/testing/bench/lib.sh
. "$HERE/lib.sh"

IMPLS=${1:-kernel weir}
SIZES=${2:-1000}
ROUNDS=${3:-1}
OUT=${OUT:-/tmp}
TSV=$OUT/bench.tsv
STEADY_PACKETS=${STEADY_PACKETS:-64000}
LIMIT=${LIMIT:-540}
START=0
KERNEL_BITS=${KERNEL_BITS:-20}

# row CASE METHOD FAMILY PROTO SIZE VALUE: keep a result until the cycle's base is known
row() { ROWS+=("$ROUND	$IMPL	$1	$2	$3	$4	$5	$6"); }

# steady TYPE METHOD FAMILY PROTO SIZE: measure a case that changes no state; the
# minimum of three runs, since disturbances can only add time. The checksums of the
# first thousand packets are verified. Each run continues in the order of flows where
# the previous one ended, so that it does not find them in the cache.
steady()
{
	local common="type=$1 method=$2 family=$3 proto=$4 flows=$5"
	local i least

	job "$common" start="$START" packets=1000 full=1
	START=$(((START + 1000) % $5))
	for i in 1 2 3; do
		job "$common" start="$START" packets="$STEADY_PACKETS"
		START=$(((START + STEADY_PACKETS) % $5))
		((i > 1 && J_p50 > least)) || least=$J_p50
	done
	J_p50=$least
}

# per_connection BEFORE AFTER SIZE: bytes per connection, from two outputs of memory()
per_connection()
{
	echo "$1 $2 $3" | awk '{ print int(($3 - $1) * 1024 / $5), int(($2 - $4) * 1024 / $5) }'
}

# cycle METHOD FAMILY PROTO SIZE: load, fill, measure, unload
cycle()
{
	local method=$1 family=$2 proto=$3 size=$4 m0 m1 m2 m3 base bytes params=()

	ROWS=()
	steady forward plain "$family" "$proto" "$size"
	base=$J_p50
	row forward plain "$family" "$proto" "$size" "$J_p50"
	steady build plain "$family" "$proto" "$size"
	row build plain "$family" "$proto" "$size" "$J_p50"

	m0=$(memory)
	[[ $IMPL = weir ]] || params=(conn_tab_bits="$KERNEL_BITS")
	impl_load "$IMPL" "${params[@]}"
	service_add "$method" "$family" "$proto"
	m1=$(memory)
	fill "$method" "$family" "$proto" "$size"
	row first "$method" "$family" "$proto" "$size" "$FILL_P50"
	row first-mean "$method" "$family" "$proto" "$size" "$FILL_MEAN"
	m2=$(memory)
	[[ $(connections) = "$size" ]] || die "$(connections) connections instead of $size"
	[[ $proto = udp || $(active) = "$size" ]] || die "$(active) active connections instead of $size"

	steady ack "$method" "$family" "$proto" "$size"
	row established "$method" "$family" "$proto" "$size" "$J_p50"
	if [[ $method = nat ]]; then
		steady reply "$method" "$family" "$proto" "$size"
		row reply "$method" "$family" "$proto" "$size" "$J_p50"
	fi
	steady forward plain "$family" "$proto" "$size"
	row bystander "$method" "$family" "$proto" "$size" "$J_p50"
	impl_unload
	m3=$(memory)

	read -r -a bytes <<<"$(per_connection "$m1" "$m2" "$size")"
	row memory "$method" "$family" "$proto" "$size" "${bytes[0]}"
	row memory-free "$method" "$family" "$proto" "$size" "${bytes[1]}"
	read -r -a bytes <<<"$(per_connection "$m0" "$m1" 1)"
	row memory-empty "$method" "$family" "$proto" "$size" "${bytes[0]}"
	read -r -a bytes <<<"$(per_connection "$m0" "$m3" 1)"
	row memory-left "$method" "$family" "$proto" "$size" "${bytes[0]}"

	steady forward plain "$family" "$proto" "$size"
	row forward plain "$family" "$proto" "$size" "$J_p50"
	printf "%s\t$((base < J_p50 ? base : J_p50))\n" "${ROWS[@]}" >>"$TSV"
}

# cases SIZE: print METHOD:FAMILY:PROTO... to measure
cases()
{
	if (($1 < 100000)); then
		echo "${SMALL_CASES:-dr:4:tcp nat:4:tcp tun:4:tcp dr:6:tcp nat:6:tcp tun:6:tcp dr:4:udp}"
	else
		echo "${BIG_CASES:-dr:4:tcp nat:4:tcp tun:4:tcp nat:6:tcp}"
	fi
}

found=
for IMPL in $IMPLS; do
	if [[ $(impl_file "$IMPL" ip_vs) ]]; then
		found+=" $IMPL"
	else
		note "no ip_vs.ko of $IMPL for $(uname -r): skipped"
	fi
done
IMPLS=$found
[[ $IMPLS ]] || die "nothing to measure"
declare -A took=()
max=0
for size in $SIZES; do
	max=$((size > max ? size : max))
done
mkdir -p "$OUT"
: >"$TSV"
bench_up "$max"
trap 'bench_down' EXIT
for ((ROUND = 1; ROUND <= ROUNDS; ROUND++)); do
	for size in $SIZES; do
		for c in $(cases "$size"); do
			IFS=: read -r method family proto <<<"$c"
			if ((SECONDS + ${took[$size:$c]:-0} > LIMIT)); then
				note "round $ROUND/$ROUNDS, $size connections, $c: skipped, the limit of $LIMIT s is near"
				continue
			fi
			start=$SECONDS
			for IMPL in $IMPLS; do
				t0=$EPOCHREALTIME
				cycle "$method" "$family" "$proto" "$size"
				note "round $ROUND/$ROUNDS, $size connections, $method IPv$family $proto, $IMPL: $(
					echo "$t0 $EPOCHREALTIME" | awk '{ printf "%.1f s", $2 - $1 }')"
			done
			took[$size:$c]=$((SECONDS - start))
		done
	done
done
echo complete >"$OUT/bench.done"
