#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The connection table grows with the number of connections and shrinks back: CONNS connections
from as many source addresses and ports to a UDP service, direct routing; memory and table size
before, at the peak and after they have expired. Packets are forwarded all the time.
However slow the machine is, the connections last until all of them are there, and are then given a
shorter timeout by another packet each.
A million: run uml --timeout 1200 --env CONNS=1000000 --env FAMILIES=4 -- .../run_all.sh conn_table

Its size is limited by the machine's memory, and it stays as it is while memory is short.
"""

import errno
import itertools
import os
import re
import struct
import subprocess
import tempfile
import time

from ipvstest import pkt, tap
from ipvstest.conns import ProcFile
from ipvstest.genl import TOP_TCP, TOP_TCP_FIN, TOP_UDP, u32
from ipvstest.namespaces import command_in
from ipvstest.pkt import UDP
from ipvstest.rig import Rig
from ipvstest.settings import Knobs
from ipvstest.weir import text_counters
from ipvstest.wire import wait_until

PORTS = 50000           # per source address
KERNEL = os.environ.get('KERNEL', '')
CONNS = 6000 if KERNEL.endswith('debug') else 100000 if KERNEL == 'uml' else 20000
BATCH, TRIES = 1000, 50
LONG, SHORT = 3600, 1   # timeouts in seconds
WIDE = -8               # conn_lfactor: 64 buckets for each link
MANY = 50000            # connections for which WIDE is more than the limit
SHARE = 32              # buckets of 8 bytes take at most 1/SHARE of the memory
SCARCE = 24 << 10       # kB
NOTICEABLE = 100000     # with fewer connections, other memory use of the machine dominates


def meminfo():
    with open('/proc/meminfo') as file:
        return {line.split(':')[0]: int(line.split()[1]) for line in file}


def memory():
    """kB used by the whole machine, without what is reclaimable at once."""
    fields = meminfo()
    return fields['MemTotal'] - fields['MemAvailable']


def settled_memory():
    """Memory use once the kernel's deferred freeing is done."""
    last, used = memory(), None
    for _ in range(20):
        time.sleep(0.5)
        used = memory()
        if abs(used - last) < 256:
            break
        last = used
    return used


def table_size():
    return int(re.search(r'size=(\d+)', ProcFile('ip_vs').text()).group(1))


def patiently(sock, frame):
    """Waits while the socket's send buffer is full of its own packets, on a busy machine."""
    while True:
        try:
            return sock.send(frame)
        except OSError as error:
            if error.errno not in (errno.EAGAIN, errno.ENOBUFS):
                raise
            time.sleep(0.001)


class Flood:
    """Frames of one shape; only the source address and port change."""

    def __init__(self, rig, family):
        self.rig = rig
        source = '10.1.0.0' if family == 4 else '2001:db8:c::'
        raw = pkt.udp(source, rig.at.vip, 1, rig.vport, b'x')
        if family == 4:     # no UDP checksum; the kernel recomputes the header's
            raw = raw[:26] + b'\0\0' + raw[28:]
        self.frame = bytearray(rig.ends.client.eth + (b'\x08\0' if family == 4 else b'\x86\xdd') + raw)
        self.address = 14 + (14 if family == 4 else 22)
        self.port = 14 + (20 if family == 4 else 40)
        self.family = family

    def send(self, first, end):
        """Packets of the connections from `first` to `end`."""
        sock, frame, pack = self.rig.ends.client.sock, self.frame, struct.pack_into
        for n in range(first, end):
            host, port = divmod(n, PORTS)
            pack('!H', frame, self.address, host + 1)
            pack('!H', frame, self.port, 1024 + port)
            if self.family == 4 and (port == 0 or n == first):
                pack('!H', frame, 24, 0)
                pack('!H', frame, 24, pkt.checksum(bytes(frame[14:34])))
            patiently(sock, frame)
        self.rig.ends.drain()

    def open(self, wanted):
        """Opens this many connections; what a busy machine drops is sent again."""
        for first in range(0, wanted, BATCH):
            end = min(first + BATCH, wanted)
            for _ in range(TRIES):
                self.send(first, end)
                if wait_until(lambda end=end: count(self.rig) >= end, 2):
                    break
            else:
                return tap.fail('%d connections of %d' % (count(self.rig), end))
        return None

    def expire(self, total):
        """Has these connections expire, and that of port 1. Those whose packet was dropped are sent
        another one."""
        for _ in range(TRIES):
            self.rig.send(1)
            for first in range(0, total, BATCH):
                self.send(first, min(first + BATCH, total))
            if wait_until(lambda: not count(self.rig), 10 * SHORT):
                return
        tap.fail('%d connections after their timeout' % count(self.rig))


def count(rig):
    active, inactive = rig.ipvs.counts(rig.service, rig.servers[0], rig.dport)
    return active + inactive


def report(when, rig, base):
    conns, used, size = count(rig), settled_memory(), table_size()
    text = '%-7s %8d connections, table size %8d, memory %+d kB' % (when, conns, size, used - base)
    if conns >= NOTICEABLE:
        text += ', %d bytes per connection' % ((used - base) * 1024 // conns)
    tap.note(text)
    return used, size


def set_timeout(rig, seconds):
    """Of UDP connections, from their next packet on."""
    rig.ipvs.must('SET_CONFIG', u32(TOP_TCP, 0), u32(TOP_TCP_FIN, 0), u32(TOP_UDP, seconds))


@tap.test(each_family=True)
def grow_and_shrink(family):
    wanted = int(os.environ.get('CONNS') or CONNS)
    tap.defer(*command_in('director', 'ipvsadm', '--set', '900', '120', '300'))
    rig = Rig(family, 'dr', UDP, vport=8200)
    set_timeout(rig, LONG)
    flood = Flood(rig, family)
    base = settled_memory()
    before, size_before = report('before:', rig, base)
    start = time.monotonic()
    flood.open(wanted)
    tap.note('%d connections in %.1f s' % (wanted, time.monotonic() - start))
    peak, size_peak = report('peak:', rig, base)
    tap.check(size_peak > size_before, 'the table did not grow')
    rig.ends.drain()
    rig.send(1)
    tap.check(rig.arrived(1), 'nothing is forwarded at the peak')
    set_timeout(rig, SHORT)
    flood.expire(wanted)
    wait_until(lambda: table_size() <= size_before * 2, 60)
    after, size_after = report('after:', rig, base)
    tap.check(size_after < size_peak, 'the table did not shrink')
    if wanted >= NOTICEABLE:
        tap.check(after - before < (peak - before) // 4 + 2048,
                  '%d kB more than before, of %d at the peak' % (after - before, peak - before))
    rig.close()


class Ballast:
    """Takes memory until only SCARCE kB are left."""

    def __init__(self):
        self.folder = tempfile.mkdtemp()
        tap.defer('rmdir', self.folder)
        subprocess.run(('mount', '-t', 'tmpfs', '-o', 'size=100%', 'none', self.folder), check=True)
        tap.defer('umount', self.folder)
        with open(self.folder + '/ballast', 'wb') as file:
            while meminfo()['MemAvailable'] > SCARCE:
                file.write(bytes(1 << 20))
                file.flush()

    def drop(self):
        os.unlink(self.folder + '/ballast')


def many_connections(family, vport):
    """(rig, flood) with MANY connections; only fast kernels accept them in time."""
    if KERNEL != 'uml':
        tap.skip('takes too long on this kernel')
    rig = Rig(family, 'dr', UDP, vport=vport)
    flood = Flood(rig, family)
    flood.open(MANY)
    return rig, flood


@tap.test
def not_beyond_memory():
    rig, _ = many_connections(4, 8300)
    before, limit = table_size(), meminfo()['MemTotal'] * 1024 // SHARE
    with Knobs(conn_lfactor=WIDE):
        tap.check(wait_until(lambda: table_size() > before, 10), 'the table does not grow')
        wait_until(lambda: table_size() * 8 > limit, 2)
        tap.check(table_size() * 8 <= limit, '%d buckets with %d kB of memory' % (
            table_size(), meminfo()['MemTotal']))
    rig.close()


@tap.test
def short_of_memory():
    """The table is not enlarged, and not tried to for each connection; nothing dies; and when there
    is memory again, the table grows."""
    rig, flood = many_connections(4, 8301)
    before, stuck = table_size(), text_counters()['table_stuck']
    ballast = Ballast()
    start = time.monotonic()
    more = itertools.count(MANY, 10)

    def ten_more():
        first = next(more)
        flood.send(first, first + 10)
    with Knobs(conn_lfactor=WIDE):
        tap.check(wait_until(lambda: text_counters()['table_stuck'] > stuck, 10),
                  'the counter table_stuck does not move')
        for _ in range(50):
            ten_more()
            time.sleep(0.02)
        tries = text_counters()['table_stuck'] - stuck
        tap.check(tries <= 1 + (time.monotonic() - start) // 5, '%d attempts' % tries)
        tap.equal(table_size(), before, 'size of the table')
        ballast.drop()

        def grown():
            ten_more()
            return table_size() > before
        tap.check(wait_until(grown, 30), 'the table does not grow with enough memory')
    rig.close()


tap.main()
