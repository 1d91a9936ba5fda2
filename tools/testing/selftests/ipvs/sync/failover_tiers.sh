#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Two recipes of Documentation/failover.rst, by the files of the document. `tiers`: a director spreads by
# direct routing over two directors, each of which has servers of its own behind NAT; servers of one are
# gone, then one director dies. `dns`: a name with two addresses, of which each director has one; one
# dies. Topology: topology.sh, lib/failover.sh, and for `tiers`
#
#    client --- front --- T (.3)      the virtual address; A and B have it on lo
#
#    server1 is behind A, server2 is behind B.

# shellcheck source=tools/testing/selftests/ipvs/lib/lib.sh
. "$(dirname -- "$0")/../lib/lib.sh"
# shellcheck source=tools/testing/selftests/ipvs/lib/failover.sh
. "$LIB/failover.sh"

export ALL_TESTS=""
export ONCE_TESTS="tiers dns"

webs_up() {
	local ns

	for ns in server1 server2; do
		mkdir -p "$SCRATCH/$ns"
		echo "$ns" >"$SCRATCH/$ns/index.html"
		with_web "$ns" "$SCRATCH/$ns"
	done
}

# fetch N URL: prints who has answered, as tally does
fetch() {
	local i

	for ((i = 0; i < $1; i++)); do
		ip netns exec client curl -s -m 5 --retry 0 "$2" || echo "status $?"
	done >"$SCRATCH/fetched"
	printf '# client: %d times %s: %s\n' "$1" "$2" "$(tally "$SCRATCH/fetched")"
	! grep -q '^status' "$SCRATCH/fetched"
}

fetch_is() {
	fetch 6 "$1" && [ "$(tally "$SCRATCH/fetched")" = "$2" ]
}

# behind DIRECTOR SERVER: uses it as its gateway
behind() {
	in_ns "$2" ip route replace default via "198.51.100.${BYTE[$1]}" table 100
	defer ip -n "$2" route replace default via 198.51.100.1 table 100
}

tiers() {
	local ns url=http://$VIP_A/

	webs_up
	host_up T 3 front
	in_ns T ip addr add "$VIP_A/24" dev front
	doc_commands tiers/sysctl T
	behind A server1
	behind B server2
	for ns in A B; do
		director_up "$ns"
		doc_commands tiers/lo "$ns"
		keepalived_start "$ns" tiers/back.conf
	done
	keepalived_start T tiers/front.conf
	busywait 30 fetch_is "$url" "server1x3 server2x3" || { fail "not all answer"; said T; }
	run ip -n switch link set b-server1 nomaster
	defer ip -n switch link set b-server1 master back
	busywait 40 fetch_is "$url" "server2x6" || { fail "A gets requests without a server"; said T; }
	run ip -n switch link set b-server1 master back
	busywait 40 fetch_is "$url" "server1x3 server2x3" || { fail "A is not back"; said T; }
	die B
	busywait 40 fetch_is "$url" "server1x6" || { fail "B gets requests and is dead"; said T; }
}

dns() {
	local ns url=http://www.example.com/

	[ "$IMPL" = weir ] || { skip "the kernel's ip_vs has no mesh daemon"; return; }
	webs_up
	key_file
	for ns in A B; do
		director_up "$ns"
		keepalived_start "$ns" pair/script.conf active/instances.conf active/services.conf
		mesh_start "$ns"
	done
	becomes_master A "$VIP_A"
	becomes_master B "$VIP_B"
	doc dns/dnsmasq.conf >"$SCRATCH/dnsmasq.conf"
	program client dnsmasq -k -u root -R -h -x "$SCRATCH/dnsmasq.pid" -C "$SCRATCH/dnsmasq.conf"
	[ -e /etc/resolv.conf ] || { : >/etc/resolv.conf && defer rm /etc/resolv.conf; }
	mkdir -p /etc/netns/client
	defer rm -r /etc/netns/client
	echo "nameserver 127.0.0.1" >/etc/netns/client/resolv.conf
	fetch 20 "$url" || fail "requests failed"
	for ns in A B; do
		[ "$(quiet_in "$ns" ipvsadm -Ln --stats --exact | awk '/^TCP/ { n += $3 } END { print n }')" -ge 5 ] ||
			fail "$ns gets hardly any connections"
	done
	die A
	becomes_master B "$VIP_A"
	fetch 20 "$url" || fail "requests failed"
}

tool keepalived curl nginx dnsmasq
for_failover
tests_run
