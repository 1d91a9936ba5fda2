#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The mesh daemon against recordings of earlier sessions, strangers, and authentic messages that make
# no sense; afterwards it works with its peers, and the module unloads. Topology: that of mesh_wire.sh;
# server3 is the stranger.

# shellcheck source=tools/testing/selftests/ipvs/lib/lib.sh
. "$(dirname -- "$0")/../lib/lib.sh"

export ALL_TESTS="strangers entries"
export ONCE_TESTS="recorded old_sessions challenges flood starved resyncs random_messages unloaded"

case $KERNEL in *debug) export MESSAGES=${MESSAGES:-10000} ;; esac

unloaded() {
	module_reload || fail "the module does not unload"
	equal "connections" "$(quiet_in director wc -l </proc/net/ip_vs_conn)" 1
}

with_topology
tests_run
