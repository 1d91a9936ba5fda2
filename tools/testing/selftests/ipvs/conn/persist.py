#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Persistence, packet by packet: clients stay with a server.

Each case has its own ports and clients, as connections outlive services. The log has the same words
for both families: `c1.2` is host 2 of client network 1.
"""

import contextlib
import struct
import time

from ipvstest import pkt, tap
from ipvstest.conns import ConnTable
from ipvstest.genl import (DST_PERSISTENT, SVC_FLAGS, SVC_NETMASK, SVC_SCHED, SVC_TIMEOUT,
                           TOP_SERVICE, Ipvs, attr, be32, nest, number, service_id, text, u32)
from ipvstest.namespaces import namespace
from ipvstest.pkt import TCP, UDP
from ipvstest.wire import Ends, ip_command, wait_until

PERSISTENT = 1
NAMES = {TCP: 'TCP', UDP: 'UDP'}
log = []


class Case:
    """A persistent service with three phantoms, and clients behind a route of their own."""
    count = 0

    def __init__(self, ends, name, port=None, dport=None, proto=TCP, netmask=None, timeout=100):
        Case.count += 1
        self.ends, self.ipvs, self.table, self.name = ends, Ipvs(), ConnTable(), name
        self.proto, self.sport = proto, 1000
        self.port = 2000 + Case.count if port is None else port
        self.dport = 3000 + Case.count if dport is None else dport
        self.servers = ends.at.phantoms[:3]
        self.service = (ends.at.vip, self.port, proto)
        log.append('== ' + name)
        self.ipvs.flush()
        self.ipvs.add_service(*self.service, 'rr', PERSISTENT, timeout, self.mask(netmask))
        for server in self.servers:
            self.add(server)

    def mask(self, bits):
        """The netmask attribute for (IPv4, IPv6) prefix lengths."""
        if not bits:
            return None
        return bits[1] if self.ends.at.family == 6 else 0xffffffff << (32 - bits[0]) & 0xffffffff

    def add(self, server):
        self.ipvs.dest('NEW_DEST', self.service, server, self.dport)

    def edit(self, netmask=None, timeout=100, flags=PERSISTENT):
        mask = self.mask(netmask)
        six = self.ends.at.family == 6
        self.ipvs.must('SET_SERVICE', nest(TOP_SERVICE, service_id(*self.service) + [
            text(SVC_SCHED, 'rr'), attr(SVC_FLAGS, struct.pack('II', flags, 0xffffffff)),
            u32(SVC_TIMEOUT, timeout),
            u32(SVC_NETMASK, mask or 128) if six else be32(SVC_NETMASK, mask or 0xffffffff)]))

    def address(self, client):
        net, host = client
        if self.ends.at.family == 6:
            return pkt.shown(b'\x20\x01\x0d\xb8' + bytes((12, Case.count, 0, net)) + bytes(7)
                                + bytes([host]))
        return '10.%d.%d.%d' % (Case.count, net, host)

    def call(self, address):
        """The name of an address in the log."""
        if address in self.servers:
            return 's%d' % (self.servers.index(address) + 1)
        if address == self.ends.at.vip:
            return 'vip'
        for net in range(4):
            for host in range(5):
                if address == self.address((net, host)):
                    return 'c%d.%d' % (net, host)
        return None

    def segment(self, src, dst, sport, dport, flags, proto):
        if proto == UDP:
            return pkt.udp(src, dst, sport, dport, b'payload')
        return pkt.tcp(src, dst, sport, dport, flags)

    def come(self, net, host, port=None, sport=None, flags='syn', proto=None):
        """Sends a client's packet; returns the server that gets it."""
        port, proto = port or self.port, proto or self.proto
        if not sport:
            self.sport += 1
            sport = self.sport
        self.last = (net, host, port, sport, proto)
        self.ends.client.send(self.segment(self.address((net, host)), self.ends.at.vip, sport,
                                           port, flags, proto))
        log.append('%s c%d.%d:%d > %d: %s' % (flags if proto == TCP else 'udp', net, host, sport,
                                              port, self.outcome(sport)))

    def outcome(self, sport, seconds=3):
        """The server that got the packet from this port."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            got = self.ends.server.expect(lambda p: p.sport == sport, 0.005)
            if got:
                self.at = (got.dst, got.dport)
                return '%s:%d' % (self.call(got.dst), got.dport)
            got = self.ends.client.expect(
                lambda p: p.dport == sport or (p.inner and p.inner.sport == sport), 0.001)
            if got:
                return 'refused' if got.inner else 'answered by the director'
        return 'nowhere'

    def again(self, flags):
        net, host, port, sport, proto = self.last
        return self.come(net, host, port, sport, flags, proto)

    def reply(self):
        net, host, _, sport, proto = self.last
        client = self.address((net, host))
        self.ends.server.send(self.segment(self.at[0], client, self.at[1], sport, 'synack', proto))
        tap.check(self.ends.client.expect(lambda p: p.dport == sport, 1), 'no reply')

    def conns(self):
        return [c for c in self.table.all() if self.call(c.client)]

    def show(self):
        """Logs this case's part of the table, and the templates its servers count."""
        log.extend(line for _, line in sorted((c.cport, '    %s %s:%d > %s:%d > %s:%d %s' % (
            c.proto, self.call(c.client), c.cport, self.call(c.virtual), c.vport,
            self.call(c.dest), c.dport, c.state)) for c in self.conns()))
        dests = self.ipvs.dests(self.service)
        log.append('    templates ' + ' '.join(
            '%s:%d' % (self.call(a), number(f[DST_PERSISTENT])) for (a, _), f in sorted(dests.items())))


def sysctl(name, value):
    with namespace('director'), open('/proc/sys/net/ipv4/vs/' + name, 'w') as file:
        file.write(str(value))


def one_port(ends):
    case = Case(ends, 'one port')
    for host in (1, 1, 2, 2, 1, 3):
        case.come(1, host)
    case.show()
    case.come(1, 1)
    case.reply()
    case.again('ack')
    case.show()
    case.come(1, 1, proto=UDP)


def udp(ends):
    case = Case(ends, 'udp', proto=UDP)
    case.come(1, 1)
    case.show()
    case.reply()
    case.show()


def netmask(ends):
    case = Case(ends, 'netmask', netmask=(24, 64))
    for net, host in ((1, 1), (1, 2), (2, 1), (1, 3), (2, 4), (3, 1)):
        case.come(net, host)
    case.show()
    case.edit()
    for host in (1, 2, 3):
        case.come(1, host)
    case.show()
    case.edit(netmask=(16, 48))
    for net in (1, 2, 3):
        case.come(net, 4)
    case.show()


def all_ports(ends):
    case = Case(ends, 'port 0', port=0, dport=0)
    for host, port in ((1, 80), (1, 443), (2, 443), (2, 80), (1, 21), (1, 22)):
        case.come(1, host, port)
    case.show()
    case.edit(flags=0)
    case.come(1, 3, 80)


def ftp(ends):
    """Control and passive data connections. Connections to privileged ports and from port 20 are
    not scheduled."""
    case = Case(ends, 'ftp', port=21, dport=21)
    for host in (1, 2):
        for port, sport in ((21, None), (40000, None), (1024, None), (20, None), (80, None),
                            (40001, 20), (21, None)):
            case.come(1, host, port, sport)
    case.come(1, 3, 40000)
    case.come(1, 3, 21)
    case.show()
    case.edit(flags=0)
    case.come(2, 1, 21)
    case.come(2, 1, 40000)


def drained(ends):
    case = Case(ends, 'weight 0')
    case.come(1, 1)
    server = case.at[0]
    case.ipvs.dest('SET_DEST', case.service, server, case.dport, weight=0)
    case.come(1, 1)
    sysctl('expire_quiescent_template', 1)
    case.come(1, 1)
    case.come(1, 1)
    case.show()
    sysctl('expire_quiescent_template', 0)
    case.ipvs.dest('SET_DEST', case.service, server, case.dport, weight=1)
    case.come(1, 1)
    case.show()


def removed(ends):
    case = Case(ends, 'removed')
    case.come(1, 1)
    server = case.at[0]
    case.ipvs.del_dest(case.service, server, case.dport)
    case.come(1, 1)
    case.show()
    case.add(server)
    case.show()
    case.come(1, 1)
    case.come(1, 2)
    case.come(1, 3)
    case.come(1, 4)
    case.show()
    # a template not used in the meantime is valid again when its server comes back
    case.ipvs.del_dest(case.service, server, case.dport)
    case.add(server)
    for host in (1, 2, 3, 4):
        case.come(1, host)
    case.show()


def dropped(ends):
    """expire_nodest_conn: the template ends with its connections."""
    case = Case(ends, 'dropped with their server')
    case.come(1, 1)
    case.come(1, 2)
    case.reply()
    case.again('ack')
    sysctl('expire_nodest_conn', 1)
    for server in case.servers:
        case.ipvs.del_dest(case.service, server, case.dport)
    tap.check(wait_until(lambda: not case.conns()), 'still there: %r' % case.conns())
    sysctl('expire_nodest_conn', 0)
    for server in case.servers:
        case.add(server)
    case.show()


def none_left(ends):
    case = Case(ends, 'no server')
    for server in case.servers:
        case.ipvs.dest('SET_DEST', case.service, server, case.dport, weight=0)
    case.come(1, 1)
    case.show()


def templates(case):
    """{client: seconds left}"""
    return {case.call(c.client): c.expires for c in case.conns() if c.cport == 0}


def extend(case, timeout):
    """Keeps a connection of client 1.1 in use until the template has expired."""
    end = time.monotonic() + timeout + 4
    while time.monotonic() < end and templates(case).get('c1.1', 60) <= timeout:
        case.come(1, 1, sport=1003)
        time.sleep(0.2)
    left = templates(case)
    tap.check(50 < left.get('c1.1', 0) <= 60, 'with a connection: %r' % left)


def template_lifetime(ends):
    """An expired template waits for its connections a minute at a time; a changed timeout applies
    to new templates. (UDP connections live 1 s here.)"""
    case = Case(ends, 'lifetime', proto=UDP, timeout=2)
    case.come(1, 1)
    case.come(1, 2)
    tap.check(templates(case)['c1.1'] <= 2, 'new: %r' % templates(case))
    case.edit(timeout=500)
    case.come(1, 1)
    case.come(1, 3)
    left = templates(case)
    tap.check(left['c1.1'] <= 2 and 490 < left['c1.3'] <= 500, 'after an edit: %r' % left)
    extend(case, 2)
    tap.check(wait_until(lambda: 'c1.2' not in templates(case), 6),
              'without one: %r' % templates(case))


def restored_timeout(ends):
    """The next new connection gives an extended template its own timeout again. It ends after that
    time, as if it had not been extended."""
    case = Case(ends, 'restored', proto=UDP, timeout=4)
    case.come(1, 1)
    case.edit(timeout=500)
    extend(case, 4)
    case.come(1, 1)
    left = templates(case)
    tap.check(left.get('c1.1', 60) <= 4, 'after a new connection: %r' % left)
    tap.check(wait_until(lambda: 'c1.1' not in templates(case), 10),
              'when that is over: %r' % templates(case))


@contextlib.contextmanager
def clients(family):
    """The ends, with a route to the client networks."""
    ends = Ends(family)
    via = ends.at.phantom_client
    nets = '2001:db8:c00::/40' if family == 6 else '10.0.0.0/8'
    ip_command('director', 'route', 'replace', nets, 'via', via, 'dev', 'front')
    try:
        yield ends
    finally:
        ip_command('director', 'route', 'del', nets)
        Ipvs().flush()


@tap.step
def table(family):
    with clients(family) as ends:
        for case in (one_port, udp, netmask, all_ports, ftp, drained, removed, dropped, none_left):
            case(ends)
        tap.golden('persist.txt', log)


@tap.step
def lifetime(family):
    with clients(family) as ends:
        template_lifetime(ends)


@tap.step
def restored(family):
    with clients(family) as ends:
        restored_timeout(ends)


tap.main()
