#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Packets of every protocol, method and nesting, most of them damaged, in buffers of every form,
# while the configuration changes: the kernel reports nothing, nothing is left behind, and real
# traffic passes afterwards. Topology: topology.sh, with phantoms; fuzz/ makes the packets.
#
# FUZZ_SEED=N repeats a run; FUZZ_PACKETS=N or FUZZ_SECONDS=N make it longer; FUZZ_FIRST=N starts at
# packet N. corpus/ holds packets that are sent first.

# shellcheck source=tools/testing/selftests/ipvs/lib/lib.sh
. "$(dirname -- "$0")/../lib/lib.sh"

export ONCE_TESTS="damaged unloaded"
export ALL_TESTS=""

SECONDS_LONG=5
case $KERNEL in *debug) SECONDS_LONG=40 ;; esac
export FUZZ_SEED=${FUZZ_SEED:-$RANDOM$RANDOM}

# skbs: the number of socket buffers in use, without those cached for reuse
skbs() {
	echo 1 2>/dev/null >/sys/kernel/slab/skbuff_head_cache/shrink
	awk '$1 == "skbuff_head_cache" { print $2 }' /proc/slabinfo
}

# Tunnels that end at the director itself.
decapsulation() {
	modprobe -a -q tun fou ip_gre || :
	run ip -n director link set tunl0 up
	defer ip -n director link set tunl0 down
	run ip -n director link set ip6tnl0 up
	defer ip -n director link set ip6tnl0 down
	in_ns director ip fou add port 5555 gue
	defer ip -n director fou del port 5555
	in_ns director ip link add greany type gre local 192.0.2.1 remote any
	defer ip -n director link del greany
	run ip -n director link set greany up
}

mark_rules() {
	nft_rules <<-RULES
		table inet weir_fuzz {
			chain pre {
				type filter hook prerouting priority mangle;
				th dport 90 meta mark set 7
			}
		}
	RULES
}

traffic() {
	local method

	for AF in 4 6; do
		family "$AF"
		for method in m g i; do
			service t rr "$method" 1
			equal "TCP, $method, IPv$AF" "$(ask -k sum -s 100000 -w 30)" same
			clean_director
			service u rr "$method" 1
			equal "UDP, $method, IPv$AF" "$(ask -u)" server1
			clean_director
		done
	done
	family 4
}

damaged() {
	local options=(-s "$FUZZ_SEED" -f "${FUZZ_FIRST:-0}")

	options+=(-t "${FUZZ_SECONDS:-$SECONDS_LONG}" -n "${FUZZ_PACKETS:-1000000000}")
	[ -z "${FUZZ_PACKETS:-}" ] || options+=(-t 86400)
	defer clean_director
	run gcc -O1 -o "$SCRATCH/fuzz" "$HERE"/fuzz/*.c
	decapsulation
	mark_rules
	in_ns director sysctl -qw net.ipv4.ipfrag_time=2 net.ipv6.ip6frag_time=2
	defer quiet_in director sysctl -qw net.ipv4.ipfrag_time=30 net.ipv6.ip6frag_time=60
	defer forget_pmtu
	run_py fuzz.py fuzz "$SCRATCH/fuzz" "${options[@]}" "$HERE"/corpus/*.txt
	quiet_in director sed -n '1,3s/^/# /p' /proc/net/ip_vs_stats
	traffic
}

few_skbs() {
	[ "$(skbs)" -lt "$((SKBS_BEFORE + 2000))" ]
}

# Connections and templates end with the module; queued packets must be gone before.
unloaded() {
	module_reload || fail "the module does not unload"
	equal "connections" "$(quiet_in director wc -l </proc/net/ip_vs_conn)" 1
	[ -r /proc/slabinfo ] || return 0
	busywait 20 few_skbs || fail "$(skbs) socket buffers, $SKBS_BEFORE before"
}

tool gcc nft ethtool
with_topology
with_servers
SKBS_BEFORE=$(skbs 2>/dev/null || :)
tests_run
