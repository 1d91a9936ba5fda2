#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# net.ipv4.vs.*: names, modes, defaults, what each takes and refuses, each namespace its own, and
# what is left to the root of a user namespace. What the knobs do is tested elsewhere.
# Topology: topology.sh.

# shellcheck source=tools/testing/selftests/ipvs/lib.sh
. "$(dirname -- "$0")/lib.sh"

export ONCE_TESTS="defaults values namespaces user_namespace"

defaults() { run_py sysctl.py defaults; }
values() { run_py sysctl.py values; }
namespaces() { run_py sysctl.py namespaces; }
user_namespace() { run_py sysctl.py user_namespace; }

with_topology
tests_run
