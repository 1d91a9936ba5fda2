#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Packets that led to vulnerabilities of the in-tree ip_vs (see cve.sh)."""

import mmap
import os
import signal
import socket
import struct

from ipvstest import pkt, sockctl, tap
from ipvstest.conns import ConnTable
from ipvstest.genl import MASQ, Ipvs
from ipvstest.namespaces import namespace
from ipvstest.paged import PagedTap
from ipvstest.pkt import ICMP, ICMP6, IPIP, IPV6, SCTP, TCP, icmp, ip
from ipvstest.rig import METHODS, Rig
from ipvstest.sockctl import Sockopts
from ipvstest.wire import Ends

GUE_PORT = 5556
PAYLOAD = b'what the packet carries, no longer than it has to be'


def errors_of(family):
    """(type, code) of an error that carries no size."""
    return (3, 1) if family == 4 else (1, 3)


class Pages:
    """The same packet linear and split at every offset: the results must be equal."""

    def __init__(self, rig, paged):
        self.rig, self.paged = rig, paged

    def same(self, what, end, match, send_linear, raw, skip=0):
        self.rig.ends.drain()
        send_linear(raw)
        wanted = end.expect(match)
        if not tap.check(wanted, what + ', linear: nothing arrived'):
            return
        for cut in list(range(0, min(len(raw), 130), 3)) + [len(raw) - 1]:
            self.paged.send(raw, cut, cut + 1, cut + 7)
            got = end.expect(match)
            if not tap.check(got, '%s, cut at %d: nothing came' % (what, cut)) or not \
                    tap.equal(got.raw[skip:].hex(), wanted.raw[skip:].hex(),
                              '%s, cut at %d' % (what, cut)):
                return

    def all(self, sport):
        rig, name = self.rig, self.rig.method
        at, server = rig.at, rig.ends.server
        inner_at_server = rig.servers[0] if name == 'nat' else at.vip
        tap.check(rig.establish(sport), name + ': no connection')
        # the tunnel counts its packets
        outer = 0 if name != 'tun' else 20 if rig.family == 4 else 40
        self.same(name + ', request', server, lambda p: rig.unwrap(p) and
                  rig.unwrap(p).sport == sport, rig.ends.client.send,
                  rig.request(sport, 'data', PAYLOAD), outer)
        about = pkt.tcp(at.vip, rig.client, rig.vport, sport, 'ack')
        self.same(name + ', error from the client', server, lambda p: rig.unwrap(p) and
                  rig.unwrap(p).proto in (ICMP, ICMP6) and rig.unwrap(p).inner,
                  rig.ends.client.send,
                  icmp(rig.client, at.vip, *errors_of(rig.family), payload=about), outer)
        if name != 'nat':
            return
        self.same('nat, reply', rig.ends.client, lambda p: p.dport == sport, server.send,
                  pkt.tcp(rig.servers[0], rig.client, rig.dport, sport, 'data',
                             payload=PAYLOAD))
        about = pkt.tcp(rig.client, inner_at_server, sport, rig.dport, 'ack')
        self.same('nat, error from the server', rig.ends.client, lambda p: p.inner and
                  p.inner.sport == sport, server.send,
                  icmp(rig.servers[0], rig.client, *errors_of(rig.family), payload=about))


@tap.step
def pages(family):
    paged = PagedTap()
    for count, method in enumerate(METHODS):
        rig = Rig(family, method)
        Pages(rig, paged).all(5100 + count)
        rig.close()
    if family == 4:
        rig = Rig(4, 'tun')
        raw = about_tunnel(rig, 5110)
        # so does the reply
        Pages(rig, paged).same('error about a tunnel', rig.ends.client,
                               lambda p: p.inner and p.inner.sport == 5110, rig.ends.server.send,
                               raw, 20)
        rig.close()
    paged.close()


def about_tunnel(rig, sport, inner_options=b'', **ip_args):
    """An error about a connection's packet in our tunnel."""
    tap.check(rig.establish(sport), 'no connection')
    request = rig.request(sport, 'data', PAYLOAD, options=inner_options)
    outer = ip(rig.at.director_back, rig.servers[0], IPIP, request)
    return icmp(rig.at.real[0], rig.at.director_back, 3, 1, payload=outer, **ip_args)


PAD = b'\0\1\4\0\0\0\0'     # after the next header: length, PadN of 4
OPTIONS = {'none': b'', 'router alert': b'\x94\4\0\0', 'nothing': b'\1' * 40}
FILLED_IN = {'time stamps': b'\x44\x28\5\0' + bytes(36), 'record route': b'\7\x27\4' + bytes(37)}
HEADERS = {'none': [], 'hop-by-hop': [(0, PAD)], 'destination': [(60, PAD)],
           'both': [(0, PAD), (60, PAD)], 'long': [(60, b'\x0c\x1e\x64' + bytes(100))]}


def told(rig, sport, what, kind):
    """The client gets a valid error about its packet, from the virtual address."""
    got = rig.error(sport)
    if tap.check(got, what + ': no error to the client'):
        tap.equal((got.bad, got.src, (got.kind, got.code)), ([], rig.at.vip, kind), what)
        tap.equal(got.inner.flow(), (rig.client, sport, rig.at.vip, rig.vport), what)
    return got


def options4(sport, outside):
    """An error with IP options becomes one about the packet in the tunnel: the options of the inner
    packet are echoed, or none, but not those of the error."""
    rig = Rig(4, 'tun')
    for name, theirs in outside.items():
        for inner in (b'', b'\1' * 4, b'\1' * 40):
            sport += 1
            raw = about_tunnel(rig, sport, inner, options=theirs)
            rig.ends.drain()
            rig.ends.server.send(raw)
            what = 'options %s, %d bytes of them inside' % (name, len(inner))
            got = told(rig, sport, what, (3, 1))
            if got:
                tap.equal(got.raw[0], 0x45, what)
    rig.close()


def options6(sport):
    """NAT translates an error and the packet in it, whatever headers precede either; an error about
    a tunnel packet ends here."""
    for method in ('nat', 'tun'):
        rig = Rig(6, method)
        for name, theirs in HEADERS.items():
            for inside, inner in HEADERS.items():
                sport += 1
                what = '%s, headers %s, inside %s' % (method, name, inside)
                tap.check(rig.establish(sport), what + ': no connection')
                rig.ends.drain()
                if method == 'nat':
                    about = pkt.tcp(rig.client, rig.servers[0], sport, rig.dport, 'data',
                                       payload=PAYLOAD, extensions=inner)
                    to = rig.client
                else:
                    about = ip(rig.at.director_back, rig.servers[0], IPV6,
                               rig.request(sport, 'data', PAYLOAD, extensions=inner))
                    to = rig.at.director_back
                rig.ends.server.send(icmp(rig.servers[0], to, 1, 3, payload=about,
                                          extensions=theirs))
                if method == 'nat':
                    told(rig, sport, what, (1, 3))
                rig.send(sport, 'data')
                tap.check(rig.arrived(sport), what + ': no more packets')
        rig.close()


def own_errors(family, sport):
    """The director's own errors about requests with options: there is no server."""
    rig = Rig(family, 'nat')
    rig.ipvs.del_dest(rig.service, rig.servers[0], rig.dport)
    for name, theirs in ({**OPTIONS, **FILLED_IN} if family == 4 else HEADERS).items():
        sport += 1
        rig.send(sport, **{'options' if family == 4 else 'extensions': theirs})
        told(rig, sport, 'no server, options ' + name, pkt.port_unreachable(family))
    rig.close()


@tap.step
def options(family):
    if family == 4:
        options4(5200, OPTIONS)
    else:
        options6(5200)
    own_errors(family, 5280)


@tap.step
def stamped():
    """Options that the stack fills in: the header checksum is wrong in the meantime."""
    options4(5220, FILLED_IN)


@tap.step
def sctp_headers(family):
    """The state follows the chunks wherever the SCTP header is."""
    ends, ipvs, table = Ends(family), Ipvs(), ConnTable()
    at, service = ends.at, (ends.at.vip, 5070, SCTP)
    client, server = at.phantom_client, at.phantoms[0]
    ipvs.flush()
    ipvs.add_service(*service, 'rr')
    ipvs.dest('NEW_DEST', service, server, 6070, MASQ)
    # a destination options header of 24 bytes, to be skipped, whose content looks like chunks
    fake = [b'\2\x1e\x14' + (bytes((kind, 0, 0, 8)) + bytes(4)) * 2 + bytes(4)
            for kind in (6, 0)]
    ways = [dict(options=b'\1' * n) for n in (0, 4, 40)] if family == 4 else \
        [dict(extensions=e) for e in ([], [(60, PAD)], [(0, PAD), (60, PAD)], [(60, fake[0])],
                                      [(43, b'\0\0\0\0\0\0\0'), (60, fake[1])])]
    seen = []
    for count, args in enumerate(ways):
        sport, states = 5300 + 20 * family + count, []
        for back, chunk in ((0, 'init'), (1, 'initack'), (0, 'echo'), (1, 'cookieack'),
                            (0, 'data'), (1, 'sack'), (0, 'shutdown'), (1, 'shutdownack'),
                            (0, 'complete')):
            if back:
                ends.server.send(pkt.sctp(server, client, 6070, sport, chunk, **args))
            else:
                ends.client.send(pkt.sctp(client, at.vip, sport, 5070, chunk, **args))
            got = (ends.client if back else ends.server).expect(
                lambda p: p.proto == SCTP and sport in (p.sport, p.dport))
            conn = table.of('SCTP', sport, 5070)
            states.append((chunk, bool(got), got and got.bad, conn and conn.state))
        seen.append(states)
        tap.equal(states, seen[0], 'headers %r' % args)
    tap.equal([s[1] for s in seen[0]], [True] * 9, 'each chunk arrived')
    tap.equal(seen[0][3][3], 'ESTABLISHED', 'state')
    ipvs.flush()
    ends.close()


def flip(memory, at, words):
    """A process that writes into pages while packets made of them are in flight."""
    pid = os.fork()
    if pid:
        return pid
    os.sched_setaffinity(0, {(os.cpu_count() or 1) - 1})
    first, second = words
    while os.getppid() != 1:
        for _ in range(1000):
            memory[at:at + 8] = first
            memory[at:at + 8] = second
    os._exit(0)


def shared_error(rig, sport, size):
    """GUE with an error whose quoted header has 20 or 60 bytes: (bytes, the first two words); the
    ports are at both offsets, and the checksum is the same."""
    ports = struct.pack('!HHI', rig.vport, sport, 1)
    inner = ip(rig.at.vip, rig.client, TCP, ports + bytes(32) + ports + bytes(24), ident=0x1a00)
    raw = icmp(rig.client, rig.at.vip, 3, 1, payload=inner[:size])
    words = inner[:8], b'\x4f' + inner[1:4] + b'\x10\0' + inner[6:8]
    return b'\0\4\0\0' + raw, words


def check_shared(got, rig, size, what):
    inner = got.raw[28:]
    at = 60 if inner[0] & 15 == 15 else 20
    tap.equal((got.bad, got.dst, inner[12:16]), ([], rig.servers[0],
              pkt.packed(rig.servers[0])), what)
    changed = [place for place in (20, 60) if place + 2 <= size and
               inner[place:place + 2] == struct.pack('!H', rig.dport)]
    tap.check(len(changed) == 1, '%s: ports rewritten at %s, header of %d bytes'
              % (what, changed, at))
    tap.equal(len(inner), size, what + ': length')


@tap.step
def shared(rounds):
    """The content of shared pages changes between check and use."""
    rig = Rig(4, 'nat')
    tap.check(rig.establish(5400), 'no connection')
    with namespace('client'):
        sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sender.setsockopt(socket.SOL_SOCKET, 11, 1)      # SO_NO_CHECK
    sender.connect((rig.at.director, GUE_PORT))
    total = 0
    for size in (28, 40, 62, 64, 84):
        data, words = shared_error(rig, 5400, size)
        fd = os.memfd_create('shared')
        os.truncate(fd, 4096)
        memory = mmap.mmap(fd, 4096)
        memory[:len(data)] = data
        rig.ends.drain()
        pid = flip(memory, 32, words)
        arrived = 0
        for _ in range(rounds):
            os.sendfile(sender.fileno(), fd, 0, len(data))
            got = rig.ends.server.heard()
            if got and got.proto == ICMP and got.dst == rig.servers[0]:
                arrived += 1
                check_shared(got, rig, size, 'quoting %d bytes' % size)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        tap.note('quoting %d bytes: %d of %d arrived' % (size, arrived, rounds))
        total += arrived
        memory.close()
        os.close(fd)
    tap.check(total, 'none arrived')
    tap.check(rig.establish(5401), 'no connection afterwards')
    rig.close()


def soil(byte):
    """Fills memory with `byte` and frees it."""
    for size in (64, 200, 500, 1000, 2000, 4000, 8000, 30000):
        a, b = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        a.setblocking(False)
        try:
            for _ in range(100):
                a.send(bytes([byte]) * size)
        except OSError:
            pass
        a.close()
        b.close()


def answers():
    """All replies of the director to a process, raw."""
    opts, key = Sockopts(), sockctl.service('203.0.113.10', 80)
    yield 'INFO', opts.must_get('INFO', bytes(12))
    yield 'TIMEOUT', opts.must_get('TIMEOUT', bytes(12))
    yield 'DAEMON', opts.must_get('DAEMON', bytes(48))
    yield 'SERVICE', opts.must_get('SERVICE', key + bytes(60))
    yield 'SERVICES', opts.must_get('SERVICES', struct.pack('=Ixxxx', 2) + bytes(208))
    yield 'DESTS', opts.must_get('DESTS', key[:16] + struct.pack('=Ixxxx', 2) + bytes(192))
    for cmd in ('GET_SERVICE', 'GET_DAEMON'):
        yield cmd, repr(Ipvs().call(cmd, dump=True).messages).encode()
    for cmd in ('GET_CONFIG', 'GET_INFO'):
        yield cmd, repr(Ipvs().call(cmd).messages).encode()


@tap.step
def stale_bytes():
    rig = Rig(4, 'nat')
    rig.ipvs.add_service(rig.at.vip, 91, TCP, 'wlc')
    before = None
    for byte in (0xa5, 0x5a, 0xc3):
        soil(byte)
        now = dict(answers())
        for name, data in now.items():
            tap.check(bytes([byte]) * 3 not in data, '%s has bytes of something else' % name)
            tap.check(before is None or before[name] == data, '%s differs between two calls: %r %r'
                      % (name, before and before[name], data))
        before = now
    rig.close()


tap.main()
