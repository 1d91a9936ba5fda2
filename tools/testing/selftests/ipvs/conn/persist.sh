#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Persistence: the server a client gets and the table's contents, step by step; and with real
# clients. golden/persist.txt holds the kernel's results, the same for both families. Topology:
# topology.sh, with phantoms at both ends.

# shellcheck source=tools/testing/selftests/ipvs/lib/lib.sh
. "$(dirname -- "$0")/../lib/lib.sh"

export ALL_TESTS="table lifetime restored stays net"
export ONCE_TESTS="listed"

table() {
	steady_table
	defer clean_director
	run_py persist.py table "$AF"
}

lifetime() {
	defer quiet_in director ipvsadm --set 900 120 300
	defer clean_director
	ipvs --set 900 120 1
	run_py persist.py lifetime "$AF"
}

restored() {
	defer quiet_in director ipvsadm --set 900 120 300
	defer clean_director
	ipvs --set 900 120 1
	run_py persist.py restored "$AF"
}

# persistent METHOD [OPTION...]: a TCP and a UDP service on the VIP.
persistent() {
	local method=$1 p n

	shift
	defer clean_director
	for p in t u; do
		echo "-A -$p $(at "$VIP") -s rr -p 60 $*"
		for n in 1 2 3; do echo "-a -$p $(at "$VIP") -r $(at "${RS[n]}") -$method"; done
	done >"$SCRATCH/rules"
	ipvs_batch <"$SCRATCH/rules"
}

persistent_conn() {
	quiet_in director ipvsadm -Ln --persistent-conn | awk '$1 == "->" { n += $4 } END { exit n != 1 }'
}

# Real clients: all connections of a client go to one server, separately for TCP and UDP.
stays() {
	local method

	for method in m i; do
		persistent "$method"
		ask -n 4 >"$SCRATCH/answers"
		# in later rounds, the templates of earlier ones are counted, too
		[ "$method" = i ] || check "no template counted" persistent_conn
		equal "-$method TCP" "$(sort -u "$SCRATCH/answers" | wc -l)" 1
		ask -u -n 4 >"$SCRATCH/answers"
		equal "-$method UDP" "$(sort -u "$SCRATCH/answers" | wc -l)" 1
		clean_director
	done
}

# Two addresses of one network go to one server.
net() {
	local mask

	if [ "$AF" = 4 ]; then mask=255.255.255.0; else mask=$PLEN; fi
	persistent g -M "$mask"
	ask -n 2 -b "$CLIENT" >"$SCRATCH/answers"
	in_ns client ip addr add "${FRONT}200/$PLEN" dev front $NODAD
	defer ip -n client addr del "${FRONT}200/$PLEN" dev front
	ask -n 2 -b "${FRONT}200" >>"$SCRATCH/answers"
	equal "servers of one network" "$(sort -u "$SCRATCH/answers" | wc -l)" 1
}

# ipvsadm lists the options, and counts templates with their server.
listed() {
	defer clean_director
	ipvs -A -t "$VIP:80" -s rr -p 77 -M 255.255.0.0
	equal "listed" "$(quiet_in director ipvsadm -Sn)" \
		"-A -t $VIP:80 -s rr -p 77 -M 255.255.0.0"
	ipvs -E -t "$VIP:80" -s rr -p 78
	equal "edited" "$(quiet_in director ipvsadm -Sn)" "-A -t $VIP:80 -s rr -p 78"
	ipvs -E -t "$VIP:80" -s rr
	equal "not persistent" "$(quiet_in director ipvsadm -Sn)" "-A -t $VIP:80 -s rr"
}

with_topology
with_servers
tests_run
