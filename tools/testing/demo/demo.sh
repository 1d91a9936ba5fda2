#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The demo, inside the guest: a client, a director and three web servers, each a network
# namespace; for NAT, tunnelling and direct routing in turn the director's configuration, requests
# over IPv4 and IPv6, who answered them, and what the director says about it.
# Every command of an administrator is printed as it would be typed, after the name of its host.

SELFTESTS=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../selftests/ipvs" && pwd)
# shellcheck source=tools/testing/selftests/ipvs/lib/lib.sh
. "$SELFTESTS/lib/lib.sh"

REQUESTS=${REQUESTS:-24}
ASKED=0 ANSWERED=0
METHODS=(-m -i -g)
NAMES=(
	"NAT (-m): the director rewrites addresses both ways"
	"tunnelling (-i): the packet travels to the server in an outer packet"
	"direct routing (-g): only the MAC address changes"
)

bold() {
	printf '\n\033[1m%s\033[0m\n' "$*"
}

# on HOST CMD...: print and run, output indented.
on() {
	printf '%-9s# %s\n' "$1" "${*:2}"
	quiet_in "$@" 2>&1 | sed 's/^/           /'
}

picture() {
	cat <<-'END'

	            192.0.2.0/24  2001:db8:a::/64        198.51.100.0/24  2001:db8:b::/64
	 client .2 ---------------+----------- .1 director .1 ---------------+
	                          |               VIP                        |
	                          +-- .11-.13 server1..3 (VIP on lo) .11-.13 +

	 VIP 203.0.113.10 and 2001:db8:f::10, port 80
	END
}

web_config() {
	cat <<-END
		user root;
		worker_processes 1;
		pid $SCRATCH/$1.pid;
		error_log $SCRATCH/$1.log;
		events { }
		http {
			access_log off;
			keepalive_timeout 0;
			server {
				listen 80;
				listen [::]:80;
				location / { return 200 "$1\n"; }
			}
		}
	END
}

# The servers as an administrator sets them up: the VIP on lo and on the tunnel's end, and no
# answer to ARP for it. topology.sh has done it; here it is shown.
web_servers() {
	local ns

	bold "Servers: VIP on lo, tunl0 and ip6tnl0, silent to ARP, and nginx"
	cat <<-'END'
		server1  # sysctl -w net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.all.arp_announce=2
		server1  # ip addr add 203.0.113.10/32 dev lo; ip addr add 2001:db8:f::10/128 dev lo
		server1  # ip addr add 203.0.113.10/32 dev tunl0; ip link set tunl0 up
		server1  # ip addr add 2001:db8:f::10/128 dev ip6tnl0; ip link set ip6tnl0 up
		server1  # ip rule add from 198.51.100.0/24 lookup 100
		server1  # ip route add default via 198.51.100.1 table 100    (NAT: answers by the director)
		           (server2 and server3 alike; IPv6 alike)
	END
	for ns in $SERVERS; do
		web_config "$ns" >"$SCRATCH/$ns.conf"
		quiet_in "$ns" nginx -c "$SCRATCH/$ns.conf" -e "$SCRATCH/$ns.log" -g 'daemon off;' &
		defer stop_process $!
	done
	for ns in $SERVERS; do
		wait_listen "$ns" 80 2
	done
}

url() {
	case $1 in
	*:*) printf 'http://[%s]/' "$1" ;;
	*) printf 'http://%s/' "$1" ;;
	esac
}

# requests: REQUESTS times the VIP from the client, and who answered.
requests() {
	local address got n

	address=$(url "$VIP")
	printf '%-9s# for i in {1..%d}; do curl %s; done | sort | uniq -c\n' client "$REQUESTS" "$address"
	# One curl for all, as starting it is slow here; the servers close after each request.
	for ((n = 0; n < REQUESTS; n++)); do
		printf 'url = "%s"\n' "$address"
	done >"$SCRATCH/urls"
	quiet_in client curl -gsS --max-time 20 -K "$SCRATCH/urls" >"$SCRATCH/answers" 2>&1
	sort "$SCRATCH/answers" | uniq -c | sed 's/^ */           /'
	got=$(grep -c '^server[123]$' "$SCRATCH/answers")
	ASKED=$((ASKED + REQUESTS))
	ANSWERED=$((ANSWERED + got))
}

method() {
	local af n

	bold "$2"
	for af in 4 6; do
		family $af
		on director ipvsadm -A -t "$(at "$VIP" 80)" -s wrr
		for n in 1 2 3; do
			on director ipvsadm -a -t "$(at "$VIP" 80)" -r "$(at "${RS[n]}" 80)" "$1" -w $n
		done
	done
	for af in 4 6; do
		family $af
		requests
	done
	on director ipvsadm -Ln --stats
	printf '%-9s# ipvsadm -Lnc | head -n 8\n' director
	quiet_in director ipvsadm -Lnc | head -n 8 | sed 's/^/           /'
	on director ipvsadm -C
}

main() {
	local i

	tool nginx curl
	PORT=80
	bold "Weir: $(modinfo -F filename ip_vs 2>/dev/null || echo ip_vs) on Linux $(uname -r)"
	with_topology
	picture
	web_servers
	for i in "${!METHODS[@]}"; do
		method "${METHODS[i]}" "${NAMES[i]}"
	done
	if [ "$ANSWERED" -eq "$ASKED" ]; then
		bold "All $ASKED requests were answered."
		return 0
	fi
	bold "FAILED: $ANSWERED of $ASKED requests were answered."
	tail -n 5 "$SCRATCH"/server*.log
	return 1
}

main
exit
