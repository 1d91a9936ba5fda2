#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Pairs of directors by the configurations that older documents print, with their addresses, names of interfaces
# and words. Changed is only what takes time: the intervals of checks and advertisements. `sync_group`: NAT, both
# sides move together. `howto`: the words that keepalived refuses today, and what to write instead, with its sync
# daemons. `groups`: each director is master of an address of each group. `two_instances`: likewise, with services
# of their own. `single`: inhibit_on_failure with bindto, and a long persistence.
#
#      bridge front              bridge back
#         |      +----------+         |
#         +------+   ld1    +---------+
#         | eth0 +----------+ eth1    |
#         +------+   ld2    +---------+
#                +----------+
#
# Topology: topology.sh and lib/failover.sh.

# shellcheck source=tools/testing/selftests/ipvs/lib/lib.sh
. "$(dirname -- "$0")/../lib/lib.sh"
# shellcheck source=tools/testing/selftests/ipvs/lib/failover.sh
. "$LIB/failover.sh"

export ONCE_TESTS="sync_group howto groups two_instances single"

# has NS ADDRESS/LENGTH DEVICE
has() {
	run ip -n "$1" addr add "$2" dev "$3"
	defer ip -n "$1" addr del "$2" dev "$3"
}

# ld NS BYTE NET0 [NET1]: a director with NET0.BYTE on eth0 and NET1.BYTE on eth1
ld() {
	host_up "$1" "$2" front back
	batch "$1" <<-BATCH
		link set front down
		link set front name eth0
		link set eth0 up
		link set back down
		link set back name eth1
		link set eth1 up
		addr add $3.$2/24 dev eth0
		${4:+addr add $4.$2/24 dev eth1}
	BATCH
}

# behind NET: the gateway of the servers with addresses in it is NET.GATEWAY
behind() {
	local ns

	for ns in server1 server2 server3; do
		ip -n "$ns" rule add from "$1.0/24" lookup 101
		defer ip -n "$ns" rule del from "$1.0/24" lookup 101
		ip -n "$ns" route add "$1.0/24" dev back table 101
		ip -n "$ns" route add default via "$1.$GATEWAY" dev back onlink table 101
		defer ip -n "$ns" route flush table 101
	done
}

# pair_start NS: keepalived with $SCRATCH/NS.conf
pair_start() {
	: >"$SCRATCH/$1.log"
	program "$1" keepalived -n -G -l -D -f "$SCRATCH/$1.conf" -p "$SCRATCH/$1.pid" \
		-c "$SCRATCH/$1-checkers.pid" -r "$SCRATCH/$1-vrrp.pid"
	busywait 20 grep -q 'Startup complete' "$SCRATCH/$1.log" || { fail "keepalived does not start in $1"; said "$1"; }
}

# refused NS WORD...: the words that keepalived does not know, each once
refused() {
	equal "words that keepalived refuses in $1" \
		"$(sed -n "s/.*Unknown keyword '\([^']*\)'.*/\1/p" "$SCRATCH/$1.log" | sort -u | xargs)" "${*:2}"
}

# backup < CONFIGURATION: of the second director, as the documents say
backup() {
	sed 's/state MASTER/state BACKUP/; s/priority 150/priority 100/; s/LVS_EXAMPLE_01/LVS_EXAMPLE_02/'
}

# listed NS LINE...: by ipvsadm -Sn
listed() {
	quiet_in "$1" "$DEBIAN_IPVSADM" -Sn | sort >"$SCRATCH/table"
	printf '%s\n' "${@:2}" | sort >"$SCRATCH/wanted"
	check_file "the table of $1" "$SCRATCH/table" "$SCRATCH/wanted"
}

# served ADDRESS PORT: a client gets an answer there
served() {
	VIP=$1 PORT=$2 ask -w 2 2>/dev/null | grep -q '^server'
}

# all_served ADDRESS:PORT...
all_served() {
	local where

	for where; do
		busywait 20 served "${where%:*}" "${where#*:}" || fail "no answer of $where"
	done
}

sync_group_config() {
	local n

	cat <<-END
		vrrp_sync_group VG1 {
		    group {
		        VI_1
		        VI_2
		    }
		}
		vrrp_instance VI_1 {
		    state MASTER
		    interface eth0
		    virtual_router_id 51
		    priority 100
		    advert_int 1
		    authentication {
		        auth_type PASS
		        auth_pass 1111
		    }
		    virtual_ipaddress {
		        10.23.8.80
		    }
		}
		vrrp_instance VI_2 {
		    state MASTER
		    interface eth1
		    virtual_router_id 51
		    priority 100
		    advert_int 1
		    authentication {
		        auth_type PASS
		        auth_pass 1111
		    }
		    virtual_ipaddress {
		        172.18.1.254
		    }
		}
		virtual_server 10.23.8.80 80 {
		    delay_loop 6
		    lb_algo wlc
		    lb_kind NAT
		    persistence_timeout 600
		    protocol TCP
	END
	for n in 11 12 13; do
		cat <<-END
		    real_server 172.18.1.$n 80 {
		        weight 100
		        TCP_CHECK {
		            connect_timeout 3
		        }
		    }
		END
	done
	echo "}"
}

sync_group() {
	local n

	ld ld1 4 10.23.8 172.18.1
	ld ld2 3 10.23.8 172.18.1
	has client 10.23.8.200/24 front
	for n in 1 2 3; do
		has "server$n" "172.18.1.1$n/24" back
	done
	GATEWAY=254 behind 172.18.1
	sync_group_config >"$SCRATCH/ld1.conf"
	sync_group_config | backup >"$SCRATCH/ld2.conf"
	pair_start ld1
	becomes_master ld1 10.23.8.80
	becomes_master ld1 172.18.1.254
	pair_start ld2
	all_served 10.23.8.80:80
	for n in ld1 ld2; do
		refused "$n"
		listed "$n" "-A -t 10.23.8.80:80 -s wlc -p 600" "-a -t 10.23.8.80:80 -r 172.18.1.11:80 -m -w 100" \
			"-a -t 10.23.8.80:80 -r 172.18.1.12:80 -m -w 100" "-a -t 10.23.8.80:80 -r 172.18.1.13:80 -m -w 100"
	done
	run ip -n ld1 link set eth0 down
	becomes_master ld2 10.23.8.80
	becomes_master ld2 172.18.1.254
	busywait 10 has_not_address ld1 172.18.1.254 || fail "ld1 keeps the address of the other side"
	all_served 10.23.8.80:80
}

# howto_instance NAME DEVICE ID ADDRESS
howto_instance() {
	cat <<-END
		vrrp_instance $1 {
		        state MASTER
		        interface $2

		        lvs_sync_daemon_inteface $2

		    ! each virtual router id must be unique per instance name!
		        virtual_router_id $3
		        priority 150
		    ! how often should we vote, in seconds?
		        advert_int 1
		    ! send an alert when this instance changes state from MASTER to BACKUP
		        smtp_alert
		        authentication {
		                auth_type PASS
		                auth_pass example
		        }
		        virtual_ipaddress {
		                $4
		        ! and more if you want them
		        }
		}
	END
}

howto_config() {
	cat <<-END
		! This is a comment
		! Configuration File for keepalived

		global_defs {
		   ! this is who emails will go to on alerts
		   notification_email {
		        admins@example.com
		    fakepager@example.com
		    ! add a few more email addresses here if you would like
		   }
		   notification_email_from admins@example.com

		   ! I use the local machine to relay mail
		   smtp_server 127.0.0.1
		   smtp_connect_timeout 30

		   ! each load balancer should have a different ID
		   lvs_id LVS_EXAMPLE_01
		}
		vrrp_sync_group VG1 {
		   group {
		      VI_1
		      VI_GATEWAY
		   }
		}
	END
	howto_instance VI_1 eth0 51 192.168.1.11
	howto_instance VI_GATEWAY eth1 52 10.20.40.1
	cat <<-END
		virtual_server 192.168.1.11 22 {
		    delay_loop 6

		    ! use round-robin as a load balancing algorithm
		    lb_algo rr

		    ! we are doing NAT
		    lb_kind NAT
		    nat_mask 255.255.255.0

		    protocol TCP

		    ! there can be as many real_server blocks as you need
		    real_server 10.20.40.10 22 {
		        weight 1
		        TCP_CHECK {
		                connect_timeout 3
		        connect_port 22
		        }
		    }
		}
	END
}

# today: the words of now, as keepalived.rst says
today() {
	sed '/lvs_sync_daemon_inteface/d; /nat_mask/d; s/lvs_id \(.*\)/router_id \1\n   lvs_sync_daemon eth0 VI_1/'
}

# daemon_of NS: master or backup
daemon_of() {
	quiet_in "$1" ipvsadm -L --daemon | awk '{ print $1 }' | xargs
}

daemon_is() {
	[ "$(daemon_of "$1")" = "$2" ]
}

howto() {
	ld ld1 4 192.168.1 10.20.40
	ld ld2 3 192.168.1 10.20.40
	has client 192.168.1.200/24 front
	has server1 10.20.40.10/24 back
	GATEWAY=1 behind 10.20.40
	howto_config >"$SCRATCH/ld1.conf"
	pair_start ld1
	becomes_master ld1 192.168.1.11
	becomes_master ld1 10.20.40.1
	refused ld1 lvs_id lvs_sync_daemon_inteface nat_mask
	listed ld1 "-A -t 192.168.1.11:22 -s rr" "-a -t 192.168.1.11:22 -r 10.20.40.10:22 -m -w 1"
	all_served 192.168.1.11:22
	equal "sync daemons" "$(daemon_of ld1)" ""
	stop_in ld1 keepalived
	howto_config | today >"$SCRATCH/ld1.conf"
	howto_config | today | backup >"$SCRATCH/ld2.conf"
	pair_start ld1
	becomes_master ld1 192.168.1.11
	pair_start ld2
	refused ld1
	refused ld2
	busywait 20 daemon_is ld1 master || fail "the daemon of ld1 is '$(daemon_of ld1)'"
	busywait 20 daemon_is ld2 backup || fail "the daemon of ld2 is '$(daemon_of ld2)'"
	die ld1
	becomes_master ld2 192.168.1.11
	busywait 20 daemon_is ld2 master || fail "the daemon of ld2 is '$(daemon_of ld2)'"
	all_served 192.168.1.11:22
}

# groups_instance NAME STATE ID PRIORITY ADDRESS...
groups_instance() {
	cat <<-END
		vrrp_instance $1 {
		    state $2
		    interface eth0
		    virtual_router_id $3
		    priority $4
		    advert_int 1
		    authentication {
		        auth_type PASS
		        auth_pass 1111
		    }
		    virtual_ipaddress {
		        $5
		        $6
		    }
		}
	END
}

# groups_service NAME PORT SERVER...
groups_service() {
	local n

	cat <<-END
		virtual_server group $1 {
		    delay_loop 1
		    lb_algo wlc
		    lb_kind DR
		    persistence_timeout 300
		    protocol TCP
	END
	for n in "${@:3}"; do
		cat <<-END
		    real_server 192.168.1.$n $2 {
		        weight 100
		        TCP_CHECK {
		            connect_timeout 5
		        }
		    }
		END
	done
	echo "}"
}

# groups_config STATE PRIORITY STATE PRIORITY: of the instances
groups_config() {
	cat <<-END
		! Configuration File for keepalived

		global_defs {
		# notification_email {
		#   acassen@firewall.loc
		# }
		# router_id LVS_DEVEL
		}
	END
	groups_instance VI_1 "$1" 201 "$2" 192.168.1.227 192.168.1.247
	groups_instance VI_2 "$3" 93 "$4" 192.168.1.228 192.168.1.246
	cat <<-END
		virtual_server_group www {
		    192.168.1.227 80
		    192.168.1.228 80
		}

		virtual_server_group mysql {
		    192.168.1.247 3306
		    192.168.1.246 3306
		}
	END
	groups_service www 80 232 233
	groups_service mysql 3306 248 249
}

groups_lines() {
	local where

	for where in 227:80 228:80; do
		echo "-A -t 192.168.1.$where -s wlc -p 300"
		echo "-a -t 192.168.1.$where -r 192.168.1.232:80 -g -w 100"
		echo "-a -t 192.168.1.$where -r 192.168.1.233:80 -g -w 100"
	done
	for where in 247:3306 246:3306; do
		echo "-A -t 192.168.1.$where -s wlc -p 300"
		echo "-a -t 192.168.1.$where -r 192.168.1.248:3306 -g -w 100"
		echo "-a -t 192.168.1.$where -r 192.168.1.249:3306 -g -w 100"
	done
}

groups() {
	local n where lines all=(192.168.1.227:80 192.168.1.228:80 192.168.1.247:3306 192.168.1.246:3306)

	ld ld1 4 192.168.1
	ld ld2 3 192.168.1
	has client 192.168.1.200/24 front
	for n in 1 2; do
		has "server$n" "192.168.1.$((231 + n))/24" front
		has "server$n" "192.168.1.$((247 + n))/24" front
		for where in 227 228 247 246; do
			has "server$n" "192.168.1.$where/32" lo
		done
	done
	groups_config MASTER 150 SLAVE 110 >"$SCRATCH/ld1.conf"
	groups_config SLAVE 110 MASTER 150 >"$SCRATCH/ld2.conf"
	pair_start ld1
	pair_start ld2
	for where in 227 247; do
		becomes_master ld1 "192.168.1.$where"
	done
	for where in 228 246; do
		becomes_master ld2 "192.168.1.$where"
		busywait 10 has_not_address ld1 "192.168.1.$where" || fail "ld1 has 192.168.1.$where as well"
	done
	readarray -t lines < <(groups_lines)
	for n in ld1 ld2; do
		refused "$n"
		listed "$n" "${lines[@]}"
	done
	all_served "${all[@]}"
	die ld1
	for where in 227 228 247 246; do
		becomes_master ld2 "192.168.1.$where"
	done
	all_served "${all[@]}"
}

# two_config STATE PRIORITY STATE PRIORITY: of the instances
two_config() {
	cat <<-END
		#guration File for keepalived,writed by sery
		#global define
		global_defs {
		router_id lvs_1
		}
		vrrp_sync_group VGM {
		group {
		VI_WEB
		}
		}
		vrrp_sync_group VGB {
		group {
		VI_CTCP
		}
		}
	END
	two_instance VI_WEB "$1" 51 "$2" 1111 99
	two_service 99:80 10 100:80 100:81 90:82 90:83
	two_instance VI_CTCP "$3" 52 "$4" 2222 100
	two_service 100:3000 50 100:84 100:85 100:86 100:87
	two_service 100:4000 50 100:88 100:89 100:90 100:91
}

# two_instance NAME STATE ID PRIORITY PASSWORD BYTE
two_instance() {
	cat <<-END
		vrrp_instance $1{
		state $2
		interface eth0
		lvs_sync_daemon_inteface eth0
		virtual_router_id $3
		priority $4
		advert_int 1
		authentication {
		auth_type PASS
		auth_pass $5
		}
		virtual_ipaddress {
		61.135.93.$6
		}
		}
	END
}

# two_service BYTE:PORT PERSISTENCE WEIGHT:BYTE...
two_service() {
	local port=${1#*:} one

	cat <<-END
		virtual_server 61.135.93.${1%:*} $port {
		delay_loop 6
		lb_algo wlc
		lb_kind DR
		persistence_timeout $2
		protocol TCP
	END
	for one in "${@:3}"; do
		cat <<-END
			real_server 61.135.93.${one#*:} $port{
			weight ${one%:*}
			TCP_CHECK {
			connect_timeout 3
			nb_get_retry 3
			delay_before_retry 3
			connect_port $port
			}
			}
		END
	done
	echo "}"
}

# two_lines BYTE:PORT PERSISTENCE WEIGHT:BYTE...: what ipvsadm says of it
two_lines() {
	local one service="-t 61.135.93.$1"

	echo "-A $service -s wlc -p $2"
	for one in "${@:3}"; do
		echo "-a $service -r 61.135.93.${one#*:}:${1#*:} -g -w ${one%:*}"
	done
}

two_instances() {
	local byte ns lines all=(61.135.93.99:80 61.135.93.100:3000 61.135.93.100:4000)

	ld ld1 4 61.135.93
	ld ld2 3 61.135.93
	has client 61.135.93.200/24 front
	# four servers of each service, as addresses of three hosts
	for byte in {80..91}; do
		has "server$((byte % 3 + 1))" "61.135.93.$byte/24" front
	done
	for byte in 1 2 3; do
		has "server$byte" 61.135.93.99/32 lo
		has "server$byte" 61.135.93.100/32 lo
	done
	two_config MASTER 180 BACKUP 150 >"$SCRATCH/ld1.conf"
	two_config BACKUP 150 MASTER 180 >"$SCRATCH/ld2.conf"
	pair_start ld1
	pair_start ld2
	becomes_master ld1 61.135.93.99
	becomes_master ld2 61.135.93.100
	busywait 10 has_not_address ld1 61.135.93.100 || fail "ld1 has both addresses"
	readarray -t lines < <(two_lines 99:80 10 100:80 100:81 90:82 90:83
		two_lines 100:3000 50 100:84 100:85 100:86 100:87
		two_lines 100:4000 50 100:88 100:89 100:90 100:91)
	for ns in ld1 ld2; do
		refused "$ns" lvs_sync_daemon_inteface nb_get_retry
		listed "$ns" "${lines[@]}"
	done
	all_served "${all[@]}"
	die ld1
	becomes_master ld2 61.135.93.99
	all_served "${all[@]}"
}

single_config() {
	local n

	cat <<-END
		global_defs {
		notification_email {
		admin@example.com
		}
		notification_email_from noreply_admin@example.com
		smtp_server 127.0.0.1
		smtp_connect_timeout 60
		}
		vrrp_instance RH_1 {
		state MASTER
		interface eth0
		virtual_router_id 50
		priority 1
		advert_int 1
		authentication {
		auth_type PASS
		auth_pass password123
		}
		virtual_ipaddress {
		172.31.0.1
		}
		}
		virtual_server 172.31.0.1 80 {
		delay_loop 10
		lb_algo rr
		lb_kind DR
		persistence_timeout 9600
		protocol TCP
	END
	for n in 1 2 3; do
		cat <<-END
			real_server 192.168.0.$n 80 {
			weight 1
			TCP_CHECK {
			connect_timeout 10
			connect_port 80
			}
			}
		END
	done
	cat <<-END
		}
		vrrp_instance VI_1 {
		    state BACKUP # on both
		    interface eth0 # of the instance
		    macast_src_ip #of the sender
		    virtual_router_id 51
		    priority 101
		    advert_int 1
		    nopreempt
		    authentication {
		        auth_type PASS
		        auth_pass 33210
		    }
		    virtual_ipaddress {
		        192.168.0.16
		    }
		}
		virtual_server 192.168.0.16 80 {
		    delay_loop 1
		    lb_algo rr
		    lb_kind DR
		    protocol TCP
		    persistence_timeout 600
		    real_server 192.168.0.3 80 {
		        weight 1
		 inhibit_on_failure
		        TCP_CHECK {
		            connect_timeout 1
		            nb_get_retry 1
		            delay_before_retry 1
		     bindto 192.168.0.16
		                  }
		                                }
		    real_server 192.168.0.4 80 {
		        weight 1
		        TCP_CHECK {
		            connect_timeout 3
		            nb_get_retry 3
		            delay_before_retry 3
		                  }
		                                }
		}
	END
}

# single_is WEIGHT: of the server that is checked from the virtual address
single_is() {
	quiet_in ld1 "$DEBIAN_IPVSADM" -Sn | grep -qx -- "-a -t 192.168.0.16:80 -r 192.168.0.3:80 -g -w $1"
}

single() {
	local n

	ld ld1 5 192.168.0
	for n in 1 2 3; do
		has "server$n" "192.168.0.$n/24" front
	done
	has server1 192.168.0.4/24 front
	single_config >"$SCRATCH/ld1.conf"
	pair_start ld1
	becomes_master ld1 172.31.0.1
	becomes_master ld1 192.168.0.16
	refused ld1 macast_src_ip nb_get_retry
	busywait 20 single_is 1 || fail "192.168.0.3 is not in the table with weight 1"
	listed ld1 "-A -t 172.31.0.1:80 -s rr -p 9600" "-a -t 172.31.0.1:80 -r 192.168.0.1:80 -g -w 1" \
		"-a -t 172.31.0.1:80 -r 192.168.0.2:80 -g -w 1" "-a -t 172.31.0.1:80 -r 192.168.0.3:80 -g -w 1" \
		"-A -t 192.168.0.16:80 -s rr -p 600" "-a -t 192.168.0.16:80 -r 192.168.0.3:80 -g -w 1" \
		"-a -t 192.168.0.16:80 -r 192.168.0.4:80 -g -w 1"
	run ip -n server3 route add unreachable 192.168.0.16/32
	defer ip -n server3 route del unreachable 192.168.0.16/32
	busywait 20 single_is 0 || fail "192.168.0.3 does not get weight 0"
	run ip -n server3 route del unreachable 192.168.0.16/32
	busywait 20 single_is 1 || fail "192.168.0.3 does not get its weight back"
}

tool keepalived
for_failover
PORTS=22,80,3000,3306,4000 with_servers
tests_run
