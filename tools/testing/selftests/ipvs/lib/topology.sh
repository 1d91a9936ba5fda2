# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# The network that all tests share. Every host is a network namespace; `topology_up` builds it and
# can be called from an interactive shell (`. lib/lib.sh; topology_up`), `topology_down` removes it.
#
#   +--------+          +-----------------------------+
#   | client |front     |           switch            |
#   |   .2   +----------+ bridge front   bridge back  |
#   +--------+          +-+-----+------------+-----+--+
#                         |     |            |     |
#            front .1     |     |            |     |     back .1
#   +----------+----------+     |            |     +----------+--+
#   | director | VIP on lo      |            |                |  |
#   |          +----------------+------------+----------------+  |
#   +----------+                |            |
#                     front .1N |            | back .1N
#                     +---------+------------+---------+
#                     | serverN (1..3)                 |   VIP on lo, tunl0 and ip6tnl0,
#                     |                                |   arp_ignore=1 arp_announce=2
#                     +--------------------------------+
#
#   front  192.0.2.0/24     2001:db8:a::/64      VIP  203.0.113.10  2001:db8:f::10
#   back   198.51.100.0/24  2001:db8:b::/64
#
# Requests reach a server over `back`. Packets from the server's own address (NAT) return through
# the director, packets from the VIP (DR, TUN) go directly to the client over `front`, so that all
# three methods work side by side. MAC addresses are fixed: 02:00:00:00:NN:HH, NN 0a for front and
# 0b for back, HH the last byte of the address.
#
# A phantom is an address without a host: the director has a permanent neighbour entry for it. front
# .77 leads to the client, back .101 to .108 to server1.

PORT=8000
SERVERS="server1 server2 server3"
ALL_NS="switch client director $SERVERS"

# family 4|6: sets the addresses of one family, for use by a test.
family() {
	AF=$1
	if [ "$AF" = 4 ]; then
		FRONT=192.0.2. BACK=198.51.100. VIP=203.0.113.10 PLEN=24 HOST=32
		BACK_NET=198.51.100.0/24 NODAD=
	else
		FRONT=2001:db8:a:: BACK=2001:db8:b:: VIP=2001:db8:f::10 PLEN=64 HOST=128
		BACK_NET=2001:db8:b::/64 NODAD=nodad
	fi
	CLIENT=${FRONT}2 DIRECTOR=${FRONT}1 DIRECTOR_BACK=${BACK}1
	RS=("" "${BACK}11" "${BACK}12" "${BACK}13")
	: "$CLIENT${RS[1]}"
}

# at ADDRESS [PORT]: the form that ipvsadm takes.
at() {
	case $1 in
	*:*) printf '[%s]:%s' "$1" "${2-$PORT}" ;;
	*) printf '%s:%s' "$1" "${2-$PORT}" ;;
	esac
}

# topology_links: the links of each host, "NS BRIDGE LAST-BYTE".
topology_links() {
	cat <<-LINKS
		client front 2
		director front 1
		director back 1
		server1 front 11
		server1 back 11
		server2 front 12
		server2 back 12
		server3 front 13
		server3 back 13
	LINKS
}

link_batch() {
	local ns net byte nn

	topology_links | while read -r ns net byte; do
		nn=0a
		[ "$net" = back ] && nn=0b
		printf 'link add %s netns %s address 02:00:00:00:%s:%02x type veth peer name %s-%s netns switch\n' \
			"$net" "$ns" "$nn" "$byte" "${net:0:1}" "$ns"
	done
}

switch_batch() {
	local ns net byte

	echo "link add front type bridge stp_state 0 forward_delay 0 mcast_snooping 0"
	echo "link add back type bridge stp_state 0 forward_delay 0 mcast_snooping 0"
	echo "link set front up"
	echo "link set back up"
	topology_links | while read -r ns net byte; do
		echo "link set ${net:0:1}-$ns master $net up"
	done
}

# host_batch NS: both families on each of its links.
host_batch() {
	local who=$1 ns net byte

	echo "link set lo up"
	topology_links | while read -r ns net byte; do
		[ "$ns" = "$who" ] || continue
		echo "link set $net up"
		for AF in 4 6; do
			family "$AF"
			if [ "$net" = front ]; then
				echo "addr add $FRONT$byte/$PLEN dev front $NODAD"
			else
				echo "addr add $BACK$byte/$PLEN dev back $NODAD"
			fi
		done
	done
}

client_batch() {
	host_batch client
	for AF in 4 6; do
		family "$AF"
		echo "route add $VIP/$HOST via $DIRECTOR"
		echo "route add $BACK_NET via $DIRECTOR"
	done
}

director_batch() {
	local n

	host_batch director
	for AF in 4 6; do
		family "$AF"
		echo "addr add $VIP/$HOST dev lo $NODAD"
		echo "neigh add ${FRONT}77 lladdr 02:00:00:00:0a:02 nud permanent dev front"
		for n in {101..108}; do
			echo "neigh add $BACK$n lladdr 02:00:00:00:0b:0b nud permanent dev back"
		done
	done
}

server_batch() {
	local dev

	host_batch "$1"
	for AF in 4 6; do
		family "$AF"
		echo "addr add $VIP/$HOST dev lo $NODAD"
		echo "route add default via $DIRECTOR_BACK table 100"
	done
	for dev in tunl0 ip6tnl0 sit0; do
		quiet_in "$1" test -e "/proc/sys/net/ipv4/conf/$dev" || continue
		echo "link set $dev up"
	done
	echo "addr add 203.0.113.10/32 dev tunl0"
	echo "addr add 2001:db8:f::10/128 dev ip6tnl0 nodad"
}

# batch NS < LINES: one ip process for all lines. -force: a device may be missing on some kernels.
batch() {
	ip -n "$1" -force -batch - 2>>"$SCRATCH/topology.log"
}

ns_sysctls() {
	quiet_in "$1" sysctl -qw net.ipv4.conf.{all,default}.rp_filter=0 \
		net.ipv6.conf.{all,default}.accept_dad=0 net.ipv6.conf.{all,default}.accept_ra=0 \
		net.ipv6.conf.{all,default}.router_solicitations=0 net.ipv4.icmp_ratelimit=0 \
		net.ipv6.icmp.ratelimit=0 "${@:2}"
}

topology_up() {
	local ns

	modprobe -a -q bridge veth ipip ip6_tunnel sit || :
	for ns in $ALL_NS; do
		ip netns add "$ns" || return 1
		ns_sysctls "$ns"
	done
	ns_sysctls director net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 \
		net.ipv4.conf.{all,default}.send_redirects=0 net.ipv4.conf.all.accept_redirects=0
	for ns in $SERVERS; do
		ns_sysctls "$ns" net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.all.arp_announce=2
	done
	link_batch | ip -batch - || return 1
	switch_batch | batch switch
	client_batch | batch client
	director_batch | batch director
	for ns in $SERVERS; do
		server_batch "$ns" | batch "$ns"
		for AF in 4 6; do
			family "$AF"
			ip -n "$ns" "-$AF" rule add from "$BACK_NET" lookup 100
		done
	done
	family 4
}

# link_up NS BRIDGE: one more host's link, named as the bridge
link_up() {
	local port=${2:0:1}-$1

	batch switch <<-BATCH
		link add $port type veth peer name $2 netns $1
		link set $port master $2 up
	BATCH
	ip -n "$1" link set "$2" up
}

topology_down() {
	local ns

	for ns in $ALL_NS; do
		ip netns del "$ns" 2>/dev/null
	done
}

# with_topology: builds the network for a script, removed at the end. The module is loaded first, so
# that its per-namespace state exists in every namespace. Under run_all.sh all scripts share one
# network and undo their changes to it.
with_topology() {
	if [ "${TOPOLOGY:-}" = shared ]; then
		defer clean_director
		return
	fi
	modprobe ip_vs || skip_all "modprobe ip_vs failed"
	defer topology_down
	topology_up || { echo "Bail out! no topology"; cat "$SCRATCH/topology.log"; exit 1; }
}

# forget_pmtu: flushes learnt path MTUs, which affect the MSS of later connections.
forget_pmtu() {
	local ns

	for ns in client director $SERVERS; do
		ip -n "$ns" route flush cache
		ip -n "$ns" -6 route flush cache
	done
}

# offloads FEATURE on|off...: on all interfaces between client, director and server1.
offloads() {
	local where

	printf '# ethtool -K: %s\n' "$*"
	for where in client:front director:front director:back server1:back server1:front; do
		quiet_in "${where%:*}" ethtool -K "${where#*:}" "$@" >/dev/null 2>&1
	done
}

usual_offloads() {
	offloads gro off gso on tso on tx on rx on
}
