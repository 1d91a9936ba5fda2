#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# keepalived drives the director: adds the servers, removes a dead one and adds it again. Topology:
# topology.sh.

# shellcheck source=tools/testing/selftests/ipvs/lib/lib.sh
. "$(dirname -- "$0")/../lib/lib.sh"

export ALL_TESTS="checks"

config() {
	local n

	cat <<-END
		global_defs {
			router_id director
		}
		virtual_server $VIP $PORT {
			delay_loop 1
			lvs_sched wrr
			lvs_method NAT
			protocol TCP
	END
	for n in 1 2; do
		cat <<-END
			real_server ${RS[n]} $PORT {
				weight $n
				TCP_CHECK {
					connect_timeout 2
					retry 1
					delay_before_retry 1
				}
			}
		END
	done
	echo "}"
}

# servers_are N...: exactly these are in the table.
servers_are() {
	local n wanted=

	for n; do
		wanted+="${wanted:+ }$(at "${RS[n]}")"
	done
	[ "$(quiet_in director ipvsadm -S -n | sed -n 's/.* -r \([^ ]*\) .*/\1/p' | sort | xargs)" = "$wanted" ]
}

checks() {
	config >"$SCRATCH/keepalived.conf"
	defer clean_director
	background nsenter --net=/run/netns/director keepalived -n -C -f "$SCRATCH/keepalived.conf" \
		-p "$SCRATCH/keepalived.pid" -c "$SCRATCH/checkers.pid"
	busywait 30 servers_are 1 2 || { fail "the servers were not added"; return; }
	ask -n 3 >"$SCRATCH/answers"
	equal "answers" "$(tally "$SCRATCH/answers")" "server1x1 server2x2"
	in_ns server1 ip "-$AF" route add unreachable "$DIRECTOR_BACK/$HOST" table 100
	defer quiet_in server1 ip "-$AF" route del unreachable "$DIRECTOR_BACK/$HOST" table 100
	busywait 40 servers_are 2 || fail "the dead server was not removed"
	in_ns server1 ip "-$AF" route del unreachable "$DIRECTOR_BACK/$HOST" table 100
	busywait 40 servers_are 1 2 || fail "the server was not added again"
	stop_process "$PID"
	busywait 10 servers_are || fail "keepalived left something behind"
}

tool keepalived
with_topology
with_servers
tests_run
