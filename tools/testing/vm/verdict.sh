# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# The verdict of a run: the script's recorded status, and no report by the guest's kernel. A script that
# asks for a power failure records its status in power-cut.

REPORTS='WARNING:|BUG:|Oops|KASAN|possible recursive locking|possible circular locking'
REPORTS+='|suspicious RCU usage|inconsistent lock state|unreferenced object|general protection'
REPORTS+='|Call Trace|refcount_t|INFO: task|rcu: INFO|self-detected stall|UBSAN|KCSAN'
REPORTS+='|possible irq lock inversion|Invalid wait context|sleeping function called|ODEBUG'
REPORTS+='|scheduling while atomic|Kernel panic|page allocation failure|Out of memory'

# kernel_lines FILE: the kernel's messages, without the output of the script
kernel_lines()
{
	grep -aE '\[ *[0-9]+\.[0-9]{6}\]|^kmemleak:' "$1"
}

# without_known: drop the report that User Mode Linux itself causes when the second CPU comes up
without_known()
{
	case $KERNEL in
	uml-debug) awk -f "$VM/known-uml.awk" ;;
	*) cat ;;
	esac
}

# complaints LOG: print the kernel's reports; status 0 if there is one
complaints()
{
	{
		kernel_lines "$1"
		[[ ! -e $OUT/.weir/dmesg ]] || cat "$OUT/.weir/dmesg"
	} | without_known | grep -aE "$REPORTS" | sed 's/^.*\(\[ *[0-9]*\.[0-9]*\]\)/\1/' | awk '!seen[$0]++'
}

# verdict LOG STATUS: print and return the verdict
verdict()
{
	local log=$1 rc=$2 mark found

	mark=$(cat "$OUT/.weir/verdict" 2>/dev/null || cat "$OUT/.weir/power-cut" 2>/dev/null) || true
	found=$(complaints "$log" | head -n 20) || true
	if [[ $found ]]; then
		say "the kernel reported a problem (console: $log):"
		printf '%s\n' "$found" >&2
		return "$EXIT_FAIL"
	fi
	if [[ -z $mark ]]; then
		if ((rc == 124 || rc == 137)) && [[ ! -e $OUT/.weir/stuck ]]; then
			say "timed out after $TIMEOUT s"
		fi
		say "the guest did not run to its end (status $rc, console: $log)"
		tail -n 15 "$log" >&2
		return "$EXIT_FAIL"
	fi
	((mark == 0)) && return 0
	say "$SCRIPT failed with status $mark in $KERNEL (console: $log)"
	((mark == EXIT_SKIP)) && return "$EXIT_SKIP"
	return "$EXIT_FAIL"
}
