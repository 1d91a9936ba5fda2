#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Two directors of a mesh: FTP sessions through NAT, whose replies the director edits, go on at the
# other director, with further transfers, and come back. Topology: topology.sh and lib/standby.sh.

# shellcheck source=tools/testing/selftests/ipvs/lib/lib.sh
. "$(dirname -- "$0")/../lib/lib.sh"

export ALL_TESTS="passive"

# shellcheck source=tools/testing/selftests/ipvs/lib/standby.sh
. "$LIB/standby.sh"

passive() {
	standby_up
	head -c 3000 /dev/urandom >"$SCRATCH/file"
	chmod 755 "$SCRATCH"
	vsftpd_in server1
	defer forget '^TCP'
	ipvs_batch <<-RULES
		-A -t $(at "$VIP" 21) -s rr
		-a -t $(at "$VIP" 21) -r $(at "${RS[1]}" 21) -m
	RULES
	quiet_in director ipvsadm -Sn | quiet_in standby ipvsadm -R || fail "the standby refuses the service"
	run_py mesh_ftp.py passive "$AF" "$SCRATCH/file"
}

[ "$IMPL" = weir ] || skip_all "the kernel's ip_vs has no mesh daemon"
with_topology
modprobe ip_vs_ftp || skip_all "there is no ip_vs_ftp"
defer modprobe -r ip_vs_ftp
tests_run
