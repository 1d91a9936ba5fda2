# SPDX-License-Identifier: GPL-2.0
"""Builds and parses packets, both families by the same calls.

The address selects the family: '203.0.113.10' or '2001:db8:f::10'. All builders return the packet
from the IP header on, with correct checksums unless a field is given.
"""

import socket
import struct

FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
FLAG_NAMES = {'fin': FIN | ACK, 'syn': SYN, 'synack': SYN | ACK, 'ack': ACK, 'rst': RST,
              'data': PSH | ACK, 'none': 0}
TCP, UDP, ICMP, ICMP6, IPIP, IPV6, SCTP = 6, 17, 1, 58, 4, 41, 132


def is6(address):
    return ':' in address


def endpoint(address, port):
    """An address and a port as ipvsadm takes them and the kernel prints them."""
    return ('[%s]:%d' if is6(address) else '%s:%d') % (address, port)


def port_unreachable(family):
    """Type and code of the ICMP error."""
    return (3, 3) if family == 4 else (1, 4)


def packed(address):
    return socket.inet_pton(socket.AF_INET6 if is6(address) else socket.AF_INET, address)


def shown(raw):
    """The inverse of packed(): an address as text."""
    return socket.inet_ntop(socket.AF_INET6 if len(raw) == 16 else socket.AF_INET, raw)


def checksum(data):
    if len(data) % 2:
        data += b'\0'
    total = sum(struct.unpack('!%dH' % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def pseudo(src, dst, proto, length):
    if is6(src):
        return packed(src) + packed(dst) + struct.pack('!II', length, proto)
    return packed(src) + packed(dst) + struct.pack('!BBH', 0, proto, length)


def ip(src, dst, proto, payload, ttl=64, tos=0, df=True, ident=1, options=b'', ihl=None,
       offset=0, more=False, extensions=(), length=None):
    """One IP packet; `extensions` is a list of (next header number, bytes after the first two)."""
    if is6(src):
        chain, first = b'', proto
        for number, body in reversed(extensions):
            chain = bytes([first]) + body + chain
            first = number
        payload = chain + payload
        size = len(payload) if length is None else length
        return struct.pack('!IHBB', 6 << 28 | tos << 20, size, first, ttl) \
            + packed(src) + packed(dst) + payload
    words = 5 + len(options) // 4 if ihl is None else ihl
    size = 20 + len(options) + len(payload) if length is None else length
    frag = (df and 0x4000 or 0) | (more and 0x2000 or 0) | offset // 8
    head = struct.pack('!BBHHHBBH4s4s', 4 << 4 | words, tos, size, ident, frag, ttl, proto, 0,
                       packed(src), packed(dst)) + options
    return head[:10] + struct.pack('!H', checksum(head)) + head[12:] + payload


def tcp_segment(src, dst, sport, dport, flags, seq=1000, ack=0, payload=b'', options=b'',
                doff=None, csum=None):
    if isinstance(flags, str):
        flags = FLAG_NAMES[flags]
    words = 5 + len(options) // 4 if doff is None else doff
    seg = struct.pack('!HHIIBBHHH', sport, dport, seq, ack, words << 4, flags, 65535, 0, 0)
    seg += options + payload
    if csum is None:
        csum = checksum(pseudo(src, dst, TCP, len(seg)) + seg)
    return seg[:16] + struct.pack('!H', csum) + seg[18:]


def udp_datagram(src, dst, sport, dport, payload=b'', length=None, csum=None):
    size = 8 + len(payload)
    seg = struct.pack('!HHHH', sport, dport, size if length is None else length, 0) + payload
    if csum is None:
        csum = checksum(pseudo(src, dst, UDP, size) + seg) or 0xffff
    return seg[:6] + struct.pack('!H', csum) + seg[8:]


def crc32c(data):
    crc = 0xffffffff
    for byte in data:
        crc = crc >> 8 ^ CRC32C[(crc ^ byte) & 255]
    return crc ^ 0xffffffff


def crc32c_entry(crc):
    for _ in range(8):
        crc = crc >> 1 ^ (0x82f63b78 if crc & 1 else 0)
    return crc


CRC32C = [crc32c_entry(n) for n in range(256)]
CHUNKS = {'data': 0, 'init': 1, 'initack': 2, 'sack': 3, 'abort': 6, 'shutdown': 7,
          'shutdownack': 8, 'error': 9, 'echo': 10, 'cookieack': 11, 'complete': 14}


def sctp(src, dst, sport, dport, *chunks, tag=7, payload=b'', **ip_args):
    """`chunks` are names from CHUNKS; each becomes a bare header with four bytes and `payload`."""
    body = b''.join(struct.pack('!BBHI', CHUNKS[name], 0, 8 + len(payload), 0) + payload +
                    bytes(-len(payload) % 4) for name in chunks)
    seg = struct.pack('!HHII', sport, dport, tag, 0) + body
    seg = seg[:8] + struct.pack('<I', crc32c(seg)) + seg[12:]
    return ip(src, dst, SCTP, seg, **ip_args)


def icmp_message(src, dst, kind, code, rest=0, payload=b''):
    msg = struct.pack('!BBHI', kind, code, 0, rest) + payload
    head = pseudo(src, dst, ICMP6, len(msg)) if is6(src) else b''
    return msg[:2] + struct.pack('!H', checksum(head + msg)) + msg[4:]


def tcp(src, dst, sport, dport, flags, seq=1000, ack=0, payload=b'', **ip_args):
    return ip(src, dst, TCP, tcp_segment(src, dst, sport, dport, flags, seq, ack, payload),
              **ip_args)


def udp(src, dst, sport, dport, payload=b'', **ip_args):
    return ip(src, dst, UDP, udp_datagram(src, dst, sport, dport, payload), **ip_args)


def icmp(src, dst, kind, code, rest=0, payload=b'', **ip_args):
    return ip(src, dst, ICMP6 if is6(src) else ICMP,
              icmp_message(src, dst, kind, code, rest, payload), **ip_args)


class Parsed:
    """The fields of a captured packet; None where they do not apply.

    unfinished: the innermost checksum is left to the device (an offload).
    """

    def __init__(self, raw, embedded=False, unfinished=False):
        self.raw = raw
        self.unfinished = unfinished
        self.src = self.dst = self.proto = self.ttl = self.tos = self.df = self.ident = None
        self.sport = self.dport = self.flags = self.kind = self.code = self.rest = None
        self.payload = b''
        self.inner = None
        self.fragment = False
        self.bad = []
        try:
            if raw[0] >> 4 == 6:
                self._ip6(raw, embedded)
            else:
                self._ip4(raw, embedded)
        except (IndexError, ValueError, struct.error, OSError):
            self.bad.append('truncated')

    def _ip4(self, raw, embedded):
        ihl = (raw[0] & 15) * 4
        size, self.ident, frag, self.ttl, self.proto = struct.unpack('!HHHBB', raw[2:10])
        self.tos, self.df = raw[1], bool(frag & 0x4000)
        self.fragment = bool(frag & 0x3fff)
        self.src, self.dst = socket.inet_ntoa(raw[12:16]), socket.inet_ntoa(raw[16:20])
        if checksum(raw[:ihl]) and not embedded:
            self.bad.append('IP checksum')
        self.length = size
        self._l4(raw[ihl:size], embedded)

    def _ip6(self, raw, embedded):
        word, size, self.proto, self.ttl = struct.unpack('!IHBB', raw[:8])
        self.tos = word >> 20 & 0xff
        self.src = socket.inet_ntop(socket.AF_INET6, raw[8:24])
        self.dst = socket.inet_ntop(socket.AF_INET6, raw[24:40])
        self.length = 40 + size
        rest = raw[40:40 + size]
        while self.proto in (0, 43, 60, 44) and len(rest) >= 8:
            if self.proto == 44:
                self.fragment = True
            self.proto, rest = rest[0], rest[8 if self.proto == 44 else 8 + rest[1] * 8:]
        self._l4(rest, embedded)

    def _l4(self, seg, embedded):
        self.payload = seg
        if self.fragment:
            return
        if self.proto in (TCP, UDP) and len(seg) >= 8:
            self.sport, self.dport = struct.unpack('!HH', seg[:4])
            self._check(seg, embedded)
            if self.proto == UDP:
                self.payload = seg[8:]
            elif len(seg) >= 20:
                self.flags = seg[13]
                self.payload = seg[(seg[12] >> 4) * 4:]
        elif self.proto == SCTP and len(seg) >= 12:
            self.sport, self.dport = struct.unpack('!HH', seg[:4])
            bare = seg[:8] + bytes(4) + seg[12:]
            if not (embedded or self.unfinished) \
                    and struct.pack('<I', crc32c(bare)) != seg[8:12]:
                self.bad.append('SCTP checksum')
        elif self.proto in (ICMP, ICMP6) and len(seg) >= 8:
            self.kind, self.code, _, self.rest = struct.unpack('!BBHI', seg[:8])
            self._check(seg, embedded)
            error = self.kind < 128 if self.proto == ICMP6 else self.kind in (3, 4, 11, 12)
            if error:
                self.inner = Parsed(seg[8:], embedded=True)
        elif self.proto in (IPIP, IPV6):
            self.inner = Parsed(seg, embedded, self.unfinished)

    def _check(self, seg, embedded):
        if embedded or self.unfinished:
            return
        if self.proto == UDP and seg[6:8] == b'\0\0':
            if is6(self.src):
                self.bad.append('UDP checksum 0')
            return
        head = b'' if self.proto == ICMP else pseudo(self.src, self.dst, self.proto, len(seg))
        if checksum(head + seg):
            self.bad.append('checksum of protocol %d' % self.proto)

    def flow(self):
        return (self.src, self.sport, self.dst, self.dport)

    def __repr__(self):
        text = '%s > %s proto %s ttl %s' % (self.src, self.dst, self.proto, self.ttl)
        if self.sport is not None:
            text += ' ports %d > %d' % (self.sport, self.dport)
        if self.flags is not None:
            text += ' flags %#x' % self.flags
        if self.kind is not None:
            text += ' icmp %d/%d' % (self.kind, self.code)
        if self.inner is not None:
            text += ' [%r]' % self.inner
        if self.bad:
            text += ' BAD: ' + ', '.join(self.bad)
        return text
