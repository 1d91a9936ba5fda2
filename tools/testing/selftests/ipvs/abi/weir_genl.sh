#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The netlink family "weir": its dump, /proc/net/weir_stats and ipvsadm --counters tell the same of
# one namespace, and nothing of another; broken requests and strangers are refused.
# Topology: topology.sh, with phantoms.

# shellcheck source=tools/testing/selftests/ipvs/lib.sh
. "$(dirname -- "$0")/lib.sh"

export ONCE_TESTS="same malformed root_of_a_user_namespace"

same() {
	defer clean_director
	run_py weir_genl.py same
}

malformed() { run_py weir_genl.py malformed; }

root_of_a_user_namespace() {
	unshare -Urn true 2>/dev/null || { skip "no user namespaces"; return; }
	run unshare -Urn python3 -S "$HERE/weir_genl.py" refused
}

[ "$IMPL" = weir ] || skip_all "a family of Weir's own: the kernel's ip_vs has none"
with_topology
tests_run
