#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Packets in every offload state: checksums to be filled in, verified or computed by the device;
segments to be cut; headers linear, in pages, shared with a capture, or with little headroom.
`on` or `off`: whether the devices the director sends by support offloads."""

import os
import socket
import struct
import subprocess

from ipvstest import pkt, rules, tap
from ipvstest.genl import TUNNEL
from ipvstest.namespaces import namespace
from ipvstest.paged import PagedTap
from ipvstest.pkt import IPIP, IPV6, SCTP, TCP, UDP, Parsed
from ipvstest.rig import Rig
from ipvstest.rules import GRE, GUE_PORT, TUNNELS
from ipvstest.wire import (CSUM_NOT_READY, CSUM_VALID, MAC, SOL_PACKET, Addresses, Ends, about,
                           capture)

NEEDS_CSUM, VNET_HDR = 1, 15
GSO = {(TCP, 4): 1, (TCP, 6): 4, (UDP, 4): 5, (UDP, 6): 5}
HEADER = {TCP: 20, UDP: 8, SCTP: 28}        # SCTP's with a chunk header
GSO_SIZE, MTU, LISTENING = 1000, 1500, 5557
SHORT = bytes(range(200))
LONG = bytes(n * 7 & 255 for n in range(3501))
# offsets at which the packet is split: nowhere, in the ports, after the transport header,
# everywhere
PAGES = {'linear': (), 'ports in pages': (2,), 'payload in pages': (20,),
         'all in pages': (-20, -3, 1, 3, 5, 9, 17, 60)}
VETH = 'small headroom'
LAYOUTS = list(PAGES) + [VETH]
SOME, ONE = ('linear', 'all in pages', VETH), ('all in pages',)
FORMS = {'none': 0, 'valid': CSUM_VALID, 'partial': CSUM_NOT_READY, 'gso': CSUM_NOT_READY,
         'complete': CSUM_VALID}
KINDS = ['nat', 'dr'] + list(TUNNELS)


class Headroom:
    """A sender at an end of a veth pair, whose packets have headroom for an Ethernet header
    only."""

    def __init__(self, ns, dev, to):
        with namespace(ns):
            self.sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        self.sock.setsockopt(SOL_PACKET, VNET_HDR, 1)
        self.sock.bind((dev, 0))
        self.head = bytes.fromhex((to + MAC[ns, dev]).replace(':', ''))

    def send(self, raw, offload):
        kind = b'\x86\xdd' if raw[0] >> 4 == 6 else b'\x08\x00'
        self.sock.send(offload + self.head + kind + raw)

    def close(self):
        self.sock.close()


class Senders:
    """The senders of all layouts. GRO, where enabled, verifies checksums."""

    def __init__(self, family):
        self.ends = Ends(family)
        self.summing, self.plain = PagedTap('paged'), PagedTap('unsummed')
        subprocess.run(('nsenter', '--net=/run/netns/director', 'ethtool', '-K', 'unsummed',
                        'gro', 'off'), check=True, stdout=subprocess.DEVNULL)
        self.client = Headroom('client', 'front', MAC['director', 'front'])
        self.server = Headroom('server1', 'back', MAC['director', 'back'])

    def close(self):
        for sender in (self.summing, self.plain, self.client, self.server, self.ends):
            sender.close()


class Case:
    def __init__(self, senders, family, kind, proto, outer=None):
        outer = outer or family
        self.tunnel = TUNNELS.get(kind)
        self.rig = Rig(family, 'tun' if self.tunnel else kind, proto, ends=senders.ends,
                       servers=Addresses(outer).phantoms[:1])
        self.rig.unwrap = self.inner
        if self.tunnel:
            self.rig.ipvs.dest('SET_DEST', self.rig.service, self.rig.servers[0], self.rig.dport,
                               TUNNEL, tunnel=(self.tunnel[0], GUE_PORT if self.tunnel[0] == 1
                                               else 0, self.tunnel[1]))
        self.senders, self.proto, self.outer = senders, proto, outer
        self.head = 20 if family == 4 else 40
        self.name = '%s%s, protocol %d' % (kind, ' in IPv%d' % outer if self.tunnel else '', proto)
        self.segments = proto != SCTP

    # Sending.

    def segment(self, src, dst, sport, dport, payload, partial):
        """The packet; `partial`: the checksum covers the pseudo header only."""
        if self.proto == SCTP:
            chunk = struct.pack('!BBHIHHI', 0, 3, 16 + len(payload), 1, 0, 0, 0) + payload
            l4 = struct.pack('!HHII', sport, dport, 7, 0) + chunk
            l4 = rules.put(l4, 8, struct.pack('<I', pkt.crc32c(l4)))
            return pkt.ip(src, dst, SCTP, l4)
        size = len(payload) + HEADER[self.proto]
        csum = None
        if partial:
            csum = ~pkt.checksum(pkt.pseudo(src, dst, self.proto, size)) & 0xffff
        if self.proto == TCP:
            l4 = pkt.tcp_segment(src, dst, sport, dport, 'data', payload=payload, csum=csum)
        else:
            l4 = pkt.udp_datagram(src, dst, sport, dport, payload, csum=csum)
        return pkt.ip(src, dst, self.proto, l4)

    def offload(self, what, size):
        start, at = 14 + self.head, 16 if self.proto == TCP else 6
        if what == 'partial':
            return struct.pack('=BBHHHH', NEEDS_CSUM, 0, 0, 0, start, at)
        if what == 'gso':
            return struct.pack('=BBHHHH', NEEDS_CSUM, GSO[self.proto, self.rig.family],
                               start + HEADER[self.proto], size, start, at)
        return bytes(10)

    def send(self, flow, what, layout, size=GSO_SIZE):
        payload = LONG if what == 'gso' else SHORT
        raw = self.segment(*flow, payload, what in ('partial', 'gso'))
        sender = self.senders.plain if what == 'none' else self.senders.summing
        if layout == VETH:
            near = flow[0] == self.rig.client
            (self.senders.client if near else self.senders.server).send(
                raw, self.offload(what, size))
        elif what == 'complete':
            # a correct outer checksum makes that of the inner packet known after decapsulation
            inner = IPIP if self.rig.family == 4 else IPV6
            outer = pkt.udp('192.0.2.77', '192.0.2.1', 50000, LISTENING,
                               bytes([0, inner, 0, 0]) + raw)
            sender.send(outer, *[32 + self.head + cut for cut in PAGES[layout]])
        else:
            sender.send(raw, *[self.head + cut for cut in PAGES[layout]],
                        offload=self.offload(what, size))
        return payload

    # Receiving.

    def inner(self, got):
        """The packet in the tunnel, or the packet itself; None if it is not the test's."""
        if not self.tunnel:
            return got
        kind, flags, between = self.tunnel
        if kind == 0:
            return got.inner
        if kind == 1 and (got.proto, got.dport) == (UDP, GUE_PORT):
            return self.out_of_gue(got)
        if kind == 2 and got.proto == GRE:
            # the in-tree ip_vs gets this wrong if the inner checksum is already complete
            if flags and not got.unfinished and os.environ.get('IMPL') != 'kernel':
                tap.equal(pkt.checksum(got.payload), 0, self.name + ': GRE checksum')
            return Parsed(got.payload[between:], unfinished=got.unfinished)
        return None

    def out_of_gue(self, got):
        private = (got.payload[0] & 31) * 4
        raw = got.payload[4 + private:]
        if self.tunnel[1] and not got.unfinished:
            ihl = 40 if pkt.is6(got.src) else 20
            tap.check(got.raw[ihl + 6:ihl + 8] != b'\0\0', self.name + ': no checksum')
        if private:
            start, at = struct.unpack('!HH', got.payload[8:12])
            raw = rules.put(raw, at, struct.pack('!H', pkt.checksum(raw[start:])))
            return Parsed(raw)
        return Parsed(raw, unfinished=got.unfinished)

    def bad(self, got, one):
        """The errors in the packet and in the one inside. A pending checksum may be the outer or
        the inner one."""
        none_is_right = 'UDP checksum 0'
        bad = [] if got.unfinished else [b for b in got.bad if b != none_is_right or got is one]
        if one is got:
            return bad
        bad += one.bad
        if one.unfinished and not self.to_be_summed(one):
            bad += Parsed(one.raw).bad
        return bad

    def to_be_summed(self, one):
        """Whether the checksum is prepared for a device that fills it in."""
        if self.proto == SCTP:
            return False
        at, size = self.head + (16 if self.proto == TCP else 6), one.length - self.head
        field = int.from_bytes(one.raw[at:at + 2], 'big')
        wanted = ~pkt.checksum(pkt.pseudo(one.src, one.dst, self.proto, size)) & 0xffff
        return field % 0xffff == wanted % 0xffff

    def collect(self, end, flow, wanted, what):
        """Collects the payload from any number of packets; their checksums are correct or
        pending."""
        got, packets = b'', 0
        open_it = self.inner if end is self.rig.ends.server else lambda p: p

        def mine(p):
            one = open_it(p)
            return one is not None and one.proto == self.proto and one.flow() == flow

        while len(got) < wanted:
            outer = end.expect(mine, 2.0)
            if not tap.check(outer, '%s: %d of %d bytes arrived' % (what, len(got), wanted)):
                break
            one = open_it(outer)
            tap.equal(self.bad(outer, one), [], '%s: %r' % (what, outer))
            if outer is one and one.unfinished:
                tap.check(self.to_be_summed(one),
                          '%s: wrong sum of the pseudo header: %r' % (what, one))
            got += one.payload[HEADER[SCTP]:] if self.proto == SCTP else one.payload
            packets += 1
        return got, packets

    def request(self, sport, what, layout):
        rig = self.rig
        host = rig.servers[0] if rig.method == 'nat' else rig.at.vip
        label = '%s, %s, %s' % (self.name, what, layout)
        rig.ends.drain()
        payload = self.send((rig.client, rig.at.vip, sport, rig.vport), what, layout)
        got, packets = self.collect(rig.ends.server, (rig.client, sport, host, rig.dport),
                                    len(payload), label)
        tap.check(got == payload, label + ': other bytes')
        return packets

    def reply(self, sport, what, layout):
        rig, label = self.rig, '%s, reply, %s, %s' % (self.name, what, layout)
        rig.ends.drain()
        payload = self.send((rig.servers[0], rig.client, rig.dport, sport), what, layout)
        got, _ = self.collect(rig.ends.client, (rig.at.vip, rig.vport, rig.client, sport),
                              len(payload), label)
        tap.check(got == payload, label + ': other bytes')

    def room(self):
        """The payload of the largest segment that fits."""
        between = 0
        if self.tunnel:
            between = self.tunnel[2] + (20 if self.outer == 4 else 40)
            between += 8 if self.tunnel[:2] == (1, 2) else 0
        return MTU - between - self.head - HEADER[self.proto]

    def too_large(self, sport):
        """Segments that just fit the path, and segments one byte larger: the client gets an
        error."""
        rig, flow = self.rig, (self.rig.client, self.rig.at.vip, sport, self.rig.vport)
        host = rig.servers[0] if rig.method == 'nat' else rig.at.vip
        rig.ends.drain()
        label = self.name + ', largest segments'
        payload = self.send(flow, 'gso', 'linear', self.room())
        got, _ = self.collect(rig.ends.server, (rig.client, sport, host, rig.dport),
                              len(payload), label)
        tap.check(got == payload, label + ': other bytes')
        self.send(flow, 'gso', 'linear', self.room() + 1)
        told = rig.error(sport)
        if tap.check(told, self.name + ', segments too large: no error to the client'):
            mtu = told.rest & 0xffff if rig.family == 4 else told.rest
            tap.equal(mtu, self.room() + self.head + HEADER[self.proto], self.name + ': MTU in the error')


def takes_segments(senders, family, proto):
    """Whether UDP segmentation works here; before 6.2 no process can send such packets through a
    tap device."""
    if proto == TCP:
        return True
    if proto == SCTP:
        return False
    case = Case(senders, family, 'dr', proto)
    try:
        case.send((case.rig.client, case.rig.at.vip, 5599, 7), 'gso', 'linear')
    except OSError:
        tap.note('no UDP segments in this kernel')
        return False
    finally:
        case.rig.close()
    return True


def whats(case):
    """The offload states of this case. No process can send SCTP with a pending or verified CRC:
    sctp.py uses the kernel's sockets for those."""
    if case.proto == SCTP:
        return ['none', 'complete']
    return [what for what in FORMS if what != 'gso' or case.segments]


def matrix(case, sport, capable, layouts):
    if case.proto != UDP:
        tap.check(case.rig.establish(sport), case.name + ': no connection')
    for what in whats(case):
        for layout in layouts:
            if layout == VETH and what == 'complete':
                continue
            packets = case.request(sport, what, layout)
            if what == 'gso' and not capable:
                tap.equal(packets, 4, '%s, %s: segments' % (case.name, layout))
            if case.rig.method == 'nat' and what != 'complete':
                case.reply(sport, what, layout)
    if case.segments:
        case.too_large(sport)


def forms(senders, family):
    """Packets arrive in the layout and offload state that their names state."""
    case = Case(senders, family, 'dr', TCP)
    for what, wanted in FORMS.items():
        dev = {'none': 'unsummed', 'complete': 'tunl0' if family == 4 else 'sit0'}.get(
            what, 'paged')
        sock = capture('director', dev)
        sock.settimeout(3)
        case.send((case.rig.client, case.rig.at.vip, 5598, 7), what, 'linear')
        _, cmsgs, _, _ = sock.recvmsg(70000, 64)
        tap.equal(about(cmsgs)[0] & (CSUM_NOT_READY | CSUM_VALID), wanted, 'form of ' + what)
        sock.close()
    case.rig.close()


def cases(family):
    """(copies are held, kind, family of the tunnel, protocol, layouts): everything for NAT, which
    writes most; for the other methods only combinations that may differ."""
    for kind in KINDS:
        for proto in HEADER:
            yield False, kind, family, proto, LAYOUTS if kind == 'nat' else SOME
        if kind in TUNNELS:
            yield False, kind, 10 - family, TCP, ONE
    for kind in KINDS:
        for proto in HEADER if kind == 'nat' else (TCP,):
            yield True, kind, family, proto, SOME[1:]


@tap.step
def matrices(family, how):
    capable = how == 'on'
    senders, held = Senders(family), None
    forms(senders, family)
    segments = {proto: takes_segments(senders, family, proto) for proto in HEADER}
    sport = 5600 + 100 * capable
    for captured, kind, outer, proto, layouts in cases(family):
        if captured and not held:
            held = capture('director')
        case = Case(senders, family, kind, proto, outer)
        case.segments = segments[proto]
        sport += 1
        matrix(case, sport, capable, layouts)
        case.rig.close()
    held.close()
    senders.close()


tap.main()
