#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Every kind of tunnel (IPIP, GUE and GRE, with and without checksum, GUE with remote checksum),
# every family in every family: the form of the packets, decapsulation by the kernel's own devices
# on the servers, and errors from routers on the way. Topology: topology.sh.

# shellcheck source=tools/testing/selftests/ipvs/lib/lib.sh
. "$(dirname -- "$0")/../lib/lib.sh"

export ALL_TESTS="form reported traffic sctp sctp_sums sctp_fragments"

GUE_PORT=5555
KINDS=(
	"--tun-type ipip"
	"--tun-type gue --tun-port $GUE_PORT --tun-nocsum"
	"--tun-type gue --tun-port $GUE_PORT --tun-csum"
	"--tun-type gue --tun-port $GUE_PORT --tun-remcsum"
	"--tun-type gre --tun-nocsum"
	"--tun-type gre --tun-csum"
)

# Like the in-tree ip_vs, Weir handles errors about IPv4 in IPv4 only.
reported() {
	[ "$AF" = 4 ] || return 0
	python_test reported "$AF"
}

# far_end ADDRESS: devices on server1 that decapsulate packets of every kind to ADDRESS.
far_end() {
	local local=$1 six=''

	[[ $local == *:* ]] && six=6
	in_ns server1 ip fou add port "$GUE_PORT" gue ${six:+-6}
	defer ip -n server1 fou del port "$GUE_PORT" ${six:+-6}
	in_ns server1 ip link add gre type "${six:+ip6}gre" local "$local" remote any
	defer ip -n server1 link del gre
	in_ns server1 ip link set gre up
	[ "$six" ] || return 0
	in_ns server1 ip link add any type ip6tnl mode any local "$local" remote any
	defer ip -n server1 link del any
	in_ns server1 ip link set any up
}

# one_kind OPTIONS SERVER: TCP is answered with its checksum, UDP with the server's name.
one_kind() {
	local kind=$1 rip=$2 type=gre

	if [[ $kind == *gre* ]]; then
		[[ $rip == *:* ]] && type=ip6gre
		[[ $kind == *nocsum ]] || in_ns server1 ip link change gre type $type csum
	fi
	ipvs_batch <<-RULES
		-e -t $(at "$VIP") -r $(at "$rip") -i $kind
		-e -u $(at "$VIP") -r $(at "$rip") -i $kind
	RULES
	equal "$kind to $rip: TCP" "$(ask -k sum -s 100000 -w 30)" same
	equal "$kind to $rip: UDP" "$(ask -u)" server1
}

traffic() {
	local af=$AF outer kind rip mark=${#DEFERRED[@]}

	modprobe -a -q fou fou6 ip_gre ip6_gre || :
	for outer in 4 6; do
		family "$outer"
		rip=${RS[1]}
		family "$af"
		far_end "$rip"
		defer clean_director
		ipvs_batch <<-RULES
			-A -t $(at "$VIP") -s rr
			-a -t $(at "$VIP") -r $(at "$rip") -i
			-A -u $(at "$VIP") -s rr
			-a -u $(at "$VIP") -r $(at "$rip") -i
		RULES
		for kind in "${KINDS[@]}"; do
			one_kind "$kind" "$rip"
		done
		unwind_to "$mark"
	done
}

# sctp_by KIND...: with checksums and segmentation left to devices by the client. Each association
# takes a second to learn the tunnel's MTU: emulated processors test each family only in itself.
sctp_by() {
	local af=$AF outer mark=${#DEFERRED[@]} dev outers='4 6'

	case $KERNEL in uml*) ;; *) outers=$AF ;; esac
	modprobe -a -q fou fou6 ip_gre ip6_gre || :
	for outer in $outers; do
		family "$outer"
		far_end "${RS[1]}"
		family "$af"
		[[ $1 != *csum ]] ||
			in_ns server1 ip link change gre type "$([ $outer = 4 ] || echo ip6)gre" csum
		for dev in front back; do
			defer quiet_in director ethtool -K $dev tx on sg on tso on gso on
		done
		defer clean_director
		forget_pmtu
		run_py sctp.py tunnels "$AF" "$outer" "$@"
		unwind_to "$mark"
	done
}

sctp() { sctp_by ipip gue gre; }

# The tunnel checksum covers a CRC that is still pending.
sctp_sums() { sctp_by "gue csum" "gue remcsum" "gre csum"; }

# Segments that fill the client's MTU are fragmented in the tunnel.
sctp_fragments() {
	[ "$AF" = 4 ] || { skip "IPv4 only: IPv6 packets are fragmented by their sender"; return; }
	defer quiet_in director sysctl -qw net.ipv4.vs.pmtu_disc=1
	in_ns director sysctl -qw net.ipv4.vs.pmtu_disc=0
	sctp_by gue ipip gre
}

tool ethtool
with_topology
with_servers
tests_run
