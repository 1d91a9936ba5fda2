# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Install the Debian packages that the host needs.

# host_need COMMAND=PACKAGE...: install the packages of missing commands
host_need()
{
	local pair missing=()

	for pair; do
		command -v "${pair%%=*}" >/dev/null || missing+=("${pair#*=}")
	done
	((${#missing[@]})) || return 0
	with_lock apt host_install "${missing[@]}"
}

# host_update LOG: fetch the package lists, unless the lab did so within the hour
host_update()
{
	local stamp=$CACHE/lock/apt-updated

	[[ ! $(find "$stamp" -mmin -60 2>/dev/null) ]] || return 0
	if DEBIAN_FRONTEND=noninteractive long "apt-get update" 300 "$1" apt-get -o Acquire::Retries=5 update; then
		: >"$stamp"
	else
		say "apt-get update failed, using the present package lists"
	fi
}

host_install()
{
	local log=$CACHE/log/apt.log

	[[ $(id -u) = 0 ]] || die "not root, cannot run: apt-get install $*"
	say "installing $*"
	host_update "$log"
	DEBIAN_FRONTEND=noninteractive long "apt-get install $*" 600 "$log" \
		apt-get -o Acquire::Retries=5 -o DPkg::Lock::Timeout=300 \
		install -y --no-install-recommends "$@" ||
		{ rm -f "$CACHE/lock/apt-updated"; die "cannot install $*"; }
}

# host_setup: what making roots needs
host_setup()
{
	[[ $(id -u) = 0 ]] || die "must be run as root to create and mount root file systems"
	host_need git=git make=make mmdebstrap=mmdebstrap cpio=cpio modprobe=kmod \
		flock=util-linux gawk=gawk xz=xz-utils
	# older installations lack the keys of later releases
	[[ $KERNEL = 6.1* ]] || compgen -G '/etc/apt/trusted.gpg.d/*trixie*' >/dev/null ||
		compgen -G '/usr/share/keyrings/debian-archive-trixie*' >/dev/null ||
		with_lock apt host_install debian-archive-keyring
}

# emulator_start, emulator_wait: install the emulator while the root is made
emulator_start()
{
	local pair

	EMULATOR=''
	case $KERNEL in
	uml*) return ;;
	arm64) pair=qemu-system-aarch64=qemu-system-arm ;;
	*) pair=qemu-system-x86_64=qemu-system-x86 ;;
	esac
	! command -v "${pair%%=*}" >/dev/null || return 0
	host_need "$pair" &
	EMULATOR=$!
}

emulator_wait() { [[ ! $EMULATOR ]] || wait "$EMULATOR"; }
