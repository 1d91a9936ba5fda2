#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The effect of net.ipv4.vs.* on packets, connections and tables; defence.sh covers the knobs of the
# defence, persist.sh those of persistence. Topology: topology.sh, with phantoms.

# shellcheck source=tools/testing/selftests/ipvs/lib/lib.sh
. "$(dirname -- "$0")/../lib/lib.sh"

export ALL_TESTS="conn_max sloppy conn_reuse_mode schedule_icmp ignore_tunneled snat_reroute
	cache_bypass"
export ONCE_TESTS="pmtu_disc estimation est_thread conn_lfactor"

# The director also terminates tunnels.
ignore_tunneled() {
	local dev=tunl0

	[ "$AF" = 4 ] || dev=ip6tnl0
	run ip -n director link set "$dev" up
	defer ip -n director link set "$dev" down
	python_test ignore_tunneled "$AF"
}

# The route of packets from the VIP is "unreachable": a rerouted reply is lost.
snat_reroute() {
	run ip -n director "-$AF" rule add from "$VIP" lookup 77
	defer ip -n director "-$AF" rule del from "$VIP" lookup 77
	run ip -n director "-$AF" route add unreachable default table 77
	defer ip -n director "-$AF" route flush table 77
	python_test snat_reroute "$AF"
}

# The client's requests to a web server behind the director are marked and so delivered to ip_vs.
cache_bypass() {
	local site=${BACK}108

	run ip -n director "-$AF" rule add fwmark 7 lookup 78
	defer ip -n director "-$AF" rule del fwmark 7 lookup 78
	run ip -n director "-$AF" route add local default dev lo table 78
	defer ip -n director "-$AF" route flush table 78
	nft_rules <<-RULES
		table inet weir {
			chain to_site {
				type filter hook prerouting priority mangle;
				$(nft_family) daddr $site tcp dport 80 meta mark set 7
			}
		}
	RULES
	python_test cache_bypass "$AF"
}

with_topology
tests_run
