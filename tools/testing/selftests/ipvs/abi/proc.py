#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Reading /proc/net/ip_vs* in pieces, and ip_vs_status (see proc.sh)."""

import os
import re
import time

from ipvstest import tap
from ipvstest.conns import ProcFile
from ipvstest.genl import Ipvs
from ipvstest.pkt import TCP, UDP
from ipvstest.rig import Rig

VIP = '203.0.113.10'


def in_pieces(name, size):
    file, parts = ProcFile(name), []
    while True:
        part = os.read(file.fd, size)
        if not part:
            return b''.join(parts).decode()
        parts.append(part)


def many_conns(rig, count):
    for sport in range(20000, 20000 + count):
        rig.send(sport)
        if sport % 20 == 19:
            tap.check(rig.arrived(sport), 'a packet did not arrive')


@tap.step
def pieces():
    ipvs = Ipvs()
    ipvs.flush()
    for port in range(1, 401):
        ipvs.add_service(VIP, port, TCP, 'rr')
        ipvs.dest('NEW_DEST', (VIP, port, TCP), '198.51.100.11', port)
    whole = ProcFile('ip_vs').text()
    for size in (100, 1000, 4096, 70000):
        tap.equal(in_pieces('ip_vs', size), whole, 'ip_vs in pieces of %d' % size)
    tap.equal(whole.count('Masq'), 400, 'destinations')
    ipvs.flush()
    rig = Rig(4, proto=UDP)
    many_conns(rig, 500)
    # the in-tree ip_vs skips some connections while its table grows
    for _ in range(50):
        if ProcFile('ip_vs_conn').text().count(' UDP ') >= 500:
            break
        time.sleep(0.1)
    for name in ('ip_vs_conn', 'ip_vs_conn_sync'):
        for size in (100, 4096, 70000):
            # seconds may pass in the meantime
            lines = [line.split()[1:3] for line in in_pieces(name, size).splitlines()
                     if re.search(r' %04X .* %04X UDP ' % (rig.vport, rig.dport), line)]
            ports = [int(port, 16) for _, port in lines]
            wanted = set(range(20000, 20500))
            tap.equal(len(wanted & set(ports)), 500, '%s in pieces of %d' % (name, size))
            tap.equal(len(ports), len(set(ports)), '%s: lines, each once' % name)
    rig.close()


PATTERN = r'''Conns:\t\d+
Conn buckets:\t\d+ \(\d+ bits, lfactor -?\d\)
(Conn buckets empty:\t\d+ \(\d+%\)
(Conn buckets len-[1-7]:\t\d+ \(\d+%\)
)*)?Services:\t\d+
Service buckets:\t\d+ \(\d+ bits, lfactor -?\d\)
(Service buckets empty:\t\d+ \(\d+%\)
(Service buckets len-[1-7]:\t\d+ \(\d+%\)
)*)?Stats thread slots:\t\d+ \(max \d+\)
Stats chain max len:\t\d+
Stats thread ests:\t\d+
'''


def nodes(text, what):
    """The number of nodes by the chain length histogram, and the number of buckets."""
    empty = re.search(what + r' buckets empty:\t(\d+)', text)
    chains = [(int(n), int(count)) for n, count in
              re.findall(what + r' buckets len-(\d):\t(\d+)', text)]
    buckets = int(empty.group(1)) + sum(count for _, count in chains)
    return sum(n * count for n, count in chains), buckets


def number(text, what):
    return int(re.search('^%s:\t(\\d+)' % what, text, re.M).group(1))


@tap.step
def status():
    ipvs, status_file = Ipvs(), ProcFile('ip_vs_status')
    ipvs.flush()
    text = status_file.text()
    tap.check(re.fullmatch(PATTERN, text), 'without services: %r' % text)
    tap.equal(number(text, 'Services'), 0, 'services')
    rig = Rig(4, 'dr')
    many_conns(rig, 40)
    for port in range(1000, 1009):
        ipvs.add_service(VIP, port, TCP, 'rr')
    text = status_file.text()
    tap.check(re.fullmatch(PATTERN, text), 'with services: %r' % text)
    tap.equal(number(text, 'Services'), 10, 'services')
    tap.check(number(text, 'Conns') >= 40, 'connections: %r' % text)
    for what, least in (('Conn', 40), ('Service', 10)):
        found, buckets = nodes(text, what)
        tap.check(found >= least, '%d in the buckets: %r' % (found, text))
        tap.equal(buckets, number(text, what + ' buckets'), what + ' buckets')
    rig.close()


tap.main()
