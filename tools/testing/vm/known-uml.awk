# SPDX-License-Identifier: GPL-2.0
# Drops one report that User Mode Linux makes of itself while it brings up the second processor
# (it frees a stack before the processor counts as online), and only that: it must be the lockdep
# report of this very reason, by the idle task of CPU 1, before the guest's own script begins.

function flush(   i)
{
	for (i = 1; i <= held; i++)
		print report[i]
	held = 0
}

# the body of a line, without time
{ body = $0; sub(/^.*\[ *[0-9]+\.[0-9]+\](\[ *[A-Z][0-9]+\])? ?/, "", body) }

!held && body ~ /^=+$/ { held = 1; report[1] = $0; known = 0; traced = 0; next }
!held { print; next }

held {
	report[++held] = $0
	if (held == 2 && body !~ /^WARNING: suspicious RCU usage$/) { flush(); next }
	if (body ~ /^kernel\/rcu\/tree\.c:[0-9]+ Callback enqueued on offline CPU!!$/) known = 1
	if (body ~ /^Call Trace:$/) traced = 1
	# the trace ends at the first line that does not belong to it
	if (traced && body ~ /cpu_thread\+0x0/ && known) { held = 0; next }
	if (held > 60) flush()
}
END { flush() }
