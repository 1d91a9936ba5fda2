#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# heartbeat with ldirectord as a resource: a pair of directors, ld1 and ld2, the active one of which has the
# addresses and the services. It dies; the other one takes over; the first comes back; both are stopped.
# `handbook`: with the files as handbooks print them, NAT with the servers' gateway as a resource, after
# which the one that took over stays active. `both_families`: direct routing, messages over a link of their
# own, and the resources go back. Topology: topology.sh and, all of it on the bridge front,
#
#     +-----+ hb0  hb0 +-----+
#     | ld1 +--bridge--+ ld2 |   each with its own host name, mounts and eth1
#     +--+--+    hb    +--+--+
#        | eth1           | eth1
#     bridge front: client, servers

# shellcheck source=tools/testing/selftests/ipvs/lib/lib.sh
. "$(dirname -- "$0")/../lib/lib.sh"
# shellcheck source=tools/testing/selftests/ipvs/lib/managers.sh
. "$LIB/managers.sh"

export ONCE_TESTS="handbook both_families"

declare -A HOLDER=() BYTE=([ld1]=4 [ld2]=5)

# in_node NODE CMD...
in_node() {
	printf '# %s$ %s\n' "$1" "${*:2}"
	quiet_node "$@"
}

quiet_node() {
	nsenter --target "${HOLDER[$1]}" --mount --uts --net -- "${@:2}"
}

# node_up NODE: a director that knows nothing
node_up() {
	local dir=$SCRATCH/$1

	rm -rf "$dir"
	mkdir -p "$dir"
	cp -a /var/lib/heartbeat "$dir/lib"
	cp -a /etc/ha.d "$dir/ha.d"
	cp "$SCRATCH"/files/* "$dir/ha.d/"
	run ip netns add "$1"
	defer node_down "$1"
	ns_sysctls "$1" net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 \
		net.ipv4.conf.{all,default}.send_redirects=0
	# processes of the node keep these namespaces
	nsenter --net="/run/netns/$1" unshare --mount --uts --propagation private sh -e -c '
		hostname "$1"
		mount -t tmpfs run /run
		mkdir /run/lock
		mount --bind "$2/lib" /var/lib/heartbeat
		mount --bind "$2/ha.d" /etc/ha.d
		: >"$2/ready"
		exec tail -f /dev/null' - "$1" "$dir" &
	HOLDER[$1]=$!
	disown "$!"
	busywait 10 test -e "$dir/ready" || fail "$1 does not come up"
	batch switch <<-BATCH
		link add f-$1 type veth peer name eth1 netns $1
		link set f-$1 master front up
	BATCH
	ip -n "$1" link set lo up
	ip -n "$1" link set eth1 up
	node_addresses "$1"
}

# node_down NODE: without a word; first its links, which no namespace's end removes at once
node_down() {
	quiet_in switch ip link del "f-$1" 2>/dev/null
	quiet_in switch ip link del "h-$1" 2>/dev/null
	ip netns pids "$1" 2>/dev/null | xargs -r kill -9
	busywait 10 no_process "$1" || fail "processes in $1 do not end"
	ip netns del "$1" 2>/dev/null
}

no_process() {
	[ -z "$(ip netns pids "$1" 2>/dev/null)" ]
}

# starts NODE
starts() {
	in_node "$1" /etc/init.d/heartbeat start >"$SCRATCH/said" 2>&1 ||
		fail "heartbeat does not start in $1: $(<"$SCRATCH/said")"
}

# both_start: at once, each of them waits for the other one for a while
both_start() {
	local other

	in_node ld2 /etc/init.d/heartbeat start >"$SCRATCH/said.ld2" 2>&1 &
	other=$!
	starts ld1
	wait "$other" || fail "heartbeat does not start in ld2: $(<"$SCRATCH/said.ld2")"
}

# stops NODE: its resources are gone when the command returns
stops() {
	in_node "$1" /etc/init.d/heartbeat stop >"$SCRATCH/said" 2>&1 ||
		fail "heartbeat does not stop in $1: $(<"$SCRATCH/said")"
	becomes "after the stop of $1" "$1" :
	equal "addresses of $1" "$(addresses "$1")" ""
	busywait 60 quiet_node "$1" test ! -e /run/ldirectord.ldirectord.cf.pid || fail "ldirectord still runs in $1"
}

# addresses NODE: on eth1, without its own ones
addresses() {
	ip -n "$1" -br addr show dev eth1 scope global | awk '{ $1 = $2 = ""; print }' | xargs -n 1 2>/dev/null |
		grep -vE "[.:]${BYTE[$1]}/" | sort | xargs
}

# holds NODE RESOURCES: as heartbeat says
holds() {
	[ "$(quiet_node "$1" cl_status rscstatus 2>/dev/null)" = "$2" ]
}

# takes_over NODE: all addresses, and the services
takes_over() {
	busywait 240 has_all "$1" || { fail "$1 does not take over, but has $(addresses "$1")"; return 1; }
	becomes "$1 is active" "$1" "$SERVICES" || return
	printf '# %s is active after %d s\n' "$1" $((SECONDS - SINCE))
}

has_all() {
	[ "$(addresses "$1")" = "$SHARED" ]
}

# An emulated processor may be away for seconds.
case $KERNEL in
uml) DEADTIME=3 ;;
*) DEADTIME=15 ;;
esac

# files: what all have in common
files() {
	rm -rf "$SCRATCH/files"
	mkdir "$SCRATCH/files"
	printf 'auth 1\n1 sha1 weir\n' >"$SCRATCH/files/authkeys"
	chmod 600 "$SCRATCH/files/authkeys"
}

handbook_services() {
	local n

	echo "-A -t 10.23.8.80:80 -s wlc -p 600"
	for n in 11 12 13; do
		echo "-a -t 10.23.8.80:80 -r 172.18.1.$n:80 -m -w 1"
	done
}

handbook_addresses() {
	ip -n "$1" addr add "10.23.8.${BYTE[$1]}/24" brd + dev eth1
	ip -n "$1" addr add "172.18.1.${BYTE[$1]}/24" brd + dev eth1
}

# handbook_hosts: the client and the servers in the handbook's networks
handbook_hosts() {
	local n

	ip -n client addr add 10.23.8.9/24 dev front
	defer ip -n client addr del 10.23.8.9/24 dev front
	for n in 1 2 3; do
		ip -n "server$n" addr add "172.18.1.1$n/24" dev front
		defer ip -n "server$n" addr del "172.18.1.1$n/24" dev front
		ip -n "server$n" route add default via 172.18.1.254 table 101
		ip -n "server$n" route add 172.18.1.0/24 dev front table 101
		defer ip -n "server$n" route flush table 101
		ip -n "server$n" rule add from 172.18.1.0/24 lookup 101
		defer ip -n "server$n" rule del from 172.18.1.0/24 lookup 101
	done
}

answers() {
	local got

	got=$(pages http://10.23.8.80/name 3)
	[[ $got = server[123]x3 ]] || fail "$1: answers from '$got'"
}

handbook() {
	local node

	node_addresses() { handbook_addresses "$@"; }
	SHARED="10.23.8.80/24 172.18.1.254/24" SERVICES=handbook_services
	as_debians
	files
	cat >"$SCRATCH/files/ha.cf" <<-END
		logfacility     local0
		keepalive 2
		deadtime 10
		warntime 10
		initdead 10
		nice_failback on
		udpport 694
		bcast   eth1
		node    ld1
		node    ld2
	END
	cat >"$SCRATCH/files/haresources" <<-'END'
		ld1 IPaddr::10.23.8.80/24/eth1 IPaddr::172.18.1.254/24/\
		eth1 ldirectord::ldirectord.cf
	END
	handbook_nat >"$SCRATCH/files/ldirectord.cf"
	syslog_here
	handbook_hosts
	SINCE=$SECONDS
	for node in ld1 ld2; do
		node_up "$node"
	done
	both_start
	takes_over ld1 || return
	busywait 120 holds ld2 none || fail "ld2 holds something"
	equal "addresses of ld2" "$(addresses ld2)" ""
	answers "ld1 is active"

	printf '# ld1 dies\n'
	node_down ld1
	SINCE=$SECONDS
	takes_over ld2 || return
	answers "ld1 has died"

	node_up ld1
	starts ld1
	busywait 120 holds ld1 none || fail "ld1 does not come back, or takes something"
	equal "addresses of ld1" "$(addresses ld1)" ""
	equal "addresses of ld2" "$(addresses ld2)" "$SHARED"
	answers "ld1 is back"

	stops ld1
	stops ld2
}

# the second one is of another network than the servers, lest the directors check from it
SITE=([4]=192.0.2.80 [6]=2001:db8:e::80)

families_services() {
	local n

	for AF in 4 6; do
		family "$AF"
		echo "-A -t $(at "${SITE[AF]}" 80) -s rr"
		for n in 1 2 3; do
			echo "-a -t $(at "${SITE[AF]}" 80) -r $(at "${FRONT}1$n" 80) -g -w 1"
		done
	done
}

families_addresses() {
	for AF in 4 6; do
		family "$AF"
		ip -n "$1" addr add "$FRONT${BYTE[$1]}/$PLEN" dev eth1 $NODAD
	done
	batch switch <<-BATCH
		link add h-$1 type veth peer name hb0 netns $1
		link set h-$1 master hb up
	BATCH
	ip -n "$1" addr add "198.18.0.${BYTE[$1]}/24" dev hb0
	ip -n "$1" link set hb0 up
}

families_answer() {
	for AF in 4 6; do
		family "$AF"
		equal "$1, IPv$AF" "$(pages "http://$(at "${SITE[AF]}" 80)/name" 3)" "server1x1 server2x1 server3x1"
	done
}

both_families() {
	local n node six

	node_addresses() { families_addresses "$@"; }
	SHARED="192.0.2.80/24 2001:db8:e::80/64" SERVICES=families_services
	as_debians
	files
	cat >"$SCRATCH/files/ha.cf" <<-END
		logfacility local0
		keepalive 500ms
		deadtime $DEADTIME
		warntime 2
		initdead 60
		auto_failback on
		udpport 694
		ucast hb0 198.18.0.4
		ucast hb0 198.18.0.5
		node ld1
		node ld2
		crm off
	END
	# two colons separate arguments
	cat >"$SCRATCH/files/haresources" <<-END
		ld1 IPaddr2::192.0.2.80/24/eth1 IPv6addr::2001:db8:e:0:0:0:0:80/64/eth1 ldirectord::ldirectord.cf
	END
	{
		printf 'checktimeout = 1\ncheckinterval = 1\nlogfile = "local0"\n'
		for AF in 4 6; do
			family "$AF"
			[ "$AF" = 4 ] && six='' || six=6
			printf 'virtual%s = %s\n\tscheduler = rr\n\tchecktype = connect\n' "$six" "$(at "${SITE[AF]}" 80)"
			for n in 1 2 3; do
				printf '\treal%s = %s gate\n' "$six" "$(at "${FRONT}1$n" 80)"
			done
		done
	} >"$SCRATCH/files/ldirectord.cf"
	batch switch <<-BATCH
		link add hb type bridge stp_state 0 forward_delay 0 mcast_snooping 0
		link set hb up
	BATCH
	defer ip -n switch link del hb
	ip -n client route add 2001:db8:e::/64 dev front
	defer ip -n client route del 2001:db8:e::/64 dev front
	for n in $SERVERS; do
		for AF in 4 6; do
			family "$AF"
			ip -n "$n" addr add "${SITE[AF]}/$HOST" dev lo $NODAD
			defer ip -n "$n" addr del "${SITE[AF]}/$HOST" dev lo
		done
	done
	syslog_here
	SINCE=$SECONDS
	for node in ld1 ld2; do
		node_up "$node"
	done
	both_start
	takes_over ld1 || return
	families_answer "ld1 is active"

	printf '# ld1 dies\n'
	node_down ld1
	SINCE=$SECONDS
	takes_over ld2 || return
	families_answer "ld1 has died"

	SINCE=$SECONDS
	node_up ld1
	starts ld1
	takes_over ld1 || return
	becomes "ld2 is not active" ld2 : || return
	equal "addresses of ld2" "$(addresses ld2)" ""
	families_answer "ld1 is back"

	stops ld2
	stops ld1
}

[ -x /usr/libexec/heartbeat/heartbeat ] || skip_all "heartbeat is not installed, as in Debian 13, which has none"
with_ldirectord
with_topology
webs
for ns in client $SERVERS; do
	defer ip -n "$ns" neigh flush nud all
done
tests_run
