# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# keepalived's checkers in the director, after lib.sh: its configuration, the table that it makes, and what
# it says. The table is read with Debian's ipvsadm, so that its text does not depend on the ip_vs under test.

CONF=$SCRATCH/keepalived.conf
LVS_LOG=$SCRATCH/keepalived.log

# lvs_start [OPTION...]: with the configuration in $CONF
lvs_start() {
	printf '# director$ keepalived -C\n'
	: >"$LVS_LOG"
	nsenter --net=/run/netns/director keepalived -n -C -G -l -D -f "$CONF" -p "$SCRATCH/keepalived.pid" \
		-c "$SCRATCH/checkers.pid" "$@" >>"$LVS_LOG" 2>&1 &
	LVS=$!
	defer lvs_stop
	defer clean_director
	busywait 30 says "Starting Healthcheck child process" || fail "keepalived does not start"
}

lvs_stop() {
	stop_process "${LVS:-}"
	LVS=
}

# says TEXT [TIMES]
says() {
	[ "$(grep -cF -- "$1" "$LVS_LOG")" -ge "${2:-1}" ]
}

# reload: reads $CONF again
reload() {
	local before

	before=$(grep -c 'Reload complete' "$LVS_LOG")
	printf '# director$ kill -HUP keepalived\n'
	kill -HUP "$LVS"
	busywait 30 says "Reload complete" $((before + 1)) || fail "keepalived does not reload"
}

# complaints: what keepalived says of its configuration and of ip_vs; the latter as "COMMAND ERRNO PORT [SERVER]"
complaints() {
	sed -n -E 's/^.*(IPVS cmd .*|Unknown keyword.*|keepalived\.conf: Line.*)$/\1/p' "$LVS_LOG" |
		sed -E "s/^IPVS cmd IP_VS_SO_SET_([A-Z]+).*\(([0-9]+)\) \((.*)\)\$/\1 \2 \3/
			s/ $VIP:(tcp|udp):/ /; s/ -> ${BACK}1([0-9]+):[0-9]+/ \1/"
}

complaints_are() {
	local IFS=$'\n'

	[ "$(complaints)" = "$*" ]
}

# complains COMPLAINT...: until now, these
complains() {
	busywait 20 complaints_are "$@" || {
		fail "keepalived complains:"
		diff <(complaints) <(printf '%s\n' "$@") | sed 's/^/# /'
	}
}

no_complaints() {
	local said

	said=$(complaints)
	[ -z "$said" ] || fail "keepalived complains: $said"
}

# log_shown: for a failed test
log_shown() {
	grep -vE "no forwarding|quorum" "$LVS_LOG" | tail -n 25 | sed 's/^/# keepalived: /'
}

table() {
	quiet_in director "$DEBIAN_IPVSADM" -Sn | sort
}

table_is() {
	table >"$SCRATCH/table" && cmp -s "$SCRATCH/table" "$SCRATCH/wanted"
}

# table_becomes WHAT < LINES: the lines of `ipvsadm -Sn`, in any order
table_becomes() {
	sed 's/^[[:space:]]*//; s/ *$//; /^$/d' | sort >"$SCRATCH/wanted"
	busywait 20 table_is || { check_file "$1" "$SCRATCH/table" "$SCRATCH/wanted"; log_shown; }
}

# pools [PORT...]: the servers of all services on the VIP, or of these, as "PORT:N=WEIGHT,N=WEIGHT ..."
pools() {
	quiet_in director "$DEBIAN_IPVSADM" -Sn | sort -k 1,1 -k 3 | awk -v vip="$(at "$VIP" "")" -v back="$(at "${BACK}1" "")" \
		-v ports="$*" '
		function after(text, start) { return substr(text, length(start) + 1) }
		BEGIN { back = substr(back, 1, length(back) - (back ~ /]/ ? 2 : 1)) }
		index($3, vip) != 1 { next }
		{ port = after($3, vip) }
		ports != "" && index(" " ports " ", " " port " ") == 0 { next }
		$1 == "-A" { all[n++] = port }
		$1 == "-a" {
			server = after($5, back)
			sub(/[]:].*/, "", server)
			servers[port] = servers[port] (servers[port] == "" ? "" : ",") server "=" $8
		}
		END {
			for (i = 0; i < n; i++)
				printf("%s%s:%s", i ? " " : "", all[i], servers[all[i]])
		}'
}

# pool_is PORT SERVER=WEIGHT...
pool_is() {
	local IFS=,

	[ "$(pools "$1")" = "$1:${*:2}" ]
}

# pool_becomes PORT SERVER=WEIGHT...: within 20 s
pool_becomes() {
	busywait 20 pool_is "$@" || { fail "servers of $1: $(pools "$1"), not ${*:2}"; log_shown; }
}

state_is() {
	[ "$(pools)" = "$*" ]
}

# state PORT:SERVER=WEIGHT,SERVER=WEIGHT...: all services on the VIP, within 20 s
state() {
	busywait 20 state_is "$@" || { fail "servers: $(pools), not $*"; log_shown; }
}

# server ADDRESS PORT [LINE...]: a real_server of the configuration
server() {
	printf 'real_server %s {\n' "$1 $2"
	printf '%s\n' "${@:3}" "}"
}

# virtual NAME [LINE...]: a virtual_server
virtual() {
	printf 'virtual_server %s {\n' "$1"
	printf '%s\n' "${@:2}" "}"
}

# watch_entries [PORT]: counts how often one of the present services and servers is missing from the table,
# other than those of a server's port PORT
watch_entries() {
	# shellcheck disable=SC2016
	nsenter --net=/run/netns/director bash -c '
		entries() {
			local line

			n=0
			mapfile -t lines </proc/net/ip_vs
			for line in "${lines[@]}"; do
				[[ $line == *"$but "* ]] || n=$((n + 1))
			done
		}
		but=$1 looks=0 missed=0 to=$2
		entries
		all=$n
		trap "echo \$looks \$missed >\$to; exit" TERM
		while entries; do
			looks=$((looks + 1))
			((n >= all)) || missed=$((missed + 1))
		done' - "$(printf ':%04X' "${1:-0}")" "$SCRATCH/missed" &
	WATCHER=$!
	defer stop_process "$WATCHER"
}

# no_gap: ends it; nothing was missing
no_gap() {
	local looks missed

	stop_process "$WATCHER"
	read -r looks missed <"$SCRATCH/missed"
	printf '# %d looks at the table\n' "$looks"
	[ "$looks" -gt 10 ] && [ "$missed" = 0 ] || fail "in $missed of $looks looks at the table an entry was missing"
}
