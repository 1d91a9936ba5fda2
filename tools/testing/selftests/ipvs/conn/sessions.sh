#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Real sessions as tcpdump sees them: HTTP and TLS (curl, nginx), FTP (curl, vsftpd), DNS (dnsmasq),
# SCTP (socat) and bulk TCP (iperf3) by each method, on the client's link and on the director's back
# link. The kinds of packets (see sessions.py) are compared with golden/sessions_*.txt, written with
# the in-tree ip_vs: UPDATE_GOLDEN=1 IMPL=kernel. Offloads are off, so that captures show what goes
# over the wire. Topology: topology.sh, one real server.

# shellcheck source=tools/testing/selftests/ipvs/lib/lib.sh
. "$(dirname -- "$0")/../lib/lib.sh"

export ALL_TESTS="http tls ftp dns sctp bulk"

tool curl nginx vsftpd dnsmasq socat iperf3 openssl tcpdump

LINKS="client:front director:back"

# captured FILE: whether the capture has started.
captured() {
	[ -s "$1" ]
}

capture_start() {
	local where file

	CAPTURES=() CAPTURE_PIDS=()
	for where in $LINKS; do
		file=$SCRATCH/${where/:/-}.pcap
		rm -f "$file"
		nsenter "--net=/run/netns/${where%:*}" tcpdump -Z root -i "${where#*:}" -w "$file" -U \
			--immediate-mode -s 0 "ip or ip6" 2>>"$SCRATCH/tcpdump.log" &
		CAPTURE_PIDS+=($!)
		defer stop_process $!
		CAPTURES+=("$file")
	done
	for file in "${CAPTURES[@]}"; do
		busywait 20 captured "$file" || fail "tcpdump did not start: $(cat "$SCRATCH/tcpdump.log")"
	done
}

capture_stop() {
	local pid

	for pid in "${CAPTURE_PIDS[@]}"; do
		kill -INT "$pid"
		wait "$pid"
	done
}

# ended PORT: whether both ends have closed.
ended() {
	local ns

	for ns in client server1; do
		! quiet_in "$ns" ss -Htn state connected exclude time-wait "( sport = :$1 or dport = :$1 )" |
			grep -q . || return 1
	done
}

# by_each_method NAME LETTER PORT CMD...: CMD is the client
by_each_method() {
	local name=$1 letter=$2 port=$3 method vport persist

	shift 3
	: >"$SCRATCH/wire"
	forget_pmtu
	for method in m g i; do
		printf -- '== %s by -%s\n' "$name" "$method" >>"$SCRATCH/wire"
		vport=$port persist=
		# without the FTP app, data connections belong to the service for all ports
		[ "$name" != ftp ] || [ "$method" = m ] || vport=0 persist=-p
		ipvs_batch <<-RULES
			-A -$letter $(at "$VIP" "$vport") -s rr $persist
			-a -$letter $(at "$VIP" "$vport") -r $(at "${RS[1]}" "$vport") -$method
		RULES
		capture_start
		printf '# client$ %s\n' "$*"
		quiet_in client "$@" >"$SCRATCH/answer" 2>&1 || {
			fail "$name by -$method: status $?"
			sed 's/^/# /' "$SCRATCH/answer"
		}
		busywait 20 ended "$port" || fail "$name by -$method does not end"
		capture_stop
		python3 -S "$HERE/sessions.py" "${CAPTURES[@]}" >"$SCRATCH/lines" || fail "sessions.py"
		grep -vE "${BY_CHANCE:-^$}" "$SCRATCH/lines" >>"$SCRATCH/wire"
		# connections of FTP hold its module, and this one ip_vs
		if [ "$name" = ftp ]; then
			forget '^TCP' || fail "connections stay"
		else
			clean_director
		fi
	done
	golden "sessions_${name}_$AF.txt" "$SCRATCH/wire"
}

# site: a page, by HTTP and TLS.
site() {
	local dir=$SCRATCH/site

	mkdir -p "$dir"
	head -c 30000 /dev/zero | tr '\0' w >"$dir/page"
	openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=weir.test \
		-keyout "$SCRATCH/key" -out "$SCRATCH/cert" 2>/dev/null || fail "no certificate"
	with_web server1 "$dir" "listen 443 ssl; listen [::]:443 ssl; ssl_session_tickets off;" \
		"ssl_certificate $SCRATCH/cert; ssl_certificate_key $SCRATCH/key;"
}

http() {
	site
	by_each_method http t 80 curl -sS --max-time 20 -o /dev/null "http://$(at "$VIP" 80)/page"
}

tls() {
	site
	by_each_method tls t 443 curl -sS --max-time 20 -k -o /dev/null "https://$(at "$VIP" 443)/page"
}

ftp() {
	chmod 755 "$SCRATCH"
	head -c 30000 /dev/zero >"$SCRATCH/file"
	modprobe -q ip_vs_ftp || { skip "there is no ip_vs_ftp"; return; }
	defer modprobe -q -r ip_vs_ftp
	vsftpd_in server1
	# vsftpd may send an acknowledgment before it has set the type of service of its data
	local BY_CHANCE="> $CLIENT .* tos 0x0 .*ports \* > \* A "
	by_each_method ftp t 21 curl -sS -g --max-time 20 -o /dev/null "ftp://$(at "$VIP" 21)/pub/file"
}

dns() {
	background nsenter --net=/run/netns/server1 dnsmasq -k -C /dev/null --no-resolv --no-hosts \
		--bind-dynamic --address=/weir.test/192.0.2.99 --pid-file="$SCRATCH/dnsmasq.pid" -u root
	wait_listen server1 53 2
	by_each_method dns u 53 busybox nslookup -type=a weir.test "$VIP"
}

sctp() {
	local socat=socat

	modprobe -q sctp || { skip "this kernel has no SCTP sockets"; return; }
	background nsenter --net=/run/netns/server1 $socat "SCTP$AF-LISTEN:5060,fork,reuseaddr" SYSTEM:cat
	busywait 20 sctp_listens || fail "socat does not listen"
	by_each_method sctp -sctp-service 5060 sh -c \
		"echo something to be echoed | socat -t 1 - SCTP$AF:$(at "$VIP" 5060),bind=$(bare "$CLIENT")"
}

bare() {
	case $1 in
	*:*) printf '[%s]' "$1" ;;
	*) printf '%s' "$1" ;;
	esac
}

sctp_listens() {
	quiet_in server1 grep -q 5060 /proc/net/sctp/eps
}

bulk() {
	background nsenter --net=/run/netns/server1 iperf3 -s
	wait_listen server1 5201
	by_each_method bulk t 5201 iperf3 -c "$VIP" -n 300K
}

defer usual_offloads
with_topology
offloads gro off gso off tso off tx off rx off
tests_run
