# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Clients that talk for as long as a test lasts (pair/failover.py): how they are started, what they are
# told and what they say, after lib.sh.

# clients_start N [ADDRESS PORT]...: N connections to each; the program says `open` when all are
clients_start() {
	EACH=$1 PLACES=$((($# - 1) / 2))
	CONNECTIONS=$((EACH * PLACES))
	printf '# client$ failover.py %s\n' "$*"
	coproc CLIENT { quiet_in client python3 -S "$HERE/../pair/failover.py" "$@"; }
	# shellcheck disable=SC2153
	defer stop_process "$CLIENT_PID"
	exec {SAYS}<&"${CLIENT[0]}" {TELL}>&"${CLIENT[1]}"
}

# client_says WORD SECONDS: waits until the program says this word
client_says() {
	local said

	read -rt "$2" -u "$SAYS" said && [ "$said" = "$1" ] ||
		{ fail "the client said '${said:-}', not $1"; return 1; }
}

# hush: the clients are silent, and wait for nothing
hush() {
	tell hush
	client_says hushed 60
}

tell() {
	echo "$1" >&"$TELL"
}

# fates WHEN: what became of the connections since now, a line for each address and port in LINES
fates() {
	local line

	LINES=()
	tell judge
	client_says judged 120 || return
	while read -rt 10 -u "$SAYS" line && [ "$line" ]; do
		printf '# %s: %s\n' "$1" "$line"
		LINES+=("$line")
	done
}

# judge WHEN: each connection has survived
judge() {
	local line

	fates "$1"
	[ "${#LINES[@]}" = "$PLACES" ] || fail "$1: the fates of ${#LINES[@]} addresses, not $PLACES"
	for line in "${LINES[@]}"; do
		[[ $line = *" $EACH survived"* ]] || fail "$1: of $EACH connections ${line#* }"
	done
}

# established NS: connections that this director knows
established() {
	quiet_in "$1" grep -c ' ESTABLISHED ' /proc/net/ip_vs_conn
}

all_known() {
	[ "$(established "$1")" -ge "$CONNECTIONS" ]
}
