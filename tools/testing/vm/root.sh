# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# The guests' roots: a Debian of the kernel's release made by mmdebstrap. One folder is the
# guest's root file system and the chroot that builds the module with the right compiler.

# release_of KERNEL: the Debian release that ships KERNEL
release_of()
{
	case $1 in
	6.1) echo bookworm ;;
	6.12) echo trixie ;;
	7.2 | uml | uml-debug) echo trixie-backports ;;
	*) die "unknown kernel '$1' (known: 6.1 6.12 7.2 uml uml-debug)" ;;
	esac
}

# debian_uri [-security]: where this machine's apt finds Debian (or its security archive)
debian_uri()
{
	# shellcheck disable=SC2016 # apt's own placeholders
	apt-get indextargets --format '$(REPO_URI) $(RELEASE)' 'Created-By: Packages' |
		awk -v want="^(bookworm|trixie|stable|oldstable)${1-}\$" '
			$2 ~ want { sub("/$", "", $1); print $1; exit }'
}

root_dir()
{
	echo "$CACHE/root-$1-$(hash_of "$VM/packages" "$VM/root-hook")"
}

root_sources()
{
	local base=${1%-backports} uri sec

	uri=$(debian_uri)
	sec=$(debian_uri -security)
	[[ $uri ]] || { say "apt on this machine names no Debian archive"; return 1; }
	echo "deb $uri $base main"
	echo "deb $uri $base-updates main"
	[[ -z $sec ]] || echo "deb $sec $base-security main"
	[[ $base = "$1" ]] || echo "deb $uri $1 main"
}

root_make()
{
	local release=$1 dir=$2 base=${1%-backports} sources packages

	[[ -e $dir/.weir-kernel ]] && return 0
	say "making the root of $release in $dir (about a minute)"
	rm -rf --one-file-system "$dir" "$dir.new"
	mkdir -p "$CACHE/log"
	sources=$(root_sources "$release") || return 1
	packages=$(grep -v '^#' "$VM/packages" | paste -sd,)
	printf '%s\n' "$sources" >"$CACHE/log/sources-$release"
	long "root $release" 900 "$CACHE/log/root-$release.log" \
		mmdebstrap --mode=root --variant=apt --format=directory \
		--aptopt='APT::Install-Recommends "false"' \
		--aptopt='Acquire::Retries "5"' \
		--dpkgopt=force-unsafe-io \
		--dpkgopt=force-confold \
		--dpkgopt=path-exclude=/usr/share/locale/* \
		--include="$packages" \
		--customize-hook="$VM/root-hook \"\$1\" $release" \
		"$base" "$dir.new" "$CACHE/log/sources-$release" || return 1
	mv "$dir.new" "$dir"
}

# root_need KERNEL: make the root if need be, set ROOT and KVER
root_need()
{
	local release try

	release=$(release_of "$1")
	ROOT=$(root_dir "$release")
	for try in 1 2 3; do
		[[ ! -e $ROOT/.weir-kernel ]] || break
		with_lock "root-$release" root_make "$release" "$ROOT" && break
		((try == 3)) && return 1
		say "root $release: try $((try + 1)) of 3"
	done
	KVER=$(cat "$ROOT/.weir-kernel")
}

# in_root CMD...: run CMD in the chroot ROOT with the cache at the same path as outside
in_root() { "$VM/in-root" "$ROOT" "$CACHE" "$@"; }
