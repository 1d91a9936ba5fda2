# SPDX-License-Identifier: GPL-2.0
"""The rules of forwarding, implemented a second time: bytes of a packet in, bytes of a packet out.

Independent of the kernel's implementation. Transport checksums are updated incrementally over the
whole packet, so that a wrong one stays wrong; those of ICMP errors and IP headers are recomputed.
"""

import struct

from . import pkt
from .pkt import ICMP, ICMP6, IPIP, IPV6, SCTP, TCP, UDP, checksum, packed

GRE, ESP, AH = 47, 50, 51
HOPOPTS, ROUTING, FRAGMENT, DSTOPTS = 0, 43, 44, 60
CHECK_AT = {TCP: 16, UDP: 6, ICMP6: 2}
GUE_PORT = 5555
# name: (type, flags, bytes between the IP headers)
TUNNELS = {'ipip': (0, 0, 0), 'gue': (1, 0, 12), 'gue csum': (1, 1, 12), 'gue remcsum': (1, 2, 12),
           'gre': (2, 0, 4), 'gre csum': (2, 1, 8)}


def put(raw, at, new):
    return raw[:at] + new + raw[at + len(new):]


def number(raw, at, size=2):
    return int.from_bytes(raw[at:at + size], 'big')


def is6(raw):
    return raw[0] >> 4 == 6


def sealed(raw):
    """The packet with a correct checksum in an IPv4 header; IPv6 has none."""
    if is6(raw):
        return raw
    ihl = (raw[0] & 15) * 4
    return put(raw, 10, struct.pack('!H', checksum(put(raw, 10, b'\0\0')[:ihl])))


def has_df(raw):
    return not is6(raw) and bool(raw[6] & 0x40)


def locate(raw):
    """(protocol, offset of its header, whether this is a non-first fragment)."""
    if not is6(raw):
        return raw[9], (raw[0] & 15) * 4, bool(number(raw, 6) & 0x1fff)
    proto, at, later = raw[6], 40, False
    while proto in (HOPOPTS, ROUTING, FRAGMENT, DSTOPTS, AH):
        if proto == FRAGMENT:
            later = bool(number(raw, at + 2) & 0xfff8)
            size = 8
        else:
            size = (raw[at + 1] + 2) * 4 if proto == AH else (raw[at + 1] + 1) * 8
        proto, at = raw[at], at + size
        if later:
            break
    return proto, at, later


def hop(raw):
    """The packet one hop further: TTL or hop limit decremented."""
    at = 7 if is6(raw) else 8
    return sealed(put(raw, at, bytes([raw[at] - 1])))


def followed(check, old, new):
    """The checksum after `old` became `new` in the data that it covers (RFC 1624)."""
    total = ~check & 0xffff
    for was, now in zip(struct.iter_unpack('!H', old), struct.iter_unpack('!H', new)):
        total += (~was[0] & 0xffff) + now[0]
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def address_at(raw, side):
    if is6(raw):
        return 8 if side == 'src' else 24
    return 12 if side == 'src' else 16


def addresses(raw):
    size = 16 if is6(raw) else 4
    return [pkt.shown(raw[at:at + size]) for at in (address_at(raw, 'src'),
                                                      address_at(raw, 'dst'))]


def sctp_check(raw, at):
    return struct.pack('<I', pkt.crc32c(put(raw, at + 8, bytes(4))[at:]))


def transport_check(raw, proto, at):
    """The correct checksum of a whole TCP segment or UDP datagram."""
    seg = put(raw, at + CHECK_AT[proto], b'\0\0')[at:]
    return checksum(pkt.pseudo(*addresses(raw), proto, len(seg)) + seg)


def readdressed(raw, side, address, port):
    """Network address translation of one side, 'src' or 'dst'."""
    proto, at, later = locate(raw)
    where, new = address_at(raw, side), packed(address)
    old = raw[where:where + len(new)]
    out = sealed(put(raw, where, new))
    if later or proto not in (TCP, UDP, SCTP):
        return out
    port_at, port = at + (0 if side == 'src' else 2), struct.pack('!H', port)
    old_port = raw[port_at:port_at + 2]
    out = put(out, port_at, port)
    if proto == SCTP:
        if port == old_port:
            return out
        return put(out, at + 8, sctp_check(out, at)) if raw[at + 8:at + 12] == \
            sctp_check(raw, at) else out
    check_at = at + CHECK_AT[proto]
    check = number(raw, check_at)
    if proto == UDP and not check:
        check = transport_check(out, proto, at)
    else:
        check = followed(check, old + old_port, new + port)
    if proto == UDP and not check:
        check = 0xffff
    return put(out, check_at, struct.pack('!H', check))


def moved(raw, at, address):
    """The packet with this address; the header checksum stays as correct or wrong as before."""
    out = put(raw, at, address)
    if is6(raw):
        return out
    check = followed(number(raw, 10), raw[at:at + 4], address)
    return put(out, 10, struct.pack('!H', check))


def error_readdressed(raw, side, address, port):
    """NAT of an ICMP error: its own address on this side, that of the embedded packet on the
    other."""
    proto, at, _ = locate(raw)
    out = sealed(put(raw, address_at(raw, side), packed(address)))
    inner, other = out[at + 8:], 'dst' if side == 'src' else 'src'
    kind, l4, later = locate(inner)
    inner = moved(inner, address_at(inner, other), packed(address))
    if not later and kind in (TCP, UDP, SCTP):
        inner = put(inner, l4 + (0 if other == 'src' else 2), struct.pack('!H', port))
    message = put(out[at:at + 8], 2, b'\0\0') + inner
    head = pkt.pseudo(*addresses(out), ICMP6, len(message)) if proto == ICMP6 else b''
    return out[:at] + put(message, 2, struct.pack('!H', checksum(head + message)))


class Out:
    """A packet expected to leave on a side. `free`: the bytes that the director chooses. `set_at`:
    which of these must not be 0. `limit`: it leaves in fragments of at most this size."""

    def __init__(self, side, raw, free=(), set_at=(), limit=0):
        self.side, self.raw, self.free, self.set_at, self.limit = side, raw, free, set_at, limit

    def fits(self, size):
        """`size` is the size of the largest fragment, 0 if the packet was not fragmented."""
        return 0 < size <= self.limit if self.limit else not size

    def masked(self, raw):
        for at, size in self.free:
            raw = put(raw, at, bytes(size)) if len(raw) >= at + size else raw
        return raw

    def agrees(self, side, raw):
        return side == self.side and self.masked(raw) == self.masked(self.raw) \
            and all(raw[at:at + 2] != b'\0\0' for at in self.set_at)


def between(raw, tunnel):
    """(bytes between the IP headers, protocol of the outer header)."""
    kind, flags, _ = TUNNELS[tunnel]
    proto = IPV6 if is6(raw) else IPIP
    if kind == 0:
        return b'', proto
    if kind == 1:
        return struct.pack('!HHHHBBH', 0, GUE_PORT, len(raw) + 12, 0, 0, proto, 0), UDP
    ether = 0x86dd if is6(raw) else 0x0800
    if not flags:
        return struct.pack('!HH', 0, ether), GRE
    head = struct.pack('!HHI', 0x8000, ether, 0)
    return put(head, 4, struct.pack('!H', checksum(head + raw))), GRE


def wrapped(raw, tunnel, src, dst, pmtu_disc=True):
    """The packet in a tunnel packet from `src` to `dst`. The director chooses GUE's source port."""
    tos = number(raw, 0) >> 4 & 0xff if is6(raw) else raw[1]
    if tos & 3 == 3:
        tos ^= 1                        # ECN: a CE mark inside becomes ECT(0) outside
    head, proto = between(raw, tunnel)
    df = has_df(raw) and pmtu_disc
    outer = pkt.ip(src, dst, proto, head + raw, ttl=raw[7 if is6(raw) else 8], tos=tos,
                      df=df, ident=0)
    free, set_at = [], []
    if not is6(outer) and not df:
        free += [(4, 2), (10, 2)]
    if TUNNELS[tunnel][0] == 1:
        size = 40 if is6(outer) else 20
        free.append((size, 2))
        if TUNNELS[tunnel][1]:
            free.append((size + 6, 2))
            set_at.append(size + 6)
    return Out('server', outer, free, set_at)


def told(raw, kind, code, rest=0):
    """The director's own ICMP error to the sender of `raw`, from the address the packet was sent
    to."""
    src, dst = addresses(raw)
    if is6(raw):
        return Out('client', pkt.icmp(dst, src, kind, code, rest, payload=raw[:1232]), [(1, 3)])
    tos = raw[1] & 0x1e | 0xc0
    return Out('client', pkt.icmp(dst, src, kind, code, rest, payload=raw[:548], tos=tos,
                                     df=False, ident=0), [(4, 2), (10, 2)])


# The errors that routers report, per family: {name: (type, code)}.
ERRORS = {4: {'source quench': (4, 0), 'time exceeded': (11, 0), 'reassembly time': (11, 1)},
          6: {'packet too big': (2, 0), 'time exceeded': (3, 0), 'reassembly time': (3, 1)}}
ERRORS[4].update({'unreachable %d' % code: (3, code) for code in range(16)})
ERRORS[6].update({'unreachable %d' % code: (1, code) for code in range(8)})
ERRORS[6].update({'parameter %d' % code: (4, code) for code in range(4)})
NO_ERRORS = {4: {'parameter problem': (12, 0), 'redirect': (5, 1)}, 6: {'redirect': (137, 0)}}
ICMP_OF = {4: ICMP, 6: ICMP6}


def unreachable(family):
    return (3, 1) if family == 4 else (1, 1)


def too_big(family):
    return (3, 4) if family == 4 else (2, 0)


def expired(family):
    return (11, 0) if family == 4 else (3, 0)


def pieces(raw, size, ident=77):
    """The packet in fragments with `size` bytes of payload each."""
    src, dst = addresses(raw)
    cuts = range(0, len(raw) - (40 if is6(raw) else 20), size)
    return [piece(raw, src, dst, at, size, ident) for at in cuts]


def piece(raw, src, dst, at, size, ident):
    if is6(raw):
        body, proto = raw[40:], raw[6]
        more = at + size < len(body)
        head = b'\0' + struct.pack('!HI', at | more, ident)
        return pkt.ip(src, dst, proto, body[at:at + size], ttl=raw[7],
                         extensions=[(FRAGMENT, head)])
    body = raw[20:]
    return pkt.ip(src, dst, raw[9], body[at:at + size], ttl=raw[8], tos=raw[1], df=False,
                     ident=ident, offset=at, more=at + size < len(body))
