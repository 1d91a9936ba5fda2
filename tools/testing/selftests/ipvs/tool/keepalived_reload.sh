#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What happens to the table around keepalived. `load`: it reads configurations with other weights and servers
# while clients come and talk. `schedulers`: likewise, other schedulers. `groups`: two groups have an address
# and port in common, and one loses it. `flush`: what it finds at its start and leaves at its end. `by_hand`:
# somebody else changes its services. `killed`: its checker dies. Topology: topology.sh.

# shellcheck source=tools/testing/selftests/ipvs/lib/lib.sh
. "$(dirname -- "$0")/../lib/lib.sh"
# shellcheck source=tools/testing/selftests/ipvs/lib/keepalived.sh
. "$LIB/keepalived.sh"
# shellcheck source=tools/testing/selftests/ipvs/lib/clients.sh
. "$LIB/clients.sh"

export ALL_TESTS="load schedulers groups flush by_hand killed"

# loaded SCHEDULER PERSISTENCE WEIGHT1 WEIGHT2 [LINE...]: the configuration under load; the lines may
# contain server3 with port 8003
loaded() {
	virtual "$VIP 8000" "lvs_sched $1" "lvs_method NAT" "protocol TCP" "$(server "${RS[1]}" 8000 "weight $3")" \
		"$(server "${RS[2]}" 8000 "weight $4")" "${@:5}"
	virtual "$VIP 8001" "lvs_sched $1" "lvs_method DR" "protocol TCP" "persistence_timeout $2" \
		"$(server "${RS[1]}" 8001 "weight $4")" "$(server "${RS[2]}" 8001 "weight $3")"
	[ $# -lt 5 ] || virtual "$VIP 8002" "lvs_sched $1" "lvs_method NAT" "protocol TCP" "${@:5}"
}

# changes CONFIGURATION...: the arguments of `loaded`, each read with and without a third server, while clients
# talk and others come, except while it is removed: its connections then end. No client is refused, no entry
# vanishes that stays.
changes() {
	local third extra change n=0

	third=$(server "${RS[3]}" 8003)
	# shellcheck disable=SC2086
	loaded $1 >"$CONF"
	lvs_start
	busywait 20 grep -q 'Startup complete' "$LVS_LOG" || fail "keepalived does not start"
	clients_start 25 "$VIP" 8000 "$VIP" 8001
	client_says open 60 || return
	watch_entries 8003
	: >"$SCRATCH/asked"
	for change in "${@:2}"; do
		for extra in "$third" ""; do
			n=$((n + 1))
			# shellcheck disable=SC2086
			loaded $change ${extra:+"$extra"} >"$CONF"
			printf '# %s\n' "$change"
			kill -HUP "$LVS"
			[ "$extra" ] || reloaded "$n"
			{ PORT=8000 ask -n 20; PORT=8001 ask -n 20; } >>"$SCRATCH/asked" 2>/dev/null
			reloaded "$n"
		done
	done
	refute "clients without an answer: $(tally "$SCRATCH/asked")" grep -vqx 'server[123]' "$SCRATCH/asked"
	no_gap
	judge "after $n reloads"
	no_complaints
	state 8000:1=1,2=1 8001:1=1,2=1
}

# reloaded TIMES
reloaded() {
	busywait 30 says "Reload complete" "$1" || fail "keepalived does not reload"
}

load() {
	changes "wrr 300 1 1" "wrr 300 1 3" "wrr 200 0 5" "wrr 200 2 1" "wrr 100 1 1"
}

schedulers() {
	changes "rr 300 1 1" "wlc 300 1 3" "mh 200 2 1" "lc 100 1 1"
}

# server1 fails | is well
server1() {
	printf '# server1 %s\n' "$*"
	if [ "$1" = fails ]; then
		echo 1
	else
		echo 0
	fi >"$SCRATCH/health1"
}

# grouped A-ENTRIES B-ENTRIES
grouped() {
	printf '%s\n' "virtual_server_group A {" "$1" "}" "virtual_server_group B {" "$2" "}" \
		"track_file health1 {" "file $SCRATCH/health1" "}"
	# keepalived 2.3.3 crashes if a group without sorry server gets an entry
	virtual "group A" "lvs_sched rr" "lvs_method NAT" "protocol TCP" "sorry_server ${RS[3]} $PORT" \
		"$(server "${RS[1]}" "$PORT" "FILE_CHECK {" "track_file health1" "weight 0" "}")"
	virtual "group B" "lvs_sched rr" "lvs_method NAT" "protocol TCP" "sorry_server ${RS[3]} $PORT" \
		"$(server "${RS[2]}" "$PORT")"
}

# What keepalived makes of this is its affair, as ip_vs has one service for both groups: the test is that each
# ip_vs answers the same.
groups() {
	local two=$'\n'"$VIP 8602"

	if ! keepalived --version 2>&1 | grep -q 'Keepalived v2\.3'; then
		skip "the steps are those of keepalived 2.3"
		return
	fi
	server1 is well
	grouped "$VIP 8601$two" "$VIP 8601" >"$CONF"
	lvs_start
	state 8601:1=1,2=1 8602:1=1
	complains "ADD 17 8601"
	server1 fails
	state 8601:2=1,3=1 8602:3=1
	server1 is well
	state 8601:1=1,2=1 8602:1=1
	grouped "$VIP 8601$two" "$VIP 8603" >"$CONF"
	reload
	state 8602:1=1 8603:2=1
	server1 fails
	state 8602: 8603:2=1
	complains "ADD 17 8601" "DELDEST 2 8601 1" "ADDDEST 2 8601 3"
	server1 is well
	complains "ADD 17 8601" "DELDEST 2 8601 1" "ADDDEST 2 8601 3" "DELDEST 2 8601 3" "DELDEST 2 8602 3" \
		"ADDDEST 2 8601 1"
	state 8602: 8603:2=1
	grouped "$VIP 8601$two" "$VIP 8601" >"$CONF"
	reload
	state 8601:2=1 8602:
	server1 fails
	state 8601:2=1,3=1 8602:3=1
	server1 is well
	state 8601:1=1,2=1 8602:1=1
	lvs_stop
	complains "ADD 17 8601" "DELDEST 2 8601 1" "ADDDEST 2 8601 3" "DELDEST 2 8601 3" "DELDEST 2 8602 3" \
		"ADDDEST 2 8601 1" "DELDEST 2 8601 1" "DELDEST 2 8602 1"
	state 8602:
}

# managed [GLOBAL...]: two services, and these lines in global_defs
managed() {
	printf '%s\n' "global_defs {" "$@" "}" "track_file health1 {" "file $SCRATCH/health1" "}"
	virtual "$VIP 8611" "lvs_sched rr" "lvs_method NAT" "protocol TCP" "$(server "${RS[1]}" "$PORT" \
		"FILE_CHECK {" "track_file health1" "weight 0" "}")" "$(server "${RS[2]}" "$PORT")"
	virtual "$VIP 8612" "lvs_sched rr" "lvs_method NAT" "protocol TCP" "$(server "${RS[2]}" "$PORT")"
}

# begins HOW PORT:SERVER... : with this in global_defs, beside services of somebody else
begins() {
	ipvs_batch <<-RULES
		-A -t $(at "$VIP" 8611) -s wlc
		-a -t $(at "$VIP" 8611) -r $(at "${RS[3]}") -m
		-A -t $(at "$VIP" 8619) -s wlc
	RULES
	printf '# global_defs { %s }\n' "$1"
	managed ${1:+"$1"} >"$CONF"
	lvs_start
	state "${@:2}"
	ipvs -A -t "$(at "$VIP" 8618)" -s wlc
	lvs_stop
}

flush() {
	server1 is well
	begins "" 8611:1=1,2=1,3=1 8612:2=1 8619:
	state 8618: 8619:
	complains "ADD 17 8611"
	clean_director
	begins lvs_flush 8611:1=1,2=1 8612:2=1
	state 8618:
	no_complaints
	clean_director
	begins "lvs_flush_on_stop VS" 8611:1=1,2=1,3=1 8612:2=1 8619:
	state 8618: 8619:
	complains "ADD 17 8611"
	clean_director
	begins lvs_flush_on_stop 8611:1=1,2=1,3=1 8612:2=1 8619:
	state
	complains "ADD 17 8611"
}

by_hand() {
	server1 is well
	managed >"$CONF"
	lvs_start
	state 8611:1=1,2=1 8612:2=1
	ipvs -D -t "$(at "$VIP" 8612)"
	ipvs -d -t "$(at "$VIP" 8611)" -r "$(at "${RS[1]}")"
	server1 fails
	complains "DELDEST 2 8611 1"
	server1 is well
	state 8611:1=1,2=1
	reload
	state 8611:1=1,2=1
	ipvs -C
	server1 fails
	complains "DELDEST 2 8611 1" "DELDEST 2 8611 1"
	server1 is well
	complains "DELDEST 2 8611 1" "DELDEST 2 8611 1" "ADDDEST 2 8611 1"
	lvs_stop
	complains "DELDEST 2 8611 1" "DELDEST 2 8611 1" "ADDDEST 2 8611 1" "DELDEST 2 8611 1" "DELDEST 2 8611 2" \
		"DEL 2 8611" "DELDEST 2 8612 2" "DEL 2 8612"
	lvs_start
	state 8611:1=1,2=1 8612:2=1
	no_complaints
}

killed() {
	server1 is well
	managed >"$CONF"
	lvs_start
	state 8611:1=1,2=1 8612:2=1
	watch_entries
	kill -9 "$(cat "$SCRATCH/checkers.pid")"
	complains "ADD 17 8611" "ADDDEST 17 8611 1" "ADDDEST 17 8611 2" "ADD 17 8612" "ADDDEST 17 8612 2"
	no_gap
	state 8611:1=1,2=1 8612:2=1
	server1 fails
	state 8611:2=1 8612:2=1
	server1 is well
	state 8611:1=1,2=1 8612:2=1
	lvs_stop
	state
}

tool keepalived
with_topology
PORTS=8000,8001,8003 with_servers
tests_run
