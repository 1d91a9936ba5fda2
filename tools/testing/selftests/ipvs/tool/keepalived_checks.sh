#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Each of keepalived's checkers sees a server fail and recover, and changes the table. One keepalived has a virtual server for each checker; what
# they check runs in server1 and server2, and fails in server1. Topology: topology.sh.

# shellcheck source=tools/testing/selftests/ipvs/lib/lib.sh
. "$(dirname -- "$0")/../lib/lib.sh"
# shellcheck source=tools/testing/selftests/ipvs/lib/keepalived.sh
. "$LIB/keepalived.sh"

export ALL_TESTS="checkers"

# the page and the digest of it that an old guide prints
PAGE=$'<HTML>\n<BODY>\nThis is a test page for monitoring.\n</BODY>\n</HTML>'
DIGEST=422834d1d2b972eee9e5b875e4bd8c33
declare -a NAMES ECHOES

# mail NS: answers like a mail server, or says that it is out of service
mail() {
	cat >"$SCRATCH/mail" <<-'END'
		#!/bin/bash
		[ ! -e "$1" ] || { printf '421 not now\r\n'; exit; }
		printf '220 mail.test\r\n'
		while read -r word _; do
			case $word in
			[Qq]*) printf '221 bye\r\n'; exit ;;
			*) printf '250 ok\r\n' ;;
			esac
		done
	END
	chmod 755 "$SCRATCH/mail"
	background nsenter "--net=/run/netns/$1" socat "TCP6-LISTEN:25,fork,reuseaddr,ipv6only=0" \
		"EXEC:$SCRATCH/mail $SCRATCH/$1/out"
	wait_listen "$1" 25
}

# names NS: a name server, whose process is NAMES[NS]
names() {
	background nsenter "--net=/run/netns/$1" dnsmasq --keep-in-foreground --conf-file=/dev/null --user=root \
		--no-resolv --no-hosts --address=/server.test/192.0.2.80 --pid-file=
	NAMES[${1#server}]=$PID
	wait_listen "$1" 53
}

# echoes NS: sends each datagram back; its process is ECHOES[NS]
echoes() {
	background nsenter "--net=/run/netns/$1" socat UDP6-RECVFROM:7,fork,ipv6only=0 EXEC:cat
	ECHOES[${1#server}]=$PID
	wait_listen "$1" 7
}

# pages NS: what nginx serves
pages() {
	printf '%s\n' "$PAGE" >"$SCRATCH/$1/test.html"
	echo fine >"$SCRATCH/$1/status.html"
	echo "all is well" >"$SCRATCH/$1/text.html"
}

# up NS: all that is checked
up() {
	mkdir -p "$SCRATCH/$1"
	pages "$1"
	mail "$1"
	names "$1"
	echoes "$1"
	with_web "$1" "$SCRATCH/$1" "listen 443 ssl; listen [::]:443 ssl; ssl_certificate $SCRATCH/cert;
		ssl_certificate_key $SCRATCH/key;"
	echo 0 >"$SCRATCH/$1/misc"
	echo 0 >"$SCRATCH/$1/file"
	echo 20 >"$SCRATCH/$1/dynamic"
}

# fails: everything in server1
fails() {
	local dir=$SCRATCH/server1

	echo >>"$dir/test.html"
	rm "$dir/status.html"
	echo "all is lost" >"$dir/text.html"
	touch "$dir/out"
	stop_process "${NAMES[1]}"
	stop_process "${ECHOES[1]}"
	quiet_in server1 sysctl -qw net.ipv4.icmp_echo_ignore_all=1 net.ipv6.icmp.echo_ignore_all=1
	defer quiet_in server1 sysctl -qw net.ipv4.icmp_echo_ignore_all=0 net.ipv6.icmp.echo_ignore_all=0
	in_ns server1 nft add table inet closed
	defer quiet_in server1 nft delete table inet closed
	quiet_in server1 nft add chain inet closed input "{ type filter hook input priority 0; }"
	quiet_in server1 nft add rule inet closed input tcp dport "$PORT" drop
	echo 1 >"$dir/misc"
	echo 1 >"$dir/dynamic"
	echo 3 >"$dir/file"
}

recovers() {
	local dir=$SCRATCH/server1

	pages server1
	rm "$dir/out"
	names server1
	echoes server1
	quiet_in server1 sysctl -qw net.ipv4.icmp_echo_ignore_all=0 net.ipv6.icmp.echo_ignore_all=0
	in_ns server1 nft delete table inet closed
	echo 0 >"$dir/misc"
	echo 20 >"$dir/dynamic"
	echo 0 >"$dir/file"
}

# checked PORT LINE...: both servers with this checker
checked() {
	local n

	virtual "$VIP $1" "delay_loop 1" "connect_timeout 1" "retry 1" "delay_before_retry 1" "lvs_sched rr" \
		"lvs_method NAT" "protocol ${PROTO:-TCP}" "$(for n in 1 2; do
			server "${RS[n]}" "$PORT" "${@:2}" | sed "s/SERVER/server$n/"
		done)"
}

checkers_config() {
	local n

	printf '%s\n' "global_defs {" "script_user root" enable_script_security "}"
	for n in 1 2; do
		printf '%s\n' "track_file server$n {" "file $SCRATCH/server$n/file" "}"
	done
	checked 8401 "TCP_CHECK {" "}"
	checked 8402 "HTTP_GET {" "connect_port 80" "url {" "path /test.html" "digest $DIGEST" "}" "}"
	checked 8403 "HTTP_GET {" "connect_port 80" "url {" "path /status.html" "status_code 200" "}" "}"
	checked 8404 "HTTP_GET {" "connect_port 80" "url {" "path /text.html" "regex \"all.*well\"" "}" "}"
	checked 8405 "SSL_GET {" "connect_port 443" "url {" "path /test.html" "digest $DIGEST" "}" "}"
	checked 8406 "SMTP_CHECK {" "connect_port 25" "helo_name director" "}"
	PROTO=UDP checked 8407 "DNS_CHECK {" "connect_port 53" "type A" "name server.test" "}"
	PROTO=UDP checked 8408 "UDP_CHECK {" "connect_port 7" "payload 70696e67" "require_reply 70696e67" "}"
	checked 8409 "MISC_CHECK {" "misc_path \"$SCRATCH/status $SCRATCH/SERVER/misc\"" "}"
	checked 8410 "weight 5" "MISC_CHECK {" "misc_path \"$SCRATCH/status $SCRATCH/SERVER/dynamic\"" misc_dynamic "}"
	checked 8411 "PING_CHECK {" "}"
	checked 8412 "FILE_CHECK {" "track_file SERVER" "weight 1" "}"
}

# all_are SERVERS DYNAMIC FILE: of each checker, and of those that set weights
all_are() {
	local port wanted=

	for port in {8401..8412}; do
		case $port in
		8410) wanted+=" $port:$2" ;;
		8412) wanted+=" $port:$3" ;;
		*) wanted+=" $port:$1" ;;
		esac
	done
	[ "$(pools | tr ' ' '\n' | sort | xargs)" = "${wanted# }" ]
}

become() {
	busywait 20 all_are "$@" || { fail "servers: $(pools), not $1, $2, $3"; log_shown; }
}

checkers() {
	local ns

	printf '#!/bin/sh\nread -r status <"$1"\nexit "$status"\n' >"$SCRATCH/status"
	chmod 755 "$SCRATCH/status"
	for ns in server1 server2; do
		up "$ns"
	done
	equal "the digest" "$(quiet_in director genhash -s "${RS[1]}" -p 80 -u /test.html |
		grep -oE '[0-9a-f]{32}' | tail -n 1)" "$DIGEST"
	checkers_config >"$CONF"
	lvs_start
	become 1=1,2=1 1=18,2=18 1=1,2=1
	fails
	become 2=1 2=18 1=4,2=1
	recovers
	become 1=1,2=1 1=18,2=18 1=1,2=1
	no_complaints
	lvs_stop
	table_becomes "nothing" </dev/null
}

tool keepalived nginx socat dnsmasq openssl
with_topology
with_servers
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=server.test \
	-keyout "$SCRATCH/key" -out "$SCRATCH/cert" 2>/dev/null || skip_all "openssl makes no certificate"
tests_run
