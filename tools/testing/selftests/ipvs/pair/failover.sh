#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# In a pair of guests with two links (tools/testing/vm/pair --links 2): the director in guest 1 loses
# its power while clients talk to its services. The director in guest 2, which knows the connections
# from the sync daemon, takes its addresses. The fate of each connection is counted; besides, transfers
# of iperf3 and a client that keeps its HTTP connection must go on.
#
#    guest 1                         guest 2
#   +------------------+            +------------------------------------------------+
#   |     director     |            |  director        client         serverN (1..3) |
#   | front .4 back .4 |            | front .5 back .5  front .2    front .1N back .1N |
#   |     |       |    |            |     |       |       |             |       |    |
#   |   bridge  bridge |            |   bridge front -----+-------------+       |    |
#   |   front   back   |            |     |   bridge back ----------------------+    |
#   +-----|-------|----+            +-----|-------|----------------------------------+
#         |       +--- link1 -------------|-------+
#         +----------- link0 -------------+
#
# The hosts are those of topology.sh. The director at work also has front .1 and back .1, the
# gateways of the client and of the servers; both directors have the VIP on lo. The master daemon
# sends by back.
#
# CONNECTIONS=N: in all, a quarter for each method and family (default 1000). SYNC: v1 (default) or v0,
# by a master and a backup daemon; mesh; or mh: nothing is told, both directors choose the same server
# (scheduler mh) and take over connections that they do not know (sloppy_tcp).
#
# With v0 and v1, before that, a few connections of each kind (tunnel, UDP, persistent, firewall mark;
# open and closed) make a table that is the same for each pair of implementations: golden/tables_v?.txt
# is of two kernels.

# shellcheck source=tools/testing/selftests/ipvs/lib/lib.sh
. "$(dirname -- "$0")/../lib/lib.sh"
# shellcheck source=tools/testing/selftests/ipvs/lib/pair.sh
. "$LIB/pair.sh"
# shellcheck source=tools/testing/selftests/ipvs/lib/clients.sh
. "$LIB/clients.sh"

export ALL_TESTS="nat direct transfer http"
export ONCE_TESTS=""

CONNECTIONS=${CONNECTIONS:-1000} SYNC=${SYNC:-v1}
NAT_PORT=8000 DIRECT_PORT=8001
KINDS=(tunnel persistent udp mark)
declare -A PORT_OF=([tunnel]=8002 [persistent]=8003 [udp]=8004 [mark]=8005)
OWN=$((ROLE + 3)) RUNNING=()
[ "$ROLE" = 2 ] || SERVERS='' ALL_NS="switch director"

# replaces the one of topology.sh
topology_links() {
	local n

	printf 'director front %d\ndirector back %d\n' "$OWN" "$OWN"
	[ "$ROLE" = 2 ] || return
	echo "client front 2"
	for n in 1 2 3; do
		printf 'server%d front 1%d\nserver%d back 1%d\n' "$n" "$n" "$n" "$n"
	done
}

# plug LINK BRIDGE: a cable between the bridges of the two guests
plug() {
	run ip link set "$1" netns switch
	run ip -n switch link set "$1" master "$2" up
}

services() {
	local sched=rr

	if [ "$SYNC" = mh ]; then
		sched=mh
		in_ns director sysctl -qw net.ipv4.vs.sloppy_tcp=1
	fi
	for AF in 4 6; do
		family "$AF"
		PORT=$NAT_PORT service t "$sched" m
		PORT=$DIRECT_PORT service t "$sched" g
		PORT=$(transfer_port m) service t "$sched" m 1
		PORT=$(transfer_port g) service t "$sched" g 2
		PORT=80 service t "$sched" m 3
	done
}

# transfer_port METHOD: an iperf3 server has one client at a time
transfer_port() {
	case $1 in
	m) echo "520$AF" ;;
	g) echo "521$AF" ;;
	esac
}

# transfers: clients of iperf3 and of nginx; the list of their files is RUNNING
transfers() {
	local port method server running

	mkdir "$SCRATCH/web"
	echo page >"$SCRATCH/web/page"
	with_web server3 "$SCRATCH/web"
	for AF in 4 6; do
		family "$AF"
		[[ " ${FAMILIES:-4 6} " = *" $AF "* ]] || continue
		for method in m g; do
			port=$(transfer_port $method)
			server=server$([ $method = m ] && echo 1 || echo 2)
			background nsenter "--net=/run/netns/$server" iperf3 -s -p "$port" >/dev/null
			wait_listen "$server" "$port"
			background nsenter --net=/run/netns/client iperf3 -c "$VIP" -p "$port" -b 2M -t 900 -i 1 \
				--forceflush >"$SCRATCH/transfer$port"
			RUNNING+=("transfer$port")
		done
		background nsenter --net=/run/netns/client stdbuf -oL curl -s --rate 2/s -o /dev/null \
			--connect-to "::$(at "$VIP" 80)" -w '%{num_connects} %{http_code}\n' \
			"http://service/page?[1-2000]" >"$SCRATCH/http$AF"
		RUNNING+=("http$AF")
	done
	for running in "${RUNNING[@]}"; do
		busywait 20 goes_on "$running" 3 || fail "$running does not begin"
	done
}

# progress FILE: intervals of iperf3 with data, and answers to curl by an old connection
progress() {
	grep -cE '^\[.* sec  *[1-9][0-9.]* .?Bytes|^0 200$' "$SCRATCH/$1"
}

# goes_on FILE N
goes_on() {
	[ "$(progress "$1")" -ge "$2" ]
}

# still FILE: it goes on after the failover
still() {
	local before

	before=$(progress "$1")
	busywait 60 goes_on "$1" $((before + 3)) || fail "$1 has ended: $(tail -n 1 "$SCRATCH/$1")"
}

transfer() {
	still "transfer$(transfer_port m)"
	still "transfer$(transfer_port g)"
}

http() {
	still "http$AF"
	equal "new connections" "$(grep -c '^1 ' "$SCRATCH/http$AF")" 1
}

# kinds: the services of the compared tables; the mark is set in the director at work
kinds() {
	local n

	for AF in 4 6; do
		family "$AF"
		PORT=${PORT_OF[tunnel]} service t rr i
		PORT=${PORT_OF[udp]} service u rr m
		ipvs_batch <<-RULES
			-A -t $(at "$VIP" "${PORT_OF[persistent]}") -s rr -p 300
			$(for n in 1 2 3; do
				echo "-a -t $(at "$VIP" "${PORT_OF[persistent]}") -r $(at "${RS[n]}" "${PORT_OF[persistent]}") -m"
			done)
			-A -f 7 $([ "$AF" = 4 ] || echo -6) -s rr -p 300
			$(for n in 1 2 3; do
				echo "-a -f 7 $([ "$AF" = 4 ] || echo -6) -r $(at "${RS[n]}" "${PORT_OF[mark]}") -m"
			done)
		RULES
	done
	[ "$ROLE" = 2 ] || in_ns director nft "table inet marks {
		chain first {
			type filter hook prerouting priority mangle;
			iif front tcp dport ${PORT_OF[mark]} meta mark set 7
		}
	}"
}

# kinds_asked: a few connections of each kind, one after another, from fixed ports
kinds_asked() {
	local kind n options

	for AF in 4 6; do
		family "$AF"
		for kind in "${KINDS[@]}"; do
			options=()
			[ "$kind" != udp ] || options=(-u -n 5)
			for n in 1 2; do
				PORT=${PORT_OF[$kind]} ask "${options[@]}" -p "4$n${PORT_OF[$kind]:1}" || true
			done
		done
	done
}

# kinds_shown: the connections of these kinds, without the time that is left
kinds_shown() {
	quiet_in director awk -v ports="$(printf '%04X ' "${PORT_OF[@]}")" '
		BEGIN { split(ports, p); for (i in p) wanted[p[i]] }
		($5 in wanted) || $4 ~ /^(00000007|0000:0007:.*)$/ { print $1, $2, $3, $4, $5, $6, $7, $8 }
	' /proc/net/ip_vs_conn | sort
}

# kinds_told: the backup has what the master lists; version 0 knows no IPv6
kinds_told() {
	local wanted

	wanted=$([ "$SYNC" = v0 ] && grep -v '[0-9a-f]:[0-9a-f]' /shared/master || cat /shared/master)
	[ "$(kinds_shown)" = "$wanted" ]
}

# tables: what both directors list
tables() {
	golden "tables_$SYNC.txt" "$SCRATCH/tables"
}

# daemon master|backup
daemon() {
	case $SYNC in
	mh) return ;;
	mesh)
		[ "$1" = backup ] || (umask 077 && echo "1 $(openssl rand -hex 32)" >/shared/keys)
		meet keys
		install -m 600 /shared/keys "$SCRATCH/keys"
		family 4
		defer quiet_in director ipvsadm --stop-daemon mesh
		ipvs --start-daemon mesh --sync-key "$SCRATCH/keys" --sync-peer "$BACK$((9 - OWN))"
		return
		;;
	v0) in_ns director sysctl -qw net.ipv4.vs.sync_version=0 ;;
	esac
	defer quiet_in director ipvsadm --stop-daemon "$1"
	ipvs --start-daemon "$1" --mcast-interface back --syncid 7
}

# take_addresses: takes the gateways' addresses, and tells the neighbours. An IPv6 address that is added
# with nodad is not announced.
take_addresses() {
	local net

	for net in front back; do
		in_ns director sysctl -qw "net.ipv6.conf.$net.ndisc_notify=1"
	done
	for AF in 4 6; do
		family "$AF"
		in_ns director ip addr add "$DIRECTOR/$PLEN" dev front
		in_ns director ip addr add "$DIRECTOR_BACK/$PLEN" dev back
	done
	family 4
	in_ns director busybox arping -q -U -c 1 -I front "$DIRECTOR"
	in_ns director busybox arping -q -U -c 1 -I back "$DIRECTOR_BACK"
}

# clients: a quarter of the connections to each address and port
clients() {
	local port addresses=()

	for port in "$NAT_PORT" "$DIRECT_PORT"; do
		for AF in 4 6; do
			family "$AF"
			addresses+=("$VIP" "$port")
		done
	done
	clients_start "$((CONNECTIONS / 4))" "${addresses[@]}"
}

# known: the number of connections that the backup knows
known() {
	quiet_in director grep -c ' ESTABLISHED ' /proc/net/ip_vs_conn_sync
}

# all_known: version 0 knows no IPv6
all_known() {
	case $SYNC in
	mh) return ;;
	v0) [ "$(known)" -ge $((CONNECTIONS / 2)) ] ;;
	*) [ "$(known)" -ge "$CONNECTIONS" ] ;;
	esac
}

no_answer() {
	! quiet_in director ping -q -c 3 -i 0.2 -W 1 "${FRONT}4" >/dev/null
}

# tallied PORT: all connections to this port and the present VIP survived
tallied() {
	local fates

	fates=$(grep -F "$(at "$VIP" "$1") " "$SCRATCH/fates")
	printf '# %s\n' "$fates"
	[[ $fates = *" $((CONNECTIONS / 4)) survived"* ]] || fail "of $((CONNECTIONS / 4)) connections: ${fates#* }"
}

nat() {
	tallied "$NAT_PORT"
}

direct() {
	tallied "$DIRECT_PORT"
}

sync_daemons() {
	[[ $SYNC = v? ]]
}

master() {
	take_addresses
	services
	! sync_daemons || kinds
	daemon master
	meet services
	if sync_daemons; then
		meet asked 120
		kinds_shown >/shared/master
		meet shown
	fi
	meet synced 600
	power_cut
}

backup() {
	services
	! sync_daemons || kinds
	daemon backup
	# one process holds the sockets of all servers
	ulimit -n $((CONNECTIONS * 2 + 1000))
	PORTS=$NAT_PORT,$DIRECT_PORT$(printf ',%d' "${PORT_OF[@]}") with_servers
	meet services
	if sync_daemons; then
		ONCE_TESTS="tables"
		kinds_asked
		meet asked
		meet shown
		busywait 5 kinds_told
		{
			sed 's/^/master: /' /shared/master
			kinds_shown | sed 's/^/backup: /'
		} >"$SCRATCH/tables"
	fi
	clients
	client_says open 300 || exit 1
	busywait 30 all_known
	printf '# the backup knows %d of %d connections\n' "$(known)" "$CONNECTIONS"
	transfers
	# an answer that is lost cannot be translated when it is repeated, until the client sends something
	[ "$SYNC" != mh ] || hush
	meet synced 600
	busywait 60 no_answer || fail "guest 1 does not fail"
	take_addresses
	tell judge
	client_says judged 120 || exit 1
	while read -rt 10 -u "$SAYS" line && [ "$line" ]; do
		echo "$line"
	done >"$SCRATCH/fates"
}

# version 0 tells no IPv6 connections
[ "$SYNC" != v0 ] || export FAMILIES=4
with_topology
plug link0 front
plug link1 back
if [ "$ROLE" = 1 ]; then
	master
fi
backup
tests_run
