#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Tracepoints: each event of the system "weir" occurs with its packets, and skb:kfree_skb shows the
# drop reason for packets that Weir drops. Topology: topology.sh, real servers for the sessions,
# phantoms for the rest.

# shellcheck source=tools/testing/selftests/ipvs/lib/lib.sh
. "$(dirname -- "$0")/../lib/lib.sh"

export ALL_TESTS="session direct refused filtered events reasons"

TRACEFS=/sys/kernel/tracing

events_are() {
	echo "$1" >"$TRACEFS/events/weir/enable"
}

# has EVENT WORD...: an event with all these words was recorded.
has() {
	local line word

	while read -r line; do
		[[ $line == *": $1: "* ]] || continue
		for word in "${@:2}"; do
			[[ "$line " == *" $word "* ]] || continue 2
		done
		return 0
	done <<<"$(cat "$TRACEFS/trace")"	# a redirection would make the shell seek in the file
	return 1
}

event() {
	busywait 5 has "$@" || fail "no event: $*"
}

show_failed() {
	[ "$RET" -eq 0 ] || grep -v '^#' "$TRACEFS/trace" | sed 's/^/# /'
}

# client_port N: a port on which no other test has a connection.
client_port() {
	echo $((40000 + AF * 1000 + $1))
}

session() {
	local port from to server netns name=AF_INET

	service t rr m 1
	echo >"$TRACEFS/trace"
	port=$(client_port 1)
	equal "by NAT" "$(ask -p "$port")" server1
	from=$(at "$CLIENT" "$port") to=$(at "$VIP") server=$(at "${RS[1]}")
	[ "$AF" = 4 ] || name=AF_INET6
	netns=$(stat -Lc %i /run/netns/director)
	event weir_packet "netns=$netns" hook=LOCAL_IN "family=$name" proto=6 "src=$from" \
		"dst=$to" parsed=ok flags=0x2 fragment=0
	event weir_lookup "src=$from" "dst=$to" found=miss
	event weir_schedule "src=$from" "service=$to" fwmark=0 "server=$server"
	event weir_conn_new "netns=$netns" "family=$name" proto=6 "client=$from" \
		"virtual=$to" "server=$server" method=nat counter=conn_new
	event weir_state "client=$from" from=NONE to=SYN_RECV
	event weir_state "client=$from" from=SYN_RECV to=ESTABLISHED
	event weir_lookup hook=LOCAL_IN "src=$from" found=request "server=$server" in_error=0
	event weir_xmit "src=$from" dir=request method=nat "server=$server" dev=back
	event weir_packet hook=FORWARD "src=$server" "dst=$from" parsed=ok flags=0x12
	event weir_lookup hook=FORWARD "src=$server" "dst=$from" found=reply
	event weir_xmit hook=FORWARD "dst=$from" dir=reply method=nat "server=$server" dev=-
	show_failed
}

direct() {
	local from to server

	service t rr g 2
	echo >"$TRACEFS/trace"
	from=$(client_port 2)
	equal "by direct routing" "$(ask -p "$from")" server2
	from=$(at "$CLIENT" "$from") to=$(at "$VIP") server=$(at "${RS[2]}")
	event weir_conn_new "client=$from" "virtual=$to" "server=$server" method=direct
	event weir_xmit "src=$from" dir=request method=direct "server=$server" dev=back
	refute "a reply" has weir_xmit "dst=$from"
	show_failed
}

refused() {
	local from to

	defer clean_director
	ipvs -A -t "$(at "$VIP")" -s rr
	echo >"$TRACEFS/trace"
	from=$(client_port 3)
	equal "without a server" "$(ask -w 3 -p "$from")" refused
	from=$(at "$CLIENT" "$from") to=$(at "$VIP")
	event weir_schedule "src=$from" "service=$to" server=0.0.0.0:0
	event weir_drop hook=LOCAL_IN proto=6 "src=$from" "dst=$to" reason=drop_no_dest
	from=$(client_port 4)
	equal "without a service" "$(PORT=82 ask -w 3 -p "$from")" refused
	event weir_pass hook=LOCAL_IN "src=$(at "$CLIENT" "$from")" "dst=$(at "$VIP" 82)" \
		reason=pass_no_service
	show_failed
}

# filter WORDS: sets the filter of weir_drop
filter() {
	echo "$*" >"$TRACEFS/events/weir/weir_drop/filter"
}

filtered() {
	local wanted other

	defer clean_director
	ipvs -A -t "$(at "$VIP")" -s rr
	wanted=$(client_port 5) other=$(client_port 6)
	defer filter 0
	filter "reason == \"drop_no_dest\" && sport == $wanted"
	echo >"$TRACEFS/trace"
	equal "without a server" "$(ask -w 3 -p "$other")" refused
	equal "without a server" "$(ask -w 3 -p "$wanted")" refused
	event weir_drop "src=$(at "$CLIENT" "$wanted")"
	refute "an event that the filter excludes" has weir_drop "src=$(at "$CLIENT" "$other")"
	show_failed
}

[ "$IMPL" = weir ] || skip_all "the kernel's ip_vs has no tracepoints"
with_topology
if [ ! -d "$TRACEFS/events" ]; then
	mount -t tracefs nodev "$TRACEFS" 2>/dev/null || skip_all "no tracefs at $TRACEFS"
	defer umount "$TRACEFS"
fi
[ -d "$TRACEFS/events/weir" ] || skip_all "no trace events in this kernel"
with_servers
# once, while there is no traffic: switching events patches code
defer events_are 0
events_are 1
tests_run
