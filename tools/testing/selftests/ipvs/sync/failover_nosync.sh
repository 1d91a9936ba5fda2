#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A pair of Documentation/failover.rst whose directors tell each other nothing: both choose the same
# server (scheduler mh) and take over connections that they do not know (sloppy_tcp), by the files of the
# document. One dies and comes back. Without sloppy_tcp the connections are lost. Topology: topology.sh
# and lib/failover.sh.
#
# CONNECTIONS=N: of each address and port (default 100).

# shellcheck source=tools/testing/selftests/ipvs/lib/lib.sh
. "$(dirname -- "$0")/../lib/lib.sh"
# shellcheck source=tools/testing/selftests/ipvs/lib/failover.sh
. "$LIB/failover.sh"

export ALL_TESTS=""
export ONCE_TESTS="sloppy strict"

N=${CONNECTIONS:-100}

# works NS
works() {
	director_up "$1"
	settings "$1" nosync/sysctl.conf
	keepalived_start "$1" plain/instance.conf nosync/services.conf
}

sloppy() {
	works A
	works B
	becomes_master A "$VIP_A"
	clients "$N" "$VIP_A" 80 "$VIP_A" 443 || return
	refute "B has the address as well" has_address B "$VIP_A"
	die A
	becomes_master B "$VIP_A"
	judge "A dies"
	works A
	becomes_master A "$VIP_A"
	judge "A comes back"
	quiet_in A ipvsadm -Ln
}

strict() {
	works A
	works B
	in_ns B sysctl -qw net.ipv4.vs.sloppy_tcp=0
	becomes_master A "$VIP_A"
	clients "$N" "$VIP_A" 80 "$VIP_A" 443 || return
	die A
	becomes_master B "$VIP_A"
	fates "A dies, without sloppy_tcp"
	for line in "${LINES[@]}"; do
		[[ $line = *" 0 survived"* ]] || fail "${line#* }"
	done
}

tool keepalived
for_failover
PORTS=80,443 with_servers
tests_run
