#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What keepalived makes of servers that fail. `quorum`: removal, inhibit_on_failure, quorum with hysteresis, the
# sorry server in its variants, notify scripts, omega. `alpha`: no server before its first success. The checks
# read a file, which keepalived watches. Topology: topology.sh.

# shellcheck source=tools/testing/selftests/ipvs/lib/lib.sh
. "$(dirname -- "$0")/../lib/lib.sh"
# shellcheck source=tools/testing/selftests/ipvs/lib/keepalived.sh
. "$LIB/keepalived.sh"

export ALL_TESTS="quorum alpha"

# health N...: exactly these servers are well
health() {
	local n

	for n in 1 2 3; do
		case " $* " in
		*" $n "*) echo 0 ;;
		*) echo 1 ;;
		esac >"$SCRATCH/health$n"
	done
	printf '# healthy: %s\n' "$*"
}

# backend N WEIGHT PORT [LINE...]: a server that is checked; PORT is for the notify scripts
backend() {
	server "${RS[$1]}" "$PORT" "weight $2" "FILE_CHECK {" "track_file health$1" "weight 0" "}" \
		"notify_up \"$SCRATCH/note $3 $1-up\"" "notify_down \"$SCRATCH/note $3 $1-down\"" "${@:4}"
}

# pooled PORT LINE...
pooled() {
	virtual "$VIP $1" "lvs_sched rr" "lvs_method NAT" "protocol TCP" \
		"quorum_up \"$SCRATCH/note $1 up\"" "quorum_down \"$SCRATCH/note $1 down\"" "${@:2}"
}

# note_script: appends its arguments to a file; keepalived starts several at once
note_script() {
	printf '#!/bin/sh\necho "$*" >>%s/notes\n' "$SCRATCH" >"$SCRATCH/note"
	chmod 755 "$SCRATCH/note"
	: >"$SCRATCH/notes"
}

# notes: what the scripts were called for since the last time, in any order, as "PORT:WORD,WORD ..."
notes() {
	sort "$SCRATCH/notes" | awk '
		$1 != port { printf("%s%s:", port ? " " : "", $1); n = 0; port = $1 }
		{ printf("%s%s", n++ ? "," : "", $2) }'
}

notes_are() {
	[ "$(notes)" = "$*" ]
}

# noted PORT:WORD,WORD...: the calls since the last time
noted() {
	busywait 20 notes_are "$@" || fail "scripts: $(notes), not $*"
	: >"$SCRATCH/notes"
}

quorum_config() {
	local n

	printf '%s\n' "global_defs {" "script_user root" enable_script_security "}"
	for n in 1 2 3; do
		printf '%s\n' "track_file health$n {" "file $SCRATCH/health$n" "}"
	done
	pooled 8501 "$(backend 1 3 8501)" "$(backend 2 2 8501)"
	pooled 8502 "$(backend 1 3 8502 inhibit_on_failure)" "$(backend 2 2 8502 inhibit_on_failure)"
	pooled 8503 "quorum 2" "sorry_server ${RS[3]} $PORT" "$(backend 1 1 8503)" "$(backend 2 1 8503)"
	pooled 8504 "quorum 3" "hysteresis 1" "sorry_server ${RS[3]} $PORT" "$(backend 1 3 8504)" "$(backend 2 1 8504)"
	# the sorry server is one of the servers
	pooled 8505 "sorry_server ${RS[2]} $PORT" "$(backend 1 1 8505)" "$(backend 2 1 8505)"
	pooled 8506 "sorry_server ${RS[3]} $PORT" sorry_server_inhibit "$(backend 1 1 8506)"
	pooled 8507 "sorry_server ${RS[3]} $PORT" sorry_server_inhibit inhibit_on_failure "$(backend 1 1 8507)" \
		"$(backend 2 1 8507)"
	pooled 8508 omega "$(backend 1 1 8508)" "$(backend 2 1 8508)"
}

# numbered WORD...: each with its port before it, from 8501; none for -
numbered() {
	local port=8500 word

	for word; do
		port=$((port + 1))
		[ "$word" = - ] || printf '%s:%s ' "$port" "${word#none}"
	done
}

# shellcheck disable=SC2046
becomes() {
	state $(numbered "$@")
}

# shellcheck disable=SC2046
all_noted() {
	noted $(numbered "$@")
}

quorum() {
	note_script
	health 1 2
	quorum_config >"$CONF"
	lvs_start
	becomes 1=3,2=2 1=3,2=2 1=1,2=1 1=3,2=1 1=1,2=1 1=1,3=0 1=1,2=1,3=0 1=1,2=1
	all_noted up up up up up up up up
	health 1
	becomes 1=3 1=3,2=0 3=1 1=3 1=1 1=1,3=0 1=1,2=0,3=0 1=1
	all_noted 2-down 2-down 2-down,down 2-down 2-down - 2-down 2-down
	health
	becomes none 1=0,2=0 3=1 3=1 2=1 3=1 1=0,2=0,3=1 none
	all_noted 1-down,down 1-down,down 1-down 1-down,down 1-down,down 1-down,down 1-down,down 1-down,down
	PORT=8503 ask >"$SCRATCH/answers"
	equal "the sorry server's answer" "$(tally "$SCRATCH/answers")" "server3x1"
	# 3 is not enough for 3 and a hysteresis of 1
	health 1
	becomes 1=3 1=3,2=0 3=1 3=1 1=1 1=1,3=0 1=1,2=0,3=0 1=1
	all_noted 1-up,up 1-up,up 1-up 1-up 1-up,up 1-up,up 1-up,up 1-up,up
	health 1 2
	becomes 1=3,2=2 1=3,2=2 1=1,2=1 1=3,2=1 1=1,2=1 1=1,3=0 1=1,2=1,3=0 1=1,2=1
	all_noted 2-up 2-up 2-up,up 2-up,up 2-up - 2-up 2-up
	no_complaints
	lvs_stop
	all_noted - - - - - - - 1-down,2-down,down
	table_becomes "nothing" </dev/null
}

# gated PORT LINE...: a service of server1, whose check waits for the file "gate"
gated() {
	pooled "$1" "delay_loop 1" "$(server "${RS[1]}" "$PORT" "${@:2}" "notify_up \"$SCRATCH/note $1 1-up\"" \
		"MISC_CHECK {" "misc_path \"$SCRATCH/gated\"" "misc_timeout 60" "}")"
}

alpha() {
	note_script
	printf '#!/bin/sh\nuntil [ -e %s/gate ]; do sleep 0.1; done\n' "$SCRATCH" >"$SCRATCH/gated"
	chmod 755 "$SCRATCH/gated"
	{
		printf '%s\n' "global_defs {" "script_user root" enable_script_security "}"
		gated 8511 "alpha true"
		gated 8512 "alpha true" inhibit_on_failure
		gated 8513
	} >"$CONF"
	lvs_start
	pool_becomes 8513 1=1
	pool_becomes 8512 1=0
	pool_becomes 8511
	touch "$SCRATCH/gate"
	defer rm -f "$SCRATCH/gate"
	pool_becomes 8511 1=1
	pool_becomes 8512 1=1
	noted 8511:1-up,up 8512:1-up,up 8513:up
	no_complaints
	lvs_stop
	table_becomes "nothing" </dev/null
}

tool keepalived
with_topology
with_servers
tests_run
