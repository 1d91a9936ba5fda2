#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# keepalived drives the director. `options`: all that can be said of services and servers arrives as written,
# answers, is changed by a reload and goes at the end. `checks`: a dead server is removed and added again.
# Topology: topology.sh.

# shellcheck source=tools/testing/selftests/ipvs/lib/lib.sh
. "$(dirname -- "$0")/../lib/lib.sh"
# shellcheck source=tools/testing/selftests/ipvs/lib/keepalived.sh
. "$LIB/keepalived.sh"

export ALL_TESTS="options checks"

SCHEDULERS=(rr wrr lc wlc lblc lblcr sh mh dh fo ovf sed nq twos)

# schedulers: "PORT NAME" for each that this ip_vs has
schedulers() {
	local i

	for i in "${!SCHEDULERS[@]}"; do
		[ "$IMPL" = weir ] || modprobe -q "ip_vs_${SCHEDULERS[i]}" || continue
		echo "$((8101 + i)) ${SCHEDULERS[i]}"
	done
}

# by_family IPV4 IPV6
by_family() {
	if [ "$AF" = 4 ]; then
		echo "$1"
	else
		echo "$2"
	fi
}

options_config() {
	local port name two

	two="$(server "${RS[1]}" "$PORT")"$'\n'"$(server "${RS[2]}" "$PORT")"
	cat <<-END
		global_defs {
			lvs_timeouts tcp 7200 tcpfin 30 udp 60
		}
		virtual_server_group several {
			${NET}20 $PORT
			${NET}21-23 $PORT
			fwmark 7
		}
		virtual_server group several {
			lvs_sched wrr
			protocol TCP
			$(server "${RS[1]}" "$PORT" "weight 3")
		}
	END
	schedulers | while read -r port name; do
		virtual "$VIP $port" "lvs_sched $name" "protocol TCP" "$two"
	done
	virtual "$VIP 8201" "lvs_sched sh" sh-port sh-fallback "protocol TCP" "$two"
	virtual "$VIP 8202" "lvs_sched mh" mh-port mh-fallback "protocol TCP" "$two"
	virtual "$VIP 8203" "lvs_sched wlc" flag-1 flag-3 "protocol TCP" "$two"
	virtual "$VIP $PORT" "lvs_sched rr" "lvs_method NAT" "protocol TCP" "$(server "${RS[1]}" "$PORT")" \
		"$(server "${RS[2]}" "$PORT" "lvs_method DR")" "$(server "${RS[3]}" "$PORT" "lvs_method TUN")"
	virtual "$VIP 8204" "lvs_sched rr" "lvs_method TUN" "protocol TCP" \
		"$(server "${BACK}101" 8204)" \
		"$(server "${BACK}102" 8204 "lvs_method TUN type gue port 6080")" \
		"$(server "${BACK}103" 8204 "lvs_method TUN type gue port 6080 csum")" \
		"$(server "${BACK}104" 8204 "lvs_method TUN type gre")" \
		"$(server "${BACK}105" 8204 "lvs_method TUN type gre csum")"
	virtual "$VIP $PORT" "lvs_sched rr" "lvs_method DR" ops "protocol UDP" "$two"
	virtual "$VIP 8205" "lvs_sched wlc" "persistence_engine sip" "persistence_timeout 60" "protocol UDP" \
		"$(server "${RS[1]}" 8205)"
	virtual "$VIP 8206" "lvs_sched rr" "protocol SCTP" "$(server "${RS[1]}" 8206)"
	virtual "$VIP 8207" "lvs_sched wlc" "protocol TCP" \
		"$(server "${RS[1]}" 8207 "weight 0")" \
		"$(server "${RS[2]}" 8207 "weight 65535" "uthreshold 2147483647" "lthreshold 50")" \
		"$(server "${RS[3]}" 8207 "weight 2" "uthreshold 100")"
	virtual "$VIP" "lvs_sched rr" "persistence_timeout 600" "protocol TCP" "$(server "${RS[1]}" "")"
	virtual "fwmark 5" "lvs_sched rr" "lvs_method DR" "$(server "${RS[1]}" "")" "$(server "${RS[2]}" "")"
	virtual "$VIP 8301" "lvs_sched rr" "persistence_timeout 60" "persistence_granularity $MASK" "protocol TCP" "$two"
	virtual "$VIP 8302" "lvs_sched rr" "persistence_timeout 60" "persistence_granularity $ALL" "protocol TCP" "$two"
}

# lines SERVICE OPTIONS [SERVER...]: what ipvsadm says of this
lines() {
	local server

	echo "-A $1 $2"
	for server in "${@:3}"; do
		echo "-a $1 -r $server"
	done
}

options_lines() {
	local n port name two mark=

	two=("${AT[1]}$PORT -m -w 1" "${AT[2]}$PORT -m -w 1")
	[ "$AF" = 4 ] || mark=" -6"
	for n in 20 21 22 23; do
		lines "-t ${V/10/$n}$PORT" "-s wrr" "${AT[1]}$PORT -m -w 3"
	done
	lines "-f 7$mark" "-s wrr" "${AT[1]}$PORT -m -w 3"
	schedulers | while read -r port name; do
		lines "-t $V$port" "-s $name" "${two[@]}"
	done
	lines "-t ${V}8201" "-s sh -b sh-fallback,sh-port" "${two[@]}"
	lines "-t ${V}8202" "-s mh -b mh-fallback,mh-port" "${two[@]}"
	lines "-t ${V}8203" "-s wlc -b flag-1,flag-3" "${two[@]}"
	lines "-t $V$PORT" "-s rr" "${AT[1]}$PORT -m -w 1" "${AT[2]}$PORT -g -w 1" \
		"${AT[3]}$PORT -i -w 1 --tun-type ipip"
	lines "-t ${V}8204" "-s rr" "${AT[1]/11/101}8204 -i -w 1 --tun-type ipip" \
		"${AT[1]/11/102}8204 -i -w 1 --tun-type gue --tun-port 6080 --tun-nocsum" \
		"${AT[1]/11/103}8204 -i -w 1 --tun-type gue --tun-port 6080 --tun-csum" \
		"${AT[1]/11/104}8204 -i -w 1 --tun-type gre --tun-nocsum" \
		"${AT[1]/11/105}8204 -i -w 1 --tun-type gre --tun-csum"
	lines "-u $V$PORT" "-s rr -o" "${two[@]/-m/-g}"
	lines "-u ${V}8205" "-s wlc -p 60 --pe sip" "${AT[1]}8205 -m -w 1"
	lines "--sctp-service ${V}8206" "-s rr" "${AT[1]}8206 -m -w 1"
	lines "-t ${V}8207" "-s wlc" "${AT[1]}8207 -m -w 0" "${AT[2]}8207 -m -w 65535" "${AT[3]}8207 -m -w 2"
	lines "-t ${V}0" "-s rr -p 600" "${AT[1]}0 -m -w 1"
	lines "-f 5$mark" "-s rr" "${AT[1]}0 -g -w 1" "${AT[2]}0 -g -w 1"
	lines "-t ${V}8301" "-s rr -p 60 -M $MASK" "${two[@]}"
	lines "-t ${V}8302" "-s rr -p 60 -M $ALL" "${two[@]}"
}

# changed_config: other flags, schedulers, methods, masks and weights; fewer services and servers, and a new one
changed_config() {
	local one

	one=$(server "${RS[1]}" "$PORT")
	cat <<-END
		virtual_server_group several {
			${NET}20 $PORT
			${NET}21-23 $PORT
			fwmark 7
		}
		virtual_server group several {
			lvs_sched wrr
			protocol TCP
			$(server "${RS[1]}" "$PORT" "weight 4")
			$(server "${RS[2]}" "$PORT")
		}
	END
	virtual "$VIP 8101" "lvs_sched mh" mh-port "protocol TCP" "$one" "$(server "${RS[3]}" "$PORT")"
	virtual "$VIP 8201" "lvs_sched sh" sh-port "protocol TCP" "$one"
	virtual "$VIP 8202" "lvs_sched wrr" "protocol TCP" "$one"
	virtual "$VIP $PORT" "lvs_sched rr" "lvs_method DR" "protocol TCP" "$one" \
		"$(server "${RS[2]}" "$PORT" "lvs_method TUN type gue port 6081")" \
		"$(server "${RS[3]}" "$PORT" "lvs_method NAT")"
	virtual "$VIP $PORT" "lvs_sched rr" "protocol UDP" "$one"
	virtual "$VIP 8207" "lvs_sched wlc" "protocol TCP" \
		"$(server "${RS[1]}" 8207 "weight 7")" \
		"$(server "${RS[2]}" 8207 "weight 1" "uthreshold 2147483647" "lthreshold 50")" \
		"$(server "${RS[3]}" 8207 "weight 0" "uthreshold 100")"
	virtual "$VIP 8208" "lvs_sched rr" "protocol TCP" "$one"
	virtual "$VIP 8301" "lvs_sched rr" "persistence_timeout 90" "persistence_granularity $ALL" "protocol TCP" "$one"
	virtual "$VIP 8302" "lvs_sched rr" "protocol TCP" "$one"
}

changed_lines() {
	local n one="${AT[1]}$PORT -m -w 1" mark=

	[ "$AF" = 4 ] || mark=" -6"
	for n in 20 21 22 23; do
		lines "-t ${V/10/$n}$PORT" "-s wrr" "${AT[1]}$PORT -m -w 4" "${AT[2]}$PORT -m -w 1"
	done
	lines "-f 7$mark" "-s wrr" "${AT[1]}$PORT -m -w 4" "${AT[2]}$PORT -m -w 1"
	lines "-t ${V}8101" "-s mh -b mh-port" "$one" "${AT[3]}$PORT -m -w 1"
	lines "-t ${V}8201" "-s sh -b sh-port" "$one"
	lines "-t ${V}8202" "-s wrr" "$one"
	lines "-t $V$PORT" "-s rr" "${AT[1]}$PORT -g -w 1" \
		"${AT[2]}$PORT -i -w 1 --tun-type gue --tun-port 6081 --tun-nocsum" "${AT[3]}$PORT -m -w 1"
	lines "-u $V$PORT" "-s rr" "$one"
	lines "-t ${V}8207" "-s wlc" "${AT[1]}8207 -m -w 7" "${AT[2]}8207 -m -w 1" "${AT[3]}8207 -m -w 0"
	lines "-t ${V}8208" "-s rr" "$one"
	lines "-t ${V}8301" "-s rr -p 90 -M $ALL" "$one"
	lines "-t ${V}8302" "-s rr" "$one"
}

# thresholds: upper and lower of the servers of port 8207
thresholds() {
	quiet_in director "$DEBIAN_IPVSADM" -Ln --thresholds |
		awk '/:8207/ && $1 == "->" { printf "%s%s/%s", n++ ? " " : "", $3, $4 }'
}

# from ADDRESS: the server that answers a client of this address
from() {
	ask -b "$1" 2>/dev/null
}

# addresses add|del ADDRESS...: of the client, and the director's routes to them
addresses() {
	local address

	for address in "${@:2}"; do
		echo "addr $1 $address/$HOST dev front"
	done | batch client
	for address in "${@:2}"; do
		echo "route $1 $address/$HOST via $CLIENT"
	done | batch director
}

# masked: clients that the mask joins come to the same server
masked() {
	local from address first PORT

	read -ra from <<<"$(by_family "203.0.1.5 203.0.7.5 203.0.1.6" \
		"2001:db8:1:1::5 2001:db8:1:1::6 2001:db8:1:2::5")"
	addresses add "${from[@]}"
	defer addresses del "${from[@]}"
	PORT=8301
	first=$(from "${from[0]}")
	equal "server of a client with the same masked address" "$(from "${from[1]}")" "$first"
	refute "another client has the same server" test "$(from "${from[2]}")" = "$first"
	PORT=8302
	first=$(from "${from[0]}")
	for address in "${from[@]}"; do
		equal "server of $address" "$(from "$address")" "$first"
	done
}

options() {
	local NET MASK ALL port V AT

	# addresses as ipvsadm writes them, with nothing after the colon
	V=$(at "$VIP" "")
	AT=("" "$(at "${RS[1]}" "")" "$(at "${RS[2]}" "")" "$(at "${RS[3]}" "")")
	NET=$(by_family 203.0.113. 2001:db8:f::)
	MASK=$(by_family 255.255.0.255 64)
	ALL=$(by_family 0.0.0.0 1)
	options_config >"$CONF"
	lvs_start
	table_becomes "the table" < <(options_lines)
	no_complaints
	equal "thresholds" "$(thresholds)" "0/0 2147483647/50 100/0"
	equal "time-outs" "$(quiet_in director ipvsadm -L --timeout)" "Timeout (tcp tcpfin udp): 7200 30 60"
	ask -n 3 >"$SCRATCH/answers"
	equal "answers by NAT, DR and TUN" "$(tally "$SCRATCH/answers")" "server1x1 server2x1 server3x1"
	ask -u -n 4 -p 5000 >"$SCRATCH/answers"
	equal "answers to one UDP port, ops" "$(tally "$SCRATCH/answers")" "server1x2 server2x2"
	for port in $(schedulers | cut -d ' ' -f 1) 8201 8202 8203; do
		echo "$port:"
		PORT=$port ask -n 2 2>/dev/null
	done >"$SCRATCH/answers"
	refute "answers: $(<"$SCRATCH/answers")" grep -vqxE '[0-9]+:|server[12]' "$SCRATCH/answers"
	masked
	changed_config >"$CONF"
	reload
	table_becomes "the table after the reload" < <(changed_lines)
	no_complaints
	lvs_stop
	table_becomes "nothing" </dev/null
	equal "time-outs at the end" "$(quiet_in director ipvsadm -L --timeout)" "Timeout (tcp tcpfin udp): 900 120 300"
	no_complaints
}

checks() {
	local n

	virtual "$VIP $PORT" "delay_loop 0.5" "lvs_sched wrr" "lvs_method NAT" "protocol TCP" \
		"retry 1" "delay_before_retry 0.2" "connect_timeout 0.5" "$(for n in 1 2; do
			server "${RS[n]}" "$PORT" "weight $n" "TCP_CHECK {" "}"
		done)" >"$CONF"
	lvs_start
	pool_becomes "$PORT" 1=1 2=2
	ask -n 3 >"$SCRATCH/answers"
	equal "answers" "$(tally "$SCRATCH/answers")" "server1x1 server2x2"
	in_ns server1 ip "-$AF" route add unreachable "$DIRECTOR_BACK/$HOST" table 100
	defer quiet_in server1 ip "-$AF" route del unreachable "$DIRECTOR_BACK/$HOST" table 100
	pool_becomes "$PORT" 2=2
	in_ns server1 ip "-$AF" route del unreachable "$DIRECTOR_BACK/$HOST" table 100
	pool_becomes "$PORT" 1=1 2=2
	no_complaints
	lvs_stop
	table_becomes "nothing" </dev/null
}

tool keepalived
with_topology
with_servers
tests_run
