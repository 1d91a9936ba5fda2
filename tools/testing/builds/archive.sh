# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Debian's archive: the package lists and packages of a release, its security updates and its
# backports, for amd64 and arm64, apart from the lists of the machine. The mirror is the one in the
# machine's apt sources.

# archive_apt RELEASE: print the words before a command of apt that make it use the lists of RELEASE
archive_apt() { echo "env APT_CONFIG=$CACHE/apt-$1/apt.conf"; }

# archive_config DIR: print apt's configuration for the lists in DIR; of the machine's configuration
# it keeps how to download (a proxy, say)
archive_config()
{
	apt-config dump | grep '^Acquire::'
	cat <<-END
		Dir::Etc::Main "/dev/null";
		Dir::Etc::Parts "/dev/null";
		Dir::Etc::SourceList "$1/sources.list";
		Dir::Etc::SourceParts "/dev/null";
		Dir::Etc::Preferences "/dev/null";
		Dir::Etc::PreferencesParts "/dev/null";
		Dir::State "$1";
		Dir::State::status "$1/status";
		Dir::Cache "$1";
		APT::Architectures { "amd64"; "arm64"; };
		APT::Sandbox::User "root";
		Acquire::Retries "5";
		Acquire::Languages "none";
	END
}

# archive_refresh RELEASE: fetch the lists, at most once an hour; without the archive, keep the old
archive_refresh()
{
	local dir=$CACHE/apt-$1 sources

	mkdir -p "$dir/lists/partial" "$dir/archives/partial"
	sources=$(root_sources "$1-backports") || return 1
	: >>"$dir/status"
	archive_config "$dir" >"$dir/apt.conf"
	if [[ -n $(find "$dir" -maxdepth 1 -name fresh -mmin -60) ]] &&
		[[ $sources = "$(cat "$dir/sources.list")" ]]; then
		return 0
	fi
	printf '%s\n' "$sources" >"$dir/sources.list"
	# shellcheck disable=SC2046 # words
	if long "package lists of $1" 600 "$CACHE/log/apt-$1.log" $(archive_apt "$1") apt-get update; then
		touch "$dir/fresh"
	else
		say "package lists of $1: cannot be refreshed"
	fi
}

archive_need() { with_lock "apt-$1" archive_refresh "$1"; }

# archive_show RELEASE REGEX: the records of the packages whose whole name matches
archive_show()
{
	local names apt

	read -ra apt <<<"$(archive_apt "$1")"
	mapfile -t names < <("${apt[@]}" apt-cache pkgnames linux- | grep -xE -- "$2")
	((${#names[@]})) && "${apt[@]}" apt-cache show "${names[@]}"
}

# deb_file PACKAGE VERSION ARCH: the path of a package in the cache
deb_file() { echo "$CACHE/debs/$1_${2//:/%3a}_$3.deb"; }

# archive_fetch RELEASE: download the packages that are read from stdin as PACKAGE VERSION ARCH,
# unless they are in the cache
archive_fetch()
{
	local package version arch missing=()

	while read -r package version arch; do
		[[ -e $(deb_file "$package" "$version" "$arch") ]] ||
			missing+=("$package:${arch/all/amd64}=$version")
	done
	((${#missing[@]})) || return 0
	mkdir -p "$CACHE/debs"
	say "downloading ${#missing[@]} packages of $1"
	# shellcheck disable=SC2046 # words
	(cd "$CACHE/debs" && long "packages of $1" 3600 "$CACHE/log/debs-$1.log" \
		$(archive_apt "$1") apt-get download "${missing[@]}")
}
