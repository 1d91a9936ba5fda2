#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A client that was connected to a real server by NAT connects from the same port to the server
# itself. The director forwards this connection, too, and must not translate its replies. Topology:
# topology.sh, with phantoms; the client's route to the servers leads through the director.

# shellcheck source=tools/testing/selftests/ipvs/lib/lib.sh
. "$(dirname -- "$0")/../lib/lib.sh"

export ALL_TESTS="states others session tracked"

tool nft conntrack

# over PORT: the connection from this port has ended.
over() {
	quiet_in director grep -q "$(printf ' %04X .* \(TIME_WAIT\|CLOSE\) ' "$1")" /proc/net/ip_vs_conn
}

# from_port PORT: real TCP to the VIP, then to the server; the one or the other side ends the first
# connection.
from_port() {
	local sport=$1 wish

	service t rr m 1
	for wish in who bye; do
		sport=$((sport + 1))
		equal "$wish: by the virtual address" "$(ask -k $wish -b "$CLIENT" -p $sport)" server1
		check "$wish: the connection is not over" busywait 10 over $sport
		equal "$wish: from the same port to the server" \
			"$(VIP=${RS[1]} ask -w 8 -b "$CLIENT" -p $sport)" server1
	done
	clean_director
}

session() {
	from_port $((20000 + 10 * AF))
}

# The same with the connection's conntrack entry, which clashes with that of its successor.
tracked() {
	conntrack_knob 1
	nft_rules <<-RULES
		table $(nft_family) plain {
			chain forward {
				type filter hook forward priority 0; policy drop;
				ct state { new, established } accept
			}
		}
	RULES
	from_port $((20100 + 10 * AF))
	forget_entries
}

with_topology
with_servers
tests_run
