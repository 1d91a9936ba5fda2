#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Unusual packets are forwarded as well: IP options and extension headers, fragments, datagrams
# without a checksum, packets cloned for a capture, packets that conntrack tracks; and a route that
# changes or disappears with its device. Topology: topology.sh, with phantoms.

# shellcheck source=tools/testing/selftests/ipvs/lib/lib.sh
. "$(dirname -- "$0")/../lib/lib.sh"

export ALL_TESTS="headers fragments no_checksum captured tracked rerouted"

# A rule that needs conntrack enables tracking in the namespace.
tracked() {
	nft_rules <<-RULES
		table inet t {
			chain c {
				type filter hook prerouting priority 0;
				ct state invalid counter
			}
		}
	RULES
	python_test plain "$AF"
	equal "tracked connections" \
		"$(quiet_in director cat /proc/net/nf_conntrack 2>/dev/null | grep -cE 'port=8(0|1|2|080) ')" 0
}

# The link to the servers goes down and comes back; cached routes must follow.
rerouted() {
	defer quiet_in director sysctl -qw net.ipv6.conf.back.keep_addr_on_down=0
	in_ns director sysctl -qw net.ipv6.conf.back.keep_addr_on_down=1
	defer ip -n director link set back up
	python_test rerouted "$AF"
}

with_topology
tests_run
