#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The text of /proc/net/ip_vs* (see abi_proc.sh)."""

import re

from ipvstest import tap
from ipvstest.conns import ProcFile
from ipvstest.pkt import TCP, UDP
from ipvstest.rig import Rig


@tap.step
def services():
    text = ProcFile('ip_vs').text()
    lines = text.split('\n')
    tap.equal(lines.pop(), '', 'end of the file')
    # Timeouts are in jiffies of unknown length: 300 s gives the unit.
    jiffies = [int(n) for n in re.findall(r' persistent (\d+) FFFFFF00$', text, re.M)]
    hz = jiffies[0] // 300 if jiffies else 1
    lines = [re.sub(r' persistent (\d+) ', lambda m: ' persistent %g*HZ ' % (
        int(m.group(1)) / hz), line) for line in lines]
    head, blocks = lines[:3], []
    head[0] = re.sub(r'\(size=\d+\)$', '(size=N)', head[0])
    for line in lines[3:]:
        if line.startswith('  ->'):
            blocks[-1].append(line)
        else:
            blocks.append([line])
    tap.golden('proc_ip_vs.txt', [line + '$' for line in head] +
               [line + '$' for block in sorted(blocks) for line in block])


@tap.step
def connections():
    lines = set()
    for family in (4, 6):
        for method in ('nat', 'dr', 'tun'):
            for proto in (TCP, UDP):
                rig = Rig(family, method, proto, vport=7000 + 'ndt'.index(method[0]))
                sport = 7100 + proto
                rig.send(sport)
                tap.check(rig.arrived(sport), 'a packet did not arrive')
                if method == 'nat':
                    rig.send(sport + 1000)
                    rig.arrived(sport + 1000)
                    rig.send(sport + 1000, 'ack')
                    rig.arrived(sport + 1000)
                rig.close()
    text = ProcFile('ip_vs_conn').text()
    tap.check(text.endswith('\n'), 'no newline at the end')
    head, *rest = text.splitlines()
    for line in rest:
        # This test's connections only; the seconds are right-aligned in seven columns.
        if line.split()[4] in ('%04X' % port for port in (7000, 7001, 7002)):
            seconds = re.search(r'(\s+\d+)$', line)
            if tap.check(seconds, 'no seconds at the end of %r' % line):
                line = line[:seconds.start()] + ' <%d>' % len(seconds.group(1))
            lines.add(line)
    tap.golden('proc_ip_vs_conn.txt', [head + '$'] + [line + '$' for line in sorted(lines)])


@tap.step
def stats():
    tap.golden('proc_ip_vs_stats.txt',
               [line + '$' for line in ProcFile('ip_vs_stats').text().split('\n')])


tap.main()
