# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# nftables, iptables and conntrack in the director.

nft_family() { [ "$AF" = 4 ] && echo ip || echo ip6; }

# nft_rules [NS] < RULES: in the director or NS; their tables are deleted at the end.
nft_rules() {
	local ns=${1:-director} family name

	cat >"$SCRATCH/rules.nft"
	sed "s/^/# $ns\$ nft: /" "$SCRATCH/rules.nft"
	while read -r _ family name _; do
		defer quiet_in "$ns" nft delete table "$family" "$name"
	done < <(grep '^table ' "$SCRATCH/rules.nft")
	quiet_in "$ns" nft -f "$SCRATCH/rules.nft" || fail "nft refuses the rules"
}

# tables -restore|-save|"" ARG...: iptables of the family, in the director
tables() {
	local cmd=iptables

	[ "$AF" = 4 ] || cmd=ip6tables
	quiet_in director "$cmd$1" "${@:2}"
}

# delete_table NAME: with the base chains, which would stay when iptables deletes its rules
delete_table() {
	quiet_in director nft delete table "$(nft_family)" "$1"
}

# conntrack_knob VALUE
conntrack_knob() {
	defer quiet_in director sysctl -qw net.ipv4.vs.conntrack=0
	in_ns director sysctl -qw "net.ipv4.vs.conntrack=$1"
}

forget_entries() {
	quiet_in director conntrack -F >/dev/null 2>&1
}
