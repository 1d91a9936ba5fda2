#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The FTP app, NAT: vsftpd on the servers, curl and lftp on the client, active and passive, files
# compared in both directions; sessions line by line (ftp.py), in pieces, with losses and malformed
# commands; a firewall that relies on conntrack; its module, its line in /proc, and namespaces
# deleted while it is in use. Topology: topology.sh.

# shellcheck source=tools/testing/selftests/ipvs/lib/lib.sh
. "$(dirname -- "$0")/../lib/lib.sh"

export ALL_TESTS="curl_moves lftp_moves words marked forms pieces digits losses lost_answers chained hostile
	again headers
	firewall_curl firewall_iptables firewall_lftp firewall_words firewall_taken firewall_stolen expected"
export ONCE_TESTS="listed ports namespace_gone"

with_files() {
	chmod 755 "$SCRATCH"
	head -c 300000 /dev/urandom >"$SCRATCH/file"
	head -c 200000 /dev/urandom >"$SCRATCH/upload"
}

with_vsftpd() {
	local ns

	for ns; do
		vsftpd_in "$ns"
	done
}

# ftp_service SERVER...: round robin with NAT.
ftp_service() {
	local n

	defer forget '^TCP'
	ipvs_batch <<-RULES
		-A -t $(at "$VIP" 21) -s rr
		$(for n; do echo "-a -t $(at "$VIP" 21) -r $(at "${RS[n]}" 21) -m"; done)
	RULES
}

# curl_client OPTION...
curl_client() {
	printf '# client$ curl %s\n' "$*"
	quiet_in client curl -sS -g --max-time 20 "$@" || fail "curl: status $? from $*"
}

# Each kind of data connection, one session per file, in turn over the servers.
curl_moves() {
	local url mode n=0

	url=ftp://$(at "$VIP" 21)
	with_vsftpd server1 server2
	ftp_service 1 2
	for mode in "" "--disable-epsv" "-P -" "-P - --disable-eprt"; do
		[ "$AF" = 4 ] || case $mode in *--disable*) continue ;; esac
		n=$((n + 1))
		rm -f "$SCRATCH/got"
		# shellcheck disable=SC2086
		curl_client $mode -o "$SCRATCH/got" "$url/pub/file"
		check "download $mode" cmp -s "$SCRATCH/got" "$SCRATCH/file"
		# shellcheck disable=SC2086
		curl_client $mode -T "$SCRATCH/upload" "$url/in/up$n"
	done
	for n in $(seq "$n"); do
		check "upload $n" eval 'cmp -s "$SCRATCH/upload" "$SCRATCH"/server?/in/up$n'
	done
	rm -f "$SCRATCH"/server?/in/*
}

# Many files in one session.
lftp_moves() {
	local passive n url

	url=ftp://$(at "$VIP" 21)
	with_vsftpd server1
	ftp_service 1
	for n in 1 2 3 4; do
		head -c $((n * 10000)) "$SCRATCH/file" >"$SCRATCH/server1/pub/part$n"
	done
	for passive in yes no; do
		rm -rf "$SCRATCH/mirror"
		printf '# client$ lftp %s: mirror pub, passive %s\n' "$url" "$passive"
		HOME=$SCRATCH quiet_in client timeout 30 lftp -c "set net:max-retries 1; set net:timeout 10;
			set ftp:passive-mode $passive; set ftp:use-feat no; set dns:order inet6 inet;
			set ftp:prefer-epsv $([ "$AF" = 4 ] && echo no || echo yes);
			open $url; mirror pub $SCRATCH/mirror; mput -O in $SCRATCH/mirror/part*" </dev/null ||
			fail "lftp: status $?"
		for n in 1 2 3 4; do
			check "part$n" cmp -s "$SCRATCH/mirror/part$n" "$SCRATCH/server1/pub/part$n"
			check "part$n back" cmp -s "$SCRATCH/mirror/part$n" "$SCRATCH/server1/in/part$n"
		done
		rm -f "$SCRATCH"/server1/in/*
	done
}

dialogue() {
	ftp_service 1
	run_py ftp.py "$1" "$CLIENT" "$VIP" "${RS[1]}" "${@:2}"
}

words() {
	dialogue words
}

forms() {
	dialogue forms
}

pieces() {
	dialogue pieces
}

digits() {
	dialogue digits
}

# The client sends segments of MTU size, which GRO chains; behind the director they are separate
# again.
chained() {
	defer usual_offloads
	defer quiet_in director ethtool -K front rx-gro-list off
	defer quiet_in director ethtool -K back tx-gso-list on
	quiet_in director ethtool -K front gro on rx-gro-list on ||
		{ skip "this kernel's GRO chains no segments"; return; }
	# veth skips GRO for what a peer with TSO sends
	defer quiet_in switch ethtool -K f-director tso on
	in_ns switch ethtool -K f-director tso off
	in_ns client ethtool -K front tso off gso off
	in_ns director ethtool -K back tso off gso off tx-gso-list off
	dialogue chained
}

hostile() {
	dialogue hostile
}

again() {
	dialogue again
}

# The same for a fwmark service: only the control port is marked.
marked() {
	local six=''

	[ "$AF" = 4 ] || six=-6
	nft_rules <<-RULES
		table inet marks {
			chain pre {
				type filter hook prerouting priority mangle;
				$(nft_family) daddr $VIP tcp dport 21 meta mark set 7
			}
		}
	RULES
	defer forget '^TCP'
	ipvs_batch <<-RULES
		-A -f 7 $six -s rr
		-a -f 7 $six -r $(at "${RS[1]}" 0) -m
	RULES
	run_py ftp.py words "$CLIENT" "$VIP" "${RS[1]}"
}

# lossy IN [OUT]: the segments of the control connection to lose, on either side of the client.
lossy() {
	nft_rules client <<-RULES
		table inet lossy {
			chain in {
				type filter hook prerouting priority 0;
				tcp sport 21 $1 drop
			}
			chain out {
				type filter hook postrouting priority 0;
				${2:+tcp dport 21 $2 drop}
			}
		}
	RULES
}

# Every reply to PASV and EPSV is lost once, behind the director: the retransmission is edited, too.
lost_answers() {
	lossy "@th,256,32 { 0x32323720, 0x32323920 } numgen inc mod 2 == 0"
	dialogue answers
}

# Every eighth segment is lost, on either side.
losses() {
	lossy "numgen inc mod 8 == 5" "numgen inc mod 8 == 3"
	dialogue stream
}

headers() {
	[ "$AF" = 6 ] || { skip "IPv6 only"; return; }
	dialogue headers
}

# nf_conntrack_ftp parses the same sessions.
helper_nft() {
	nft_rules <<-RULES
		table $(nft_family) helpers {
			ct helper control {
				type "ftp" protocol tcp
			}
			chain prerouting {
				type filter hook prerouting priority 0;
				$(nft_family) daddr $VIP tcp dport 21 ct helper set "control"
			}
		}
	RULES
}

helper_iptables() {
	local rule=(PREROUTING -d "$VIP" -p tcp --dport 21 -j CT --helper ftp)

	printf '# director$ iptables -t raw -A %s\n' "${rule[*]}"
	tables "" -t raw -A "${rule[@]}" || { skip "this kernel has no CT target"; return 1; }
	defer delete_table raw
}

# A firewall on the director that accepts the data connections conntrack expects.
with_firewall() {
	local ip icmp=icmp

	ip=$(nft_family)
	[ "$AF" = 4 ] || icmp=icmpv6
	conntrack_knob 1
	"${1:-helper_nft}" || return
	# older entries have no helper
	forget_entries
	nft_rules <<-RULES
		table $ip firewall {
			chain mine {
				meta l4proto $icmp accept
				ct state { established, related } accept
				$ip daddr $VIP tcp dport 21 ct state new accept
			}
			chain input {
				type filter hook input priority 0; policy drop;
				jump mine
			}
			chain forward {
				type filter hook forward priority 0; policy drop;
				jump mine
			}
		}
	RULES
}

firewall_curl() {
	with_firewall
	curl_moves
}

firewall_iptables() {
	with_firewall helper_iptables || return 0
	curl_moves
}

firewall_lftp() {
	with_firewall
	lftp_moves
}

firewall_words() {
	with_firewall
	dialogue words
}

firewall_taken() {
	with_firewall
	dialogue taken
}

firewall_stolen() {
	run ip -n client addr add "${FRONT}9/$PLEN" dev front nodad
	defer ip -n client addr del "${FRONT}9/$PLEN" dev front
	with_firewall
	dialogue stolen "${FRONT}9"
}

expectations() {
	quiet_in director conntrack -L expect -f "ipv$AF" 2>/dev/null
}

# expects [PORT]: conntrack expects a connection from the client to this port, and no other.
expects() {
	[ "$(expectations | sed -n 's/.* src=\([^ ]*\) dst=\([^ ]*\) sport=0 dport=\([0-9]*\) .*/\1 \2 \3/p')" = \
		"${1:+$CLIENT $VIP $1}" ]
}

# An expectation ends with its session.
expected() {
	with_firewall
	ftp_service 1
	session expect "$CLIENT" "$VIP" "${RS[1]}"
	check "expected: $(expectations)" expects 40003
	stop_process "$FTP_PID"
	forget '^TCP'
	busywait 5 expects || fail "expected without a session: $(expectations)"
}

usage() {
	quiet_in director awk '$1 == "TCP" { print $2, $3, $4 }' /proc/net/ip_vs_app
}

# session STEP ADDRESS...: in the background
session() {
	local word

	printf '# & ftp.py %s\n' "$1"
	coproc FTP { exec python3 -S "$HERE/ftp.py" "$@"; }
	# shellcheck disable=SC2154
	defer stop_process "$FTP_PID"
	read -rt 20 -u "${FTP[0]}" word || fail "no session"
	equal "the session" "$word" held
}

# /proc/net/ip_vs_app counts control connections; each holds the module.
listed() {
	equal "heading" "$(quiet_in director head -n 1 /proc/net/ip_vs_app)" "prot port    usecnt name"
	equal "unused" "$(quiet_in director tail -n 1 /proc/net/ip_vs_app)" "TCP  21      0      ftp              "
	ftp_service 1
	session hold "$CLIENT" "$VIP" "${RS[1]}"
	equal "used" "$(usage)" "21 1 ftp"
	equal "elsewhere" "$(quiet_in client awk '$1 == "TCP" { print $3 }' /proc/net/ip_vs_app)" 0
	refute "unloaded in use" rmmod ip_vs_ftp 2>/dev/null
	forget '^TCP'
	busywait 5 unused || fail "in use without connections: $(usage)"
}

unused() {
	[ "$(usage)" = "21 0 ftp" ]
}

# loads PARAMETER: some versions of modprobe treat EEXIST as success
loads() {
	modprobe ip_vs_ftp "$1" 2>/dev/null
	grep -q '^ip_vs_ftp ' /proc/modules
}

# Other ports, and rejected values.
ports() {
	run rmmod ip_vs_ftp
	defer modprobe ip_vs_ftp
	run modprobe ip_vs_ftp ports=2121,21,0,8021
	equal "listed" "$(usage | xargs)" "8021 0 ftp 21 0 ftp 2121 0 ftp"
	run rmmod ip_vs_ftp
	refute "a port twice" loads ports=21,2121,21
	refute "nine ports" loads ports=1,2,3,4,5,6,7,8,9
	run modprobe ip_vs_ftp
	equal "default" "$(usage)" "21 0 ftp"
}

# A namespace is deleted with its sessions: the module is released, and nothing uses freed memory.
namespace_gone() {
	local n

	for n in 1 2; do
		run ip netns add gone
		defer ip netns del gone
		printf '%s\n' "link set lo up" "addr add 192.0.2.77/32 dev lo" "addr add 192.0.2.78/32 dev lo" |
			batch gone
		in_ns gone ipvsadm -A -t 192.0.2.77:21 -s rr
		in_ns gone ipvsadm -a -t 192.0.2.77:21 -r 192.0.2.78:21 -m
		CLIENT_NS=gone SERVER_NS=gone session hold 192.0.2.78 192.0.2.77 192.0.2.78
		equal "used in it" "$(quiet_in gone awk '$1 == "TCP" { print $3 }' /proc/net/ip_vs_app)" 1
		stop_process "$FTP_PID"
		run ip netns del gone
	done
	busywait 20 rmmod ip_vs_ftp 2>/dev/null || fail "a removed namespace holds the app"
	run modprobe ip_vs_ftp
}

tool nft conntrack curl lftp vsftpd
with_topology
modprobe ip_vs_ftp || skip_all "modprobe ip_vs_ftp failed"
with_files
tests_run
