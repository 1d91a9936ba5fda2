#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Requests reach a server and replies reach the client: by NAT, direct routing and tunnelling, TCP
# and UDP. Topology: topology.sh.

# shellcheck source=tools/testing/selftests/ipvs/lib/lib.sh
. "$(dirname -- "$0")/../lib/lib.sh"

export ALL_TESTS="nat_tcp nat_udp nat_port dr_tcp dr_udp tun_tcp tun_udp tun_mixed all_methods
	payload_socat"

# each_answers PROTO_OPTION: rr, three servers, six requests: two each.
each_answers() {
	ask "$@" -n 6 >"$SCRATCH/answers"
	equal "answers" "$(tally "$SCRATCH/answers")" "server1x2 server2x2 server3x2"
}

method_case() {
	local proto=$1 method=$2

	service "$proto" rr "$method" 1 2 3
	if [ "$proto" = u ]; then each_answers -u; else each_answers; fi
}

nat_tcp() { method_case t m; }
nat_udp() { method_case u m; }
dr_tcp() { method_case t g; }
dr_udp() { method_case u g; }
tun_tcp() { method_case t i; }
tun_udp() { method_case u i; }

# The service's port differs from the server's.
nat_port() {
	local p

	defer clean_director
	for p in t u; do
		ipvs_batch <<-RULES
			-A -$p $(at "$VIP" 80) -s rr
			-a -$p $(at "$VIP" 80) -r $(at "${RS[2]}") -m
		RULES
	done
	equal "TCP port 80 to $PORT" "$(PORT=80 ask)" server2
	equal "UDP port 80 to $PORT" "$(PORT=80 ask -u)" server2
}

# A server of the other family behind a tunnel.
tun_mixed() {
	local other=4 vip=$VIP af=$AF

	[ "$AF" = 4 ] && other=6
	family "$other"
	local rip=${RS[1]}
	family "$af"
	if [ "$AF" = 4 ]; then
		in_ns server1 ip link add mixed type ip6tnl mode ipip6 local "$rip" remote any
		defer ip -n server1 link del mixed
		in_ns server1 ip link set mixed up
	fi
	defer clean_director
	ipvs_batch <<-RULES
		-A -t $(at "$vip") -s rr
		-a -t $(at "$vip") -r $(at "$rip") -i
	RULES
	equal "server of IPv$other" "$(ask -n 2 | xargs)" "server1 server1"
}

# One service with a different method per server.
all_methods() {
	defer clean_director
	ipvs_batch <<-RULES
		-A -t $(at "$VIP") -s rr
		-a -t $(at "$VIP") -r $(at "${RS[1]}") -m
		-a -t $(at "$VIP") -r $(at "${RS[2]}") -g
		-a -t $(at "$VIP") -r $(at "${RS[3]}") -i
	RULES
	each_answers
}

# As in the kernel's own ipvs.sh: random bytes by socat, one way, and compared. A server and a port
# for each method, TCP and UDP.
payload_socat() {
	local n proto methods=(- m g i)

	command -v socat >/dev/null || { skip "socat is not installed"; return; }
	head -c 512 /dev/urandom >"$SCRATCH/in"
	rm -f "$SCRATCH"/out-*
	defer clean_director
	for n in 1 2 3; do
		for proto in t u; do
			echo "-A -$proto $(at "$VIP" 808$n) -s rr"
			echo "-a -$proto $(at "$VIP" 808$n) -r $(at "${RS[n]}" 808$n) -${methods[n]}"
		done
	done >"$SCRATCH/rules"
	ipvs_batch <"$SCRATCH/rules"
	for n in 1 2 3; do
		background nsenter "--net=/run/netns/server$n" socat -u \
			"TCP$AF-LISTEN:808$n,reuseaddr" "CREATE:$SCRATCH/out-t$n"
		background nsenter "--net=/run/netns/server$n" socat -u \
			"UDP$AF-RECV:808$n" "CREATE:$SCRATCH/out-u$n"
	done
	for n in 1 2 3; do
		wait_listen "server$n" "808$n" 2
		in_ns client socat -u - "TCP$AF:$(at "$VIP" 808$n)" <"$SCRATCH/in"
		in_ns client socat -u - "UDP$AF:$(at "$VIP" 808$n)" <"$SCRATCH/in"
	done
	for n in t1 t2 t3 u1 u2 u3; do
		busywait 10 cmp -s "$SCRATCH/in" "$SCRATCH/out-$n" ||
			fail "$n: the data differ"
	done
}

with_topology
with_servers
tests_run
