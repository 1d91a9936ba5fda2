#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Checksum and segmentation offloads with buffers of every form, through each method, for TCP and
# UDP, requests and NAT replies: every byte and every checksum arrives correctly, whether the
# devices on the way support the offload or the stack does it. Topology: topology.sh, with phantoms.

# shellcheck source=tools/testing/selftests/ipvs/lib/lib.sh
. "$(dirname -- "$0")/../lib/lib.sh"

export ALL_TESTS="by_device by_stack"

# GUE packets, whose checksum is verified when they are decapsulated.
with_gue() {
	local dev

	defer clean_director
	modprobe -a -q tun fou ipip sit || :
	in_ns director ip fou add port 5557 gue
	defer quiet_in director ip fou del port 5557
	for dev in tunl0 sit0; do
		run ip -n director link set $dev up
		defer ip -n director link set $dev down
	done
}

by_device() {
	with_gue
	run_py offload.py matrices "$AF" on
}

by_stack() {
	local dev

	with_gue
	for dev in front back; do
		quiet_in director ethtool -K $dev tx off >/dev/null || fail "$dev keeps its offloads"
		defer quiet_in director ethtool -K $dev tx on sg on tso on gso on
	done
	run_py offload.py matrices "$AF" off
}

tool ethtool
with_topology
tests_run
