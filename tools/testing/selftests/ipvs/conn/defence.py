#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""drop_packet, drop_entry, secure_tcp and conn_max under load (see defence.sh)."""

import os
import socket

from ipvstest import pkt, tap
from ipvstest.conns import ConnTable, ProcFile
from ipvstest.namespaces import namespace
from ipvstest.pkt import SCTP, TCP, UDP
from ipvstest.rig import Rig
from ipvstest.settings import Knobs
from ipvstest.weir import text_counters
from ipvstest.wire import wait_until

ALL = ('drop_entry', 'drop_packet', 'secure_tcp')
INT_MAX = (1 << 31) - 1
PORT = 8000     # of the real servers, see topology.sh
HALF_OPEN = ('SYN_RECV', 'SYNACK', 'INIT1', 'INIT')
SYNS, ROOM = 1600, 600      # of a flood; connections allowed in addition to the existing ones


class Table(ConnTable):
    def size(self):
        return self.text().count('\n') - 1

    def count(self, rig, *states):
        """Connections of the rig's service in one of these states."""
        return sum(1 for conn in self.all() if conn.vport == rig.vport and conn.state in states)


def goes_on(rig, sport, packets=20):
    """An established connection loses no packet."""
    for number in range(packets):
        rig.send(sport, 'ack')
        if not tap.check(rig.arrived(sport), 'packet %d of an established one' % number):
            return


def passed(rig, sports):
    """How many of these first packets were forwarded. A packet of an established connection follows
    them and arrives last."""
    for sport in sports:
        rig.send(sport)
    rig.send(3999, 'ack')
    count = 0
    while True:
        got = rig.ends.server.expect(lambda p: p.sport is not None)
        if not tap.check(got, 'the established connection is cut') or got.sport == 3999:
            return count
        count += got.sport in sports


@tap.step
def drop_packet(family):
    for proto in (TCP, UDP):
        rig = Rig(family, 'nat', proto, vport=8300 + 20 * family + proto)
        rig.establish(3999)
        for base, rate, wanted in ((4000, 4, 9), (4100, 1, 0), (4200, 0, 12)):
            with Knobs(am_droprate=rate, drop_packet=3):
                tap.equal(passed(rig, range(base, base + 12)), wanted, '1 in %d dropped' % rate)
        tap.check(rig.error(4000, 0.05) is None, 'an error for a dropped packet')
        tap.equal(passed(rig, range(4900, 4910)), 10, 'afterwards')
        rig.close()


@tap.step
def automatic(family=4):
    """Modes 1 and 2 depend on the available memory."""
    rig = Rig(family, 'nat', vport=8310 + family)
    rig.establish(4000)
    with Knobs(**dict.fromkeys(ALL, 1), amemthresh=0) as knobs:
        tap.equal([knobs.get(name) for name in ALL], ['1'] * 3, 'memory at hand')
        rig.establish(4001)
        knobs.set(amemthresh=INT_MAX)
        tap.check(wait_until(lambda: all(knobs.get(name) == '2' for name in ALL), 5),
                  'not on: %s' % [knobs.get(name) for name in ALL])
        rig.send(4002)
        tap.check(not rig.arrived(4002, 0.1), 'a new connection although all are dropped')
        goes_on(rig, 4000)
        knobs.set(amemthresh=0)
        tap.check(wait_until(lambda: all(knobs.get(name) == '1' for name in ALL), 5),
                  'not off: %s' % [knobs.get(name) for name in ALL])
        tap.check(rig.establish(4003), 'no new connection')
        table = Table()
        tap.equal(table.of('TCP', 4003, rig.vport).state, 'ESTABLISHED', 'secure_tcp is off')
    rig.close()


def half_open(rig, count, base=10000):
    for sport in range(base, base + count):
        rig.send(sport)
    table = Table()
    wait_until(lambda: table.count(rig, *HALF_OPEN) == count)
    rig.ends.drain()
    return table


@tap.step
def drop_entry(family):
    """Half-open connections are dropped, a part each second; others stay."""
    rig = Rig(family, 'nat', vport=8320 + family)
    for sport in range(4000, 4010):
        establish(rig, sport)
    table = half_open(rig, 640)
    before = table.count(rig, *HALF_OPEN)
    tap.equal(before, 640, 'half-open connections')
    with Knobs(drop_entry=3):
        tap.check(wait_until(lambda: table.count(rig, *HALF_OPEN) < 620, 10),
                  'none was dropped: %d' % table.count(rig, *HALF_OPEN))
        tap.check(table.count(rig, *HALF_OPEN) > 320, 'half of them at once')
    tap.equal(table.count(rig, 'ESTABLISHED'), 10, 'established')
    active, inactive = rig.ipvs.counts(rig.service, rig.servers[0], rig.dport)
    tap.equal((active, inactive), (10 + table.count(rig, *HALF_OPEN), 0), 'active, inactive')
    goes_on(rig, 4000, 5)
    rig.close()


@tap.step
def drop_entry_sctp(family):
    """The same for SCTP. An unfinished association expires after four seconds anyway, so this tries
    more of them."""
    rig = Rig(family, 'nat', SCTP, vport=8360 + family)
    for sport in range(4000, 4010):
        establish(rig, sport)
    for base in (10000, 11000, 12000):
        table = half_open(rig, 320, base)
        before = table.count(rig, *HALF_OPEN)
        with Knobs(drop_entry=3):
            if wait_until(lambda seen=before: table.count(rig, *HALF_OPEN) < seen, 3):
                break
    else:
        tap.fail('none was dropped: %d' % table.count(rig, *HALF_OPEN))
    tap.equal(table.count(rig, 'ESTABLISHED'), 10, 'established')
    tap.equal(rig.ipvs.counts(rig.service, rig.servers[0], rig.dport)[0], 10, 'active')
    goes_on(rig, 4000, 5)
    rig.close()


def establish(rig, sport):
    if rig.proto == TCP:
        rig.establish(sport)
        return
    rig.send(sport)
    rig.arrived(sport)
    rig.reply(sport, 'cookieack')
    tap.check(rig.answered(sport), 'no reply')


@tap.step
def templates(family):
    """The template of a client that sent only a first packet ends with its connection; others
    stay."""
    rig = Rig(family, 'nat', vport=8350 + family, sched='wrr', flush=True)
    rig.ipvs.del_service(*rig.service)
    rig.ipvs.add_service(*rig.service, 'rr', flags=1, timeout=300)
    rig.ipvs.dest('NEW_DEST', rig.service, rig.servers[0], rig.dport)
    establish(rig, 4000)
    for number in range(90):
        rig.ends.client.send(spoofed(rig, number))
    table = Table()

    def counted():
        """(half-open connections, templates) of unknown clients."""
        conns = [c for c in table.all() if c.vport == rig.vport and c.client != rig.client]
        proven = sum(1 for c in conns if c.cport and c.state in HALF_OPEN)
        return proven, len(conns) - proven

    tap.equal(wait_until(lambda: counted() == (90, 90)), True, 'connections and templates')
    rig.ends.drain()
    with Knobs(drop_entry=3):
        tap.check(wait_until(lambda: counted()[1] < 87, 20), 'no template was dropped')
    conns, left = counted()
    tap.check(conns <= left, '%d templates, but %d connections' % (left, conns))
    own = [c.state for c in table.all() if c.vport == rig.vport and c.client == rig.client]
    tap.equal(sorted(own), ['ASSURED', 'ESTABLISHED'], 'of the client that is connected')
    goes_on(rig, 4000, 5)
    rig.close()


@tap.step
def idle(family=4):
    """After a minute: connections with few packets are dropped, those with many are not. (65 s and
    more.)"""
    rig = Rig(family, 'nat', UDP, vport=8330 + family)
    for sport in range(10000, 10320):
        rig.send(sport)
    for sport in range(4000, 4010):
        for _ in range(9):
            rig.send(sport)
    table = Table()
    wait_until(lambda: table.count(rig, 'UDP') == 330)
    with Knobs(drop_entry=3):
        wait_until(lambda: table.count(rig, 'UDP') != 330, 58)
        tap.equal(table.count(rig, 'UDP'), 330, 'before the minute is over')
        tap.check(wait_until(lambda: table.count(rig, 'UDP') < 300, 30), 'none was dropped')
        left = [conn.cport for conn in table.all() if conn.vport == rig.vport]
        tap.equal(sorted(p for p in left if p < 10000), list(range(4000, 4010)), 'the busy ones')
    rig.close()


class Session:
    """A long TCP connection of a real client; at the end the server reports whether all data
    arrived."""

    def __init__(self, address):
        with namespace('client'):
            family = socket.AF_INET6 if ':' in address else socket.AF_INET
            self.sock = socket.socket(family, socket.SOCK_STREAM)
        self.sock.settimeout(10)
        self.sock.connect((address, PORT))
        self.sock.sendall(b'sum\n')
        self.sent = b''

    def send(self):
        data = os.urandom(3000)
        self.sock.sendall(data)
        self.sent += data

    def verdict(self):
        import hashlib
        self.sock.shutdown(socket.SHUT_WR)
        got = self.sock.makefile().readline().strip()
        self.sock.close()
        return got == hashlib.sha256(self.sent).hexdigest()


def spoofed(rig, number):
    """A SYN from an address that no host has."""
    if rig.family == 4:
        src = '192.0.2.%d' % (100 + number % 100)
    else:
        src = '2001:db8:a::1:%x' % (number % 1000)
    return pkt.tcp(src, rig.at.vip, 1024 + number % 60000, rig.vport, 'syn')


class Flood:
    """Counts clients since its creation: connections made, and refusals by conn_max."""

    def __init__(self):
        self.stats = ProcFile('ip_vs_stats_percpu')
        self.weir = os.environ.get('IMPL') == 'weir'
        self.before = (0, 0)
        self.before = self.came()

    def came(self):
        conns = 0
        for line in self.stats.text().splitlines():
            words = line.split()
            if len(words) == 6 and words[0] not in ('~', 'CPU'):
                conns += int(words[1], 16)
        refused = text_counters()['drop_conn_max'] if self.weir else 0
        return conns - self.before[0], refused - self.before[1]

    def dropped(self):
        return text_counters()['conn_dropped'] if self.weir else 0

    def all_came(self, bounded):
        """The in-tree ip_vs neither counts refusals nor lists all connections while its table
        grows."""
        made, refused = self.came()
        if bounded and not self.weir:
            return made >= ROOM // 2
        return made + refused == SYNS


@tap.step
def flood(family):
    """SYNs from many addresses to a service beside that of a connected client."""
    session = Session('203.0.113.10' if family == 4 else '2001:db8:f::10')
    session.send()
    rig = Rig(family, 'dr', vport=8340 + family, flush=False)
    rig.establish(4000)
    table, clients = Table(), Flood()
    limit = table.size() + ROOM
    with Knobs(drop_entry=3, secure_tcp=3) as knobs:
        bounded = knobs.has('conn_max')
        if bounded:
            knobs.set(conn_max=limit)
        dropped = clients.dropped()
        for number in range(SYNS):
            rig.ends.client.send(spoofed(rig, number))
            if number % 400 == 0:
                session.send()
                rig.ends.drain()
                goes_on(rig, 4000, 2)
        tap.check(wait_until(lambda: clients.all_came(bounded)),
                  'of %d SYNs %d made a connection, %d were refused' % (SYNS, *clients.came()))
        rig.ends.drain()
        total = table.size()
        if bounded:
            tap.check(total <= limit, '%d connections, limit %d' % (total, limit))
        tap.check(wait_until(lambda: table.size() < 0.95 * total, 10),
                  'the table stays full: %d' % table.size())
        if clients.weir:
            # others may have ended meanwhile
            tap.check(wait_until(lambda: clients.dropped() > dropped, 10), 'drop_entry dropped none')
        goes_on(rig, 4000)
        another = Session(rig.at.vip)       # there is room again
        another.send()
        tap.check(another.verdict(), 'a new client, damaged')
    session.send()
    tap.check(session.verdict(), 'the connected client, damaged')
    rig.close()


tap.main()
