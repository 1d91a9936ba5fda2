#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""sessions.py CAPTURE...: the packets of real sessions as lines that do not depend on time, chance
or segmentation.

A line for each kind of packet: link, outer header, addresses, ports (`*` if the client chose it),
flags or type, hop limit, TOS, DF, TCP options; and a line for the length of each stream. Wrong
checksums are reported.
"""

import struct
import sys

from ipvstest.pkt import SCTP, TCP, UDP, Parsed

KNOWN = {21, 53, 80, 443, 5001, 5060, 5201}
# Streams of constant length: no keys or performance figures in them.
FIXED = {80}
FLAGS = ((1, 'F'), (2, 'S'), (4, 'R'), (8, 'P'), (16, 'A'), (32, 'U'))
STEADY = 0x10       # ACK: PSH may or may not be set within a stream
TYPES = {0x0800, 0x86dd}


def frames(path):
    """The IP packets of a capture file (link type Ethernet)."""
    with open(path, 'rb') as file:
        data = file.read()
    order = '<' if data[:4] in (b'\xd4\xc3\xb2\xa1', b'\x4d\x3c\xb2\xa1') else '>'
    at = 24
    while at + 16 <= len(data):
        size = struct.unpack(order + 'I', data[at + 8:at + 12])[0]
        frame = data[at + 16:at + 16 + size]
        at += 16 + size
        if len(frame) > 14 and struct.unpack('!H', frame[12:14])[0] in TYPES:
            yield frame[14:]


def port(number):
    return str(number) if number in KNOWN else '*'


def tcp_options(seg):
    """The names of the options, and the value of MSS."""
    names, at, end = [], 20, (seg[12] >> 4) * 4
    while at < end and seg[at]:
        kind = seg[at]
        if kind == 1:
            at += 1
            continue
        if at + 1 >= end or seg[at + 1] < 2:
            return 'broken'
        value = ''
        if kind == 2:
            value = '=%d' % struct.unpack('!H', seg[at + 2:at + 4])
        # selective acknowledgments depend on losses
        if kind != 5:
            names.append('%d%s' % (kind, value))
        at += seg[at + 1]
    return ','.join(names)


def header(p):
    text = '%s > %s proto %d ttl %d tos %#x' % (p.src, p.dst, p.proto, p.ttl, p.tos)
    return text + (' DF' if p.df else '')


def segment_of(p):
    return p.raw[-(p.length - 40):][:p.length - 40] if p.raw[0] >> 4 == 6 else \
        p.raw[(p.raw[0] & 15) * 4:p.length]


class Capture:
    def __init__(self, name):
        self.name, self.lines, self.streams = name, set(), {}

    def add(self, raw):
        outer = Parsed(raw)
        bad = list(outer.bad)
        tunnel, p = '', outer
        if outer.inner is not None and outer.proto in (4, 41):
            tunnel, p = '[%s] ' % header(outer), outer.inner
            bad += p.bad
        if bad:
            self.lines.add('%s: BAD %s: %r' % (self.name, bad, outer))
            return
        if p.proto in (TCP, UDP, SCTP) and p.sport is not None:
            self.transport(tunnel, p)

    def transport(self, tunnel, p):
        what = '%s: %s%s ports %s > %s' % (self.name, tunnel, header(p), port(p.sport), port(p.dport))
        if p.proto == TCP:
            seg = segment_of(p)
            flags = p.flags & ~8 if p.flags & STEADY else p.flags
            if p.flags & 4:     # RST: how a client ends a finished connection varies
                return
            what += ' ' + ''.join(name for bit, name in FLAGS if flags & bit)
            what += ' options ' + tcp_options(seg)
            seq = struct.unpack('!I', seg[4:8])[0]
            key = (tunnel, p.src, p.sport, p.dst, p.dport)
            if p.flags & 2:
                self.streams[key] = [seq + 1 & 0xffffffff, 0]
            elif key in self.streams and {p.sport, p.dport} & FIXED:
                stream = self.streams[key]
                stream[1] = max(stream[1], (seq - stream[0] & 0xffffffff) + len(p.payload))
        self.lines.add(what)

    def show(self):
        for line in sorted(self.lines):
            print(line)
        sizes = sorted('%s: %s%s:%s > %s:%s %d bytes' % (
            self.name, tunnel, src, port(sport), dst, port(dport), size)
            for (tunnel, src, sport, dst, dport), (_, size) in self.streams.items() if size)
        print('\n'.join(sizes), end='\n' if sizes else '')


for path in sys.argv[1:]:
    capture = Capture(path.rsplit('/', 1)[-1].split('.')[0])
    for raw in frames(path):
        capture.add(raw)
    capture.show()
