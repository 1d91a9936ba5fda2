#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The control plane against a model of it (ipvstest/model.py): random commands, good and bad, by
# netlink, socket options and now and then ipvsadm. After each, errno and /proc/net/ip_vs must be
# the model's. SEED= repeats a run, COMMANDS= makes it longer. Topology: only the director is used.

# shellcheck source=tools/testing/selftests/ipvs/lib.sh
. "$(dirname -- "$0")/lib.sh"

export ONCE_TESTS="random_commands"

random_commands() {
	defer clean_director
	run_py model.py "${SEED:-$RANDOM}" "${COMMANDS:-1000}"
}

with_topology
tests_run
