# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Shared by the guest scripts: the topology of wb.h, the two implementations,
# jobs of weir_bench, memory.

V4_VIP=203.0.113.1
V6_VIP=fd30::1
V4_SERVERS="198.51.100.10 198.51.100.11 198.51.100.12 198.51.100.13"
V6_SERVERS="fd20::10 fd20::11 fd20::12 fd20::13"
MODULES=/lib/modules/$(uname -r)
# Debian's ipvsadm, the same one for both implementations
IPVSADM=${IPVSADM:-/usr/sbin/ipvsadm}
[[ -x $IPVSADM ]] || IPVSADM=/opt/weir/sbin/ipvsadm

# results of the last job, see job()
# shellcheck disable=SC2034
J_sent=0 J_good=0 J_bad=0 J_mean=0 J_p50=0

die() { printf 'bench: %s\n' "$*" >&2; exit 1; }
note() { printf 'bench: %s\n' "$*" >&2; }

# module_file NAME: path of the module in the guest
module_file()
{
	find -L "$MODULES/" "${WEIR:-/weir}/tools/testing/bench" -name "$1.ko*" -print -quit 2>/dev/null
}

# insert FILE [PARAM=VALUE...]: load its dependencies, then insmod
insert()
{
	local dep

	for dep in $(modinfo -F depends "$1" | tr ',' ' '); do
		[[ $dep = ip_vs ]] || modprobe "$dep" || die "cannot load $dep"
	done
	insmod "$@" || die "cannot load $1"
}

# bench_up FLOWS: load the module; configure its devices, addresses and static neighbours
bench_up()
{
	local file i=10 s

	[[ ! -e /proc/weir_bench ]] || rmmod weir_bench
	file=$(module_file weir_bench)
	[[ $file ]] || die "no weir_bench.ko for $(uname -r)"
	insmod "$file" flows="$1" || die "cannot load $file"
	sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
	sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0
	sysctl -qw net.ipv6.conf.wbc.accept_dad=0 net.ipv6.conf.wbs.accept_dad=0
	ip link set lo up
	ip link set wbc up
	ip link set wbs up
	ip addr add 192.0.2.1/24 dev wbc
	ip addr add 198.51.100.1/24 dev wbs
	ip addr add fd01::1/64 dev wbc nodad
	ip addr add fd20::1/64 dev wbs nodad
	ip addr replace "$V4_VIP/32" dev lo
	ip addr replace "$V6_VIP/128" dev lo
	ip neigh add 192.0.2.2 lladdr 02:00:00:00:01:02 dev wbc nud permanent
	ip neigh add fd01::2 lladdr 02:00:00:00:01:02 dev wbc nud permanent
	for s in $V4_SERVERS $V6_SERVERS; do
		ip neigh add "$s" lladdr "$(printf '02:00:00:00:02:%02x' "$i")" dev wbs nud permanent
		i=$((i == 13 ? 10 : i + 1))
	done
	ip route add 10.0.0.0/8 via 192.0.2.2 dev wbc
	ip route add fd10::/64 via fd01::2 dev wbc
}

bench_down() { rmmod weir_bench; }

# impl_file kernel|weir NAME
impl_file()
{
	case $1 in
	kernel) find -L "$MODULES/kernel/net/netfilter/ipvs" -name "$2.ko*" -print -quit 2>/dev/null ;;
	weir) find -L "$MODULES/updates" -name "$2.ko*" -print -quit 2>/dev/null ;;
	esac
}

# impl_load kernel|weir [PARAM=VALUE...]
impl_load()
{
	local impl=$1 file
	shift

	file=$(impl_file "$impl" ip_vs)
	[[ $file ]] || die "no ip_vs.ko of $impl for $(uname -r)"
	insert "$file" "$@"
	[[ $impl = weir ]] || insert "$(impl_file kernel ip_vs_rr)"
}

impl_unload()
{
	"$IPVSADM" -C
	if [[ -d /sys/module/ip_vs_rr ]]; then rmmod ip_vs_rr; fi
	rmmod ip_vs || die "cannot unload ip_vs"
}

# service_add METHOD FAMILY PROTO: one service, four servers, rr
service_add()
{
	local flag vip servers port=80 proto=-t s l='' r=''

	case $1 in dr) flag=-g ;; nat) flag=-m port=8080 ;; tun) flag=-i ;; esac
	[[ $3 = tcp ]] || proto=-u
	vip=$V4_VIP servers=$V4_SERVERS
	[[ $2 = 4 ]] || vip=$V6_VIP servers=$V6_SERVERS l='[' r=']'
	"$IPVSADM" -A "$proto" "$l$vip$r:80" -s rr
	for s in $servers; do
		"$IPVSADM" -a "$proto" "$l$vip$r:80" -r "$l$s$r:$port" "$flag"
	done
}

# job WORD...: run a job and check its result; sets J_<name> to its figures
job()
{
	local pair

	echo "$*" >/proc/weir_bench || die "job refused: $*"
	for pair in $(head -n 1 /proc/weir_bench); do
		declare -g "J_${pair%%=*}=${pair#*=}"
	done
	((J_sent > 0 && J_good == J_sent && J_bad == 0)) ||
		die "job $*: $(tr '\n' ' ' </proc/weir_bench)"
}

# fill METHOD FAMILY PROTO FLOWS [FIRST]: create connections as real traffic does; sets
# FILL_P50 and FILL_MEAN to the cost of the first packet, in picoseconds
fill()
{
	local common="method=$1 family=$2 proto=$3 flows=$4 first=${5:-0}"

	job type=syn "$common"
	# shellcheck disable=SC2034
	FILL_P50=$J_p50 FILL_MEAN=$J_mean
	[[ $3 = tcp ]] || return 0
	[[ $1 != nat ]] || job type=synack "$common"
	job type=ack full=1 "$common"
}

# connections: active + inactive connections of all destinations
connections()
{
	"$IPVSADM" -Ln | awk '$1 == "->" && $5 ~ /^[0-9]+$/ { n += $5 + $6 } END { print n + 0 }'
}

# active: active connections of all destinations
active()
{
	"$IPVSADM" -Ln | awk '$1 == "->" && $5 ~ /^[0-9]+$/ { n += $5 } END { print n + 0 }'
}

# memory: print two numbers, in kB: slab + vmalloc + per-CPU memory, and free memory
memory()
{
	sync
	echo 3 >/proc/sys/vm/drop_caches
	[[ ! -e /proc/sys/vm/stat_refresh ]] || echo 1 >/proc/sys/vm/stat_refresh
	awk '/^(SUnreclaim|VmallocUsed|Percpu):/ { used += $2 }
	     /^MemFree:/ { free = $2 }
	     END { print used, free }' /proc/meminfo
}
