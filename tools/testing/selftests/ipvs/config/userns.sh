#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# root of a user namespace, in a network namespace of its own: socket options ask for privilege
# there, netlink asks for privilege on the host. No topology is used.

# shellcheck source=tools/testing/selftests/ipvs/lib.sh
. "$(dirname -- "$0")/lib.sh"

export ONCE_TESTS="root_of_a_user_namespace"

root_of_a_user_namespace() {
	unshare -Urn true 2>/dev/null || { skip "no user namespaces"; return; }
	run unshare -Urn sh -c "ip link set lo up && exec python3 -S $HERE/userns.py"
}

with_topology
tests_run
