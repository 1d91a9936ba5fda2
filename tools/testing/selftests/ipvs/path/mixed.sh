#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Combined set-ups: different methods in one service, several virtual addresses, stacked devices,
# policy routing, VRF, replies that take another path than requests, devices removed under traffic.
# Topology: topology.sh, and a second link from the director:
#
#   director  far (10.9.0.1)  <-- veth, VLAN, bridge, bond -->  far (10.9.0.2)  server1 or client

# shellcheck source=tools/testing/selftests/ipvs/lib/lib.sh
. "$(dirname -- "$0")/../lib/lib.sh"

export ALL_TESTS="methods veth vlan bridge bond vrf policy asymmetric device_gone"

tool curl nginx nft jq

# --- real servers and clients --------------------------------------------------------------

# site NS: a web site with the namespace's name and a large file.
site() {
	local dir=$SCRATCH/site-$1

	mkdir "$dir"
	echo "$1" >"$dir/name"
	head -c 300000 /dev/zero >"$dir/large"
	with_web "$1" "$dir"
}

# get ADDRESS FILE COUNT
get() {
	local n urls=()

	printf '# client$ curl http://%s/%s, %s times\n' "$(at "$1" 80)" "$2" "$3" >&2
	for ((n = 0; n < $3; n++)); do
		urls+=("http://$(at "$1" 80)/$2")
	done
	quiet_in client curl -gsS -m 8 -H 'Connection: close' "${urls[@]}" 2>&1
}

# give NS ADDRESS DEVICE: adds a host address.
give() {
	in_ns "$1" ip addr add "$2/$HOST" dev "$3" ${NODAD:+"$NODAD"}
	defer ip -n "$1" addr del "$2/$HOST" dev "$3"
}

# One service with a method per server on each of two virtual addresses, with the methods reversed
# on the second; and one on an interface address of the director.
methods() {
	local second=203.0.113.20 ns n

	[ "$AF" = 4 ] || second=2001:db8:f::20
	for ns in director $SERVERS; do
		give "$ns" "$second" lo
	done
	ip -n client route add "$second" via "$DIRECTOR"
	defer ip -n client route del "$second"
	defer clean_director
	ipvs_batch <<-RULES
		-A -t $(at "$VIP" 80) -s rr
		-a -t $(at "$VIP" 80) -r $(at "${RS[1]}" 80) -m
		-a -t $(at "$VIP" 80) -r $(at "${RS[2]}" 80) -i
		-a -t $(at "$VIP" 80) -r $(at "${RS[3]}" 80) -g
		-A -t $(at "$second" 80) -s rr
		-a -t $(at "$second" 80) -r $(at "${RS[1]}" 80) -g
		-a -t $(at "$second" 80) -r $(at "${RS[2]}" 80) -m
		-a -t $(at "$second" 80) -r $(at "${RS[3]}" 80) -i
		-A -t $(at "$DIRECTOR" 80) -s rr
		-a -t $(at "$DIRECTOR" 80) -r $(at "${RS[2]}" 80) -m
	RULES
	for n in "$VIP" "$second"; do
		get "$n" name 6 >"$SCRATCH/names"
		equal "$n" "$(tally "$SCRATCH/names")" "server1x2 server2x2 server3x2"
		equal "large files by $n" "$(get "$n" large 3 | wc -c)" 900000
	done
	equal "the director's own address" "$(get "$DIRECTOR" name 2 | xargs)" "server2 server2"
}

# --- a second link -------------------------------------------------------------------------

# far NS: a link from the director to NS, FAR_DIRECTOR and FAR_PEER at its ends.
far() {
	FAR_NS=$1 FAR_DEV=far FAR_DIRECTOR=10.9.0.1 FAR_PEER=10.9.0.2 FAR_NET=10.9.0.0/24
	[ "$AF" = 4 ] || FAR_DIRECTOR=2001:db8:9::1 FAR_PEER=2001:db8:9::2 FAR_NET=2001:db8:9::/64
	run ip link add far netns director type veth peer name far netns "$1"
	defer ip -n director link del far
}

# stack NS ARGS...: a device on top of far.
stack() {
	in_ns "$1" ip link add "${@:2}"
	defer ip -n "$1" link del "$2"
}

# far_up [DEVICE]: addresses on far, or on the device on top of it, at both ends.
far_up() {
	local ns

	FAR_DEV=${1:-far}
	for ns in director "$FAR_NS"; do
		ip -n "$ns" link set far up
		ip -n "$ns" link set "$FAR_DEV" up
	done
	in_ns director ip addr add "$FAR_DIRECTOR/$PLEN" dev "$FAR_DEV" ${NODAD:+"$NODAD"}
	in_ns "$FAR_NS" ip addr add "$FAR_PEER/$PLEN" dev "$FAR_DEV" ${NODAD:+"$NODAD"}
}

# far_service PROTO METHOD: on the virtual address, with the far end as its only server.
far_service() {
	ipvs_batch <<-RULES
		-A -$1 $(at "$VIP") -s rr
		-a -$1 $(at "$VIP") -r $(at "$FAR_PEER") -$2
	RULES
}

# answers NAME: server1, reached over the second link, answers by each method.
answers() {
	local method proto
	local -A udp=([t]="" [u]=-u)

	in_ns server1 ip "-$AF" rule add from "$FAR_NET" lookup 101
	defer quiet_in server1 ip "-$AF" rule del from "$FAR_NET" lookup 101
	in_ns server1 ip "-$AF" route add default via "$FAR_DIRECTOR" table 101
	for method in m g i; do
		for proto in t u; do
			defer clean_director
			far_service $proto $method
			# shellcheck disable=SC2086
			equal "$1 -$method $proto" "$(ask ${udp[$proto]} -n 2 | xargs)" "server1 server1"
			[ $proto = u ] ||
				equal "$1 -$method, large" "$(ask -k sum -s 200000)" same
			clean_director
		done
	done
}

veth() {
	far server1
	far_up
	answers veth
}

vlan() {
	far server1
	stack director far.7 link far type vlan id 7
	stack server1 far.7 link far type vlan id 7
	far_up far.7
	answers VLAN
}

bridge() {
	far server1
	stack director stacked type bridge
	stack server1 stacked type bridge
	in_ns director ip link set far master stacked
	in_ns server1 ip link set far master stacked
	far_up stacked
	answers bridge
}

# has TYPE: whether the kernel supports such devices.
has() {
	quiet_in director ip link add probe type "$1" "${@:2}" 2>/dev/null || {
		skip "no $1 devices"
		return 1
	}
	ip -n director link del probe
}

bond() {
	local ns

	has bond || return
	far server1
	run ip link add far2 netns director type veth peer name far2 netns server1
	defer ip -n director link del far2
	for ns in director server1; do
		stack $ns stacked type bond mode active-backup miimon 10
		in_ns $ns ip link set far master stacked
		in_ns $ns ip link set far2 master stacked
		ip -n $ns link set far2 up
	done
	far_up stacked
	answers bond
	# over the other link
	in_ns director ip link set far down
	far_service t m
	equal "bond, other leg" "$(ask -n 2 | xargs)" "server1 server1"
}

# Clients in a VRF, servers outside: the VRF has the virtual address. DR and TUN replies bypass it.
vrf() {
	local address=203.0.113.30 method ns

	has vrf table 10 || return
	[ "$AF" = 4 ] || address=2001:db8:f::30
	far client
	stack director red type vrf table 10
	in_ns director ip link set red up
	in_ns director ip link set far master red
	far_up
	give director "$address" red
	for ns in server1 server2; do
		give $ns "$address" lo
	done
	in_ns client ip route add "$address/$HOST" via "$FAR_DIRECTOR" src "$CLIENT"
	defer clean_director
	for method in m g i; do
		ipvs_batch <<-RULES
			-A -t $(at "$address") -s rr
			-a -t $(at "$address") -r $(at "${RS[1]}") -$method
			-a -t $(at "$address") -r $(at "${RS[2]}") -$method
		RULES
		VIP=$address ask -n 2 >"$SCRATCH/answers"
		equal "VRF -$method" "$(tally "$SCRATCH/answers")" "server1x1 server2x1"
		clean_director
	done
}

# --- routes --------------------------------------------------------------------------------

# leaving DEVICE: the number of packets from the virtual address that left through it.
leaving() {
	quiet_in director nft list counter inet ways "$1" | awk '/packets/ { print $2 }'
}

count_ways() {
	local dev

	nft_rules <<-RULES
		table inet ways {
			$(for dev in far front back; do echo "counter $dev { }"; done)
			chain postrouting {
				type filter hook postrouting priority 300;
				$(for dev in far front back; do
					echo "oifname $dev meta l4proto { tcp, udp } counter name $dev"
				done)
			}
		}
	RULES
}

# Replies are routed by their new source, the virtual address, unless snat_reroute is off.
policy() {
	far client
	far_up
	in_ns director ip "-$AF" rule add from "$VIP" lookup 102
	defer quiet_in director ip "-$AF" rule del from "$VIP" lookup 102
	in_ns director ip "-$AF" route add "$CLIENT" via "$FAR_PEER" table 102
	service t rr m 1
	count_ways
	equal "rerouted" "$(ask -n 2 | xargs)" "server1 server1"
	check "replies by the policy route" [ "$(leaving far)" -gt 0 ]
	equal "replies by the main route" "$(leaving front)" 0
	defer quiet_in director sysctl -qw net.ipv4.vs.snat_reroute=1
	in_ns director sysctl -qw net.ipv4.vs.snat_reroute=0
	equal "not rerouted" "$(ask | xargs)" server1
	check "replies by the main route" [ "$(leaving front)" -gt 0 ]
}

# Requests on one link, replies on the other.
asymmetric() {
	local method

	far client
	far_up
	in_ns client ip route replace "$VIP/$HOST" via "$FAR_DIRECTOR" src "$CLIENT"
	defer ip -n client route replace "$VIP/$HOST" via "$DIRECTOR"
	count_ways
	for method in m g i; do
		service t rr $method 1 2
		ask -n 2 >"$SCRATCH/answers"
		equal "-$method" "$(tally "$SCRATCH/answers")" "server1x1 server2x1"
		equal "-$method, large" "$(ask -k sum -s 200000)" same
		clean_director
	done
	check "replies by NAT leave by the front" [ "$(leaving front)" -gt 0 ]
	equal "replies by the other link" "$(leaving far)" 0
}

# --- removed devices -----------------------------------------------------------------------

# gone WHAT: removes the second link; a leaked reference would delay that by at least ten seconds.
gone() {
	printf '# director$ ip link del far (%s)\n' "$1"
	timeout 9 ip -n director link del far || fail "$1: something holds the device"
}

# The link to a server is removed under traffic, then the one to the client.
device_gone() {
	local method

	for method in m g i; do
		far server1
		far_up
		defer clean_director
		far_service u $method
		far_service t $method
		background nsenter --net=/run/netns/client python3 -S "$LIB/spray.py" "$VIP" "$PORT" 20
		check "traffic (-$method)" busywait 20 over far
		gone "to the server, -$method"
		stop_process "$PID"
		clean_director
	done
	far client
	far_up
	in_ns client ip route replace "$VIP/$HOST" via "$FAR_DIRECTOR"
	defer ip -n client route replace "$VIP/$HOST" via "$DIRECTOR"
	in_ns server1 ip "-$AF" route add "$FAR_NET" via "$DIRECTOR_BACK"
	defer ip -n server1 route del "$FAR_NET"
	service u rr m 1
	background nsenter --net=/run/netns/client python3 -S "$LIB/spray.py" "$VIP" "$PORT" 20
	check "traffic" busywait 20 over far
	gone "to the client"
}

# over DEVICE: packets left through it.
over() {
	[ "$(ip -n director -s -j link show dev "$1" | jq '.[0].stats64.tx.packets')" -gt 20 ]
}

with_topology
with_servers
for server in $SERVERS; do
	site "$server"
done
tests_run
