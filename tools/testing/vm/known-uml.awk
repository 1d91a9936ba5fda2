# SPDX-License-Identifier: GPL-2.0
# Drop the lockdep report that User Mode Linux itself causes when the second CPU comes up (it frees
# a stack before the CPU is online). Only this report is dropped: "Callback enqueued on offline CPU"
# with cpu_thread in its trace.

function flush(   i)
{
	for (i = 1; i <= held; i++)
		print report[i]
	held = 0
}

# the line without its timestamp
{ body = $0; sub(/^.*\[ *[0-9]+\.[0-9]+\](\[ *[A-Z][0-9]+\])? ?/, "", body) }

!held && body ~ /^=+$/ { held = 1; report[1] = $0; known = 0; traced = 0; next }
!held { print; next }

held {
	report[++held] = $0
	if (held == 2 && body !~ /^WARNING: suspicious RCU usage$/) { flush(); next }
	if (body ~ /^kernel\/rcu\/tree\.c:[0-9]+ Callback enqueued on offline CPU!!$/) known = 1
	if (body ~ /^Call Trace:$/) traced = 1
	# the last line of the known trace
	if (traced && body ~ /cpu_thread\+0x0/ && known) { held = 0; next }
	if (held > 60) flush()
}
END { flush() }
