#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# iptables -m ipvs: each option and its inversion, as a counting rule where requests leave the
# director towards the servers; by each method, with and without persistence and conntrack; IPsec
# that follows its key exchange. Topology: topology.sh.

# shellcheck source=tools/testing/selftests/ipvs/lib/lib.sh
. "$(dirname -- "$0")/../lib/lib.sh"

export ALL_TESTS="nat direct tunnel persistent_udp esp ah direction other_traffic"
export ONCE_TESTS="unload"

tool iptables

# rules < LINES "yes|no OPTIONS": counting rules; WANTED holds whether each must match.
rules() {
	local wanted options

	defer delete_table mangle
	WANTED=()
	{
		echo '*mangle'
		while read -r wanted options; do
			WANTED+=("$wanted $options")
			echo "-A POSTROUTING -m ipvs $options -m comment --comment rule${#WANTED[@]}"
		done
		echo COMMIT
	} >"$SCRATCH/rules"
	sed -n 's/^-A/# director$ iptables -t mangle -A/p' "$SCRATCH/rules"
	tables -restore -n <"$SCRATCH/rules" || fail "iptables refuses the rules"
}

# counted: every rule matched packets, or none, as wanted.
counted() {
	local n rule packets

	tables -save -c -t mangle >"$SCRATCH/counters"
	for n in "${!WANTED[@]}"; do
		rule=rule$((n + 1))
		packets=$(sed -n "s/^\[\([0-9]*\):.*--comment \"*$rule\"*\( .*\)*\$/\1/p" "$SCRATCH/counters")
		case "${WANTED[n]%% *} ${packets:-missing}" in
		'yes 0' | *missing) fail "no packets: ${WANTED[n]#* }" ;;
		'yes '* | 'no 0') ;;
		*) fail "$packets packets: ${WANTED[n]#* }" ;;
		esac
	done
}

# matched METHOD NAME: rules that distinguish this method from the others.
matched() {
	local other=MASQ

	[ "$2" != MASQ ] || other=GATE
	service t rr "$1" 1
	rules <<-RULES
		yes --ipvs
		yes --vproto 6
		no --vproto 17
		no ! --vproto 6
		yes ! --vproto 17
		yes --vaddr $VIP
		yes --vaddr $VIP/$PLEN
		no --vaddr $CLIENT
		no ! --vaddr $VIP
		yes ! --vaddr $CLIENT
		yes --vport $PORT
		no --vport 1
		no ! --vport $PORT
		yes ! --vport 1
		yes --vmethod $2
		no --vmethod $other
		no ! --vmethod $2
		yes ! --vmethod $other
		no --vportctl $PORT
		yes ! --vportctl $PORT
		no --vdir ORIGINAL
		no --vdir REPLY
		yes --vproto 6 --vaddr $VIP --vport $PORT --vmethod $2
		no --vproto 6 --vaddr $VIP --vport 1 --vmethod $2
	RULES
	ask -n 2 >"$SCRATCH/answers"
	equal "answers" "$(tally "$SCRATCH/answers")" server1x2
	counted
}

nat() { matched m MASQ; }
direct() { matched g GATE; }

# A tunnel packet has the tunnel's addresses, by which no connection is found.
tunnel() {
	service t rr i 1
	rules <<-RULES
		yes --ipvs
		no --vmethod IPIP
		no --vaddr $VIP
		no ! --vport 1
	RULES
	ask -n 2 >"$SCRATCH/answers"
	equal "answers" "$(tally "$SCRATCH/answers")" server1x2
	counted
}

persistent_udp() {
	service u rr m 1
	ipvs -E -u "$(at "$VIP")" -s rr -p 60
	rules <<-RULES
		yes --vproto 17
		no --vproto 6
		yes --vportctl $PORT
		no --vportctl 1
		no ! --vportctl $PORT
		yes ! --vportctl 1
	RULES
	ask -u -n 2 >"$SCRATCH/answers"
	counted
}

# ipsec PROTOCOL: a request matches the properties of the key exchange's connection, and a reply none.
ipsec() {
	defer clean_director
	rules <<-RULES
		yes --ipvs -p $1 -s ${FRONT}77
		yes --vproto $1 -p $1 -s ${FRONT}77
		no --vproto 17 -p $1
		yes --vport 500 -p $1 -s ${FRONT}77
		no --vport 1 -p $1
		no ! --vport 500 -p $1
		yes ! --vport 1 -p $1 -s ${FRONT}77
		yes --vaddr $VIP -p $1 -s ${FRONT}77
		no ! --vaddr $VIP -p $1
		yes --vmethod MASQ -p $1 -s ${FRONT}77
		no --vportctl 500 -p $1
		yes --ipvs -p $1 -d ${FRONT}77
		no --vproto $1 -p $1 -d ${FRONT}77
		no --vport 500 -p $1 -d ${FRONT}77
		no ! --vport 1 -p $1 -d ${FRONT}77
		no --vaddr $VIP -p $1 -d ${FRONT}77
		no --vmethod MASQ -p $1 -d ${FRONT}77
	RULES
	run_py xt_ipvs.py ipsec "$AF" "$1"
	counted
}

esp() { ipsec 50; }

# An IPv6 extension header, which is skipped.
ah() {
	[ "$AF" = 4 ] || { skip "IPv4 only"; return; }
	ipsec 51
}

direction() {
	service t rr m 1
	conntrack_knob 1
	tables "" -t mangle -A PREROUTING -m conntrack --ctstate NEW
	rules <<-RULES
		yes --vdir ORIGINAL
		no --vdir REPLY
		yes --vdir ORIGINAL --vmethod MASQ
	RULES
	ask -n 2 >"$SCRATCH/answers"
	counted
}

# Packets that the director forwards without balancing.
other_traffic() {
	local ping=ping

	service t rr m 1
	rules <<-RULES
		no --ipvs
		yes ! --ipvs
		no --vproto 6
		no ! --vproto 6
	RULES
	[ "$AF" = 4 ] || ping="ping -6"
	# shellcheck disable=SC2086
	quiet_in client $ping -c 1 -W 5 "${RS[1]}" >/dev/null || fail "no ping through the director"
	counted
}

unload() {
	run modprobe xt_ipvs
	refute "ip_vs unloads under xt_ipvs" rmmod ip_vs 2>/dev/null
	check "reload" module_reload
}

with_topology
with_servers
tests_run
