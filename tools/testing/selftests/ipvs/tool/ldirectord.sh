#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# ldirectord manages the director's services by calling ipvsadm: one process with services that it checks
# in different ways, from its start to its end. Servers fail and return, all fail, the configuration
# changes while connections last. Topology: topology.sh; nginx in the servers and, for the page that
# replaces theirs, in the director.

# shellcheck source=tools/testing/selftests/ipvs/lib/lib.sh
. "$(dirname -- "$0")/../lib/lib.sh"
# shellcheck source=tools/testing/selftests/ipvs/lib/clients.sh
. "$LIB/clients.sh"
# shellcheck source=tools/testing/selftests/ipvs/lib/managers.sh
. "$LIB/managers.sh"

export ALL_TESTS="life"

MARK=7

# reals PORT METHOD [REST]: servers 1 and 2
reals() {
	printf "\treal%s=%s $2 %d ${3:-}\n" "$SIX" "$(at "${RS[1]}" "$1")" 1 "$SIX" "$(at "${RS[2]}" "$1")" 2
}

# config [LINE]: with a line more for the service of port 8000
config() {
	cat <<-END
		checktimeout = 1
		negotiatetimeout = 1
		checkinterval = 1
		autoreload = yes
		quiescent = no
		logfile = "$SCRATCH/log"
		virtual$SIX=$(at "$VIP" 80)
		#fallback$SIX=$(at "$LOCALHOST" 80) gate
		$(reals 80 masq)
		#service=http
		#request="index.html"
		#receive="Test Page"
		#virtualhost=www.example.org
		#scheduler=wrr
		#protocol=tcp
		#checktype=negotiate
		virtual$SIX=$(at "$VIP" 81)
		#quiescent=yes
		$(reals 80 masq)
		#service=http
		#request="index.html"
		#receive="Test Page"
		#virtualhost=www.example.org
		#scheduler=wlc
		#persistent=600
		#netmask=$NETMASK
	END
	[ "$AF" = 6 ] || cat <<-END
		virtual=$(at "$VIP" 82)
		$(reals 80 masq)
		#scheduler=sh
		#schedflags=sh-fallback,sh-port
		#checktype=ping
	END
	cat <<-END
		virtual$SIX=$(at "$VIP" "$EXTRA")
		#real$SIX=$(at "${RS[1]}" "$EXTRA") ipip
		#checktype=on
		virtual$SIX=$(at "$VIP" 85)
		#real$SIX=$(at "${RS[1]}" 85) gate
		#checktype=off
		virtual$SIX=$(at "$VIP" 8000)
		$(reals 8000 gate "l:50 u:100")
		#${1:-}
		#checktype=connect
		virtual$SIX=$(at "$VIP" 8000)
		$(reals 8000 gate)
		#protocol=udp
		#ops=yes
		#scheduler=rr
		#checktype=external
		#checkcommand="$SCRATCH/check"
		virtual$SIX=$MARK
		$(reals 8000 masq)
		#scheduler=rr
		#checktype=connect
	END
}

# configure [LINE]: at once, as ldirectord reads the file when it has changed, to the second
configure() {
	config "$@" | sed '/^#$/d; s/^#/\t/' >"$CF.new"
	touch -d "${1:+20 seconds}" "$CF.new"
	mv "$CF.new" "$CF"
}

# service_rules OF OPTIONS REAL-PORT METHOD [goes|stays|replaced]: a server that is down has gone, or stays
# with weight 0, or all are replaced by the director
service_rules() {
	local n weight

	echo "-A $1 $2"
	for n in 1 2; do
		weight=$n
		case " $UP " in
		*" $n "*) ;;
		*) weight=0 ;;
		esac
		[ "$weight" = 0 ] && [ "$5" != stays ] && continue
		echo "-a $1 -r $(at "${RS[n]}" "$3") $4 -w $weight"
	done
	[ "$5" != replaced ] || [ "$UP" ] || echo "-a $1 -r $(at "$LOCALHOST" 80) -g -w 1"
}

# table_with SERVER...: the rules when these are up
table_with() {
	local UP=$*

	service_rules "-t $(at "$VIP" 80)" "-s wrr" 80 -m replaced
	service_rules "-t $(at "$VIP" 81)" "-s wlc -p 600 -M $NETMASK" 80 -m stays
	[ "$AF" = 6 ] || service_rules "-t $(at "$VIP" 82)" "-s sh -b sh-fallback,sh-port" 80 -m goes
	echo "-A -t $(at "$VIP" 85) -s wrr"
	echo "-A -t $(at "$VIP" "$EXTRA") -s wrr"
	echo "-a -t $(at "$VIP" "$EXTRA") -r $(at "${RS[1]}" "$EXTRA") -i -w 1 --tun-type ipip"
	service_rules "-t $(at "$VIP" 8000)" "-s wrr" 8000 -g goes
	service_rules "-u $(at "$VIP" 8000)" "-s rr -o" 8000 -g goes
	service_rules "-f $MARK${SIX:+ -6}" "-s rr" 8000 -m goes
}

# changed: the table with the configuration changed
changed() {
	table_with 1 2
	echo "-a -t $(at "$VIP" 8000) -r $(at "${RS[3]}" 8000) -g -w 5"
}

# fails N: every check of the server, but no connection
fails() {
	printf '# server%d fails\n' "$1"
	echo "under repair" >"$SCRATCH/server$1/index.html"
	touch "$SCRATCH/down/${RS[$1]}"
	nft_rules "server$1" <<-RULES
		table inet fails {
			chain input {
				type filter hook input priority 0;
				tcp dport 8000 tcp flags & (syn | ack) == syn reject with tcp reset
				icmp type echo-request drop
			}
		}
	RULES
}

returns() {
	printf '# server%d returns\n' "$1"
	echo "Test Page" >"$SCRATCH/server$1/index.html"
	rm "$SCRATCH/down/${RS[$1]}"
	in_ns "server$1" nft delete table inet fails
}

# thresholds: upper and lower limit of each server
thresholds() {
	quiet_in director ipvsadm -Ln -t "$(at "$VIP" 8000)" --thresholds |
		awk '$1 == "->" && $3 ~ /^[0-9]/ { print $3 "/" $4 }' | xargs
}

life() {
	EXTRA=86
	case $AF in
	4) SIX='' LOCALHOST=127.0.0.1 NETMASK=255.255.255.0 ;;
	6) SIX=6 LOCALHOST=::1 NETMASK=64 ;;
	esac
	as_debians
	nft_rules <<-RULES
		table inet weir {
			chain pre {
				type filter hook prerouting priority mangle;
				$(nft_family) daddr $VIP tcp dport 9000-9001 meta mark set $MARK
			}
		}
	RULES
	# left over from another configuration
	defer clean_director
	ipvs_batch <<-RULES
		-A -t $(at "$VIP" 80) -s rr -p 30
		-a -t $(at "$VIP" 80) -r $(at "${RS[3]}" 80) -m
	RULES
	configure
	ldirectord_starts || return
	becomes "all are up" director table_with 1 2 || return
	equal "thresholds" "$(thresholds)" "100/50 100/50"
	equal "HTTP" "$(pages "http://$(at "$VIP" 80)/name" 3)" "server1x1 server2x2"
	PORT=9000 ask -n 4 >"$SCRATCH/answers"
	equal "by mark" "$(tally "$SCRATCH/answers")" "server1x2 server2x2"
	ask -u -p 7777 -n 4 >"$SCRATCH/answers"
	equal "packets of one port" "$(tally "$SCRATCH/answers")" "server1x2 server2x2"

	fails 1
	becomes "server1 is down" director table_with 2 || return
	equal "HTTP" "$(pages "http://$(at "$VIP" 80)/name" 3)" "server2x3"
	fails 2
	becomes "all are down" director table_with || return
	equal "HTTP" "$(pages "http://$(at "$VIP" 80)/name" 2)" "directorx2"
	returns 2
	returns 1
	becomes "all are up again" director table_with 1 2 || return
	equal "HTTP" "$(pages "http://$(at "$VIP" 80)/name" 3)" "server1x1 server2x2"

	clients_start 4 "$VIP" 8000
	client_says open 60
	EXTRA=89
	configure "real$SIX=$(at "${RS[3]}" 8000) gate 5"
	becomes "a changed configuration" director changed || return
	ldirectord reload || fail "status $? from reload"
	busywait 10 grep -q "Reloading Linux Director Daemon" "$SCRATCH/log" || fail "no reload"
	judge "configuration changed and reloaded"
	becomes "after a reload" director changed
	ldirectord_stops
}

with_ldirectord
with_topology
PORTS=8000 with_servers
webs
mkdir "$SCRATCH/down"
# called with the address and port of the service and of the server
cat >"$SCRATCH/check" <<END
#!/bin/sh
address=\${3#[}
[ ! -e "$SCRATCH/down/\${address%]}" ]
END
chmod 755 "$SCRATCH/check"
tests_run
