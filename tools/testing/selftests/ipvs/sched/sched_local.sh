#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# lblc and lblcr before a cluster of caches: clients request many sites; a mark combines all of them
# into one service, and tunnels lead to the caches (servers 1 to 3). The same site goes to the same
# cache, an overloaded cache spills over, a set of caches shrinks again. (Unused sites are collected
# after half an hour: tools/testing/unit covers that.)
#
# Topology: topology.sh; sites are 198.19.0.0/16 and 2001:db8:5::/48. The director delivers marked
# packets locally, and so do the caches for all sites.

# shellcheck source=tools/testing/selftests/ipvs/lib/lib.sh
. "$(dirname -- "$0")/../lib/lib.sh"

export ALL_TESTS="lblc_stays lblcr_stays lblc_spills lblcr_grows_and_shrinks quiescent removed"
export ONCE_TESTS="knobs"
tool nft

SITES4=198.19.0.0/16 SITES6=2001:db8:5::/48
SITE4=198.19.7.1 SITE6=2001:db8:5::1

# sites_up: the routes to the sites, for all tests.
sites_up() {
	local ns

	for ns in $SERVERS; do
		defer ip -n "$ns" route del local "$SITES4" dev lo
		defer ip -n "$ns" route del local "$SITES6" dev lo
		printf 'route add local %s dev lo\n' "$SITES4" "$SITES6" | batch "$ns"
	done
	defer ip -n client route del "$SITES4"
	defer ip -n client route del "$SITES6"
	for AF in 4 6; do
		family "$AF"
		ip -n client route add "$(sites)" via "$DIRECTOR"
		defer ip -n director "-$AF" rule del fwmark 1 lookup 100
		ip -n director "-$AF" rule add fwmark 1 lookup 100
		defer ip -n director "-$AF" route del local default dev lo table 100
		ip -n director "-$AF" route add local default dev lo table 100
	done
	nft_rules <<-RULES
		table inet weir_sched {
			chain pre {
				type filter hook prerouting priority mangle;
				ip daddr $SITES4 meta mark set 1
				ip6 daddr $SITES6 meta mark set 1
			}
		}
	RULES
}

sites() {
	if [ "$AF" = 6 ]; then echo "$SITES6"; else echo "$SITES4"; fi
}

# cluster SCHED
cluster() {
	local n

	V6=
	[ "$AF" = 6 ] && V6=-6
	defer clean_director
	ipvs_batch <<-RULES
		-A -f 1 $V6 -s $1
		$(for n in 1 2 3; do echo "-a -f 1 $V6 -r $(at "${RS[n]}" 0) -i -w 4"; done)
	RULES
}

lblc_stays() {
	cluster lblc
	run_py sched_local.py stays "$AF" "$PORT"
}

lblcr_stays() {
	cluster lblcr
	run_py sched_local.py stays "$AF" "$PORT"
}

lblc_spills() {
	cluster lblc
	run_py sched_local.py spills_once "$AF" "$PORT"
}

lblcr_grows_and_shrinks() {
	defer quiet_in director sysctl -qw net.ipv4.vs.lblcr_expiration=86400
	cluster lblcr
	run_py sched_local.py grows_and_shrinks "$AF" "$PORT"
}

# asked_site: the server of the first site.
asked_site() {
	local site=SITE$AF

	VIP=${!site} ask
}

# leaves SCHED HOW: after `HOW CACHE` the site has another cache, and keeps it.
leaves() {
	local sched=$1 how=$2 first second

	cluster "$sched"
	first=$(asked_site)
	equal "$sched: once more" "$(asked_site)" "$first"
	"$how" "${RS[${first#server}]}"
	second=$(asked_site)
	refute "$sched: $first is still used" [ "$second" = "$first" ]
	equal "$sched: the new one, once more" "$(asked_site)" "$second"
	clean_director
}

drain() {
	# shellcheck disable=SC2086
	ipvs -e -f 1 $V6 -r "$(at "$1" 0)" -i -w 0
}

withdraw() {
	# shellcheck disable=SC2086
	ipvs -d -f 1 $V6 -r "$(at "$1" 0)"
}

quiescent() {
	leaves lblc drain
}

removed() {
	leaves lblcr withdraw
}

knobs() {
	local name

	modprobe -a -q ip_vs_lblc ip_vs_lblcr
	for name in lblc_expiration lblcr_expiration; do
		equal "$name" "$(quiet_in director sysctl -n "net.ipv4.vs.$name")" 86400
		defer quiet_in director sysctl -qw "net.ipv4.vs.$name=86400"
		in_ns director sysctl -qw "net.ipv4.vs.$name=7"
		equal "$name" "$(quiet_in director sysctl -n "net.ipv4.vs.$name")" 7
		refute "$name takes a word" \
			quiet_in director sysctl -qw "net.ipv4.vs.$name=soon" 2>/dev/null
		equal "$name" "$(quiet_in director sysctl -n "net.ipv4.vs.$name")" 7
		refute "$name in another user's namespace" \
			unshare -Urn test -e "/proc/sys/net/ipv4/vs/$name"
	done
}

with_topology
with_servers
sites_up
tests_run
