# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Boot a guest: QEMU with a stock kernel and 9p, or User Mode Linux with hostfs.

ACCEL=tcg,thread=multi
CONSOLE=stdio,id=con,signal=off
VIRTFS=security_model=none,multidevs=remap
# seconds until the guest must have started its script; takes up to 30 on a busy machine
COME_UP=120

# initramfs MODULE...: make an initramfs of busybox, initramfs-init and the modules
initramfs()
{
	local img tmp m f

	img=$CACHE/initramfs-$KERNEL-$(hash_of "$VM/initramfs-init" "$KVER" "$ROOT" "$*")
	INITRAMFS=$img
	[[ ! -s $img ]] || return 0
	tmp=$(mktemp -d "$CACHE/initramfs.XXXXXX")
	mkdir -p "$tmp"/{bin,lib,proc,sys,dev,new}
	cp "$ROOT/bin/busybox" "$tmp/bin/"
	cp "$VM/initramfs-init" "$tmp/init"
	: >"$tmp/modules"
	for m; do
		modprobe -d "$ROOT" -S "$KVER" --show-depends "$m" | awk '$1 == "insmod" { print $2 }'
	done | awk '!seen[$0]++' | while read -r f; do
		m=$(basename "$f")
		case $m in
		*.xz) m=${m%.xz} && xz -dc "$f" >"$tmp/lib/$m" ;;
		*.zst) m=${m%.zst} && zstd -qdc "$f" >"$tmp/lib/$m" ;;
		*) cp "$f" "$tmp/lib/$m" ;;
		esac
		echo "$m" >>"$tmp/modules"
	done
	(cd "$tmp" && find . | cpio -o -H newc --quiet | gzip -1) >"$img.$$"
	mv "$img.$$" "$img"
	rm -rf "$tmp"
}

# share TAG PATH ro|rw: add QEMU's options to share a directory of the host
share()
{
	local opt=local,path=$2,mount_tag=$1,$VIRTFS

	[[ $3 != ro ]] || opt+=,readonly=on
	QEMU+=(-virtfs "$opt")
}

# common_args CLONE OUT SHARED: kernel parameters of both kinds of guest
common_args()
{
	echo "loglevel=6 panic=-1 oops=panic rcupdate.rcu_cpu_stall_timeout=60 weir.clone=$1 weir.out=$2" \
		"${SHARED:+weir.shared=$3}"
}

# mac FD: an address that differs between the guests of a pair
mac() { printf '02:00:00:00:0c:%02x' "$1"; }

qemu_command()
{
	local names='' n=0 console l

	initramfs virtio_pci 9p 9pnet_virtio overlay ${LINKS[0]+virtio_net}
	case $KERNEL in
	# the default algorithm of pointer authentication is slow to emulate
	arm64) QEMU=(qemu-system-aarch64 -M virt -cpu "max,pauth-impdef=on") console=ttyAMA0 ;;
	*) QEMU=(qemu-system-x86_64 -cpu max) console=ttyS0 ;;
	esac
	QEMU+=(-accel "$ACCEL" -smp "$CPUS" -m "$MEM"
		-nodefaults -display none -no-reboot -chardev "$CONSOLE"
		-serial chardev:con -kernel "$ROOT/boot/vmlinuz-$KVER" -initrd "$INITRAMFS")
	for l in "${LAYERS[@]}"; do
		share "layer$n" "$l" ro
		names+=${names:+:}layer$n
		n=$((n + 1))
	done
	share root "$ROOT" ro
	share clone "$CLONE" ro
	share out "$OUT" rw
	[[ ! $SHARED ]] || share shared "$SHARED" rw
	for l in "${LINKS[@]}"; do
		QEMU+=(-netdev "dgram,id=link$l,local.type=fd,local.str=$l"
			-device "virtio-net-pci,netdev=link$l,mac=$(mac "$l"),romfile=")
	done
	# norandmaps: QEMU 7.2 looks translated code up by virtual address; with randomised addresses
	# each new process is translated anew, and starting a program takes more than twice as long
	QEMU+=(-append "console=$console mitigations=off norandmaps watchdog_thresh=60 tsc=reliable
		$(common_args clone out shared) weir.fs=9p weir.root=root weir.layers=$names $APPEND")
	COMMAND=("${QEMU[@]}")
}

# UML runs in the root that it was built in, because of its C library; the guest's root is at /mnt
uml_command()
{
	local n

	initramfs
	COMMAND=("$VM/in-root" "$ROOT" "$CACHE" --bind "$ROOT" /mnt --bind "$CLONE" /weir
		--bind "$OUT" /out)
	[[ ! $SHARED ]] || COMMAND+=(--bind "$SHARED" /shared)
	# see uml-signals.c
	[[ -z ${UML_PRELOAD-} ]] || COMMAND+=(env "LD_PRELOAD=$UML_PRELOAD")
	COMMAND+=("$UML/linux" "mem=${MEM}M" "initrd=$INITRAMFS" seccomp=on
		"ncpus=$CPUS" con=null "con0=fd:0,fd:1" ssl=null)
	for n in "${!LINKS[@]}"; do
		COMMAND+=("vec$n:transport=fd,fd=${LINKS[n]},mac=$(mac "${LINKS[n]}"),mtu=1500")
	done
	# shellcheck disable=SC2206,SC2207 # splits the kernel command line
	COMMAND+=($(common_args /weir /out /shared) weir.fs=hostfs weir.root=/mnt
		"weir.layers=$(IFS=: && echo "${LAYERS[*]}")" $APPEND)
}

# come_up PID: wait until the guest starts its script or exits; fail after COME_UP seconds
come_up()
{
	local end=$((SECONDS + COME_UP))

	while ((SECONDS < end)); do
		[[ ! -e $OUT/.weir/ready ]] || return 0
		# status 0: the process has exited
		! timeout 1 tail --pid="$1" -f /dev/null || return 0
	done
	say "the guest did not come up in $COME_UP s"
	: >"$OUT/.weir/stuck"
	return 1
}

# until_end PID: wait until the guest exits, or kill it when it asks for a failure of its power
until_end()
{
	local nothing

	mkfifo "$OUT/.weir/nothing"
	exec {nothing}<>"$OUT/.weir/nothing"
	while kill -0 "$1" 2>/dev/null; do
		[[ ! -e $OUT/.weir/power-cut ]] || pkill -KILL -P "$1" || true
		read -rt 0.1 -u "$nothing" || true
	done
	exec {nothing}>&-
}

# boot LOG: run the guest; log its console, and print it from the start of the script on
boot()
{
	local rc=0 reader guest

	case $KERNEL in
	uml*) uml_command ;;
	*) qemu_command ;;
	esac
	printf '%q ' "${COMMAND[@]}" >"$OUT/.weir/command"
	if ((INTERACTIVE)); then
		"${COMMAND[@]}" | tee "$1" || rc=$?
		return "$rc"
	fi
	# SIGKILL: User Mode Linux prints endless traces on SIGTERM and SIGINT
	mkfifo "$OUT/.weir/pipe"
	stdbuf -oL tr -d '\r' <"$OUT/.weir/pipe" | stdbuf -oL awk -v log_file="$1" '
		{ print >log_file; fflush(log_file) }
		/^weir-guest: .* ready/ { show = 1 }
		show || /^weir-init: / { print }' &
	reader=$!
	timeout -s KILL "$TIMEOUT" "${COMMAND[@]}" </dev/null >"$OUT/.weir/pipe" 2>&1 &
	guest=$!
	trap 'pkill -KILL -P "$guest"; exit 130' INT TERM
	come_up "$guest" || pkill -KILL -P "$guest"
	# without the shell's message about a process that was killed
	{ until_end "$guest"; wait "$guest" || rc=$?; } 2>/dev/null
	trap - INT TERM
	wait "$reader" || true
	return "$rc"
}

# emulator_fault LOG: the guest hung or crashed before its script started and loaded a module, or hit
# the int3 bug of the emulator
emulator_fault()
{
	[[ $KERNEL != uml* ]] || return 1
	[[ ! -e $OUT/.weir/ready ]] || emulator_int3 "$1"
}

# emulator_int3 LOG: the guest trapped on an int3 that is no longer there. While the kernel patches
# code (a static key), the emulator may execute a stale translation with the temporary int3 on
# another CPU. A real breakpoint shows as "cc <" in the code dump and is not excused.
emulator_int3()
{
	grep -a -A 6 'Oops: int3' "$1" | grep -aE 'Code: .*[0-9a-f]{2} <' | head -n 1 | grep -qv 'cc <'
}
