#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Two directors of a mesh: one dies, the other takes over; the first comes back without knowing
# anything, waits until it is in sync, and takes over again. Connections that are silent meanwhile
# survive both. Topology: topology.sh without its director, and
#
#      bridge front   bridge back
#         |      +----------+      |
#         +------+   two    +------+      addresses .5
#                +----+-----+
#      mesh |         |        own link of the directors for the messages
#           |    +----+-----+
#           +----+   one    +------+      addresses .4; made anew after its death
#                +----------+
#
# Who works has the addresses .1, the gateways of the client and of the servers. Both have the VIP on
# lo.
#
# CONNECTIONS=N: in all, a quarter for each method and family (default 400). SILENCE="S...": seconds
# between failover and fail back, one round for each (default 1).

# shellcheck source=tools/testing/selftests/ipvs/lib/lib.sh
. "$(dirname -- "$0")/../lib/lib.sh"

# shellcheck source=tools/testing/selftests/ipvs/lib/clients.sh
. "$LIB/clients.sh"

export ALL_TESTS=""
export ONCE_TESTS="fail_back"

CONNECTIONS=${CONNECTIONS:-400}
SILENCE=${SILENCE:-1}
NAT_PORT=8000 DIRECT_PORT=8001
declare -A BYTE=([one]=4 [two]=5)

rules() {
	local n method

	for AF in 4 6; do
		family "$AF"
		for method in "m $NAT_PORT" "g $DIRECT_PORT"; do
			echo "-A -t $(at "$VIP" "${method#* }") -s rr"
			for n in 1 2 3; do
				echo "-a -t $(at "$VIP" "${method#* }") -r $(at "${RS[n]}" "${method#* }") -${method% *}"
			done
		done
	done
}

# director_up NS: a director that knows nothing
director_up() {
	local other=one

	[ "$1" = two ] || other=two
	run ip netns add "$1"
	defer ip netns del "$1"
	ns_sysctls "$1" net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 \
		net.ipv4.conf.{all,default}.send_redirects=0
	ip -n "$1" link set lo up
	link_up "$1" front
	link_up "$1" back
	if ip netns list | grep -q "^$other"; then
		run ip -n "$1" link add mesh type veth peer name mesh netns "$other"
		ip -n "$other" addr add "198.18.0.${BYTE[$other]}/24" dev mesh
		ip -n "$other" link set mesh up
	fi
	ip -n "$1" addr add "198.18.0.${BYTE[$1]}/24" dev mesh 2>/dev/null
	ip -n "$1" link set mesh up 2>/dev/null
	for AF in 4 6; do
		family "$AF"
		batch "$1" <<-BATCH
			addr add $VIP/$HOST dev lo $NODAD
			addr add $FRONT${BYTE[$1]}/$PLEN dev front $NODAD
			addr add $BACK${BYTE[$1]}/$PLEN dev back $NODAD
		BATCH
	done
	in_ns "$1" ipvsadm -R <"$SCRATCH/services"
}

mesh_start() {
	local other=one

	[ "$1" = two ] || other=two
	in_ns "$1" ipvsadm --start-daemon mesh --sync-key "$SCRATCH/keys" \
		--sync-peer "198.18.0.${BYTE[$other]}" || fail "status $? from --start-daemon mesh"
}

# work NS on|off: has the gateways' addresses, or no longer
work() {
	local net

	for AF in 4 6; do
		family "$AF"
		if [ "$2" = off ]; then
			in_ns "$1" ip addr del "$DIRECTOR/$PLEN" dev front
			in_ns "$1" ip addr del "$DIRECTOR_BACK/$PLEN" dev back
			continue
		fi
		for net in front back; do
			quiet_in "$1" sysctl -qw "net.ipv6.conf.$net.ndisc_notify=1"
		done
		# not nodad: such an address is not announced
		in_ns "$1" ip addr add "$DIRECTOR/$PLEN" dev front
		in_ns "$1" ip addr add "$DIRECTOR_BACK/$PLEN" dev back
	done
	[ "$2" = on ] || return 0
	family 4
	in_ns "$1" busybox arping -q -U -c 1 -I front "$DIRECTOR"
	in_ns "$1" busybox arping -q -U -c 1 -I back "$DIRECTOR_BACK"
	# IPv6 has no gratuitous request by busybox
	quiet_in client ip -6 neigh flush dev front
	for net in $SERVERS; do
		quiet_in "$net" ip -6 neigh flush dev back
	done
}

# die NS: without a word, and without a reset from a namespace that has lost its services
die() {
	run ip -n switch link set "f-$1" down
	run ip -n switch link set "b-$1" down
	run ip -n "$1" link set mesh down
	run ip netns del "$1"
}

clients() {
	local port addresses=()

	for port in "$NAT_PORT" "$DIRECT_PORT"; do
		for AF in 4 6; do
			family "$AF"
			addresses+=("$VIP" "$port")
		done
	done
	clients_start "$((CONNECTIONS / 4))" "${addresses[@]}"
}

round() {
	local began

	die one
	work two on
	hush
	judge "failover"
	hush
	pause "$1"
	director_up one
	mesh_start one
	began=$(date +%s%N)
	in_ns one ipvsadm --wait-sync 60 || fail "one is not in sync"
	printf '# %d ms until one is in sync, %d of %d connections\n' \
		"$((($(date +%s%N) - began) / 1000000))" "$(established one)" "$CONNECTIONS"
	[ "$(established one)" -ge "$CONNECTIONS" ] || fail "one has $(established one) connections"
	work two off
	work one on
	judge "fail back after $1 s"
	in_ns two ipvsadm --wait-sync 10 || fail "two is not in sync"
}

# forget_directors: the neighbours still know their addresses
forget_directors() {
	local ns

	for ns in client $SERVERS; do
		quiet_in "$ns" ip neigh flush all
		quiet_in "$ns" ip -6 neigh flush all
	done
}

fail_back() {
	local s net

	defer forget_directors

	rules >"$SCRATCH/services"
	echo "1 $(openssl rand -hex 32)" >"$SCRATCH/keys"
	chmod 600 "$SCRATCH/keys"
	for net in front back; do
		run ip -n switch link set "${net:0:1}-director" nomaster
		defer ip -n switch link set "${net:0:1}-director" master "$net"
	done
	director_up two
	director_up one
	mesh_start one
	mesh_start two
	work one on
	ulimit -n $((CONNECTIONS * 2 + 1000))
	PORTS=$NAT_PORT,$DIRECT_PORT with_servers
	clients
	client_says open 300 || return
	busywait 30 all_known two || fail "two knows $(established two) of $CONNECTIONS connections"
	for s in $SILENCE; do
		round "$s"
	done
	in_ns two ipvsadm -L --daemon
}

[ "$IMPL" = weir ] || skip_all "the kernel's ip_vs has no mesh daemon"
with_topology
tests_run
