#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The director as an endpoint: as client of its own VIP, as one of the real servers, and as both.
# Topology: topology.sh; the server program also runs on the director.

# shellcheck source=tools/testing/selftests/ipvs/lib/lib.sh
. "$(dirname -- "$0")/../lib/lib.sh"

export ALL_TESTS="client_nat client_dr client_tun server_nat server_dr server_tun
	server_among_others both"

# ask_self ARGS...: from the director's back address instead of the VIP, the default source.
ask_self() {
	ask_from director -b "$DIRECTOR_BACK" "$@"
}

client_case() {
	local proto

	# DR and TUN replies have a source address that the director has, too.
	quiet_in director sysctl -qw net.ipv4.conf.all.accept_local=1
	defer quiet_in director sysctl -qw net.ipv4.conf.all.accept_local=0
	for proto in t u; do
		service $proto rr "$1" 1 2 3
		if [ $proto = t ]; then set -- "$1"; else set -- "$1" -u; fi
		ask_self "${@:2}" -n 3 >"$SCRATCH/answers"
		equal "answers ($proto)" "$(tally "$SCRATCH/answers")" "server1x1 server2x1 server3x1"
	done
}

client_nat() { client_case m; }
client_dr() { client_case g; }
client_tun() { client_case i; }

# local_service PROTO METHOD: the director's back address is the only server.
local_service() {
	defer clean_director
	ipvs_batch <<-RULES
		-A -$1 $(at "$VIP") -s rr
		-a -$1 $(at "$VIP") -r $(at "$DIRECTOR_BACK") -$2
	RULES
}

# server_case METHOD SHOWN: SHOWN is the method listed for a local server.
server_case() {
	local_service t "$1"
	equal "TCP" "$(ask -n 2 | xargs)" "director director"
	local_service u "$1"
	equal "UDP" "$(ask -u -n 2 | xargs)" "director director"
	equal "method shown" "$(shown_methods)" "$2 $2"
}

shown_methods() {
	quiet_in director ipvsadm -Ln | awk '$1 == "->" && NR > 3 { print $3 }' | xargs
}

server_nat() { server_case m Masq; }
server_dr() { server_case g Route; }
server_tun() { server_case i Tunnel; }

server_among_others() {
	service t rr m 1 2
	ipvs -a -t "$(at "$VIP")" -r "$(at "$DIRECTOR_BACK")" -m
	ask -n 6 >"$SCRATCH/answers"
	equal "answers" "$(tally "$SCRATCH/answers")" "directorx2 server1x2 server2x2"
}

both() {
	local method

	for method in m g i; do
		local_service t $method
		equal "-$method" "$(ask_self)" director
		clean_director
	done
}

with_topology
with_servers director server1 server2 server3
tests_run
