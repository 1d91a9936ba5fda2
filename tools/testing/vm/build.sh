# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Build the tree for one kernel, in a copy in the cache, by the compiler of the root BUILD_ROOT; the
# tree itself is not modified. The
# result of make install becomes two layers that a guest mounts over its root: mod (modules,
# aliases, tables of depmod) and opt (our ipvsadm under /opt/weir).

# sources DIR...: list the files under DIR..., committed or not, except ignored ones
sources()
{
	local f

	(cd "$CLONE" && git ls-files -z --cached --others --exclude-standard -- "$@") |
		while IFS= read -rd '' f; do
			[[ ! -f $CLONE/$f ]] || printf '%s\0' "$f"
		done
}

# copy_sources TREE DIR...: update the copy; deleted files are deleted from it
copy_sources()
{
	local tree=$1 list=$1/.sources f
	shift

	mkdir -p "$tree"
	sources "$@" | sort -z >"$list.new"
	if [[ -e $list ]]; then
		comm -z -23 "$list" "$list.new" | while IFS= read -rd '' f; do
			rm -f "$tree/$f"
		done
	fi
	(cd "$CLONE" && xargs -0r cp --parents --update --preserve=timestamps -t "$tree") <"$list.new"
	mv "$list.new" "$list"
}

# kernel_dir KERNEL: path of the kernel's build directory in the chroot
kernel_dir()
{
	case $1 in
	uml*) echo "$UML" ;;
	arm64) echo "/usr/src/linux-headers-$KVER" ;;
	*) echo "/lib/modules/$KVER/build" ;;
	esac
}

# step LABEL LOG MAKE-ARGS...: run make in the chroot, append its output to LOG
step()
{
	local label=$1 log=$2
	shift 2

	long "$label" 900 "$log.step" "$VM/in-root" "$BUILD_ROOT" "$CACHE" "${BINDS[@]}" make -j2 "$@" || return 1
	cat "$log.step" >>"$log"
}

# with_ours TREE: whether to build our module
with_ours() { [[ $IMPL = weir && -e $1/kernel/Kbuild ]]; }

# layer TREE LAYER EXTRA...: make the two layers from a built tree
layer()
{
	local tree=$1 layer=$2 new=$2.new stage=$2.new/stage moddir=$2.new/mod/usr/lib/modules/$KVER
	shift 2

	rm -rf "$new"
	mkdir -p "$stage" "$new/mod" "$new/opt"
	if with_ours "$tree"; then
		in_root make -s -C "$tree" install-modules "DESTDIR=$stage" "KDIR=$(kernel_dir "$KERNEL")" DEPMOD=: || return 1
		mv "$stage/etc" "$new/mod/etc"
		set -- kernel "$@"
	fi
	if [[ -x $tree/ipvsadm/ipvsadm ]]; then
		in_root make -s -C "$tree" install-ipvsadm "DESTDIR=$stage" PREFIX=/opt/weir ||
			[[ -x $stage/opt/weir/sbin/ipvsadm ]] || return 1
		mv "$stage/opt" "$new/opt/opt"
	fi
	# guests also get the modules of tests and benches, which make install leaves out
	mkdir -p "$moddir/updates"
	(($# == 0)) || (cd "$tree" && find "$@" -name '*.ko' -exec cp -t "$moddir/updates" {} +)
	case $KERNEL in
	uml*) cp -al "$UML/mods/lib/modules/$KVER/." "$moddir/" ;;
	*)
		ln -s "$ROOT/usr/lib/modules/$KVER/kernel" "$moddir/kernel"
		cp "$ROOT/usr/lib/modules/$KVER"/modules.{order,builtin*} "$moddir/"
		;;
	esac
	ln -s usr/lib "$new/mod/lib"
	in_root depmod -b "$new/mod" "$KVER" || return 1
	rm "$new/mod/lib"
	rm -rf "$stage"
	[[ ! -L $moddir/kernel ]] || rm "$moddir/kernel"
	mv "$new" "$layer"
}

COMPLAINT='(warning|error):|WARNING: modpost'

# warnings TREE LOG: print the compiler's warnings about our files and remove the objects, so that
# the next build warns again
warnings()
{
	local tree=$1 log=$2 n

	n=$(grep -E "$COMPLAINT" "$log" |
		grep -Evc '^(warning:|\./|include/|arch/)|/usr/src/linux|/usr/include|/uml-') || return 0
	grep -EA4 "$COMPLAINT" "$log" | head -n 60 >&2
	say "$n compiler warnings (log: $log)"
	find "$tree" -name '*.o' -not -path '*/layer-*' -delete
	[[ ${WEIR_WERROR-} != 1 ]]
}

# build_tree TREE LOG EXTRA...: build the current sources, set LAYER
build_tree()
{
	local tree=$1 log=$2 dir key kdir mk tool=()
	shift 2

	kdir=$(kernel_dir "$KERNEL")
	mk=("KDIR=$kdir" "KVER=$KVER")
	case $KERNEL in
	uml*) mk+=(ARCH=um) ;;
	arm64)
		mk+=(ARCH=arm64 CROSS_COMPILE=aarch64-linux-gnu-)
		tool=("CC=aarch64-linux-gnu-gcc --sysroot=$ROOT" "PKG_CONFIG=env PKG_CONFIG_SYSROOT_DIR=$ROOT
			PKG_CONFIG_LIBDIR=$ROOT/usr/lib/aarch64-linux-gnu/pkgconfig pkg-config")
		;;
	esac
	[[ ${WEIR_SPARSE-} != 1 ]] || mk+=(C=2)
	copy_sources "$tree" Makefile Kbuild COPYING kernel include ipvsadm scripts "$@"
	key=$(cd "$tree" && xargs -0r stat -c '%n %Y %s' <.sources)
	LAYER=$tree/layer-$(hash_of "$key" "$KVER" "$kdir" "$VM/build.sh" "$*" \
		"$(with_ours "$tree" && echo ours)" "${WEIR_WERROR-}${WEIR_SPARSE-}")
	[[ ! -d $LAYER ]] || return 0
	find "$tree" -maxdepth 1 -name 'layer-*' -mmin +720 -exec rm -rf {} +
	: >"$log"
	if with_ours "$tree"; then
		step "module for $KERNEL" "$log" -C "$tree" "${mk[@]}" W=1 modules || return 1
	fi
	for dir in "$@"; do
		step "$dir for $KERNEL" "$log" -C "$kdir" "${mk[@]}" "M=$tree/$dir" W=1 \
			"KBUILD_EXTRA_SYMBOLS=$tree/kernel/Module.symvers" modules || return 1
	done
	if [[ -e $tree/ipvsadm/Makefile ]]; then
		# a test of the kernel's own ip_vs does not need our ipvsadm
		step "ipvsadm for $KERNEL" "$log" -C "$tree" "${tool[@]}" ipvsadm || [[ $IMPL != weir ]] || return 1
	fi
	layer "$tree" "$LAYER" "$@" || return 1
	warnings "$tree" "$log" || { rm -rf "$LAYER"; return 1; }
}

# build_need EXTRA...: build for KERNEL, set LAYER
build_need()
{
	local tree

	tree=$CACHE/build-$KERNEL-$(hash_of "$CLONE")
	with_lock "$(basename "$tree")" build_tree "$tree" "$CACHE/log/$(basename "$tree").log" "$@"
}
