#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Malformed, truncated and unusual packets to a virtual service, and as replies from its server:
each is forwarded, answered or dropped as by the kernel's ip_vs (golden/badpkt*.txt), and forwarding
continues. Phantoms at both ends.

A valid packet follows each one; its arrival shows that the director is done with the first.
"""

import struct

from ipvstest import pkt, tap
from ipvstest.genl import MASQ
from ipvstest.pkt import ICMP, ICMP6, TCP, UDP, icmp, icmp_message, ip, is6, tcp_segment, \
    udp_datagram
from ipvstest.rig import DPORT, Rig, is_error

SENTINEL = 9999
CPORT = 3333        # of an existing connection


class PairRig(Rig):
    """A TCP and a UDP service (NAT) on the same port, with a connection on each."""

    def __init__(self, family):
        super().__init__(family, 'nat')
        self.udp_service = (self.at.vip, self.vport, UDP)
        self.ipvs.add_service(*self.udp_service, 'rr')
        self.ipvs.dest('NEW_DEST', self.udp_service, self.servers[0], DPORT, MASQ)
        self.server = self.servers[0]
        tap.check(self.establish(CPORT), 'no connection')
        self.ends.client.send(pkt.udp(self.client, self.at.vip, CPORT, self.vport, b'x'))
        tap.check(self.arrived(CPORT), 'no UDP connection')

    def fate(self, tap_from, raw):
        """Sends the packet and returns its effects at both ends."""
        self.ends.drain()
        tap_from.send(raw)
        self.ends.client.send(pkt.udp(self.client, self.at.vip, SENTINEL, self.vport, b'next'))
        seen = []
        if not self.ends.server.expect(lambda p: self.note(p, 'server', seen), 5):
            seen.append('NOTHING FORWARDED ANY MORE')
        while True:
            got = self.ends.client.heard()
            if got is None:
                return ', '.join(seen) or 'nothing'
            self.note(got, 'client', seen)

    def note(self, got, side, seen):
        """True for the sentinel; notes anything else that is not neighbour discovery."""
        if got.sport == SENTINEL:
            return True
        if got.proto == ICMP6 and got.kind in range(130, 138) or got.proto == 2 or \
                got.proto == ICMP6 and got.kind == 143:
            return False
        what = '%s got ' % side
        if is_error(got):
            what += 'icmp %d/%d' % (got.kind, got.code)
        elif got.proto in (ICMP, ICMP6):
            what += 'icmp %s/%s' % (got.kind, got.code)
        else:
            what += 'proto %d%s%s' % (got.proto, ' fragment' if got.fragment else '',
                                      ' port %s > %s' % (got.sport, got.dport)
                                      if got.sport is not None else '')
            if got.flags is not None:
                what += ' flags %#x' % got.flags
        seen.append(what + (' to another host' if got.dst not in (
            self.client, self.server) else ''))
        return False


def tcp_cases(src, dst, sport, dport):
    def seg(flags='syn', **args):
        return tcp_segment(src, dst, sport, dport, flags, **args)

    for size in (0, 1, 3, 4, 8, 13, 19):
        yield 'TCP header of %d bytes' % size, ip(src, dst, TCP, seg()[:size])
    for doff in (0, 4, 6, 15):
        yield 'TCP data offset %d' % doff, ip(src, dst, TCP, seg(doff=doff))
    for name, flags in (('none', 0), ('all', 0xff), ('syn+fin', 3), ('syn+rst', 6),
                        ('fin', 1), ('rst', 4), ('urg', 32)):
        yield 'TCP flags ' + name, ip(src, dst, TCP, seg(flags))
    yield 'TCP bad checksum', ip(src, dst, TCP, seg(csum=0x1234))
    yield 'TCP options', ip(src, dst, TCP, seg(options=b'\2\4\5\xb4\1\1\1\0'))
    yield 'TCP options broken', ip(src, dst, TCP, seg(options=b'\2\xff\5\xb4'))


def udp_cases(src, dst, sport, dport):
    def dgram(**args):
        return udp_datagram(src, dst, sport, dport, b'12345678', **args)

    for size in (0, 2, 4, 7):
        yield 'UDP header of %d bytes' % size, ip(src, dst, UDP, dgram()[:size])
    for length in (0, 7, 8, 100):
        yield 'UDP length %d' % length, ip(src, dst, UDP, dgram(length=length))
    yield 'UDP checksum 0', ip(src, dst, UDP, dgram(csum=0))
    yield 'UDP bad checksum', ip(src, dst, UDP, dgram(csum=0x1234))


def ip4_cases(src, dst, sport, dport):
    seg = tcp_segment(src, dst, sport, dport, 'syn')
    for name, args in (('ihl 4', dict(ihl=4)), ('ihl 15', dict(ihl=15)),
                       ('length too long', dict(length=100)), ('length 20', dict(length=20)),
                       ('length 10', dict(length=10)),
                       ('options NOP', dict(options=b'\1\1\1\0')),
                       ('record route', dict(options=b'\7\7\4' + b'\0' * 5)),
                       ('timestamps', dict(options=b'\x44\x0c\5\0' + b'\0' * 8)),
                       ('options broken', dict(options=b'\7\x28\4\0')),
                       ('source route', dict(options=b'\x83\7\4' + pkt.packed(dst) + b'\0'))):
        yield 'IP ' + name, ip(src, dst, TCP, seg, **args)
    yield 'IP version 5', b'\x55' + ip(src, dst, TCP, seg)[1:]
    yield 'IP bad checksum', ip(src, dst, TCP, seg)[:10] + b'\0\1' + ip(src, dst, TCP, seg)[12:]
    yield 'IP of 19 bytes', ip(src, dst, TCP, seg)[:19]
    yield 'fragment: first only', ip(src, dst, TCP, seg + b'x' * 4, df=False, more=True, ident=11)
    yield 'fragment: later only', ip(src, dst, TCP, seg, df=False, offset=64, ident=12)
    yield 'fragment: tiny first', ip(src, dst, TCP, seg[:8], df=False, more=True, ident=13)
    yield 'fragment: at the end of space', ip(src, dst, TCP, seg, df=False, offset=65528, ident=14)
    yield 'fragment: second overlaps the tiny first', ip(src, dst, TCP, seg[:16], df=False,
                                                         ident=13)
    dgram = udp_datagram(src, dst, sport, dport, b'y' * 64)
    yield 'fragment: UDP, first half', ip(src, dst, UDP, dgram[:32], df=False, more=True, ident=15)
    yield 'fragment: UDP, second half', ip(src, dst, UDP, dgram[32:], df=False, offset=32, ident=15)


def ip6_cases(src, dst, sport, dport):
    seg = tcp_segment(src, dst, sport, dport, 'syn')
    pad = b'\0\1\4\0\0\0\0'     # length 0, PadN to 8 bytes
    for name, args in (('hop-by-hop', dict(extensions=[(0, pad)])),
                       ('destination options', dict(extensions=[(60, pad)])),
                       ('8 times destination options', dict(extensions=[(60, pad)] * 8)),
                       ('routing 0', dict(extensions=[(43, b'\0\0\0\0\0\0\0')])),
                       ('routing 2 with segments left', dict(extensions=[(43, b'\0\2\1\0\0\0\0')])),
                       ('hop-by-hop not first', dict(extensions=[(60, pad), (0, pad)])),
                       ('length too long', dict(length=100)), ('length 0', dict(length=0)),
                       ('length 10', dict(length=10)),
                       ('atomic fragment', dict(extensions=[(44, b'\0' + b'\0\0' + b'abcd')])),
                       ('AH', dict(extensions=[(51, b'\1\0\0\0\0\0\0' + b'\0' * 4)]))):
        yield 'IPv6 ' + name, ip(src, dst, TCP, seg, **args)
    yield 'IPv6 extension header beyond the end', ip(src, dst, 60, b'\6\x20' + pad[1:])
    yield 'IPv6 extension header of 4 bytes', ip(src, dst, 60, b'\6\0\1\2')
    yield 'IPv6 extension header of 1 byte', ip(src, dst, 60, b'\6')
    yield 'IPv6 no next header', ip(src, dst, 59, seg)
    yield 'IPv6 fragment header of 4 bytes', ip(src, dst, 44, b'\6\0\0\1')
    yield 'IPv6 of 39 bytes', ip(src, dst, TCP, seg)[:39]
    first, later = b'\0' + struct.pack('!H', 1) + b'id1.', b'\0' + struct.pack('!H', 64) + b'id2.'
    yield 'fragment: first only', ip(src, dst, TCP, seg + b'x' * 4, extensions=[(44, first)])
    yield 'fragment: later only', ip(src, dst, TCP, seg, extensions=[(44, later)])
    tiny = b'\0' + struct.pack('!H', 1) + b'id3.'
    yield 'fragment: tiny first', ip(src, dst, TCP, seg[:8], extensions=[(44, tiny)])
    dgram = udp_datagram(src, dst, sport, dport, b'y' * 64)
    halves = [b'\0' + struct.pack('!H', where) + b'id4.' for where in (1, 32)]
    yield 'fragment: UDP, first half', ip(src, dst, UDP, dgram[:32], extensions=[(44, halves[0])])
    yield 'fragment: UDP, second half', ip(src, dst, UDP, dgram[32:], extensions=[(44, halves[1])])


def other_protocols(src, dst):
    for proto, name in ((132, 'SCTP'), (50, 'ESP'), (51, 'AH'), (47, 'GRE'), (253, 'unknown'),
                        (4, 'IPIP'), (41, 'IPv6')):
        for size in (0, 3, 20):
            yield '%s of %d bytes' % (name, size), ip(src, dst, proto, b'\0' * size)


def icmp_cases(src, dst, inner_src, inner_dst, inner_sport, inner_dport):
    """Errors about a packet inner_src > inner_dst of an existing connection."""
    v6 = is6(src)
    kind = 1 if v6 else 3
    good = ip(inner_src, inner_dst, TCP, tcp_segment(inner_src, inner_dst, inner_sport,
                                                     inner_dport, 'ack'))
    plain = 40 if v6 else 20
    yield 'ICMP port unreachable', icmp(src, dst, kind, 4 if v6 else 3, payload=good)
    yield 'ICMP time exceeded', icmp(src, dst, 3 if v6 else 11, 0, payload=good)
    yield 'ICMP parameter problem', icmp(src, dst, 4 if v6 else 12, 0, payload=good)
    yield 'ICMP redirect', icmp(src, dst, 137 if v6 else 5, 1, payload=good)
    for size in (0, 4, plain - 1, plain, plain + 3, plain + 4, plain + 8):
        yield 'ICMP with %d bytes of the packet' % size, icmp(src, dst, kind, 0,
                                                              payload=good[:size])
    bad = icmp_message(src, dst, kind, 0, payload=good)
    yield 'ICMP bad checksum', ip(src, dst, ICMP6 if v6 else ICMP, bad[:2] + b'\0\1' + bad[4:])
    yield 'ICMP of 4 bytes', ip(src, dst, ICMP6 if v6 else ICMP, bad[:4])
    yield 'ICMP about another connection', icmp(src, dst, kind, 3, payload=ip(
        inner_src, inner_dst, TCP, tcp_segment(inner_src, inner_dst, inner_sport, 7, 'ack')))
    yield 'ICMP about an ICMP error', icmp(src, dst, kind, 3, payload=icmp(
        inner_src, inner_dst, kind, 3, payload=good))
    if v6:
        yield 'ICMP inner destination options', icmp(src, dst, 1, 4, payload=ip(
            inner_src, inner_dst, TCP, good[40:], extensions=[(60, b'\0\1\4\0\0\0\0')]))
        yield 'ICMP inner fragment', icmp(src, dst, 1, 4, payload=ip(
            inner_src, inner_dst, TCP, good[40:], extensions=[(44, b'\0\0\1abcd')]))
        yield 'ICMP inner later fragment', icmp(src, dst, 1, 4, payload=ip(
            inner_src, inner_dst, TCP, good[40:], extensions=[(44, b'\0\0\x40abcd')]))
        yield 'ICMP inner extension header truncated', icmp(src, dst, 1, 4, payload=ip(
            inner_src, inner_dst, 60, b'\6\x20'))
        return
    for name, args in (('options', dict(options=b'\1\1\1\0')), ('ihl 4', dict(ihl=4)),
                       ('ihl 15', dict(ihl=15)), ('later fragment', dict(offset=64))):
        yield 'ICMP inner ' + name, icmp(src, dst, 3, 3, payload=ip(
            inner_src, inner_dst, TCP, good[20:], **args))
    yield 'ICMP inner version 6', icmp(src, dst, 3, 3, payload=b'\x65' + good[1:])


def run(rig, origin, cases, lines):
    for name, raw in cases:
        lines.append('%s: %s' % (name, rig.fate(origin, raw)))


def families(v6, *args):
    return ip6_cases(*args) if v6 else ip4_cases(*args)


@tap.test(each_family=True)
def requests(family):
    rig, lines = PairRig(family), []
    src, dst, port = rig.client, rig.at.vip, rig.vport
    origin = rig.ends.client
    run(rig, origin, tcp_cases(src, dst, 4001, port), lines)
    run(rig, origin, udp_cases(src, dst, 4002, port), lines)
    run(rig, origin, families(family == 6, src, dst, 4003, port), lines)
    run(rig, origin, other_protocols(src, dst), lines)
    run(rig, origin, [('ICMP echo to the VIP', icmp(src, dst, 128 if family == 6 else 8, 0))],
        lines)
    run(rig, origin, icmp_cases(src, dst, dst, src, port, CPORT), lines)
    finish(rig, lines, 'badpkt_requests%d.txt' % family)


@tap.test(each_family=True)
def answers(family):
    rig, lines = PairRig(family), []
    src, dst, vip = rig.server, rig.client, rig.at.vip
    origin = rig.ends.server
    run(rig, origin, tcp_cases(src, dst, DPORT, CPORT), lines)
    rig.establish(CPORT)
    run(rig, origin, udp_cases(src, dst, DPORT, CPORT), lines)
    run(rig, origin, families(family == 6, src, dst, DPORT, CPORT), lines)
    run(rig, origin, icmp_cases(src, dst, dst, src, CPORT, DPORT), lines)
    run(rig, origin, [('from the VIP itself', pkt.tcp(vip, dst, rig.vport, CPORT, 'ack'))],
        lines)
    finish(rig, lines, 'badpkt_answers%d.txt' % family)


def finish(rig, lines, name):
    tap.check(rig.establish(4900), 'no new connection afterwards')
    rig.close()
    tap.golden(name, lines)


tap.main()
