#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Guest script: grow the connection table to a million connections, and let it shrink again.
#
#   weir_bench wbc --- director (ip_vs) --- wbs weir_bench      addresses: wb.h
#
# UDP, so that a short timeout ends all connections; the service is deleted before they expire.
#   tools/testing/vm/run uml --module tools/testing/bench --mem 3072 tools/testing/bench/grow.sh
# FLOWS=1000000, EXPIRE=60 (seconds; longer than filling the table takes), FAMILIES="4 6"
set -eu

HERE=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tools/testing/bench/lib.sh
. "$HERE/lib.sh"

FLOWS=${FLOWS:-${1:-1000000}}
EXPIRE=${EXPIRE:-60}
FAMILIES=${FAMILIES:-4 6}
IPVSADM=$(command -v ipvsadm)
failed=0 n=0

ok() { n=$((n + 1)); echo "ok $n $*"; }
not_ok() { n=$((n + 1)); failed=1; echo "not ok $n $*"; }
judge() { if eval "$1"; then shift; ok "$*"; else shift; not_ok "$*"; fi; }

# buckets: the number of hash buckets, if the implementation shows it
buckets()
{
	local word

	word=$(awk -F'\t' '$1 == "Conn buckets:" { print $2 }' /proc/net/ip_vs_status 2>/dev/null) || word=
	echo "${word:-not shown}"
}

# report WHEN: print one line; sets USED and FREE, in kB
report()
{
	read -r USED FREE <<<"$(memory)"
	printf '# %-18s %8d connections, %8d kB used by the kernel, %8d kB free, buckets: %s\n' \
		"$1" "$(counted)" "$USED" "$FREE" "$(buckets)"
}

# counted: number of connections, whether or not their service exists
counted() { tail -n +2 /proc/net/ip_vs_conn | wc -l; }

# wait_until SECONDS CONDITION
wait_until()
{
	local end=$((SECONDS + $1))

	until eval "$2"; do
		((SECONDS < end)) || return 1
		timeout 1 tail -f /dev/null || :
	done
}

# shellcheck disable=SC2317 # by wait_until
gone() { (($(counted) == 0)); }

# back: less than a tenth of the connections' memory is still in use
# shellcheck disable=SC2317 # by wait_until
back()
{
	read -r now _ <<<"$(memory)"
	((now - before < (full - before) / 10))
}

grow()
{
	local family=$1 before full start now

	service_add dr "$family" udp
	echo "+ ipvsadm --set 0 0 $EXPIRE"
	"$IPVSADM" --set 0 0 "$EXPIRE"
	report "IPv$family before" && before=$USED
	start=$SECONDS
	fill dr "$family" udp "$FLOWS"
	now=$(connections)
	judge "((now == FLOWS))" "IPv$family: $now connections created in $((SECONDS - start)) s, $((FILL_MEAN / 1000)) ns each"
	job type=ack full=1 method=dr "family=$family" proto=udp "flows=$FLOWS"
	ok "IPv$family: the next packet of each flow goes to the same server"
	report "IPv$family full" && full=$USED
	echo "# $(((full - before) * 1024 / FLOWS)) bytes per connection"
	echo "+ ipvsadm -C"
	"$IPVSADM" -C
	start=$SECONDS
	if wait_until $((EXPIRE + 120)) gone; then
		ok "IPv$family: all connections have expired after $((SECONDS - start)) s"
	else
		not_ok "IPv$family: $(counted) connections have not expired"
	fi
	if wait_until 30 back; then
		ok "IPv$family: the memory has been freed"
	else
		not_ok "IPv$family: the memory has not been freed"
	fi
	report "IPv$family after"
}

echo "TAP version 13"
params=()
[[ ${IMPL-weir} = weir ]] || params=(conn_tab_bits=20)
modprobe ip_vs "${params[@]}"
bench_up "$FLOWS"
trap 'bench_down' EXIT
for family in $FAMILIES; do
	grow "$family"
done
"$IPVSADM" -C
[[ ! -d /sys/module/ip_vs_rr ]] || rmmod ip_vs_rr
judge "rmmod ip_vs" "ip_vs unloads"
echo "1..$n"
exit "$failed"
