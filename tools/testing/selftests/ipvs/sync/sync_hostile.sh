#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Damaged messages, and daemons that start and stop meanwhile: the kernel reports nothing, and
# everything works and can be unloaded afterwards. Topology: topology.sh; server2 sends messages.

# shellcheck source=tools/testing/selftests/ipvs/lib/lib.sh
. "$(dirname -- "$0")/../lib/lib.sh"

export ALL_TESTS=""
export ONCE_TESTS="messages together unloaded"

case $KERNEL in *debug) export MESSAGES=${MESSAGES:-10000} SECONDS_LONG=${SECONDS_LONG:-40} ;; esac

messages() {
	modprobe -q ip_vs_pe_sip
	python_test messages
}

unloaded() {
	module_reload || fail "the module does not unload"
	equal "connections" "$(quiet_in director wc -l </proc/net/ip_vs_conn)" 1
}

with_topology
tests_run
