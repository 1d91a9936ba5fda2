# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# A second director, after lib.sh. Topology: topology.sh and
#
#      bridge front   bridge back
#         |      +----------+      |
#         +------+ standby  +------+      addresses .3, and those of the director after a takeover
#                +----+-----+
#      sync |         |        own link of the directors for the messages
#           |    +----+-----+
#           +----+ director |
#                +----------+

PORTS=8000,8001,8002,8003
METHOD=([8000]=m [8001]=g [8002]=i [8003]=m)
declare -A METHOD_NAME=([m]=NAT [g]=DR [i]=TUN)

# standby_up: the second director, with the same services as the first
standby_up() {
	local link

	run ip netns add standby
	defer ip netns del standby
	ns_sysctls standby net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 \
		net.ipv4.conf.{all,default}.send_redirects=0
	batch switch <<-BATCH
		link add f-standby type veth peer name front netns standby
		link add b-standby type veth peer name back netns standby
		link set f-standby master front up
		link set b-standby master back up
	BATCH
	batch director <<-BATCH
		link add sync type veth peer name sync netns standby
		addr add 198.18.0.1/24 dev sync
		link set sync up
	BATCH
	defer ip -n director link del sync
	batch standby <<-BATCH
		link set lo up
		addr add 198.18.0.2/24 dev sync
		link set sync up
	BATCH
	for AF in 4 6; do
		family "$AF"
		batch standby <<-BATCH
			addr add $VIP/$HOST dev lo $NODAD
			addr add ${FRONT}3/$PLEN dev front $NODAD
			addr add ${BACK}3/$PLEN dev back $NODAD
		BATCH
	done
}

standby_rules() {
	local port n persist

	for AF in 4 6; do
		family "$AF"
		for port in "${!METHOD[@]}"; do
			persist=
			[ "$port" != 8003 ] || persist="-p 300"
			echo "-A -t $(at "$VIP" "$port") -s rr $persist"
			for n in 1 2; do
				echo "-a -t $(at "$VIP" "$port") -r $(at "${RS[n]}" "$port") -${METHOD[port]}"
			done
		done
	done
}

# standby_services: the same ones in both directors
standby_services() {
	standby_rules >"$SCRATCH/services"
	sed 's/^/# director and standby$ ipvsadm /' "$SCRATCH/services"
	defer clean_director
	quiet_in director ipvsadm -R <"$SCRATCH/services" || fail "the director refuses the services"
	quiet_in standby ipvsadm -R <"$SCRATCH/services" || fail "the standby refuses the services"
}
