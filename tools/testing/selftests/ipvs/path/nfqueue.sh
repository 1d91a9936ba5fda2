#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Packets that a firewall queues to a process (NFQUEUE) before ip_vs: reinjected, they traverse the
# remaining hooks with softirqs enabled, concurrently with packets in softirq context. Requests,
# replies and the director's own connections. Topology: topology.sh.

# shellcheck source=tools/testing/selftests/ipvs/lib/lib.sh
. "$(dirname -- "$0")/../lib/lib.sh"

export ALL_TESTS="requests replies own"

FROM=(client)

# queued HOOK PRIORITY: queues our packets at this hook.
queued() {
	nft_rules <<-RULES
		table inet queued {
			chain queued {
				type filter hook $1 priority $2;
				meta l4proto { tcp, udp } th dport $PORT counter queue num 7
				meta l4proto { tcp, udp } th sport $PORT counter queue num 7
			}
		}
	RULES
}

# answered WHAT OPTION...: each server answers twice
answered() {
	ask_from "${FROM[@]}" "${@:2}" -n 6 >"$SCRATCH/answers"
	equal "$1" "$(tally "$SCRATCH/answers")" "server1x2 server2x2 server3x2"
}

# traffic METHOD...: from the client, or from the namespace FROM.
traffic() {
	local method

	for method; do
		service t rr "$method"
		answered "TCP, -$method"
		equal "up, -$method" "$(ask_from "${FROM[@]}" -k sum -s 60000 -w 60)" same
		equal "down, -$method" "$(ask_from "${FROM[@]}" -k give -s 60000 -w 60)" same
		clean_director
		service u rr "$method"
		answered "UDP, -$method" -u
		clean_director
	done
}

seen() {
	quiet_in director nft list table inet queued | grep -Eq 'counter packets [1-9]'
}

# Some packets bypass the queue, so that our locks are taken in both contexts.
requests() {
	traffic m
	queued input 0
	traffic m g i
	check "nothing was queued" seen
}

replies() {
	queued forward 0
	traffic m
	check "nothing was queued" seen
}

# DR replies have a source address that the director has, too.
own() {
	local FROM=(director -b "$DIRECTOR_BACK")

	defer quiet_in director sysctl -qw net.ipv4.conf.all.accept_local=0
	in_ns director sysctl -qw net.ipv4.conf.all.accept_local=1
	queued output -150
	traffic m g
	check "nothing was queued" seen
}

bound() {
	quiet_in director grep -q '^ *7 ' /proc/net/netfilter/nfnetlink_queue
}

tool nft
modprobe -aq nfnetlink_queue nft_queue || skip_all "this kernel has no NFQUEUE"
with_topology
with_servers
background nsenter --net=/run/netns/director python3 -S "$HERE/nfqueue.py" 7
busywait 20 bound || { echo "Bail out! no process listens at the queue"; exit 1; }
tests_run
