#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""rates.py SECONDS: measures how late a real-time task wakes up. That is the length of the longest
kernel section on this CPU that cannot be preempted: a softirq, a lock, a loop without schedule()."""

import os
import sys
import time

PERIOD = 0.001

os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(50))
end = time.monotonic() + float(sys.argv[1])
late = []
while True:
    start = time.monotonic()
    if start > end:
        break
    time.sleep(PERIOD)
    late.append(time.monotonic() - start - PERIOD)
late.sort()
print('%d wake-ups, late by (us): median %.0f, 99.9 %% %.0f, longest %s' % (
    len(late), late[len(late) // 2] * 1e6, late[-len(late) // 1000] * 1e6,
    ' '.join('%.0f' % (x * 1e6) for x in late[-5:])))
