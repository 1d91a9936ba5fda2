# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Builds the clone for one kernel, in a copy in the cache: the clone itself is never touched.
# What make install would put on a machine becomes two layers that a guest lays over its root:
# mod (modules, aliases, depmod's tables) and opt (our ipvsadm under /opt/weir).

# sources DIR...: the clone's files under DIR..., whether committed yet or not
sources()
{
	local f

	(cd "$CLONE" && git ls-files -z --cached --others --exclude-standard -- "$@") |
		while IFS= read -rd '' f; do
			[[ ! -f $CLONE/$f ]] || printf '%s\0' "$f"
		done
}

# copy_sources TREE DIR...: bring the copy up to date; what is gone from the clone goes from it
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

# kernel_dir KERNEL: where, inside the chroot, the kernel's build folder is
kernel_dir()
{
	case $1 in
	uml*) echo "$UML" ;;
	*) echo "/lib/modules/$KVER/build" ;;
	esac
}

# step LABEL LOG MAKE-ARGS...: one make in the chroot, its output added to LOG
step()
{
	local label=$1 log=$2
	shift 2

	long "$label" 900 "$log.step" "$VM/in-root" "$ROOT" "$CACHE" make -j2 "$@" || return 1
	cat "$log.step" >>"$log"
}

# with_ours TREE: is this run about our module, and is there one?
with_ours() { [[ $IMPL = weir && -e $1/kernel/Kbuild ]]; }

# layer TREE LAYER EXTRA...: fill the two layers from a built tree
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
	# modules of tests and benches are not installed on machines, but the guests have them
	mkdir -p "$moddir/updates"
	(($# == 0)) || (cd "$tree" && find "$@" -name '*.ko' -exec cp -t "$moddir/updates" {} +)
	case $KERNEL in
	uml*) cp -al "$UML/mods/lib/modules/$KVER/." "$moddir/" ;;
	*)
		ln -s "/usr/lib/modules/$KVER/kernel" "$moddir/kernel"
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

# warnings TREE LOG: show the compiler's complaints about our files; their objects are removed so
# that the next build complains again
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

# build_tree TREE LOG EXTRA...: build what the clone has now, set LAYER
build_tree()
{
	local tree=$1 log=$2 dir key kdir mk
	shift 2

	kdir=$(kernel_dir "$KERNEL")
	mk=("KDIR=$kdir" "KVER=$KVER")
	[[ $KERNEL != uml* ]] || mk+=(ARCH=um)
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
		# against the kernel's own ip_vs a broken tool of ours is no obstacle
		step "ipvsadm for $KERNEL" "$log" -C "$tree" ipvsadm || [[ $IMPL != weir ]] || return 1
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
