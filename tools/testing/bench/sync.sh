#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Guest script: what the sync daemons cost. The kernel's ip_vs and Weir with protocol version 1, and
# Weir's mesh, one after the other: nanoseconds per packet with and without a daemon, connections per
# second that arrive at the other director, and CPU time of the daemons per connection. Then how long
# a new director of a mesh takes to get a full table, and what packets cost meanwhile.
#
#   tools/testing/vm/run uml --module tools/testing/bench --mem 4096 --timeout 900 \
#	tools/testing/bench/sync.sh
# FLOWS=100000: connections. RESYNC=1000000: connections of the full table. CASES="kernel:v1 weir:v1
# weir:mesh resync".
#
# The other director is a namespace, joined by a veth pair: both ends share the processors.
set -eu

HERE=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tools/testing/bench/lib.sh
. "$HERE/lib.sh"

FLOWS=${FLOWS:-100000}
RESYNC=${RESYNC:-1000000}
CASES=${CASES:-kernel:v1 weir:v1 weir:mesh resync}
WEIR_ADM=/opt/weir/sbin/ipvsadm
KEYS=/tmp/sync-keys
KERNEL_BITS=20

now() { echo "${EPOCHREALTIME/./}"; }
adm() { "$IPVSADM" "$@"; }
peer() { ip netns exec peer "$@"; }

peer_up()
{
	ip netns add peer
	ip link add sync type veth peer name sync netns peer
	ip addr add 198.18.0.1/24 dev sync
	ip link set sync up
	ip -n peer addr add 198.18.0.2/24 dev sync
	ip -n peer link set sync up
	ip -n peer link set lo up
	peer sysctl -qw net.core.rmem_max=16777216 2>/dev/null || :
}

peer_down() { ip netns del peer; }

# service_copy: the other director has the same service
service_copy() { peer "$IPVSADM" -R <<<"$(adm -Sn)"; }

daemons_start()
{
	if [[ $1 = mesh ]]; then
		"$WEIR_ADM" --start-daemon mesh --sync-key "$KEYS" --sync-peer 198.18.0.2
		peer "$WEIR_ADM" --start-daemon mesh --sync-key "$KEYS" --sync-peer 198.18.0.1
		"$WEIR_ADM" --wait-sync 10 >/dev/null
		return
	fi
	adm --start-daemon master --mcast-interface sync
	peer "$IPVSADM" --start-daemon backup --mcast-interface sync
}

daemons_stop()
{
	if [[ $1 = mesh ]]; then
		"$WEIR_ADM" --stop-daemon mesh
		peer "$WEIR_ADM" --stop-daemon mesh 2>/dev/null || :
		return
	fi
	adm --stop-daemon master
	peer "$IPVSADM" --stop-daemon backup
}

# daemons_ms: CPU time of all daemon threads, in milliseconds
daemons_ms()
{
	local pid ticks=0 stat

	for pid in $(pgrep '^ipvs-'); do
		read -r -a stat <"/proc/$pid/stat"
		ticks=$((ticks + stat[13] + stat[14]))
	done
	echo $((ticks * 1000 / $(getconf CLK_TCK)))
}

peer_conns() { peer "$IPVSADM" -Ln | awk '$1 == "->" && $5 ~ /^[0-9]+$/ { n += $5 + $6 } END { print n + 0 }'; }

# settled: waits until the other director gets no more connections; prints how many it has
settled()
{
	local last=-1 have

	while have=$(peer_conns); ((have != last)); do
		last=$have
		read -rt 2.5 <> <(:) || :
	done
	echo "$have"
}

# acks: the cost of an established packet in ns, the least of three runs
acks()
{
	local i least=0

	for i in 1 2 3; do
		job type=ack method=dr family=4 proto=tcp flows="$FLOWS" packets=$((FLOWS < 64000 ? FLOWS : 64000))
		((least && J_p50 > least)) || least=$J_p50
	done
	echo $((least / 1000))
}

daemon_cost()
{
	local impl=$1 version=$2 without with first first_with cpu start have params=()

	[[ $impl = weir ]] || params=(conn_tab_bits="$KERNEL_BITS")
	impl_load "$impl" "${params[@]}"
	service_add dr 4 tcp
	fill dr 4 tcp "$FLOWS"
	first=$((FILL_P50 / 1000))
	without=$(acks)
	impl_unload
	impl_load "$impl" "${params[@]}"
	service_add dr 4 tcp
	service_copy
	sysctl -qw net.ipv4.vs.sync_threshold="0 1" net.ipv4.vs.sync_refresh_period=100
	[[ $version != mesh ]] || sysctl -qw net.ipv4.vs.sync_threshold="3 50"
	daemons_start "$version"
	start=$(now)
	fill dr 4 tcp "$FLOWS"
	first_with=$((FILL_P50 / 1000))
	echo "# $impl $version: filled in $((($(now) - start) / 1000)) ms"
	have=$(settled)
	cpu=$(daemons_ms)
	with=$(acks)
	echo "$impl $version: established packet $without ns, with the daemon $with; SYN $first, with the daemon $first_with; $have of $FLOWS connections at the other director; both daemons' CPU $((cpu * 1000000 / FLOWS)) ns per connection"
	daemons_stop "$version"
	peer "$IPVSADM" -C
	impl_unload
}

resync()
{
	local start before during least=0 bytes took

	FLOWS=$RESYNC
	impl_load weir
	service_add dr 4 tcp
	service_copy
	fill dr 4 tcp "$FLOWS"
	before=$(acks)
	"$WEIR_ADM" --start-daemon mesh --sync-key "$KEYS" --sync-peer 198.18.0.2
	bytes=$(cat /sys/class/net/sync/statistics/tx_bytes)
	start=$(now)
	peer "$WEIR_ADM" --start-daemon mesh --sync-key "$KEYS" --sync-peer 198.18.0.1
	# not a child of this shell, whose end would interrupt a job
	rm -f "$KEYS.done"
	( (peer "$WEIR_ADM" --wait-sync 300 >/dev/null; touch "$KEYS.done") & )
	while [[ ! -e $KEYS.done ]]; do
		job type=ack method=dr family=4 proto=tcp flows="$FLOWS" packets=64000
		during=$J_p50
		((least && during > least)) || least=$during
	done
	took=$((($(now) - start) / 1000))
	bytes=$(($(cat /sys/class/net/sync/statistics/tx_bytes) - bytes))
	echo "resync: $(peer_conns) of $FLOWS connections in $took ms, $((bytes / 1000000)) MB; both daemons' CPU $(daemons_ms) ms; established packet $before ns, meanwhile $((least / 1000)) at best, $((during / 1000)) last"
	peer "$WEIR_ADM" -L --daemon
	daemons_stop mesh
	peer "$IPVSADM" -C
	impl_unload
}

umask 077
echo "1 $(openssl rand -hex 32)" >"$KEYS"
bench_up "$((RESYNC > FLOWS ? RESYNC : FLOWS))"
trap 'bench_down' EXIT
peer_up
for c in $CASES; do
	case $c in
	resync) resync ;;
	*) daemon_cost "${c%:*}" "${c#*:}" ;;
	esac
done
peer_down
