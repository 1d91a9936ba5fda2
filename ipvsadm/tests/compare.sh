#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Compare our ipvsadm with Debian's on the same ip_vs, in a guest of
# tools/testing/vm: byte-identical listings, the same table after the same
# commands, the same status and message on errors.
#
#   one host:  TCP, UDP ──> LOCAL_OUT ──> ip_vs ──> dummy0 ──> nowhere
#              10.9.0.254/24, fd00:9::fe/64      VIPs and servers are in these
#              subnets but do not exist, so connections stay in their first state.
set -u

OURS=${OURS:-/opt/weir/sbin/ipvsadm}
THEIRS=${THEIRS:-/usr/sbin/ipvsadm}
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT

failed=0 count=0

ok() { count=$((count + 1)); echo "ok $count - $1"; }
not_ok() { count=$((count + 1)); failed=$((failed + 1)); echo "not ok $count - $1"; }

run() { echo "  \$ $*"; "$@"; }

verdict() { # LABEL THEIRS OURS
	if cmp -s "$2" "$3"; then
		ok "$1"
	else
		diff -u --label theirs --label ours "$2" "$3"
		not_ok "$1"
	fi
}

run_tool() { # TOOL OUTPUT ARGS...: save standard output and status
	local tool=$1 out=$2
	shift 2
	"$tool" "$@" > "$out" 2> "$out.err"
	echo "status $?" >> "$out"
}

# Rates decay and connections expire between the two runs: try several times.
# Expiry times always differ, only their width is compared.
same() { # ARGS...
	local _ tool
	for _ in {1..10}; do
		for tool in theirs ours; do
			local -n binary=${tool^^}
			run_tool "$binary" "$WORK/$tool" "$@"
		done
		sed -Ei 's/^([A-Z]+ +)[0-9]+:[0-5][0-9] /\199:59 /' "$WORK/theirs" "$WORK/ours"
		cmp -s "$WORK/theirs" "$WORK/ours" && break
	done
	verdict "ipvsadm $*" "$WORK/theirs" "$WORK/ours"
}

same_lists() {
	local format what
	for format in --stats --rate --thresholds --persistent-conn --tun-info; do
		for what in '' -n '--numeric --exact'; do
			# shellcheck disable=SC2086 # splits into words
			same -L $format $what
		done
	done
	same -Ln
	same -L
	same -Ln --nosort
	same -Ln --stats --exact --nosort
	same -Ln --stats --rate --tun-info
	same -L --thresholds --persistent-conn -n
	same -ln --sort
	same --list --numeric --connection
	same -Lc
	same -Lnc --persistent-conn
	same -Lc --persistent-conn
	same -L --timeout
	same -L --daemon
	same
}

state() { # OUTPUT
	{
		"$THEIRS" -Sn
		"$THEIRS" -Ln --thresholds
		"$THEIRS" -Ln --tun-info
		"$THEIRS" -L --timeout
		"$THEIRS" -L --daemon
		# lists servers in order of creation; rules are sorted
		sort /proc/net/ip_vs
	} > "$1" 2>&1
}

# The same commands with either tool must result in the same table.
twins() { # LABEL, commands on stdin
	local label=$1 line lines tool
	mapfile -t lines
	for tool in theirs ours; do
		"$THEIRS" -C
		for line in "${lines[@]}"; do
			local -n binary=${tool^^}
			# shellcheck disable=SC2086 # splits into words
			"$binary" $line 2> /dev/null || echo "refused: $line"
		done > "$WORK/$tool.said"
		state "$WORK/$tool"
		cat "$WORK/$tool.said" >> "$WORK/$tool"
	done
	verdict "$label" "$WORK/theirs" "$WORK/ours"
}

# An error of the kernel: same status; our message starts with Debian's.
refused() { # ARGS...
	local theirs ours
	theirs=$("$THEIRS" "$@" 2>&1); local want=$?
	ours=$("$OURS" "$@" 2>&1); local got=$?
	if [[ $want = "$got" && $ours = "$theirs"* && $ours != *$'\n'* ]]; then
		ok "refused: $*"
	else
		echo "  theirs ($want): $theirs"
		echo "  ours   ($got): $ours"
		not_ok "refused: $*"
	fi
}

# An invalid command line: one line on stderr, status 2. See also cmdline_test.c.
bad_line() { # ARGS...
	says "bad line: $*" 2 "${!#}" "$OURS" "$@"
}

says() { # LABEL STATUS PART COMMAND...: one line on stderr (more with -R), containing PART
	local label=$1 want=$2 part=$3 said got
	shift 3
	"$@" > /dev/null 2> "$WORK/said"
	got=$?
	said=$(grep -v ^modprobe: "$WORK/said")
	if [[ $got = "$want" && $said = *"$part"* && ($said != *$'\n'* || $* = *' -R') ]]; then
		ok "$label: ${said##*$'\n'}"
	else
		echo "  want ($want): $part"
		echo "  got  ($got): $said"
		not_ok "$label"
	fi
}

# Runs first, while the module is not loaded
initialization() {
	local modprobe_path
	modprobe -r ip_vs 2> /dev/null
	if [[ -e /proc/net/ip_vs ]]; then
		echo "ok - # SKIP ip_vs cannot be unloaded"
	else
		modprobe_path=$(< /proc/sys/kernel/modprobe)
		echo /bin/false > /proc/sys/kernel/modprobe
		says 'not loadable' 2 "Can't initialize ipvs: Protocol not available" "$OURS" -L
		says 'bad rules load nothing' 2 'nothing restored' "$OURS" -R <<< '-A -t'
		echo "$modprobe_path" > /proc/sys/kernel/modprobe
		says 'not root, not loaded' 2 "Can't initialize ipvs: P" as_nobody "$OURS" -L
		says 'help needs no module' 0 '' "$OURS" -h
	fi
	run "$OURS" || exit 4
	says 'not root' 2 'Permission denied (you must be root)' as_nobody "$OURS" -L
	says 'not root' 2 'Permission denied (you must be root)' as_nobody "$OURS" -A -t 10.9.0.1:80
}

as_nobody() {
	setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all "$@"
}

topology() {
	run ip link set lo up
	ip link show dummy0 > /dev/null 2>&1 || run ip link add dummy0 type dummy
	run ip link set dummy0 multicast on
	run ip link set dummy0 up
	run ip addr add 10.9.0.254/24 dev dummy0
	run ip addr add fd00:9::fe/64 dev dummy0 nodad
	cat >> /etc/hosts <<-END
		10.9.0.1 vip.example.net
		10.9.0.11 one.example.net
		10.9.0.12 a-very-long-name-of-a-real-server.in-the-basement.example.net
		fd00:9::1 vip6.example.net
		fd00:9::11 one6.example.net
	END
}

# Print NAME with FLAGS, or rr with numbered flags if this ip_vs lacks the scheduler
scheduler() { # NAME FLAGS
	if "$THEIRS" -A -f 99 -s "$1" 2> /dev/null; then
		"$THEIRS" -D -f 99
		echo "$1 -b $2"
	else
		echo 'rr -b flag-1,flag-2'
	fi
}

table() { # TOOL
	local tool=$1 sh mh
	"$tool" -C
	sh=$(scheduler sh sh-port,sh-fallback)
	mh=$(scheduler mh mh-port)
	"$tool" -R <<-END
		-A -t 10.9.0.1:80 -s rr
		-a -t 10.9.0.1:80 -r 10.9.0.11:8080 -m -w 3
		-a -t 10.9.0.1:80 -r 10.9.0.12:80 -m -w 2147483647 -x 200 -y 100
		-a -t 10.9.0.1:80 -r 192.0.2.7 -g -w 0
		-a -t 10.9.0.1:80 -r 10.9.0.13 -i
		-A -t 10.9.0.1:443 -s wlc -p
		-a -t 10.9.0.1:443 -r 10.9.0.11 -m
		-A -t 192.0.2.80:80 -s $sh -p 600 -M 255.255.255.0
		-a -t 192.0.2.80:80 -r 10.9.0.11 -i --tun-type gue --tun-port 6080 --tun-csum
		-a -t 192.0.2.80:80 -r 10.9.0.12 -i --tun-type gue --tun-port 6081 --tun-remcsum
		-a -t 192.0.2.80:80 -r 10.9.0.13 -i --tun-type gre
		-a -t 192.0.2.80:80 -r 10.9.0.14 -i --tun-type gre --tun-csum
		-A -u 10.9.0.1:53 -s wrr -o
		-a -u 10.9.0.1:53 -r 10.9.0.11:53 -m -w 5
		-A -u 10.9.0.1:123 -s lc
		-a -u 10.9.0.1:123 -r 10.9.0.11:123 -m
		-A --sctp-service 10.9.0.1:9 -s $mh
		-a --sctp-service 10.9.0.1:9 -r 10.9.0.11 -m
		-A -f 7 -s wrr -p 120
		-a -f 7 -r 10.9.0.11:0 -m
		-A -f 8 -6 -s wlc
		-a -f 8 -6 -r [fd00:9::11]:0 -m
		-A -t [fd00:9::1]:80 -s rr -p 90 -M 64
		-a -t [fd00:9::1]:80 -r [fd00:9::11]:8080 -m
		-a -t [fd00:9::1]:80 -r [fd00:9::12]:80 -i
		-A -u [fd00:9::1]:123 -s sed -b flag-3
		-a -u [fd00:9::1]:123 -r [fd00:9::11]:123 -m
		-A -u [fd00:9::1]:53 -s nq
		-a -u [fd00:9::1]:53 -r 10.9.0.11 -i
	END
}

traffic() {
	local vip _
	for vip in 10.9.0.1 fd00:9::1; do
		for _ in {1..5}; do
			echo ping > "/dev/udp/$vip/123"
			timeout 0.1 bash -c "echo > /dev/tcp/$vip/80"
		done
		timeout 0.1 bash -c "echo > /dev/tcp/$vip/443"
	done 2> /dev/null
}

configuration() {
	twins 'services and servers' <<-END
		-A -t 10.9.0.1:80
		-A -t 10.9.0.1:http-alt -s rr
		-a -t 10.9.0.1:80 -r 10.9.0.11
		-a -t 10.9.0.1:80 -r 10.9.0.12:81 -m -w 4 -x 10 -y 5
		-a -t 10.9.0.1:80 -r 10.9.0.13:81
		-e -t 10.9.0.1:80 -r 10.9.0.11 -w 7 -i
		-a -t 10.9.0.1:80 -r 10.9.0.14:80 --ipip --weight=9 --u-threshold 8
		-d -t 10.9.0.1:80 -r 10.9.0.13
		-E -t 10.9.0.1:80 -s sed -p 77 -M 255.0.0.0
		-A -u vip.example.net:domain -o --scheduler wrr
		-a -u vip.example.net:domain -r one.example.net -m
		-A --tcp-service 10.9.0.1:81 -s wlc
		-D -t 10.9.0.1:81
		-A -f 9 -p
		-a -f 9 -r 10.9.0.11 -g
		-E -f 9
		-A -f 10 -6 -p 10 -M 48
		-a -f 10 -6 -r [fd00:9::11]:0 -m
		-A -t [fd00:9::1]:80 -p
		-E -t [fd00:9::1]:80 -s mh -b mh-fallback,mh-port
		-a -t [fd00:9::1]:80 -r [fd00:9::12]:80 -w 0
		-A -t 10.9.0.1:0 -p 3600
		-a -t 10.9.0.1:0 -r 10.9.0.11
		-Z -t 10.9.0.1:80
		-Z
		--set 0 0 0
		--set 901 121 301
	END
	twins 'a table cleared' <<-END
		-A -t 10.9.0.1:80
		-a -t 10.9.0.1:80 -r 10.9.0.11
		-C
		--set 900 120 300
	END
	twins 'sync daemons' <<-END
		--start-daemon master --mcast-interface dummy0 --syncid 7
		--start-daemon backup --mcast-interface=dummy0 --syncid 9 --mcast-group 224.0.0.90 --mcast-port 8850 --mcast-ttl 3 --sync-maxlen 1400
		-L --daemon
		--stop-daemon master
		-L --daemon
		--stop-daemon backup
	END
	twins 'a sync daemon over IPv6' <<-END
		--start-daemon master --mcast-interface dummy0 --mcast-group ff05::91
		-L --daemon
		--stop-daemon master
	END
	table "$THEIRS"; state "$WORK/theirs"
	table "$OURS"; state "$WORK/ours"
	verdict 'restored tables' "$WORK/theirs" "$WORK/ours"
}

# Both tools restore rules that our tool saved. Debian's tool reads thresholds
# but does not save them.
saved() {
	table "$OURS"
	"$OURS" -Sn > "$WORK/rules"
	state "$WORK/want"
	"$OURS" -C
	"$OURS" -R < "$WORK/rules"
	state "$WORK/got"
	verdict 'our rules, restored by us' "$WORK/want" "$WORK/got"
	"$OURS" -C
	"$THEIRS" -R < "$WORK/rules"
	state "$WORK/got"
	verdict 'our rules, restored by them' "$WORK/want" "$WORK/got"
	"$OURS" -S > "$WORK/rules"
	"$OURS" -C
	"$OURS" -R < "$WORK/rules"
	state "$WORK/got"
	verdict 'our rules with names, restored by us' "$WORK/want" "$WORK/got"
	"$OURS" -Sn > "$WORK/rules"
	"$OURS" -R --replace < "$WORK/rules"
	state "$WORK/got"
	verdict 'our rules, replacing the table' "$WORK/want" "$WORK/got"
	"$THEIRS" -Sn > "$WORK/theirs"
	"$OURS" -Sn | sed 's/ -x .*//' > "$WORK/ours"
	verdict 'rules except for the thresholds' "$WORK/theirs" "$WORK/ours"
}

lists() {
	table "$OURS"
	traffic
	same_lists
	same -Ln -t 10.9.0.1:80
	same -L -t 10.9.0.1:80 --stats
	same -L -u vip.example.net:123 --rate
	same -Ln -t '[fd00:9::1]:80' --persistent-conn
	same -Ln -f 7
	same -Ln -f 8 -6 --stats
	same -Ln -t 192.0.2.80:80 --tun-info
	"$OURS" -C
	if "$OURS" --start-daemon master --mcast-interface dummy0 --syncid 3; then
		same -L --daemon
		"$OURS" --stop-daemon master
	else
		echo 'ok - # SKIP this ip_vs starts no sync daemon'
	fi
	same -Ln
	same -Ln --stats
	same
}

# Connections of every kind, read from a file. The tools have a fixed path, so
# it is bind-mounted as /proc.
with_file_as_proc() { # COMMAND...
	# shellcheck disable=SC2016 # expands in the inner shell
	unshare -m bash -c 'mount --bind "$0" /proc && exec "$@"' "$WORK/proc" "$@"
}

strange_connections() {
	local options tool
	if ! command -v mount > /dev/null; then
		echo 'ok - # SKIP no mount'
		return
	fi
	mkdir -p "$WORK/proc/net"
	cat > "$WORK/proc/net/ip_vs_conn" <<-END
		Pro FromIP   FPrt ToIP     TPrt DestIP   DPrt State       Expires PEName PEData
		TCP 0A000001 FFFF 0A090001 0050 0A09000B 1F90 ESTABLISHED     899
		TCP 0A000001 0000 0A090001 0050 0A09000B 1F90 NONE            3661
		TCP FFFFFFFF 0001 00000007 0000 0A09000B 0000 SYN_RECV          0
		UDP fd00:0009:0000:0000:0000:0000:0000:00fe 0035 fd00:0009:0000:0000:0000:0000:0000:0001 0035 fd00:0009:0000:0000:0000:0000:0000:0011 0035 UDP             300
		UDP fd00:0009:0000:0000:0000:0000:0000:00fe 0035 fd00:0009:0000:0000:0000:0000:0000:0001 0035 0A09000B 0035 UDP             300
		SCTP 0A000001 8000 0A090001 0009 0A09000B 0009 SHUTDOWN_ACK_SENT 59
		IP  0A000000 0000 00000007 0000 0A09000B 0000 NONE           599999
		IP_47 0A000001 0000 0A090001 0000 0A09000B 0000 NONE           60
		UDP 0A000001 13C4 0A090001 13C4 0A09000B 13C4 UDP             299 sip 4711-0815@client.example.net
		UDP 0A000001 13C4 0A090001 13C4 0A09000B 13C4 UDP             299 sip
		UDP fd00:0009:0000:0000:0000:0000:0000:00fe 13C4 fd00:0009:0000:0000:0000:0000:0000:0001 13C4 fd00:0009:0000:0000:0000:0000:0000:0011 13C4 UDP             300 sip id@host
	END
	for options in -Lnc -Lc '-Lnc --persistent-conn' '-Lc --persistent-conn'; do
		for tool in theirs ours; do
			local -n binary=${tool^^}
			# shellcheck disable=SC2086 # splits into words
			with_file_as_proc "$binary" $options > "$WORK/$tool" 2>&1
		done
		grep -q 4711-0815 "$WORK/theirs" || [[ $options != *conn ]] || not_ok 'a file as /proc'
		verdict "a file of connections: $options" "$WORK/theirs" "$WORK/ours"
	done
	# Debian's tool reads 255 bytes and parses the rest as another line
	echo "UDP 0A000001 13C4 0A090001 13C4 0A09000B 13C4 UDP 299 sip $(printf 'x%.0s' {1..255})" \
		>> "$WORK/proc/net/ip_vs_conn"
	if [[ $(with_file_as_proc "$OURS" -Lnc --persistent-conn | tail -n 1) = \
		'UDP 04:59 '*' sip '*"$(printf 'x%.0s' {1..255})" ]]; then
		ok 'a long line of connections'
	else
		not_ok 'a long line of connections'
	fi
	echo 'TCP nonsense' >> "$WORK/proc/net/ip_vs_conn"
	says 'a bad line of connections' 1 'unexpected input from /proc/net/ip_vs_conn' \
		with_file_as_proc "$OURS" -Lnc
}

refusals() {
	table "$OURS"
	refused -A -t 10.9.0.1:80
	refused -A -t 10.9.0.1:99 -s nosuch
	refused -A -t 10.9.0.1:99 -p --pe nosuch
	refused -E -t 10.9.0.1:99
	refused -E -t 10.9.0.1:80 -s nosuch
	refused -D -t 10.9.0.1:99
	refused -D -f 99
	refused -Z -t 10.9.0.1:99
	refused -a -t 10.9.0.1:80 -r 10.9.0.11:8080 -m
	refused -a -t 10.9.0.1:99 -r 10.9.0.11
	refused -a -t 10.9.0.1:80 -r 224.0.0.1
	refused -a -t 10.9.0.1:80 -r 10.9.0.20 -x 5 -y 10
	refused -e -t 10.9.0.1:80 -r 10.9.0.99
	refused -e -t 10.9.0.1:99 -r 10.9.0.99
	refused -d -t 10.9.0.1:80 -r 10.9.0.99
	refused -d -t 10.9.0.1:99 -r 10.9.0.99
	refused -A -t '[fd00:9::1]:99' -p 10 -s nosuch
	refused -L -t 10.9.0.1:99
	refused -L -f 99
	refused --stop-daemon master
	refused --start-daemon master --mcast-interface nosuch0
	# the kernel refuses a daemon while servers of the other family exist
	"$OURS" -C
	"$OURS" --start-daemon backup --mcast-interface dummy0 2> /dev/null
	refused --start-daemon backup --mcast-interface dummy0
	"$OURS" --stop-daemon backup 2> /dev/null
}

bad_lines() {
	state "$WORK/want"
	bad_line -A -t
	bad_line -A -t 10.9.0.1:99999
	bad_line -A -t 10.9.0.9:80 -b nosuch
	bad_line -A -t 10.9.0.9:80 --nosuch
	bad_line -a -t 10.9.0.1:80 -r 10.9.0.99 -w -1
	bad_line -a -t 10.9.0.1:80 -r 10.9.0.99 -i --tun-type nosuch
	bad_line -L nosuch
	bad_line -C nosuch
	bad_line --set 1 2 x
	bad_line --start-daemon master --syncid 256
	state "$WORK/got"
	verdict 'bad lines change nothing' "$WORK/want" "$WORK/got"
}

initialization
topology
"$OURS" -C || exit 1
configuration
saved
lists
strange_connections
refusals
bad_lines
"$OURS" -C
echo "1..$count"
echo "# $((count - failed)) same, $failed different"
((!failed))
