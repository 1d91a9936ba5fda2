#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# mon with an alert that calls ipvsadm: a server whose service fails is removed, one whose service works
# again is added. mon.cf is as handbooks print it, but for its intervals, its mails, and more services:
# NAT, and IPv6. Topology: topology.sh, whose hosts get the handbook's addresses; nginx in the servers.

# shellcheck source=tools/testing/selftests/ipvs/lib/lib.sh
. "$(dirname -- "$0")/../lib/lib.sh"
# shellcheck source=tools/testing/selftests/ipvs/lib/managers.sh
. "$LIB/managers.sh"

export ONCE_TESTS="alerts"

SITE=10.0.0.3

# hosts: the site behind the director and two servers, and their names
hosts() {
	local n

	ip -n director addr add 192.168.0.254/24 dev back
	defer ip -n director addr del 192.168.0.254/24 dev back
	ip -n director addr add "$SITE/32" dev lo
	defer ip -n director addr del "$SITE/32" dev lo
	ip -n client route add "$SITE/32" via "$DIRECTOR"
	defer ip -n client route del "$SITE/32"
	for n in 1 2; do
		ip -n "server$n" addr add "192.168.0.$n/24" dev back
		defer ip -n "server$n" addr del "192.168.0.$n/24" dev back
		ip -n "server$n" addr add "$SITE/32" dev lo
		defer ip -n "server$n" addr del "$SITE/32" dev lo
		ip -n "server$n" rule add from 192.168.0.0/24 lookup 100
		defer ip -n "server$n" rule del from 192.168.0.0/24 lookup 100
		echo "192.168.0.$n www$n.domain.com"
	done >"$SCRATCH/hosts"
}

# watches: for each server its two services
watches() {
	local n

	for n in 1 2; do
		cat <<-END
			watch www$n
			    service http
			        interval 1s
			        monitor http.monitor
			        period wd {Sun-Sat}
			            alert lvs.alert -P tcp -V $SITE:80 -R 192.168.0.$n -W 5 -F dr
			            upalert lvs.alert -P tcp -V $SITE:80 -R 192.168.0.$n -W 5 -F dr
			            alert lvs.alert -P tcp -V [$VIP6]:80 -R [${RS6[n]}]:80 -W 5 -F dr
			            upalert lvs.alert -P tcp -V [$VIP6]:80 -R [${RS6[n]}]:80 -W 5 -F dr
			    service app
			        interval 1s
			        monitor tcp.monitor -p 8000
			        period wd {Sun-Sat}
			            alert lvs.alert -P tcp -V $SITE:8001 -R 192.168.0.$n:8000 -W 2 -F nat
			            upalert lvs.alert -P tcp -V $SITE:8001 -R 192.168.0.$n:8000 -W 2 -F nat
			            alert lvs.alert -P udp -V $SITE:8000 -R 192.168.0.$n:8000 -W 3 -F tun
			            upalert lvs.alert -P udp -V $SITE:8000 -R 192.168.0.$n:8000 -W 3 -F tun

		END
	done
}

# table_with HTTP-SERVERS APP-SERVERS
table_with() {
	local n

	echo "-A -t $SITE:80 -s wlc"
	echo "-A -t [$VIP6]:80 -s wlc"
	echo "-A -t $SITE:8001 -s wlc"
	echo "-A -u $SITE:8000 -s wlc"
	for n in $1; do
		echo "-a -t $SITE:80 -r 192.168.0.$n:80 -g -w 5"
		echo "-a -t [$VIP6]:80 -r [${RS6[n]}]:80 -g -w 5"
	done
	for n in $2; do
		echo "-a -t $SITE:8001 -r 192.168.0.$n:8000 -m -w 2"
		echo "-a -u $SITE:8000 -r 192.168.0.$n:8000 -i -w 3 --tun-type ipip"
	done
}

# refuses NS PORT: no connection from now on
refuses() {
	nft_rules "$1" <<-RULES
		table inet fails$2 {
			chain input {
				type filter hook input priority 0;
				tcp dport $2 reject with tcp reset
			}
		}
	RULES
}

alerts() {
	as_debians
	hosts
	cat >"$SCRATCH/mon.cf" <<-END
		#
		# global options
		#
		cfbasedir   = /etc/mon
		alertdir   = $SCRATCH/alert.d
		mondir     = /usr/lib/mon/mon.d
		maxprocs    = 20
		histlength = 100
		#
		# group definitions (hostnames or IP addresses)
		#
		hostgroup www1 www1.domain.com
		hostgroup www2 www2.domain.com

		$(watches)
	END
	defer clean_director
	ipvs_batch <<-RULES
		-A -t $SITE:80
		-A -t [$VIP6]:80
		-A -t $SITE:8001
		-A -u $SITE:8000
		$(table_with "1 2" "1 2" | grep ^-a)
	RULES
	syslog_here
	background nsenter --net=/run/netns/director unshare --mount sh -c 'mount --bind "$0" /etc/hosts && exec "$@"' \
		"$SCRATCH/hosts" mon -c "$SCRATCH/mon.cf" -P "$SCRATCH/mon.pid" -L "$SCRATCH" -D "$SCRATCH"
	becomes "all are up" director table_with "1 2" "1 2" || return
	equal "HTTP" "$(pages "http://$SITE/name" 2)" "server1x1 server2x1"
	refuses server1 80
	becomes "one web server is down" director table_with 2 "1 2" || return
	equal "HTTP" "$(pages "http://$SITE/name" 2)" "server2x2"
	equal "HTTP over IPv6" "$(pages "http://[$VIP6]/name" 2)" "server2x2"
	refuses server2 8000
	becomes "one application is down" director table_with 2 1 || return
	in_ns server1 nft flush table inet fails80
	becomes "the web server is up again" director table_with "1 2" 1 || return
	# it has fewer connections
	equal "HTTP" "$(pages "http://$SITE/name" 2)" "server1x2"
	refuses server1 8000
	becomes "both applications are down" director table_with "1 2" "" || return
	in_ns server1 nft flush table inet fails8000
	in_ns server2 nft flush table inet fails8000
	becomes "all are up again" director table_with "1 2" "1 2"
}

command -v mon >/dev/null || skip_all "mon is not installed, as in Debian 13, which has none"
with_topology
with_servers
webs
family 6
VIP6=$VIP RS6=("${RS[@]}")
family 4
# called by mon with the options of mon.cf, and -u when the service works again
mkdir "$SCRATCH/alert.d"
cat >"$SCRATCH/alert.d/lvs.alert" <<'END'
#!/usr/bin/perl
use strict;
use warnings;
use Getopt::Std;

my (%opt, @args);
getopts('s:g:h:t:l:P:V:R:W:F:u', \%opt);
@args = ($opt{u} ? '-a' : '-d', $opt{P} eq 'udp' ? '-u' : '-t', $opt{V}, '-r', $opt{R});
push @args, '-w', $opt{W}, {nat => '-m', tun => '-i', dr => '-g'}->{$opt{F}} if $opt{u};
exit(system('/sbin/ipvsadm', @args) >> 8);
END
chmod 755 "$SCRATCH/alert.d/lvs.alert"
tests_run
