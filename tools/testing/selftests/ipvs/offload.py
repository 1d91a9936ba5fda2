#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""offload.py FAMILY on|off: what a device left to be done or did already: checksums to be filled
in, found right, or summed up; segments to be cut; headers linear, in pages, shared with a capture.
on or off says what the devices that the director sends by can do."""

import socket
import struct
import sys

from ipvstest import packet, tap
from ipvstest.netns import namespace
from ipvstest.packet import IPIP, IPV6, TCP, UDP
from ipvstest.paged import PagedTap
from ipvstest.rig import METHODS, Rig

NEEDS_CSUM, DATA_VALID = 1, 2
GSO = {(TCP, 4): 1, (TCP, 6): 4, (UDP, 4): 5, (UDP, 6): 5}
GSO_SIZE, GUE_PORT = 1000, 5557
SHORT = bytes(range(200))
LONG = bytes(n * 7 & 255 for n in range(3501))
# where the packet is cut: not at all, in the ports, after the transport header, everywhere
LAYOUTS = {'linear': (), 'ports in pages': (2,), 'payload in pages': (20,),
           'all in pages': (-20, -3, 1, 3, 5, 9, 17, 60)}


class Case:
    def __init__(self, family, method, proto, paged):
        self.rig, self.paged, self.proto = Rig(family, method, proto), paged, proto
        self.head = 20 if family == 4 else 40
        self.name, self.segments = '%s, protocol %d' % (method, proto), True

    def segment(self, src, dst, sport, dport, payload, partial):
        """The packet; `partial`: only the pseudo header is summed."""
        size = len(payload) + (20 if self.proto == TCP else 8)
        csum = None
        if partial:
            csum = ~packet.checksum(packet.pseudo(src, dst, self.proto, size)) & 0xffff
        if self.proto == TCP:
            l4 = packet.tcp_segment(src, dst, sport, dport, 'data', payload=payload, csum=csum)
        else:
            l4 = packet.udp_datagram(src, dst, sport, dport, payload, csum=csum)
        return packet.ip(src, dst, self.proto, l4)

    def offload(self, what):
        start, at = 14 + self.head, 16 if self.proto == TCP else 6
        header = 20 if self.proto == TCP else 8
        if what == 'valid':
            return struct.pack('=BBHHHH', DATA_VALID, 0, 0, 0, 0, 0)
        if what == 'partial':
            return struct.pack('=BBHHHH', NEEDS_CSUM, 0, 0, 0, start, at)
        if what == 'gso':
            return struct.pack('=BBHHHH', NEEDS_CSUM, GSO[self.proto, self.rig.family],
                               start + header, GSO_SIZE, start, at)
        return bytes(10)

    def send(self, flow, what, cuts):
        payload = LONG if what == 'gso' else SHORT
        raw = self.segment(*flow, payload, what in ('partial', 'gso'))
        if what == 'complete':
            self.send_in_gue(raw, cuts)
            return payload
        where = [self.head + cut for cut in cuts]
        self.paged.send(raw, *where, offload=self.offload(what))
        return payload

    def send_in_gue(self, raw, cuts):
        """Its checksum is right, so that of what is inside is known when it comes out."""
        inner = IPIP if self.rig.family == 4 else IPV6
        outer = packet.udp('192.0.2.77', '192.0.2.1', 50000, GUE_PORT,
                           bytes([0, inner, 0, 0]) + raw)
        self.paged.send(outer, *[32 + self.head + cut for cut in cuts])

    def collect(self, end, mine, wanted, what):
        """The payload as it arrived, in however many packets; their sums are right or to come."""
        got, packets = b'', 0
        while len(got) < wanted:
            one = end.expect(mine, 2.0)
            if not tap.check(one, '%s: %d of %d bytes arrived' % (what, len(got), wanted)):
                break
            bad = [] if one.unfinished else one.bad
            if not mine.plain(one):
                one, bad = one.inner, bad + one.inner.bad
            tap.equal(bad, [], '%s: %r' % (what, one))
            tap.check(not one.unfinished or self.to_be_summed(one),
                      '%s: wrong sum of the pseudo header: %r' % (what, one))
            got, packets = got + one.payload, packets + 1
        return got, packets

    def to_be_summed(self, one):
        """Whether the checksum is as a device wants it that is to fill it in."""
        at, size = self.head + (16 if self.proto == TCP else 6), one.length - self.head
        field = int.from_bytes(one.raw[at:at + 2], 'big')
        wanted = ~packet.checksum(packet.pseudo(one.src, one.dst, self.proto, size)) & 0xffff
        return field % 0xffff == wanted % 0xffff

    def request(self, sport, what, layout):
        rig = self.rig
        host = rig.servers[0] if rig.method == 'nat' else rig.at.vip
        label = '%s, %s, %s' % (self.name, what, layout)
        rig.ends.drain()
        payload = self.send((rig.client, rig.at.vip, sport, rig.vport), what, LAYOUTS[layout])
        got, packets = self.collect(rig.ends.server,
                                    Mine(self.proto, (rig.client, sport, host, rig.dport)),
                                    len(payload), label)
        tap.check(got == payload, label + ': other bytes')
        return packets

    def reply(self, sport, what, layout):
        rig, label = self.rig, '%s, reply, %s, %s' % (self.name, what, layout)
        rig.ends.drain()
        payload = self.send((rig.servers[0], rig.client, rig.dport, sport), what,
                               LAYOUTS[layout])
        got, _ = self.collect(rig.ends.client,
                              Mine(self.proto, (rig.at.vip, rig.vport, rig.client, sport)),
                              len(payload), label)
        tap.check(got == payload, label + ': other bytes')


class Mine:
    """Whether a packet, or the one in it, is of this flow."""

    def __init__(self, proto, flow):
        self.proto, self.flow = proto, flow

    def plain(self, got):
        return got.proto == self.proto and got.flow() == self.flow

    def __call__(self, got):
        return self.plain(got) or (got.inner is not None and self.plain(got.inner))


def takes_segments(paged, family, proto):
    """Before 6.2 no process can send UDP that is to be segmented."""
    if proto == TCP:
        return True
    case = Case(family, 'dr', proto, paged)
    try:
        case.send((case.rig.client, case.rig.at.vip, 5599, 7), 'gso', ())
    except OSError:
        tap.note('no UDP segments in this kernel')
        return False
    finally:
        case.rig.close()
    return True


def matrix(case, sport, capable):
    if case.proto == TCP:
        tap.check(case.rig.establish(sport), case.name + ': no connection')
    for what in ('none', 'valid', 'partial', 'gso', 'complete'):
        if what == 'gso' and not case.segments:
            continue
        for layout in LAYOUTS:
            packets = case.request(sport, what, layout)
            if what == 'gso' and not capable:
                tap.equal(packets, 4, '%s, %s: segments' % (case.name, layout))
            if case.rig.method == 'nat' and what != 'complete':
                case.reply(sport, what, layout)


def main(family, capable):
    paged, held = PagedTap(), []
    segments = {proto: takes_segments(paged, family, proto) for proto in (TCP, UDP)}
    for captured in (False, True):
        if captured:
            with namespace('director'):
                held.append(socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3)))
        for m, method in enumerate(METHODS):
            for p, proto in enumerate((TCP, UDP)):
                case = Case(family, method, proto, paged)
                case.segments = segments[proto]
                matrix(case, 5600 + 100 * capable + 50 * captured + 10 * m + p, capable)
                case.rig.close()
    for sock in held:
        sock.close()
    paged.close()


main(int(sys.argv[1]), sys.argv[2] == 'on')
tap.finish()
