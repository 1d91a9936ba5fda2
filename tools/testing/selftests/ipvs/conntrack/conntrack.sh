#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The view of netfilter: the packets that its hooks see, with their addresses and conntrack state;
# the entries kept with net.ipv4.vs.conntrack, and firewalls and source NAT that use them. Topology:
# topology.sh.

# shellcheck source=tools/testing/selftests/ipvs/lib/lib.sh
. "$(dirname -- "$0")/../lib/lib.sh"

export ALL_TESTS="view entries_end firewall_nft firewall_iptables snat untracked notrack_rule full_table
	rules_come rules_replaced"

tool nft conntrack iptables

# watch: at every hook, before and after ip_vs and NAT, a set counts packets by protocol, addresses
# and conntrack state.
WATCHED="prerouting:-350 prerouting:-150 prerouting:-50 input:0 input:97 input:105 forward:0 forward:97
	forward:105 output:-350 output:-150 output:-90 output:0 postrouting:0 postrouting:200"

watch() {
	local ip type at hook prio name

	ip=$(nft_family)
	type=ipv${AF}_addr
	{
		echo "table $ip watch {"
		for at in $WATCHED; do
			hook=${at%:*} prio=${at#*:}
			name=${hook}_${prio/-/m}
			echo "set $name {"
			echo "	type inet_proto . $type . $type . ct_state; size 256; flags dynamic; counter"
			echo "}"
			echo "chain $name {"
			echo "	type filter hook $hook priority $prio;"
			echo "	tcp flags & (fin | rst) != 0 return"
			echo "	meta l4proto { tcp, udp, 4, 41 } add @$name" \
				"{ meta l4proto . $ip saddr . $ip daddr . ct state counter }"
			echo "}"
		done
		echo "}"
	} >"$SCRATCH/watch.nft"
	quiet_in director nft -f "$SCRATCH/watch.nft" || fail "nft refuses the watch"
	defer quiet_in director nft delete table "$ip" watch
}

# watch_anew: clears the sets.
watch_anew() {
	local at prio

	for at in $WATCHED; do
		prio=${at#*:}
		echo "flush set $(nft_family) watch ${at%:*}_${prio/-/m}"
	done | quiet_in director nft -f -
	forget_entries
}

# named: replaces addresses by names.
named() {
	sed "s/\b$CLIENT\b/client/g; s/\b$VIP\b/VIP/g; s/\b${RS[1]}\b/server1/g
		s/\b$DIRECTOR_BACK\b/director/g; s/\b$DIRECTOR\b/director/g"
}

# watched t|u: the contents of the sets: "HOOK PRIORITY: PROTOCOL SOURCE > DESTINATION STATE
# xPACKETS"; without the number for TCP, where it varies.
watched() {
	quiet_in director nft list table "$(nft_family)" watch | named | tr -d '\n\t' |
		sed 's/set /\n/g; s/chain .*//' |
		sed -n 's/^\([a-z]*\)_\(m*\)\([0-9]*\) {.*elements = { *\(.*\)}}.*/\1 \2\3\n\4/p' |
		sed 's/ \. / /g; s/, */\n/g; s/^\([a-z]* \)m/\1-/' |
		awk -v tcp="$1" 'NF < 3 { at = $1 " " $2; next }
			{ sub(/^ipencap|^ipv6/, "tunnel")
			  print at ": " $1, $2, ">", $3, $4 (tcp == "t" ? "" : " x" $7) }'
}

# listed: conntrack's entries of our flows, without fields that depend on time and chance.
listed() {
	quiet_in director conntrack -L -f "ipv$AF" 2>/dev/null | named |
		sed -n 's/\b[sd]port=[4-6][0-9]*\b/cport/g; s/ mark=.*use=.*//
			s/^\(udp\|tcp\|unknown\) *[0-9]* [0-9]* *\([A-Z_]* \)*src/\1 src/
			s/ \[ASSURED\]//; s/^/entry: /; /VIP\|unknown/p' | sort
}

# view_case KNOB METHOD PROTO: the packets at the hooks, and conntrack's entries.
view_case() {
	PORT_USED=$((PORT_USED + 1))
	in_ns director sysctl -qw "net.ipv4.vs.conntrack=$1" >&2
	service "$3" rr "$2" 1 >&2
	watch_anew
	echo "conntrack=$1 -$2 $3"
	if [ "$3" = u ]; then
		ask -u -n 3 -p $PORT_USED
	else
		ask -p $PORT_USED
	fi
	watched "$3"
	listed
	clean_director
}

# Three datagrams of one flow, or a TCP connection, by each method, with and without conntrack.
view() {
	local knob method proto

	conntrack_knob 0
	watch
	for knob in 0 1; do
		for method in m g i; do
			for proto in u t; do
				view_case $knob $method $proto
			done
		done
	done >"$SCRATCH/view" 2>"$SCRATCH/commands"
	cat "$SCRATCH/commands"
	golden conntrack_view.txt "$SCRATCH/view"
}

no_entries() {
	[ -z "$(quiet_in director conntrack -L -f "ipv$AF" -p udp -d "$VIP" 2>/dev/null)" ]
}

# An entry ends with its connection, long before its own timeout.
entries_end() {
	local method

	conntrack_knob 1
	defer quiet_in director ipvsadm --set 900 120 300
	in_ns director ipvsadm --set 900 120 2
	nft_rules <<-RULES
		table $(nft_family) plain {
			chain input { type filter hook input priority 0; ct state new; }
		}
	RULES
	for method in m g i; do
		PORT_USED=$((PORT_USED + 1))
		service u rr $method 1
		equal "UDP -$method" "$(ask -u -p $PORT_USED)" server1
		refute "an entry is there (-$method)" no_entries
		check "the entry went with its connection (-$method)" busywait 8 no_entries
		clean_director
	done
}

# each_way KNOB: UDP and TCP by each method. Where replies bypass the director, conntrack considers
# a tracked TCP connection invalid; if it does not track the connection, it considers each FIN
# invalid.
each_way() {
	local method

	for method in m g i; do
		service u rr $method 1
		equal "UDP -$method" "$(ask -u -n 2 | xargs)" "server1 server1"
		clean_director
		[ $1 = 0 ] || [ $method = m ] || continue
		service t rr $method 1
		equal "TCP -$method" "$(ask -n 2 | xargs)" "server1 server1"
		[ $1 = 0 ] || equal "TCP -$method" "$(ask -k sum -s 100000)" same
		clean_director
	done
}

# A firewall that accepts new connections to the service and packets of established ones. Where
# ip_vs keeps no entries, each packet is "new", except that a SYN+ACK is "invalid".
firewall_nft() {
	local knob icmp=icmp

	[ "$AF" = 4 ] || icmp=icmpv6
	for knob in 1 0; do
		conntrack_knob $knob
		nft_rules <<-RULES
			table $(nft_family) firewall {
				chain mine {
					meta l4proto $icmp accept
					ct state { established, related } accept
					$(nft_family) daddr $VIP th dport $PORT ct state new accept
				}
				chain input {
					type filter hook input priority 0; policy drop;
					jump mine
				}
				chain forward {
					type filter hook forward priority 0; policy drop;
					jump mine
					$([ $knob = 1 ] || echo "$(nft_family) saddr ${RS[1]} ct state { new, invalid } accept")
				}
				chain output {
					type filter hook output priority 0; policy drop;
					meta l4proto { $icmp, 4, 41 } accept
					ct state { established, new } $(nft_family) daddr ${RS[1]} accept
					ct state { established, new } $(nft_family) daddr $VIP accept
					$([ $knob = 1 ] || echo "ct state untracked accept")
				}
			}
		RULES
		each_way $knob
		in_ns director nft delete table "$(nft_family)" firewall
	done
}

# The same with iptables -m state, before and behind ip_vs.
firewall_iptables() {
	conntrack_knob 1
	defer delete_table filter
	tables -restore <<-RULES
		*filter
		:INPUT DROP
		:FORWARD DROP
		:OUTPUT ACCEPT
		-A INPUT -p $([ "$AF" = 4 ] && echo icmp || echo icmpv6) -j ACCEPT
		-A INPUT -m state --state ESTABLISHED,RELATED -j ACCEPT
		-A INPUT -d $VIP -p tcp --dport $PORT -m state --state NEW -j ACCEPT
		-A INPUT -d $VIP -p udp --dport $PORT -m state --state NEW -j ACCEPT
		-A FORWARD -m state --state ESTABLISHED,RELATED -j ACCEPT
		-A OUTPUT -m state --state INVALID -j DROP
		COMMIT
	RULES
	each_way 1
}

# Source NAT behind the director: the server sees the director and needs no route to the client.
snat() {
	local proto

	conntrack_knob 1
	nft_rules <<-RULES
		table $(nft_family) behind {
			chain postrouting {
				type nat hook postrouting priority 100;
				$(nft_family) daddr ${RS[1]} masquerade
			}
		}
	RULES
	in_ns server1 ip "-$AF" route add unreachable "$(prefix_of "$FRONT")" table 100
	defer quiet_in server1 ip "-$AF" route del unreachable "$(prefix_of "$FRONT")" table 100
	for proto in t u; do
		service $proto rr m 1
	done
	forget_entries
	equal "TCP" "$(ask -n 2 | xargs)" "server1 server1"
	equal "TCP" "$(ask -k give -s 100000)" same
	equal "UDP" "$(ask -u -n 2 | xargs)" "server1 server1"
	listed >"$SCRATCH/entries"
	# one entry for each port of the client, which may have used a port twice
	check "too few entries" [ "$(grep -c 'src=client dst=VIP' "$SCRATCH/entries")" -ge 3 ]
	equal "entries whose reply is not expected at the director" \
		"$(grep 'src=client dst=VIP' "$SCRATCH/entries" | grep -vc 'src=server1 dst=director')" 0
}

prefix_of() {
	[ "$AF" = 4 ] && echo "${1}0/24" || echo "$1/64"
}

# counted: packets with a new conntrack entry, at a hook before ip_vs.
counted() {
	quiet_in director nft list counter "$(nft_family)" made entries | awk '/packets/ { print $2 }'
}

# Only NAT uses conntrack, and no rule looks at conntrack states. A chain of type nat enables
# conntrack only with a statement that translates.
nat_only() {
	conntrack_knob 0
	nft_rules <<-RULES
		table $(nft_family) made {
			counter entries { }
			chain prerouting {
				type nat hook prerouting priority -100;
				$(nft_family) daddr $VIP counter name entries
				$(nft_family) saddr ${RS[1]} counter name entries
			}
			chain postrouting {
				type nat hook postrouting priority 100;
				meta l4proto dccp masquerade
			}
		}
	RULES
}

# passes_by: a known flow gets no entry, whereas its first packet had one.
passes_by() {
	busywait 10 adds_none && [ "$(counted)" -gt 0 ]
}

# datagrams N: N datagrams of one flow.
datagrams() {
	equal "$1 datagrams" "$(ask -u -n "$1" -p $PORT_USED | sort | uniq -c | xargs)" "$1 server1"
}

adds_none() {
	local before

	before=$(counted)
	quiet datagrams 1
	[ "$(counted)" = "$before" ]
}

quiet() {
	"$@" >/dev/null 2>&1
}

# A known flow needs no entries: hundreds of its packets cause none, in both directions.
untracked() {
	local method before

	nat_only
	for method in m g i; do
		PORT_USED=$((PORT_USED + 1))
		service u rr $method 1
		check "packets go past conntrack (-$method)" passes_by
		before=$(counted)
		datagrams 100
		equal "entries made for 100 datagrams (-$method)" "$(($(counted) - before))" 0
		clean_director
	done
}

# With conntrack's table full, no connection can begin, but existing ones continue.
full_table() {
	local max

	nat_only
	PORT_USED=$((PORT_USED + 1))
	service u rr m 1
	check "packets go past conntrack" passes_by
	max=$(sysctl -n net.netfilter.nf_conntrack_max)
	defer sysctl -qw "net.netfilter.nf_conntrack_max=$max"
	defer forget_entries
	in_ns director conntrack -I -p udp -s "$CLIENT" -d "$DIRECTOR" --sport 1 --dport 1 \
		-t 60 -u ASSURED >/dev/null 2>&1
	run sysctl -qw net.netfilter.nf_conntrack_max=1
	datagrams 20
}

# Packets that a rule excludes from conntrack are balanced as well.
notrack_rule() {
	local proto method
	local -A UDP=([t]="" [u]=-u)

	conntrack_knob 1
	nft_rules <<-RULES
		table $(nft_family) past {
			chain prerouting {
				type filter hook prerouting priority -300;
				meta l4proto { tcp, udp } notrack
			}
			chain input {
				type filter hook input priority 0; policy drop;
				ct state untracked accept
			}
		}
	RULES
	forget_entries
	for method in m g i; do
		for proto in t u; do
			service $proto rr $method 1
			# shellcheck disable=SC2086
			ask ${UDP[$proto]} -n 2 >"$SCRATCH/answers"
			equal "-$method $proto" "$(tally "$SCRATCH/answers")" server1x2
			clean_director
		done
	done
	check "no entry" no_entries
}

# As soon as a rule looks at conntrack states, packets are tracked.
rules_come() {
	nat_only
	PORT_USED=$((PORT_USED + 1))
	service u rr m 1
	check "packets go past conntrack" passes_by
	nft_rules <<-RULES
		table $(nft_family) looker {
			chain input {
				type filter hook input priority 0; policy drop;
				meta l4proto { icmp, icmpv6 } accept
				$(nft_family) daddr $VIP ct state new accept
			}
			chain forward {
				type filter hook forward priority 0; policy drop;
				$(nft_family) saddr ${RS[1]} ct state new accept
			}
		}
	RULES
	datagrams 5
}

# replaced_by NAME PRIORITY: instead of the last chain of table "swapped", in one transaction; counts
# untracked packets where LOCAL_IN is passed.
replaced_by() {
	quiet_in director nft -f - <<-RULES || fail "nft refuses the chain"
		table $(nft_family) swapped {
			counter past { }
			chain $1 {
				type filter hook input priority $2;
				$(nft_family) daddr $VIP ct state untracked counter name past
			}
		}
		${SWAPPED:+delete chain $(nft_family) swapped $SWAPPED}
	RULES
	SWAPPED=$1
}

untracked_packets() {
	quiet_in director nft list counter "$(nft_family)" swapped past | awk '/packets/ { print $2 }'
}

# The same if the rule replaces others, which leaves the number of hooks as it is, and their table in
# memory that was used before. Behind ip_vs a rule sees nothing.
rules_replaced() {
	local SWAPPED='' round n

	nat_only
	defer quiet_in director nft delete table "$(nft_family)" swapped
	PORT_USED=$((PORT_USED + 1))
	service u rr m 1
	for round in 1 2 3; do
		replaced_by "behind$round" 200
		check "packets go past conntrack" passes_by
		for n in 1 2 3 4 5 6 7 8; do
			replaced_by "before${round}_$n" 0
			quiet datagrams 1
		done
	done
	equal "packets untracked in front of a rule" "$(untracked_packets)" 0
}

PORT_USED=40000
defer forget_entries
with_topology
with_servers
tests_run
