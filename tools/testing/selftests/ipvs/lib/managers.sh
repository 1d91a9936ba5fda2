# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# For the tests of programs that manage the director's services by calling ipvsadm (ldirectord, mon), after
# lib.sh.

CF=/etc/ha.d/weir.cf
PIDFILE=/run/ldirectord.weir.cf.pid

# as_debians: these programs call Debian's ipvsadm by its path; there they get the one under test
as_debians() {
	local ours

	ours=$(command -v ipvsadm)
	[ "$ours" != "$DEBIAN_IPVSADM" ] || return 0
	defer umount "$DEBIAN_IPVSADM"
	run mount --bind "$ours" "$DEBIAN_IPVSADM"
	equal "Debian's ipvsadm" "$(/sbin/ipvsadm --version)" "$(ipvsadm --version)"
}

# table NS: the services, sorted; without thresholds, which only one of the ipvsadm shows here
table() {
	quiet_in "$1" ipvsadm -S -n | sed -E 's/ -x [0-9]+ -y [0-9]+//; s/ *$//' | sort
}

table_is() {
	[ "$(table "$2")" = "$(<"$1")" ]
}

# becomes WHEN NS CMD...: the table in NS is soon exactly the rules that CMD prints
becomes() {
	"${@:3}" | sort >"$SCRATCH/rules"
	busywait 200 table_is "$SCRATCH/rules" "$2" && return
	table "$2" >"$SCRATCH/table"
	check_file "$1" "$SCRATCH/table" "$SCRATCH/rules"
	return 1
}

# pages URL N: N requests of the client, on a connection each; the answers counted
pages() {
	local n urls=()

	for ((n = 0; n < $2; n++)); do
		urls+=("$1")
	done
	quiet_in client curl -gs -m 10 -H "Connection: close" "${urls[@]}" >"$SCRATCH/pages"
	tally "$SCRATCH/pages"
}

# syslog_here: the messages of programs that use syslog, in $SCRATCH/log; printed if the test fails
syslog_here() {
	rm -f "$SCRATCH/log"
	background busybox syslogd -n -O "$SCRATCH/log"
	defer rm -f /dev/log
	defer print_log
	busywait 10 test -S /dev/log || fail "no syslog"
}

# descriptor 3: what unwinding prints goes nowhere
exec 3>&1

print_log() {
	[ "$RET" = 0 ] || grep -v WARN: "$SCRATCH/log" | tail -n 60 | cut -c -200 | sed 's/^/# /' >&3
}

# webs [DIRECTIVES...]: nginx in the servers and the director. /name is who answers.
webs() {
	local ns

	for ns in $SERVERS director; do
		mkdir "$SCRATCH/$ns"
		echo "$ns" >"$SCRATCH/$ns/name"
		echo "Test Page" >"$SCRATCH/$ns/index.html"
		with_web "$ns" "$SCRATCH/$ns" "$@"
	done
}

# ldirectord COMMAND: by Debian's init script, with the configuration CF
ldirectord() {
	printf '# director$ /etc/init.d/ldirectord %s\n' "$1"
	quiet_in director /etc/init.d/ldirectord "$1" >"$SCRATCH/said" 2>&1
}

# ldirectord_starts: its messages are in $SCRATCH/log
ldirectord_starts() {
	defer ldirectord_ended
	ldirectord start || { fail "status $? from start: $(<"$SCRATCH/said")"; return 1; }
	ldirectord status || fail "status $? after the start: $(<"$SCRATCH/said")"
	grep -q "is running with pid: $(<"$PIDFILE")" "$SCRATCH/said" || fail "status says $(<"$SCRATCH/said")"
}

ldirectord_stops() {
	ldirectord stop || fail "status $? from stop: $(<"$SCRATCH/said")"
	busywait 60 ldirectord_gone || fail "ldirectord does not end"
	ldirectord status
	equal "status after the stop" "$?" 3
	becomes "after the stop" director :
}

ldirectord_gone() {
	[ ! -e "$PIDFILE" ]
}

# ldirectord_ended: whatever has happened
ldirectord_ended() {
	print_log
	ldirectord_gone || kill "$(<"$PIDFILE")"
	busywait 60 ldirectord_gone
	clean_director
	rm -f "$CF" "$PIDFILE" "$SCRATCH/log"
}

# with_ldirectord: for its init script
with_ldirectord() {
	tool ldirectord nginx curl
	defer rm -f /etc/default/ldirectord
	echo "CONFIG_FILE=$CF" >/etc/default/ldirectord
	# A module that it loads for checks of HTTP over IPv6. Current libraries do without it.
	perl -MNet::INET6Glue::INET_is_INET6 -e 1 2>/dev/null && return
	mkdir -p "$SCRATCH/perl/Net/INET6Glue"
	echo 'package Net::INET6Glue::INET_is_INET6; 1;' >"$SCRATCH/perl/Net/INET6Glue/INET_is_INET6.pm"
	export PERL5LIB=$SCRATCH/perl
}

# handbook_nat: ldirectord's configuration in handbooks, for a director by NAT
handbook_nat() {
	cat <<-END
		checktimeout=10
		checkinterval=2
		autoreload=no
		logfile="local0"
		quiescent=yes
		virtual=10.23.8.80:80
		    fallback=127.0.0.1:80
		    real=172.18.1.11:80 masq
		    real=172.18.1.12:80 masq
		    real=172.18.1.13:80 masq
		    service=http
		    request="index.html"
		    receive="Test Page"
		    scheduler=wlc
		    persistent=600
		    protocol=tcp
		    checktype=negotiate
	END
}
