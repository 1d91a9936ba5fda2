# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Cross compilation for arm64: the compiler of a root's release and the libraries of ipvsadm,
# unpacked in a directory beside the root. The compiler finds its parts relative to itself.

# cross_make RELEASE DIR COMPILER: unpack the packages that the root lacks
cross_make()
{
	local release=$1 dir=$2 deb

	[[ ! -e $dir/.done ]] || return 0
	rm -rf "$dir"
	mkdir -p "$dir/debs/partial"
	# shellcheck disable=SC2046 # words
	long "arm64 compiler of $release" 1200 "$CACHE/log/cross-$release.log" \
		$(archive_apt "$release") apt-get -o "Dir::State::status=$ROOT/var/lib/dpkg/status" \
		-o "Dir::Cache::archives=$dir/debs" -y --no-install-recommends --download-only \
		install "$3-aarch64-linux-gnu" libc6-dev:arm64 libnl-genl-3-dev:arm64 || return 1
	for deb in "$dir"/debs/*.deb; do
		dpkg-deb -x "$deb" "$dir" || return 1
	done
	rm -rf "$dir/debs"
	: >"$dir/.done"
}

# cross_need RELEASE ARCH: what make needs to build in ROOT for ARCH: CROSS_ENV, the words that begin
# the command, and CROSS_MAKE, arguments that build modules; CROSS_TOOL for ipvsadm
cross_need()
{
	local compiler dir

	CROSS_ENV=(env) CROSS_MAKE=() CROSS_TOOL=()
	[[ $2 != amd64 ]] || return 0
	compiler=$(basename "$(in_root readlink -f /usr/bin/gcc)")
	compiler=${compiler#x86_64-linux-gnu-}
	dir=$CACHE/cross-$1-$(hash_of "$ROOT" "$compiler" "$BUILDS/cross.sh")
	[[ -e $dir/.done ]] || with_lock "cross-$1" cross_make "$1" "$dir" "$compiler" || return 1
	CROSS_ENV=(env "PATH=$dir/usr/bin:/usr/sbin:/usr/bin:/sbin:/bin"
		"LD_LIBRARY_PATH=$dir/usr/lib/x86_64-linux-gnu")
	CROSS_MAKE=(ARCH=arm64 CROSS_COMPILE=aarch64-linux-gnu-)
	CROSS_TOOL=("CC=aarch64-linux-gnu-$compiler --sysroot=$dir"
		"PKG_CONFIG=env PKG_CONFIG_SYSROOT_DIR=$dir PKG_CONFIG_LIBDIR=$dir/usr/lib/aarch64-linux-gnu/pkgconfig pkg-config")
}
