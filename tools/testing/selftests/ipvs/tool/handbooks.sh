#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# ldirectord with configurations as handbooks print them: a cluster behind NAT with a page that replaces the
# servers, one with direct routing, and one with weights, for which ldirectord calls Debian's ipvsadm
# instead of the one under test. Topology: topology.sh, whose hosts get the handbooks' addresses; nginx in
# the servers and the director.

# shellcheck source=tools/testing/selftests/ipvs/lib/lib.sh
. "$(dirname -- "$0")/../lib/lib.sh"
# shellcheck source=tools/testing/selftests/ipvs/lib/managers.sh
. "$LIB/managers.sh"

export ONCE_TESTS="nat direct weights"

# lan NET BYTE VIP HOST...: a network of the director and servers, and a virtual address behind it.
# HOST is the last byte of the next server's address.
lan() {
	local n=0 host

	ip -n director addr add "$1.$2/24" dev back
	defer ip -n director addr del "$1.$2/24" dev back
	ip -n director addr add "$3/32" dev lo
	defer ip -n director addr del "$3/32" dev lo
	ip -n client route add "$3/32" via "$DIRECTOR"
	defer ip -n client route del "$3/32"
	for host in "${@:4}"; do
		n=$((n + 1))
		ip -n "server$n" addr add "$1.$host/24" dev back
		defer ip -n "server$n" addr del "$1.$host/24" dev back
		ip -n "server$n" addr add "$3/32" dev lo
		defer ip -n "server$n" addr del "$3/32" dev lo
		ip -n "server$n" rule add from "$1.0/24" lookup 100
		defer ip -n "server$n" rule del from "$1.0/24" lookup 100
	done
}

# nat_rules WEIGHT
nat_rules() {
	local n

	echo "-A -t 10.23.8.80:80 -s wlc -p 600"
	for n in 11 12 13; do
		echo "-a -t 10.23.8.80:80 -r 172.18.1.$n:80 -m -w $1"
	done
	[ "$1" = 1 ] || echo "-a -t 10.23.8.80:80 -r 127.0.0.1:80 -g -w 1"
}

# A template of the page that replaces the servers does not outlive it.
nat() {
	local n

	as_debians
	syslog_here
	lan 172.18.1 254 10.23.8.80 11 12 13
	handbook_nat >"$CF"
	ldirectord_starts || return
	becomes "all are up" director nat_rules 1 || return
	for n in 1 2 3; do
		defer sh -c "echo 'Test Page' >$SCRATCH/server$n/index.html"
		echo "under repair" >"$SCRATCH/server$n/index.html"
	done
	becomes "all are down" director nat_rules 0 || return
	quiet_in director ipvsadm -Ln | grep -E '^  -> 127.0.0.1:80 +Route   1 ' || fail "the fallback is not in the listing"
	equal "all are down" "$(pages http://10.23.8.80/name 2)" "directorx2"
	for n in 1 2 3; do
		echo "Test Page" >"$SCRATCH/server$n/index.html"
	done
	becomes "all are up again" director nat_rules 1 || return
	[[ "$(pages http://10.23.8.80/name 3)" = server[123]x3 ]] || fail "no persistence: $(tally "$SCRATCH/pages")"
	sed -i 's/masq/masq 2/' "$CF"
	busywait 10 grep -qF "ignore new configuration" "$SCRATCH/log" || fail "the log lacks the change"
	ldirectord_stops
}

# direct_rules WEIGHT...
direct_rules() {
	local n

	echo "-A -t 211.100.37.164:80 -s wrr"
	for n in 7 8 9; do
		echo "-a -t 211.100.37.164:80 -r 10.10.0.$n:80 -g -w $1"
		shift
	done
}

direct() {
	as_debians
	defer rm -f /var/log/ldirectord.log
	ln -sf /var/log/ldirectord.log "$SCRATCH/log"
	lan 10.10.0 1 211.100.37.164 7 8 9
	cat >"$CF" <<-END
		checktimeout=3
		checkinterval=1
		autoreload=yes
		logfile="/var/log/ldirectord.log"
		quiescent=yes
		virtual=211.100.37.164:80
		        real=10.10.0.7:80 gate
		        real=10.10.0.8:80 gate
		        real=10.10.0.9:80 gate
		        service=http
		        virtualhost=netkiller.8800.org
		        scheduler=wrr
		        protocol=tcp
		        checkport=80
	END
	ldirectord_starts || return
	becomes "all are up" director direct_rules 1 1 1 || return
	equal "three servers" "$(pages http://211.100.37.164/name 3)" "server1x1 server2x1 server3x1"
	nft_rules server3 <<-RULES
		table inet fails {
			chain input {
				type filter hook input priority 0;
				tcp dport 80 reject with tcp reset
			}
		}
	RULES
	becomes "server3 is down" director direct_rules 1 1 0 || return
	equal "two servers" "$(pages http://211.100.37.164/name 4)" "server1x2 server2x2"
	sed -i '/10.10.0.8/s/$/ 3/' "$CF"
	becomes "a weight changed" director direct_rules 1 3 0 || return
	in_ns server3 nft flush table inet fails
	becomes "server3 is up again" director direct_rules 1 3 1 || return
	ldirectord_stops
}

weights_rules() {
	echo "-A -t 10.0.0.3:80 -s wlc"
	echo "-a -t 10.0.0.3:80 -r 192.168.0.1:80 -g -w 5"
	echo "-a -t 10.0.0.3:80 -r 192.168.0.2:80 -g -w 5"
}

# The first line is from before ldirectord had two timeouts.
weights() {
	lan 192.168.0 254 10.0.0.3 1 2
	cat >"$CF" <<-END
		timeout = 10
		# the number of second between server checks
		checkinterval = 10
		#
		# virtual = x.y.z.w:p
		#     protocol = tcp|udp
		#     scheduler = rr|wrr|lc|wlc
		#     real = x.y.z.w:p gate|masq|ipip [weight]
		#     ...
		#
		virtual = 10.0.0.3:80
		     protocol = tcp
		     scheduler = wlc
		     real = 192.168.0.1:80 gate 5
		     real = 192.168.0.2:80 gate 5
		     request = "/.testpage"
		     receive = "test page"
	END
	ldirectord start
	equal "status" "$?" 2
	grep -q "timeout directive deprecated in favour of checktimeout" "$SCRATCH/said" ||
		fail "start says $(<"$SCRATCH/said")"
	sed -i 's/^timeout/checktimeout/' "$CF"
	ldirectord_starts || return
	becomes "the servers are up" director weights_rules || return
	equal "two servers" "$(pages http://10.0.0.3/name 4)" "server1x2 server2x2"
	ldirectord_stops
}

with_ldirectord
with_topology
# shellcheck disable=SC2016 # a variable of nginx
webs 'location = / { index index.html; if ($host != netkiller.8800.org) { return 404; } }'
for ns in $SERVERS; do
	echo "test page" >"$SCRATCH/$ns/.testpage"
done
tests_run
