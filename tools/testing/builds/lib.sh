# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# What the scripts here share: the lab's functions, the archive and the cross compiler.

# shellcheck source=tools/testing/vm/lib.sh
. "$BUILDS/../vm/lib.sh"
# shellcheck source=tools/testing/vm/host.sh
. "$VM/host.sh"
# shellcheck source=tools/testing/vm/root.sh
. "$VM/root.sh"
# shellcheck source=tools/testing/vm/build.sh
. "$VM/build.sh"
# shellcheck source=tools/testing/builds/archive.sh
. "$BUILDS/archive.sh"
# shellcheck source=tools/testing/builds/cross.sh
. "$BUILDS/cross.sh"
