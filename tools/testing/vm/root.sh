# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# The roots: Debian installations made by mmdebstrap, one for each release. A root is both the file
# system of the guests and the chroot in which the module is built with the release's compiler.

# release_of KERNEL: print the Debian release that ships KERNEL
release_of()
{
	case $1 in
	6.1) echo bookworm ;;
	6.12) echo trixie ;;
	7.2 | uml | uml-debug) echo trixie-backports ;;
	uml-*)
		[[ -e $VM/../builds/${1#uml-}.config ]] || die "unknown kernel '$1': no tools/testing/builds/${1#uml-}.config"
		echo trixie-backports
		;;
	*) die "unknown kernel '$1' (known: 6.1 6.12 7.2 uml uml-debug)" ;;
	esac
}

# debian_uri [-security]: print the URI of Debian's (security) archive in the host's apt sources
debian_uri()
{
	# shellcheck disable=SC2016 # placeholders of apt
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
	[[ $uri ]] || { say "no Debian archive in the apt sources of this machine"; return 1; }
	echo "deb $uri $base main"
	echo "deb $uri $base-updates main"
	[[ -z $sec ]] || echo "deb $sec $base-security main"
	[[ $base = "$1" ]] || echo "deb $uri $1 main"
}

root_make()
{
	local release=$1 dir=$2 base=${1%-backports} sources packages

	[[ -e $dir/.weir-kernel ]] && return 0
	say "creating the root of $release in $dir (about a minute)"
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

# root_need KERNEL: create the root if it does not exist, set ROOT and KVER
root_need()
{
	local release try

	release=$(release_of "$1")
	ROOT=$(root_dir "$release")
	for try in 1 2 3; do
		[[ ! -e $ROOT/.weir-kernel ]] || break
		with_lock "root-$release" root_make "$release" "$ROOT" && break
		((try == 3)) && return 1
		say "root $release: attempt $((try + 1)) of 3"
	done
	KVER=$(cat "$ROOT/.weir-kernel")
}

# in_root CMD...: run CMD in the chroot ROOT, with the cache mounted
in_root() { "$VM/in-root" "$ROOT" "$CACHE" "$@"; }
