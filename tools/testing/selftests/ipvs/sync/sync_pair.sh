#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Two directors: the connections of real clients go on when the second takes over, and when the
# first comes back; persistence keeps a client's server. In `failover` both are master and backup, in
# `vrrp` keepalived drives both directors and says who is what. At a takeover the addresses and MAC
# addresses that all hosts know move, and the links of the other director go down. Topology:
# topology.sh and lib/standby.sh.

# shellcheck source=tools/testing/selftests/ipvs/lib/lib.sh
. "$(dirname -- "$0")/../lib/lib.sh"

export ALL_TESTS=""
export ONCE_TESTS="failover vrrp"

# shellcheck source=tools/testing/selftests/ipvs/lib/standby.sh
. "$LIB/standby.sh"

daemons() {
	local ns=$1

	in_ns "$ns" ipvsadm --start-daemon master --mcast-interface sync --syncid 5
	in_ns "$ns" ipvsadm --start-daemon backup --mcast-interface sync --syncid 5
}

failover() {
	standby_up
	standby_services
	daemons director
	defer quiet_in director ipvsadm --stop-daemon master
	defer quiet_in director ipvsadm --stop-daemon backup
	daemons standby
	run_py sync_pair.py failover
}

# keepalived_conf NS PRIORITY
keepalived_conf() {
	local port n

	cat <<-END
		global_defs {
			router_id $1
			script_user root
			lvs_sync_daemon sync VI_1 id 51 maxlen 1400 port 8850 ttl 3 group 224.0.0.90
		}
		vrrp_instance VI_1 {
			state BACKUP
			interface sync
			virtual_router_id 51
			priority $2
			advert_int 1
			virtual_ipaddress {
				198.18.0.9/24
			}
	END
	[ "$1" = director ] || echo "notify_master \"$SCRATCH/take_over\""
	echo "}"
	for AF in 4 6; do
		family "$AF"
		for port in "${!METHOD[@]}"; do
			cat <<-END
				virtual_server $VIP $port {
					delay_loop 2
					lvs_sched rr
					lvs_method ${METHOD_NAME[${METHOD[port]}]}
					protocol TCP
					$([ "$port" != 8003 ] || echo persistence_timeout 300)
			END
			for n in 1 2; do
				cat <<-END
					real_server ${RS[n]} $port {
						weight 1
						TCP_CHECK {
							connect_timeout 3
							retry 3
							delay_before_retry 1
						}
					}
				END
			done
			echo "}"
		done
	done
}

# keepalived_in NS PRIORITY: sets PID
keepalived_in() {
	keepalived_conf "$1" "$2" >"$SCRATCH/$1.conf"
	background nsenter --net=/run/netns/"$1" keepalived -n -f "$SCRATCH/$1.conf" \
		-p "$SCRATCH/$1.pid" -c "$SCRATCH/$1-checkers.pid" -r "$SCRATCH/$1-vrrp.pid"
}

vrrp() {
	local director

	command -v keepalived >/dev/null || { skip "there is no keepalived"; return; }
	standby_up
	cat >"$SCRATCH/take_over" <<-END
		#!/bin/sh
		cd $HERE && exec python3 -S sync_pair.py take_over
	END
	chmod +x "$SCRATCH/take_over"
	# for the checks
	batch standby <<-BATCH
		link set front up
		link set back up
	BATCH
	defer clean_director
	defer quiet_in director ipvsadm --stop-daemon master
	keepalived_in director 150
	director=$PID
	keepalived_in standby 100
	run_py sync_pair.py vrrp "$director"
}

with_topology
with_servers server1 server2
tests_run
