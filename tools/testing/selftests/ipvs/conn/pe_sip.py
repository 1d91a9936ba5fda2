#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""SIP over UDP, from phantoms or real sockets."""

import os
import random
import select
import socket
import struct

from ipvstest import pkt, tap
from ipvstest.conns import ConnTable
from ipvstest.genl import (SVC_FLAGS, SVC_PE, SVC_SCHED, SVC_TIMEOUT, TOP_SERVICE, Ipvs, attr,
                           nest, netmask_attr, service_id, text, u32)
from ipvstest.namespaces import namespace
from ipvstest.pkt import TCP, UDP
from ipvstest.wire import Addresses, Ends, wait_until

PERSISTENT, ONE_PACKET = 1, 4
PORT, MARKER = 5060, 999
log = []


def invite(call=b'', *, header=b'Call-ID: ', end=b'\r\n', body=b'\r\n'):
    lines = b'INVITE sip:bob@example.com SIP/2.0\r\nVia: SIP/2.0/UDP there\r\n'
    return lines + header + call + end + body


class Calls:
    """A service with the engine in front of three phantoms."""

    def __init__(self, ends, port=PORT, proto=UDP, flags=PERSISTENT, netmask=None):
        self.ends, self.ipvs, self.table, self.at = ends, Ipvs(), ConnTable(), ends.at
        self.port, self.proto, self.sport = port, proto, 1000
        self.servers, self.service = self.at.phantoms[:3], (self.at.vip, port, proto)
        self.set('NEW_SERVICE', flags, netmask)
        for server in self.servers:
            self.ipvs.dest('NEW_DEST', self.service, server, port)

    def set(self, cmd, flags, netmask=None, engine='sip'):
        self.ipvs.must(cmd, nest(TOP_SERVICE, service_id(*self.service) + [
            text(SVC_SCHED, 'rr'), attr(SVC_FLAGS, struct.pack('II', flags, 0xffffffff)),
            u32(SVC_TIMEOUT, 100), netmask_attr(self.at.vip, netmask)] +
            ([text(SVC_PE, engine)] if engine else [])))

    def call(self, address):
        names = {s: 's%d' % (i + 1) for i, s in enumerate(self.servers)}
        names.update({self.at.vip: 'vip', self.at.phantom_client: 'c'})
        return names.get(address, 'net')

    def push(self, sport, message, client):
        client = client or self.at.phantom_client
        if self.proto == TCP:
            raw = pkt.tcp(client, self.at.vip, sport, self.port, 'syn', payload=message)
        else:
            raw = pkt.udp(client, self.at.vip, sport, self.port, message)
        self.ends.client.send(raw)

    def say(self, what, message, client=None, sport=None):
        """Returns the server that gets a message. A valid one follows and shows whether it was
        dropped."""
        self.sport += 1
        sport = self.last = sport or self.sport
        self.push(sport, message, client)
        self.push(MARKER, invite(b'marker'), None)
        got = self.ends.server.expect(lambda p: p.sport in (sport, MARKER)
                                      and p.dport == self.port, 1 if self.proto == TCP else 3)
        where = 'nowhere' if not got or got.sport == MARKER else self.call(got.dst)
        if where != 'nowhere':
            self.to = got.dst
            self.ends.server.expect(lambda p: p.sport == MARKER)
        log.append('%s: %s' % (what, where))

    def send_back(self, what, server, cport, message):
        """A server's message, and the packet the client gets."""
        self.ends.server.send(pkt.udp(server, self.at.phantom_client, self.port, cport, message))
        got = self.ends.client.expect(lambda p: p.dport == cport)
        log.append('%s: %s' % (what, got and 'from %s:%d' % (self.call(got.src), got.sport)))

    def show(self):
        conns = [c for c in self.table.all() if (c.virtual, c.vport) == (self.at.vip, self.port)
                 and c.cport != MARKER and 'marker' not in c.extra]
        log.extend(sorted(' '.join(['    %s %s:%d > %d > %s:%d %s' % (
            c.proto, self.call(c.client), c.cport, c.vport, self.call(c.dest), c.dport,
            c.state)] + c.extra) for c in conns))


def same_network(at, host):
    return ('192.0.2.%d' if at.family == 4 else '2001:db8:a::%d') % host


def by_call_id(ends):
    calls = Calls(ends)
    log.append('== by Call-ID')
    calls.push(MARKER, invite(b'marker'), None)
    tap.check(ends.server.expect(lambda p: p.sport == MARKER), 'no first message')
    for call in (b'one@here', b'two@here', b'one@here', b'three', b'two@here', b'one@HERE'):
        calls.say(call.decode(), invite(call))
    calls.show()
    calls.send_back('answer', calls.to, calls.last, b'whatever')
    calls.show()
    calls.say('one@here from another address', invite(b'one@here'), same_network(ends.at, 78))
    calls.set('SET_SERVICE', PERSISTENT, 0xffffff00 if ends.at.family == 4 else 64)
    for host in (78, 79, 80):
        calls.say('one@here from %d' % host, invite(b'one@here'), same_network(ends.at, host))
    log.append('-- without the engine')
    calls.set('SET_SERVICE', PERSISTENT, engine=None)
    calls.say('one@here', invite(b'one@here'))
    calls.say('four', invite(b'four'))
    calls.say('five, no message', b'five')


FORMS = [
    ('compact', invite(b'f1', header=b'i: ')),
    ('compact, capital', invite(b'f1', header=b'I:')),
    ('lower case', invite(b'f1', header=b'call-id:')),
    ('blanks around the colon', invite(b'f1', header=b'Call-ID \t:  ')),
    ('LF only', invite(b'f1', end=b'\n')),
    ('CR only', invite(b'f1', end=b'\r')),
    ('on the next line', invite(b'\r\n f1')),
    ('in the body too', invite(b'f1', body=b'\r\nCall-ID: other\r\n')),
    ('255 bytes', invite(b'a' * 255)),
    ('256 bytes', invite(b'a' * 256)),
    ('empty', invite(b'')),
    ('blank inside', invite(b'f1 f2')),
    ('no domain', invite(b'f1@')),
    ('odd characters', invite(b'f1\xff\x00')),
    ('end of the packet', invite(b'f1', end=b'', body=b'')),
    ('no colon', invite(b'f1', header=b'Call-ID ')),
    ('a bad one before a good one', invite(b'@', body=b'Call-ID: f1\r\n')),
    ('first line', b'Call-ID: f1\r\n\r\n'),
    ('another header', invite(b'f1', header=b'Call-Info: ')),
    ('no message', b'x'),
    ('nothing', b''),
    ('line ends', b'\r\n' * 20),
    ('header alone', b'\r\nCall-ID'),
    ('colon alone', b'\r\nCall-ID:'),
    ('continuation at the end', b'\r\nCall-ID:\r\n '),
]


def forms(ends):
    calls = Calls(ends, PORT + 1)
    log.append('== forms')
    calls.push(MARKER, invite(b'marker'), None)
    tap.check(ends.server.expect(lambda p: p.sport == MARKER), 'no first message')
    for what, message in FORMS:
        calls.say(what, message)
    calls.show()


def tcp(ends):
    calls = Calls(ends, PORT + 2, TCP)
    log.append('== TCP')
    calls.say('SYN', invite(b'one'))
    calls.show()


def from_server(ends):
    """A server calls: the client sees the virtual address, and its answer reaches that server."""
    for number, (name, flags) in enumerate((('persistent', PERSISTENT), ('plain', 0),
                                            ('one packet', PERSISTENT | ONE_PACKET))):
        calls = Calls(ends, PORT + 3 + number, flags=flags)
        log.append('== from a server, ' + name)
        calls.send_back('call', calls.servers[1], 2001, invite(b'out'))
        calls.say('answer', invite(b'out'), sport=2001)
        calls.say('same call from another port', invite(b'out'), sport=2002)
        calls.send_back('the same call by another server', calls.servers[0], 2003, invite(b'out'))
        calls.say('now', invite(b'out'), sport=2004)
        calls.send_back('no message', calls.servers[1], 2005, b'x')
        calls.send_back('to the same port', calls.servers[0], 2001, invite(b'again'))
        calls.say('its answer', invite(b'again'), sport=2001)
        calls.show()
        calls.set('SET_SERVICE', flags, engine=None)
        calls.send_back('without the engine', calls.servers[1], 2006, invite(b'out'))
        calls.set('SET_SERVICE', flags)


@tap.step
def table(family):
    ends = Ends(family)
    for case in (by_call_id, forms, tcp, from_server):
        case(ends)
    tap.golden('pe_sip.txt', log)


def open_udp(ns, address, port=0):
    with namespace(ns):
        sock = socket.socket(socket.AF_INET6 if ':' in address else socket.AF_INET,
                             socket.SOCK_DGRAM)
        sock.bind((address, port))
    sock.settimeout(3)
    return sock


def phone_service(at, ipvs, port, flags):
    """The service, and the sockets of its servers."""
    service = (at.vip, port, UDP)
    ipvs.must('NEW_SERVICE', nest(TOP_SERVICE, service_id(*service) + [
        text(SVC_SCHED, 'rr'), attr(SVC_FLAGS, struct.pack('II', flags, 0xffffffff)),
        u32(SVC_TIMEOUT, 100), netmask_attr(at.vip, None), text(SVC_PE, 'sip')]))
    servers = [open_udp('server%d' % (i + 1), real, port) for i, real in enumerate(at.real)]
    for real in at.real:
        ipvs.dest('NEW_DEST', service, real, port)
    return servers


def phone_calls(at, servers, port, one_port):
    """Four calls of three messages each, from separate ports or all from one."""
    took, phone = {}, open_udp('client', at.client)
    for number in range(12):
        call = b'call%d@phone' % (number % 4)
        if not one_port:
            phone = open_udp('client', at.client)
        phone.sendto(invite(call), (at.vip, port))
        server, peer = serve(servers)
        took.setdefault(call, set()).add(server)
        server.sendto(b'SIP/2.0 200 OK\r\nCall-ID: ' + call + b'\r\n\r\n', peer)
        answer, sender = phone.recvfrom(1000)
        tap.equal(sender[:2], (at.vip, port), 'sender of the answer')
        tap.check(call in answer, 'answer %r' % answer)
    tap.equal([len(s) for s in took.values()], [1, 1, 1, 1], 'servers of each call')
    tap.equal(len(set.union(*took.values())), 3, 'servers of all calls')


@tap.step
def phones(family):
    """Real sockets: each call reaches one server, whose reply comes from the virtual address; then
    the servers call the same phone."""
    at, ipvs = Addresses(family), Ipvs()
    for port, flags in ((PORT, PERSISTENT), (PORT + 1, PERSISTENT | ONE_PACKET)):
        servers, ops = phone_service(at, ipvs, port, flags), flags & ONE_PACKET
        phone_calls(at, servers, port, ops)
        phone = open_udp('client', at.client)
        for number, server in enumerate(servers):
            server.sendto(invite(b'from%d' % number), (at.client, phone.getsockname()[1]))
            _, sender = phone.recvfrom(1000)
            tap.equal(sender[:2], (at.vip, port), 'caller')
        for number in range(3) if ops else (2,):
            phone.sendto(b'SIP/2.0 200 OK\r\nCall-ID: from%d\r\n\r\n' % number, (at.vip, port))
            tap.check(serve(servers)[0] is servers[number], 'the answer went to another server')


def serve(servers):
    """Returns the server that got a message, and its source."""
    ready = select.select(servers, [], [], 3)[0]
    if not ready:
        tap.fail('no server got the message')
        tap.finish()
    return ready[0], ready[0].recvfrom(1000)[1]


def mangled(rng):
    raw = bytearray(rng.choice(FORMS)[1] + bytes(rng.randrange(3)))
    for _ in range(rng.randrange(6)):
        if raw:
            raw[rng.randrange(len(raw))] = rng.choice(b'\r\n :@\0\xffCi-')
    return bytes(raw[:rng.randrange(len(raw) + 1)])


@tap.step
def hostile(family):
    """Malformed messages; a valid one passes afterwards."""
    seed = int(os.environ.get('SEED') or random.randrange(1 << 30))
    rng, ends = random.Random(seed), Ends(family)
    tap.note('SEED=%d' % seed)
    calls = Calls(ends, PORT + 9)
    for number in range(int(os.environ.get('MESSAGES', 500))):
        calls.push(10000 + number, mangled(rng), None)
        if number % 50 == 0:
            ends.drain()
    ends.drain()
    calls.push(MARKER, invite(b'marker'), None)
    tap.check(ends.server.expect(lambda p: p.sport == MARKER), 'a good message does not pass')
    tap.check(all(len(c.extra) in (0, 2) for c in calls.table.all()), 'table cannot be read')
    tap.check(wait_until(lambda: any('marker' in c.extra for c in calls.table.all())), 'no template')


tap.main()
