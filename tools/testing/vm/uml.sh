# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Build User Mode Linux from Debian's linux-source package, in the root of that release.

uml_fragments()
{
	case $KERNEL in
	uml) echo "$VM/uml.config" ;;
	uml-debug) echo "$VM/uml.config $VM/uml-debug.config" ;;
	*) echo "$VM/uml.config $VM/../builds/${KERNEL#uml-}.config" ;;
	esac
}

# uml_dir FRAGMENT...: where the kernel with this configuration is built
uml_dir() { echo "$CACHE/$KERNEL-$KVER-$(hash_of "$@" "$VM/uml-build")"; }

# uml_need: if KERNEL is a UML flavour, build it unless cached; set UML and KVER
uml_need()
{
	local -a frags

	UML=''
	[[ $KERNEL = uml* ]] || return 0
	read -ra frags <<<"$(uml_fragments)"
	UML=$(uml_dir "${frags[@]}")
	[[ -e $UML/mods/.release ]] || with_lock "$KERNEL" uml_make "${frags[@]}" || return 1
	KVER=$(cat "$UML/mods/.release")
	UML_PRELOAD=${UML_PRELOAD-$UML/uml-signals-$(hash_of "$VM/uml-signals.c").so}
	[[ -z $UML_PRELOAD || -e $UML_PRELOAD || $UML_PRELOAD != "$UML"/* ]] ||
		with_lock "$KERNEL" uml_signals "$UML_PRELOAD"
}

uml_signals()
{
	cp "$VM/uml-signals.c" "$UML/"
	in_root gcc -O2 -fPIC -ftls-model=initial-exec -shared -Wall -Wextra \
		-o "$1.new" "$UML/uml-signals.c" && mv "$1.new" "$1"
}

# uml_seed DIR: a configuration without some parts begins as a copy of uml, of which make builds anew
# what depends on these parts
uml_seed()
{
	local from

	from=$(KERNEL=uml uml_dir "$VM/uml.config")
	if [[ $KERNEL != uml && $KERNEL != uml-debug && -e $from/mods/.release ]]; then
		cp -a "$from" "$1"
		rm -rf "$1/mods"
	else
		mkdir -p "$1"
	fi
}

uml_make()
{
	[[ ! -e $UML/mods/.release ]] || return 0
	say "building $KERNEL, once: 6 to 10 minutes on two CPUs"
	# a build that was interrupted is continued
	if [[ ! -d $UML ]]; then
		rm -rf "$UML.new"
		uml_seed "$UML.new"
		mv "$UML.new" "$UML"
	fi
	cat "$@" >"$UML/weir.config"
	cp "$VM/uml-build" "$UML/"
	long "$KERNEL" 3600 "$CACHE/log/$KERNEL.log" \
		"$VM/in-root" "$ROOT" "$CACHE" "$UML/uml-build" "$UML" "$(nproc)" "$KVER"
}
