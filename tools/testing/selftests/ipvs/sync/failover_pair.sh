#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The pairs of Documentation/failover.rst and mesh.rst, by the files of the documents. `pair`: one dies,
# the other takes over; the first comes back without knowing anything, and takes over again when it is in
# sync; then it is stopped in good order. `version_1`: the same with keepalived's own daemons, which lose
# silent connections. `late`: a director that takes over too early does not reset connections.
# `active_active`: each is master of one address, and each dies in turn. `keys`: the key is changed while
# all goes on. Topology: topology.sh and lib/failover.sh.
#
# CONNECTIONS=N: of each address and port (default 100).

# shellcheck source=tools/testing/selftests/ipvs/lib/lib.sh
. "$(dirname -- "$0")/../lib/lib.sh"
# shellcheck source=tools/testing/selftests/ipvs/lib/failover.sh
. "$LIB/failover.sh"

export ALL_TESTS=""
export ONCE_TESTS="pair version_1 late active_active keys"

N=${CONNECTIONS:-100}
PAIR=(pair/script.conf pair/instance.conf pair/services.conf)
ACTIVE=(pair/script.conf active/instances.conf active/services.conf)

# both_up FILE...: the two directors with these files for keepalived
both_up() {
	local ns

	key_file
	for ns in A B; do
		director_up "$ns"
		# a large table, so that it takes seconds to send
		in_ns "$ns" sysctl -qw net.ipv4.vs.conn_lfactor=-8
		keepalived_start "$ns" "$@"
		mesh_start "$ns"
	done
}

# come_back NS ADDRESS FILE...: takes the address, but not before it is in sync
come_back() {
	local other=A ns=$1 end=$((SECONDS + 120)) began synced

	[ "$ns" = B ] || other=B
	# slowly: keepalived alone would take over after four seconds
	in_ns "$other" sysctl -qw net.ipv4.vs.sync_resync_rate=60
	director_up "$ns"
	began=$EPOCHREALTIME
	keepalived_start "$ns" "${@:3}"
	mesh_start "$ns"
	until quiet_in "$ns" ipvsadm --wait-sync >"$SCRATCH/state"; do
		! has_address "$ns" "$2" || fail "$ns has $2 and is not in sync: $(<"$SCRATCH/state")"
		pause 0.1
		((SECONDS < end)) || { fail "$ns is not in sync"; break; }
	done
	synced=$EPOCHREALTIME
	known_by "$ns"
	becomes_master "$ns" "$2"
	printf '# %s was in sync after %d ms, and master after %d ms\n' "$ns" \
		$(((${synced/./} - ${began/./}) / 1000)) $(((${EPOCHREALTIME/./} - ${began/./}) / 1000))
	in_ns "$ns" ipvsadm -L --daemon
}

pair() {
	both_up "${PAIR[@]}"
	becomes_master A "$VIP_A"
	clients "$N" "$VIP_A" 80 "$VIP6_A" 80 "$VIP_A" 443 || return
	known_by A B
	refute "B has the address as well" has_address B "$VIP_A"
	die A
	becomes_master B "$VIP_A"
	judge "A dies"
	hush
	come_back A "$VIP_A" "${PAIR[@]}"
	busywait 10 has_not_address B "$VIP_A" || fail "B keeps the address"
	judge "A comes back"
	for knob in 0 1; do
		stop_and_start "$knob"
	done
}

# stop_and_start EXPIRE-NODEST-CONN: as `systemctl restart keepalived`, with time between
stop_and_start() {
	local ns

	for ns in A B; do
		in_ns "$ns" sysctl -qw "net.ipv4.vs.expire_nodest_conn=$1"
	done
	known_by A B
	unit A ExecStop
	stop_in A keepalived
	becomes_master B "$VIP_A"
	judge "A is stopped, expire_nodest_conn=$1"
	keepalived_start A "${PAIR[@]}"
	mesh_start A
	becomes_master A "$VIP_A"
	judge "A is started"
}

version_1() {
	local line lost=0

	key_file
	director_up A
	director_up B
	keepalived_start A v1/global.conf plain/instance.conf pair/services.conf
	keepalived_start B v1/global.conf plain/instance.conf pair/services.conf
	becomes_master A "$VIP_A"
	in_ns A ipvsadm -L --daemon
	in_ns B ipvsadm -L --daemon
	refute "a mesh beside a master" quiet_in A ipvsadm --start-daemon mesh \
		--sync-key /etc/ipvsadm.keys --sync-peer 198.51.100.5
	clients "$N" "$VIP_A" 80 "$VIP6_A" 80 "$VIP_A" 443 || return
	known_by B
	die A
	becomes_master B "$VIP_A"
	judge "A dies"
	hush
	director_up A
	keepalived_start A v1/global.conf plain/instance.conf pair/services.conf
	becomes_master A "$VIP_A"
	printf '# A knows %d of %d connections\n' "$(established A)" "$CONNECTIONS"
	fates "A comes back"
	for line in "${LINES[@]}"; do
		[[ $line = *" $EACH survived"* ]] || lost=1
	done
	equal "whether connections are lost, as documented" "$lost" 1
}

# A takes over while it hears nothing of B, as after a split of the network, and drops what it does not
# know until it does
late() {
	both_up "${PAIR[@]}"
	becomes_master A "$VIP_A"
	clients "$N" "$VIP_A" 80 "$VIP6_A" 80 "$VIP_A" 443 || return
	known_by A B
	die A
	becomes_master B "$VIP_A"
	judge "A dies"
	director_up A
	in_ns A nft add table inet split
	in_ns A nft add chain inet split input '{ type filter hook input priority -10; }'
	in_ns A nft add rule inet split input udp dport 8848 drop
	doc_commands late/nft A
	keepalived_start A "${PAIR[@]}"
	mesh_start A
	becomes_master A "$VIP_A"
	says A "alone: no peer answers"
	equal "connections known to A" "$(established A)" 0
	# all ask, and nobody is answered
	pause 3
	in_ns A nft delete table inet split
	judge "A hears of B"
	quiet_in A nft list table inet late | grep -F counter | sed 's/^/# /'
}

active_active() {
	both_up "${ACTIVE[@]}"
	becomes_master A "$VIP_A"
	becomes_master B "$VIP_B"
	clients "$N" "$VIP_A" 80 "$VIP_B" 80 || return
	known_by A B
	die A
	becomes_master B "$VIP_A"
	judge "A dies"
	come_back A "$VIP_A" "${ACTIVE[@]}"
	judge "A comes back"
	known_by B
	die B
	becomes_master A "$VIP_B"
	judge "B dies"
	come_back B "$VIP_B" "${ACTIVE[@]}"
	judge "B comes back"
}

# counter NS NAME
counter() {
	quiet_in "$1" awk -v name="$2" '$1 == name { print $2 }' /proc/net/weir_stats
}

# mesh_says NS TEXT: in the listing
mesh_says() {
	quiet_in "$1" ipvsadm -L --daemon | grep -qF -- "$2"
}

# says NS TEXT: soon
says() {
	busywait 15 mesh_says "$1" "$2" ||
		fail "$1 does not say '$2' but $(quiet_in "$1" ipvsadm -L --daemon | tail -n 2 | xargs)"
}

# step DOC: a step of the change on both
step() {
	local ns

	doc_commands "$1" A
	for ns in A B; do
		unit "$ns" ExecReload
	done
	for ns in A B; do
		wait_sync "$ns" 10
		equal "files that only root can read" "$(stat -c %a /etc/ipvsadm.keys)" 600
	done
	pause 1.5	# a status each
}

keys() {
	local ns

	both_up "${PAIR[@]}"
	becomes_master A "$VIP_A"
	clients "$N" "$VIP_A" 80 "$VIP_A" 443 || return
	known_by A B
	step keys/add
	step keys/first
	step keys/remove
	for ns in A B; do
		says "$ns" "key=2)"
		says "$ns" "peer 198.51.100.$((9 - ${BYTE[$ns]})): in sync"
		equal "forged messages at $ns" "$(counter "$ns" sync_forged)" 0
		equal "messages of unknown keys at $ns" "$(counter "$ns" sync_bad_key)" 0
		equal "messages lost at $ns" "$(counter "$ns" sync_lost)" 0
	done
	judge "keys changed"
	# what the document says about wrong keys
	echo "3 $(openssl rand -hex 32)" >/etc/ipvsadm.keys
	unit B ExecReload
	says A "alone: no peer answers"
	says A "does not answer"
	[ "$(counter A sync_bad_key)" -gt 0 ] || fail "sync_bad_key does not count"
	echo "2 $(openssl rand -hex 32)" >/etc/ipvsadm.keys
	unit B ExecReload
	busywait 10 counts A sync_forged || fail "sync_forged does not count"
	unit A ExecReload
	for ns in A B; do
		says "$ns" "  in sync,"
	done
	judge "keys agree again"
}

counts() {
	[ "$(counter "$1" "$2")" -gt 0 ]
}

[ "$IMPL" = weir ] || skip_all "the kernel's ip_vs has no mesh daemon"
tool keepalived openssl
for_failover
PORTS=80,443 with_servers
tests_run
