# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# The roots: Debian installations made by mmdebstrap, one for each release. A root is both the file
# system of the guests and the chroot in which the module is built with the release's compiler. It
# holds the kernels that have been asked for so far.

# the newest 7.x series that has been tested; 7 and uml use a newer one only if it works
KNOWN_SERIES=7.3
# What no guest reads, most of it drivers of hardware. As an option of mmdebstrap the list would slow
# down the first part of the installation.
UNUSED=(/usr/share/{locale,doc,man}
	{,/usr}/lib/modules/*/kernel/{sound,drivers/{gpu,iio,infiniband,media,scsi,staging,usb}}
	{,/usr}/lib/modules/*/kernel/drivers/net/{ethernet,wireless})
KERNELS='6.1 6.12 7 6.1-rt 6.12-rt arm64 uml uml-debug'

# release_of KERNEL: print the Debian release that has KERNEL
release_of()
{
	case $1 in
	6.1 | 6.1-rt) echo bookworm ;;
	6.12 | 6.12-rt | 7 | 7.[0-9] | 7.[0-9][0-9] | arm64 | uml | uml-debug) echo trixie ;;
	uml-*)
		[[ -e $VM/../builds/${1#uml-}.config ]] || die "unknown kernel '$1': no tools/testing/builds/${1#uml-}.config"
		echo trixie
		;;
	*) die "unknown kernel '$1' (known: $KERNELS, and 7.N)" ;;
	esac
}

# newer_than_known VERSION: whether a kernel is of a later series than those that have been tested
newer_than_known()
{
	local series
	series=$(grep -oE '^[0-9]+\.[0-9]+' <<<"$1")
	[[ $(printf '%s\n' "$series" "$KNOWN_SERIES" | sort -V | tail -n 1) != "$KNOWN_SERIES" ]]
}

# debian_uri [-security]: print the URI of Debian's (security) archive in the host's apt sources,
# whether or not apt has fetched its lists
debian_uri()
{
	# shellcheck disable=SC2016 # placeholders of apt
	apt-get indextargets --no-release-info --format '$(REPO_URI) $(RELEASE)' 'Created-By: Packages' |
		awk -v want="^(bookworm|trixie|stable|oldstable)${1-}\$" '
			$2 ~ want { sub("/$", "", $1); print $1; exit }'
}

# root_sources RELEASE[-backports]: print the lines of sources.list
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

# release_sources RELEASE: the archives of a root; 7.x comes from backports
release_sources() { root_sources "$1$([[ $1 != trixie ]] || echo -backports)"; }

# package_lines RELEASE: the list without the packages of another release, on which its root's cache
# key does not depend
package_lines() { awk -v release="$1" '/^#/ || NF < 2 || $2 == release' "$VM/packages"; }

# root_packages RELEASE
root_packages() { package_lines "$1" | awk '!/^#/ { print $1 }'; }

# root_make RELEASE DIR KERNEL
root_make()
{
	local release=$1 dir=$2 kernel=$3 sources
	local -a args=(--mode=root --variant=apt --format=directory
		--aptopt='APT::Install-Recommends "false"'
		--aptopt='Acquire::Retries "5"'
		--aptopt='Acquire::Languages "none"'
		--dpkgopt=force-unsafe-io
		--dpkgopt=force-confold)

	[[ -e $dir/.weir-sources ]] && return 0
	say "creating the root of $release in $dir (one to two minutes)"
	rm -rf --one-file-system "$dir" "$dir.new"
	mkdir -p "$CACHE/log"
	sources=$CACHE/log/sources-$(basename "$dir")
	release_sources "$release" >"$sources" || return 1
	sed 's/^deb /vm: from /' "$sources" >&2
	grep -q -- -security "$sources" ||
		say "this machine's apt has no security archive: the root is made without it"
	printf 'path-exclude=%s/*\n' "${UNUSED[@]}" >"$CACHE/log/unused"
	long "root of $release" 900 "$CACHE/log/root-$release.log" \
		mmdebstrap "${args[@]}" --include="$(root_packages "$release" | paste -sd,)" \
		--extract-hook="copy-in $CACHE/log/unused /etc/dpkg/dpkg.cfg.d" \
		--customize-hook="$VM/root-hook \"\$1\" $VM $kernel $KNOWN_SERIES" \
		"$release" "$dir.new" "$sources" || return 1
	# last: it marks a complete root
	cp "$sources" "$dir.new/.weir-sources"
	mv "$dir.new" "$dir"
}

# root_add NAME: install another kernel, or sparse, in ROOT
root_add()
{
	[[ ! -e $ROOT/.weir-kernels/$1 ]] || return 0
	say "adding $1 to $ROOT"
	long "installing $1" 900 "$CACHE/log/install-$1.log" "$VM/root-add" "$ROOT" "$CACHE" "$1" "$KNOWN_SERIES"
}

# three_times LABEL CMD...: archives and networks fail at times
three_times()
{
	local label=$1 try
	shift

	for try in 1 2 3; do
		"$@" && return 0
		((try == 3)) || say "$label: attempt $((try + 1)) of 3"
	done
	return 1
}

# root_need KERNEL: create the root and install KERNEL in it unless they exist; set ROOT, BUILD_ROOT
# with BINDS (what in-root mounts there) and KVER
root_need()
{
	local release kernel=$1

	[[ $kernel != uml-* ]] || kernel=uml
	release=$(release_of "$kernel")
	root_dir "$release" || return 1
	[[ -e $ROOT/.weir-sources ]] ||
		three_times "root of $release" with_lock "root-$release" root_make "$release" "$ROOT" "$kernel" ||
		return 1
	root_with "$release" "$kernel" || return 1
	KVER=$(cat "$ROOT/.weir-kernels/$kernel")
	BUILD_ROOT=$ROOT BINDS=()
	[[ $kernel != arm64 ]] || foreign_need
}

# root_with RELEASE NAME: install a kernel, or sparse, in ROOT unless it is there
root_with()
{
	[[ -e $ROOT/.weir-kernels/$2 ]] || three_times "$2" with_lock "root-$1" root_add "$2"
}

# foreign_need: create the root of arm64's guests; set ROOT and BINDS. It is unpacked and not
# configured, as this machine cannot execute its programs; the module is built in the native root, with
# the headers and libraries of this one.
foreign_need()
{
	ROOT=$CACHE/root-trixie-arm64-$(hash_of "$BUILD_ROOT" "$KVER" "$(package_lines trixie)" "$VM/foreign-hook")
	[[ -e $ROOT/.weir-sources ]] ||
		three_times "root of arm64" with_lock root-trixie-arm64 foreign_make "$ROOT" || return 1
	BINDS=(--bind "$ROOT/usr/src" /usr/src)
}

foreign_make()
{
	local dir=$1 packages
	[[ ! -e $dir/.weir-sources ]] || return 0
	say "creating the root of arm64 in $dir (about a minute)"
	rm -rf --one-file-system "$dir" "$dir.new"
	packages=$(root_packages trixie | grep -vxE 'gcc|make|pkg-config' | paste -sd,)
	long "root of arm64" 900 "$CACHE/log/root-arm64.log" \
		mmdebstrap --mode=root --format=directory --variant=extract --architectures=arm64 \
		--aptopt='APT::Install-Recommends "false"' \
		--aptopt='Acquire::Retries "5"' \
		--include="?essential" --include="$packages,linux-image-$KVER,linux-headers-$KVER" \
		trixie "$dir.new" "$BUILD_ROOT/.weir-sources" || return 1
	"$VM/foreign-hook" "$dir.new" "$KVER" || return 1
	cp "$BUILD_ROOT/.weir-sources" "$dir.new/.weir-sources"
	mv "$dir.new" "$dir"
}

# root_dir RELEASE: set ROOT
root_dir()
{
	local sources

	sources=$(release_sources "$1") || return 1
	ROOT=$CACHE/root-$1-$(hash_of "$(package_lines "$1")" "$VM/root-hook" "$sources")
}

# in_root CMD...: run CMD in the chroot BUILD_ROOT, with the cache mounted
in_root() { "$VM/in-root" "$BUILD_ROOT" "$CACHE" "${BINDS[@]}" "$@"; }
