#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Both programs against the module: ours and Debian's ipvsadm, each command once, the resulting
# list, exit status and error texts. Topology: only the director.

# shellcheck source=tools/testing/selftests/ipvs/lib/lib.sh
. "$(dirname -- "$0")/../lib/lib.sh"

export ALL_TESTS="commands errors"

programs() {
	echo "$DEBIAN_IPVSADM"
	[ ! -x "$WEIR_IPVSADM" ] || echo "$WEIR_IPVSADM"
}

# cli ARGS...: runs the program under test; output in OUTPUT, status in STATUS.
cli() {
	printf '# director$ %s %s\n' "$PROGRAM" "$*"
	OUTPUT=$(quiet_in director "$PROGRAM" "$@" 2>&1)
	STATUS=$?
}

ok() {
	cli "$@"
	[ "$STATUS" -eq 0 ] || fail "$*: status $STATUS: $OUTPUT"
}

# row TEXT: a line of -Ln, with runs of spaces squeezed.
row() {
	quiet_in director "$PROGRAM" -Ln | tr -s ' ' | grep -qxF -- "$1" ||
		fail "no line '$1' in: $(quiet_in director "$PROGRAM" -Ln)"
}

each_command() {
	local s v

	# The server has the service's port, the only one possible with direct routing and tunnels.
	s=$(at "$VIP" 80) v=$(at "${RS[1]}" 80)
	ok -A -t "$s"
	row "TCP $s wlc"
	ok -E -t "$s" -s rr -p 100
	row "TCP $s rr persistent 100"
	ok -E -t "$s" -s wrr
	row "TCP $s wrr"
	ok -a -t "$s" -r "$v" -m
	row " -> $v Masq 1 0 0 "
	ok -e -t "$s" -r "$v" -g -w 7
	row " -> $v Route 7 0 0 "
	ok -e -t "$s" -r "$v" -i -w 0 -x 100 -y 50
	row " -> $v Tunnel 0 0 0 "
	ok -Ln --thresholds
	[[ $OUTPUT == *"100"*"50"* ]] || fail "thresholds: $OUTPUT"
	ok -Ln -t "$s"
	ok -Ln --stats --exact
	ok -Ln --rate
	ok -Ln --persistent-conn
	ok -Ln --sort
	ok -Lnc
	ok -L --daemon
	ok -S -n
	[[ $OUTPUT == *"-A -t $s -s wrr"* ]] || fail "-S: $OUTPUT"
	ok -Z
	ok -Z -t "$s"
	ok -d -t "$s" -r "$v"
	ok -D -t "$s"
	ok -A -f 5 -s rr
	row "FWM 5 rr"
	ok -C
	ok -L
	equal "lines of an empty list" "$(wc -l <<<"$OUTPUT")" 3
}

commands() {
	local p

	defer clean_director
	for p in $(programs); do
		PROGRAM=$p each_command
	done
}

# fails TEXT ARGS...: exits with an error that contains TEXT.
fails() {
	local text=$1

	shift
	cli "$@"
	[ "$STATUS" -ne 0 ] || fail "$*: succeeded"
	[[ $OUTPUT == *"$text"* ]] || fail "$*: says '$OUTPUT', not '$text'"
}

each_error() {
	local s v

	s=$(at "$VIP" 80) v=$(at "${RS[1]}" 8080)
	fails "No such service" -D -t "$s"
	fails "Service not defined" -a -t "$s" -r "$v" -m
	ok -A -t "$s" -s rr
	fails "Service already exists" -A -t "$s" -s rr
	fails "No such destination" -d -t "$s" -r "$v"
	fails "No such destination" -e -t "$s" -r "$v" -m
	ok -a -t "$s" -r "$v" -m
	fails "Destination already exists" -a -t "$s" -r "$v" -m
	fails "" -a -t "$s" -r "$v" -m -w -1
	fails "" -A -t nonsense
	fails "" -A -t "$VIP:99999"
	fails "" -A
	fails "" --nonsense
	fails "" -A -u "$(at "$VIP" 81)" -s nonsense
	ok -C
}

errors() {
	local p

	defer clean_director
	for p in $(programs); do
		PROGRAM=$p each_error
	done
}

with_topology
tests_run
