#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Floods that aim at the connection table: all connections from one client port, through a mark
service that takes a whole network of virtual addresses; all calls with one Call-ID; and readers and
flushes of a large table.
"""

import mmap
import os
import struct
import subprocess
import threading
import time

from ipvstest import pkt, tap
from ipvstest.conns import ConnTable, ProcFile
from ipvstest.genl import (AF, DST_ACTIVE, DST_ADDR, DST_INACTIVE, SVC_AF, SVC_FLAGS, SVC_FWMARK,
                           SVC_PE, SVC_SCHED, SVC_TIMEOUT, TOP_DEST, TOP_SERVICE, Ipvs, attr,
                           attrs_of, nest, netmask_attr, number, service_id, text, u16, u32)
from ipvstest.namespaces import command_in
from ipvstest.pkt import UDP
from ipvstest.settings import Knobs
from ipvstest.wire import Ends, wait_until

KERNEL = os.environ.get('KERNEL', '')
CONNS = int(os.environ.get('CONNS') or
            (3000 if KERNEL.endswith('debug') else 60000 if KERNEL == 'uml' else 6000))
MARK, CPORT, VPORT = 5, 4000, 53
TIMEOUT = 6
LATE = 6        # a connection may be reaped this long after its timeout, on a busy machine
SAMPLE = 100    # packets whose median is the cost of one


def director(*command, stdin=''):
    subprocess.run(command_in('director', *command), check=True, text=True, input=stdin)


class Frames:
    """UDP frames to the director that differ in the last 16 bits of one address."""

    def __init__(self, ends, source, target, dport, payload, vary):
        raw = pkt.udp(source, target, CPORT, dport, payload)
        v4 = raw[0] >> 4 == 4
        if v4:          # without UDP checksum
            raw = raw[:26] + b'\0\0' + raw[28:]
        self.sock = ends.client.sock
        self.frame = bytearray(ends.client.eth + (b'\x08\0' if v4 else b'\x86\xdd') + raw)
        self.low = 14 + {(True, 'src'): 14, (True, 'dst'): 18, (False, 'src'): 22,
                         (False, 'dst'): 38}[v4, vary]
        # of the IPv4 header, which is where the address is, or of UDP
        self.check = 14 + (10 if v4 else 46)
        struct.pack_into('!H', self.frame, self.low, 0)
        if v4:
            struct.pack_into('!H', self.frame, self.check, 0)
            self.sum = ~pkt.checksum(bytes(self.frame[14:34])) & 0xffff
        else:
            self.sum = ~struct.unpack_from('!H', self.frame, self.check)[0] & 0xffff

    def send(self, n):
        total = self.sum + n
        struct.pack_into('!H', self.frame, self.low, n)
        struct.pack_into('!H', self.frame, self.check,
                         ~((total & 0xffff) + (total >> 16)) & 0xffff or 0xffff)
        while True:
            try:
                return self.sock.send(self.frame)
            except (BlockingIOError, InterruptedError):
                time.sleep(0.001)       # the socket is full of its own packets


class Network:
    """A mark service by NAT for all addresses of a network, with two servers."""

    def __init__(self, family, udp_timeout):
        self.family, self.ends, self.ipvs = family, Ends(family), Ipvs()
        self.at = self.ends.at
        self.net = '198.18.0.0/16' if family == 4 else '2001:db8:5::/112'
        self.six = ['-6'] if family == 6 else []
        self.servers = self.at.phantoms[:2]
        tap.defer(*command_in('director', 'ipvsadm', '--set', '900', '120', '300'))
        tap.defer(*command_in('director', 'ip', '-%d' % family, 'route', 'del', 'local', self.net,
                              'dev', 'lo'))
        tap.defer(*command_in('director', 'nft', 'delete', 'table', 'inet', 'flood'))
        director('ip', '-%d' % family, 'route', 'add', 'local', self.net, 'dev', 'lo')
        director('nft', '-f', '-', stdin='table inet flood { chain pre {'
                 'type filter hook prerouting priority mangle; %s daddr %s meta mark set %d\n}\n}\n' %
                 ('ip' if family == 4 else 'ip6', self.net, MARK))
        self.frames = Frames(self.ends, self.at.phantom_client, self.net.split('/')[0], VPORT,
                             b'x', 'dst')
        self.ipvs.flush()
        self.service(udp_timeout)

    def service(self, udp_timeout):
        director('ipvsadm', '--set', '0', '0', str(udp_timeout))
        director('ipvsadm', '-A', '-f', str(MARK), *self.six, '-s', 'rr')
        for server in self.servers:
            director('ipvsadm', '-a', '-f', str(MARK), *self.six, '-r', pkt.endpoint(server, 0),
                     '-m')

    def address(self, n):
        """Number n of the virtual addresses."""
        base = pkt.packed(self.net.split('/')[0])
        return pkt.shown(base[:-2] + struct.pack('!H', n))

    def counts(self):
        """{server: connections}."""
        answer = self.ipvs.must('GET_DEST', nest(TOP_SERVICE, [
            u16(SVC_AF, AF[self.family]), u32(SVC_FWMARK, MARK)]), dump=True)
        found = {}
        for _, attrs in answer.messages:
            fields = dict(attrs_of(dict(attrs)[TOP_DEST]))
            address = pkt.shown(fields[DST_ADDR][:4 if self.family == 4 else 16])
            found[address] = number(fields[DST_ACTIVE]) + number(fields[DST_INACTIVE])
        return found

    def total(self):
        return sum(self.counts().values())

    def flood(self, count):
        for n in range(count):
            self.frames.send(n)
            if n % 1000 == 0:
                self.ends.drain()
        self.ends.drain()

    def open(self, n):
        """A packet to address n; returns the server that gets it."""
        self.frames.send(n)
        got = self.ends.server.expect(lambda p: p.sport == CPORT)
        return got and got.dst

    def answer(self, server):
        """The sender of a server's answer as the client sees it."""
        self.ends.server.send(pkt.udp(server, self.at.phantom_client, VPORT, CPORT, b'answer'))
        got = self.ends.client.expect(lambda p: p.dport == CPORT)
        return got and got.src

    def close(self):
        """The connections end with the servers."""
        with Knobs(expire_nodest_conn=1):
            self.ipvs.flush()
            tap.check(wait_until(lambda: not any(c.cport == CPORT for c in ConnTable().all()), 20),
                      'connections stay')
        self.ends.close()


@tap.test(each_family=True)
def one_port(family):
    """One client port to many virtual addresses: all connections to a server have the same reply
    tuple. They are gone soon after their timeout."""
    net = Network(family, TIMEOUT)
    start = time.monotonic()
    net.flood(CONNS)
    last = time.monotonic()
    tap.note('%d packets in %.1f s, %d connections' % (CONNS, last - start, net.total()))
    tap.check(net.total() > CONNS // 10, 'only %d connections' % net.total())
    wait_until(lambda: not net.total(), TIMEOUT + 10 * LATE)
    gone = time.monotonic() - last
    tap.equal(net.total(), 0, 'connections after %.1f s' % gone)
    tap.note('all gone %.1f s after the last packet' % gone)
    tap.check(gone < TIMEOUT + LATE, 'gone only after %.1f s' % gone)
    net.close()


@tap.test(each_family=True)
def newest(family):
    """The newest connection with a reply tuple answers, and when it has gone, an older one."""
    net = Network(family, 3)
    server = net.open(1)
    tap.check(server in net.servers, 'the first packet went to %r' % server)
    tap.equal(net.answer(server), net.address(1), 'sender of an answer')
    same = [n for n in range(2, 20) if net.open(n) == server]
    tap.check(len(same) > 5, 'only %d connections to one server' % len(same))
    tap.equal(net.answer(server), net.address(same[-1]), 'sender of an answer, the newest')

    def alone():
        net.open(1)
        return net.total() == 1
    tap.check(wait_until(alone, 30), '%d connections' % net.total())
    tap.equal(net.answer(server), net.address(1), 'sender of an answer, when the others have gone')
    more = [n for n in range(2, 6) if net.open(n) == server]
    tap.equal(net.answer(server), net.address(more[-1]), 'sender of an answer, the newest again')
    net.close()


def median(values):
    return sorted(values)[len(values) // 2]


@tap.test(each_family=True)
def one_call(family):
    """Many clients with the same Call-ID: the last templates cost no more than the first ones."""
    count = min(CONNS, 20000)
    ends, ipvs = Ends(family), Ipvs()
    service = (ends.at.vip, 5060, UDP)
    tap.defer(*command_in('director', 'ipvsadm', '--set', '900', '120', '300'))
    ipvs.must('NEW_SERVICE', nest(TOP_SERVICE, service_id(*service) + [
        text(SVC_SCHED, 'rr'), attr(SVC_FLAGS, struct.pack('II', 1, 0xffffffff)),
        u32(SVC_TIMEOUT, 100), netmask_attr(ends.at.vip, None), text(SVC_PE, 'sip')]))
    for server in ends.at.phantoms[:2]:
        ipvs.dest('NEW_DEST', service, server, 5060)
    frames = Frames(ends, '10.1.0.0' if family == 4 else '2001:db8:c::', ends.at.vip, 5060,
                    b'INVITE sip:bob@example.com SIP/2.0\r\nCall-ID: one@here\r\n\r\n', 'src')
    took = []
    for n in range(count):
        start = time.perf_counter()
        frames.send(n + 1)
        took.append(time.perf_counter() - start)
        if n % 1000 == 0:
            ends.drain()
    first, last = median(took[1:SAMPLE]), median(took[-SAMPLE:])
    made = sum(sum(ipvs.counts(service, server, 5060)) for server in ends.at.phantoms[:2])
    tap.check(made > count * 0.98, 'only %d connections' % made)
    tap.note('%d clients: %.1f us at first, %.1f us at last' % (count, first * 1e6, last * 1e6))
    tap.check(last < 10 * first, 'the last packets take %.0f times as long' % (last / first))
    with Knobs(expire_nodest_conn=1):
        ipvs.flush()
        tap.check(wait_until(lambda: not ConnTable().all(), 20), 'connections stay')
    ends.close()


class Clock:
    """A process on this processor that sleeps a millisecond at a time and notes the longest gap."""

    def __init__(self):
        self.shared = mmap.mmap(-1, 16)
        self.child = os.fork()
        if not self.child:
            self.run()
        tap.defer('kill', '-9', str(self.child))

    def run(self):
        last = time.monotonic()
        while os.getppid() != 1:
            time.sleep(0.001)
            now = time.monotonic()
            longest, beats = struct.unpack('dQ', self.shared[:])
            self.shared[:] = struct.pack('dQ', max(longest, now - last), beats + 1)
            last = now
        os._exit(0)

    def state(self):
        return struct.unpack('dQ', self.shared[:])

    def beat(self):
        """Waits for two gaps to end."""
        beats = self.state()[1]
        wait_until(lambda: self.state()[1] > beats + 1)

    def longest(self, action):
        """(the longest gap during an action, the time it took)."""
        self.beat()
        self.shared[:8] = struct.pack('d', 0)
        start = time.monotonic()
        action()
        took = time.monotonic() - start
        self.beat()
        return self.state()[0], took


@tap.test
def readers():
    """Others run while the connections are read, also before the position of a pread()."""
    net, clock = Network(4, 300), Clock()
    net.flood(CONNS)
    for name in ('ip_vs_conn', 'ip_vs_conn_sync', 'ip_vs_status'):
        try:
            fd = ProcFile(name).fd
        except FileNotFoundError:       # a kernel without ip_vs_status
            continue
        samples = [clock.longest(lambda: os.pread(fd, 1, 1 << 40)) for _ in range(10)]
        gap, took = min(samples)    # others ran meanwhile in the worse ones
        tap.note('%s: gaps of %s ms in reads of %.0f ms' % (
            name, ' '.join('%.1f' % (s[0] * 1000) for s in samples), took * 1000))
        if took > 0.02:         # shorter ones do not matter
            tap.check(gap < took / 2, '%s: nothing else runs for %.0f ms' % (name, gap * 1000))
        gaps = clock.longest(lambda: os.lseek(fd, 1 << 40, os.SEEK_SET))
        tap.note('%s: lseek, a gap of %.1f ms' % (name, gaps[0] * 1000))
    net.close()


def resize_on(knob, done):
    while not done.is_set():
        for lfactor in (8, -8, 0, -4):
            knob.set(conn_lfactor=lfactor)
            done.wait(0.002)


@tap.test(each_family=True)
def removed(family):
    """expire_nodest_conn: the connections of a removed server end while the table is resized and
    new ones are made; those of the other server stay."""
    net, table, done = Network(family, 300), ConnTable(), threading.Event()
    first, second = net.servers
    net.flood(CONNS // 2)
    before = net.counts()
    with Knobs(expire_nodest_conn=1) as knob:
        resizer = threading.Thread(target=resize_on, args=(knob, done))
        if knob.has('conn_lfactor'):
            resizer.start()
        director('ipvsadm', '-d', '-f', str(MARK), *net.six, '-r', pkt.endpoint(first, 0))
        for n in range(CONNS // 2, CONNS // 2 + 2000):
            net.frames.send(n)
        gone = wait_until(lambda: not any(c.dest == first and c.cport == CPORT
                                          for c in table.all()), 20)
        done.set()
        if resizer.ident:
            resizer.join()
        tap.check(gone, 'connections to the removed server stay')
    tap.check(net.counts()[second] >= before[second], 'connections to the other server have gone')
    net.close()


tap.main(tools=('nft',))
