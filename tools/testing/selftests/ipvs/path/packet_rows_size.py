# SPDX-License-Identifier: GPL-2.0
"""Rows of the packet table about size: fragments, and packets larger than the MTU."""

import struct

from ipvstest import pkt, rules, tap
from ipvstest.packet_setup import VPORT, Row
from ipvstest.pkt import TCP, UDP
from ipvstest.settings import Knobs

from packet_rows import PROTOS, about, and_told, answered, asked, cut, error, opened

# any length; SCTP pads its chunks
EXACT = {'TCP': TCP, 'UDP': UDP}
BACK = (('director', 'back'),)
FRONT = (('director', 'front'),)
JUMBO = (('client', 'front'), ('switch', 'f-client'), ('switch', 'f-director'),
         ('director', 'front'))
PIECE = 512


def orders(parts):
    one, two, three = parts
    return (('in order', parts), ('last first', [three, two, one]),
            ('first in the middle', [two, one, three]), ('one twice', [one, two, two, three]))


def again(setup, kind, out, size=PIECE):
    """Fragments leave as fragments no larger than before, except in a tunnel, whose payload is the
    reassembled packet."""
    head = 48 if setup.family == 6 else 20
    out.limit = 0 if kind.tunnel else head + size
    return out


def fragments(setup):
    text = b'fragment' * 160
    for kind in setup.kinds:
        for name, proto in PROTOS.items():
            for order in range(4):
                sport = setup.sport()
                raw = setup.request(kind, proto, sport, 'second', text, df=False)
                what, parts = orders(rules.pieces(raw, PIECE, sport))[order]
                joined = whole_of(raw, sport)
                yield Row('%s %s: fragments, %s' % (kind.name, name, what), 'client', parts,
                          again(setup, kind, setup.sent_on(kind, joined)), asked(False, raw),
                          opened(setup, kind, proto, sport))
            sport, size = setup.sport(), 8 if setup.family == 4 else 24
            raw = setup.request(kind, proto, sport, payload=b'tiny', df=False)
            out = setup.sent_on(kind, whole_of(raw, sport))
            out.limit = 0 if kind.tunnel else size + (48 if setup.family == 6 else 20)
            if len(rules.pieces(raw, size)) > 1:
                yield Row('%s %s: fragments, tiny' % (kind.name, name), 'client',
                          rules.pieces(raw, size, sport), out, asked(True, raw))
            yield from broken_fragments(setup, kind, name, proto, text)
    yield from reply_fragments(setup, setup.kinds[0], text)
    yield from error_fragments(setup)


def whole_of(raw, ident):
    """The packet as reassembled."""
    if rules.is6(raw):
        return raw
    return rules.sealed(rules.put(raw, 4, struct.pack('!H', ident)))


def broken_fragments(setup, kind, name, proto, text):
    sport = setup.sport()
    raw = setup.request(kind, proto, sport, 'second', text, df=False)
    yield Row('%s %s: fragments, the first is lost' % (kind.name, name), 'client',
              rules.pieces(raw, PIECE, sport)[1:], before=opened(setup, kind, proto, sport))
    src, dst, ident = setup.client, kind.vip, sport + 30000
    parts = [rules.piece(raw, src, dst, 0, PIECE, ident),
             rules.piece(raw, src, dst, PIECE - 8, PIECE, ident),
             rules.piece(raw, src, dst, 2 * PIECE - 8, 2 * PIECE, ident)]
    yield Row('%s %s: fragments, two overlap' % (kind.name, name), 'client', parts[:2],
              before=opened(setup, kind, proto, sport))


def reply_fragments(setup, nat, text):
    for name, proto in PROTOS.items():
        for order in range(4):
            sport = setup.sport()
            raw = setup.reply(nat, proto, sport, payload=text, df=False)
            what, parts = orders(rules.pieces(raw, PIECE, sport))[order]
            joined = whole_of(raw, sport)
            yield Row('nat %s reply: fragments, %s' % (name, what), 'server', parts,
                      again(setup, nat, setup.sent_back(nat, joined)), answered(raw),
                      opened(setup, nat, proto, sport))


def error_fragments(setup):
    """A fragmented error."""
    code = rules.unreachable(setup.family)
    for kind in setup.kinds[:3]:
        sport = setup.sport()
        quoted = setup.packet(kind.vip, setup.client, UDP, VPORT, sport, 'second', b'x' * 1000)
        raw = error(setup.client, kind.vip, code, quoted, df=False)
        parts = rules.pieces(raw, PIECE, sport)
        yield Row(kind.name + ' UDP error: in fragments', 'client', parts,
                  again(setup, kind, setup.sent_on(kind, whole_of(raw, sport), error=True)),
                  asked(False, raw), opened(setup, kind, UDP, sport))


def far_errors(setup):
    """An error behind as many extension headers as fit into the largest packet. Newer kernels skip
    at most a dozen and treat the packet as an unknown protocol then."""
    if setup.family == 4:
        return
    # no options, which the stack would put in the first of the fragments it makes
    headers = [(rules.AH, bytes([size // 4 - 2]) + bytes(size - 2))
               for size in [1024] * 63 + [952]]
    for kind in setup.kinds[:2]:
        sport = setup.sport()
        quoted = cut(about(setup, kind, TCP, sport), 23)
        raw = error(setup.client, kind.vip, rules.unreachable(6), quoted, extensions=headers)
        row = Row(kind.name + ' TCP error: behind 64 KiB of headers', 'client',
                  rules.pieces(raw, 1440, sport), before=opened(setup, kind, TCP, sport))
        if tap.kernel_is('6.*'):
            row.out = [again(setup, kind, setup.sent_on(kind, raw, error=True), 1440)]
            row.counts = asked(False, raw)
        else:
            row.out = [rules.told(raw, 4, 1, 6)]
        yield row


def longest(setup):
    """Reassembled packets of maximum length: most outer headers cannot express the length."""
    size, head = (65535, 28) if setup.family == 4 else (65575, 48)
    for kind in setup.kinds:
        sport = setup.sport()
        raw = setup.request(kind, UDP, sport, payload=b'x' * (size - head), df=False)
        row = Row(kind.name + ' UDP: fragments, as long as can be', 'client',
                  rules.pieces(raw, 1440, sport), counts=asked(True, raw))
        if not kind.tunnel or size + kind.overhead() <= (65535 if kind.outer == 4 else 65575):
            row.out = [setup.sent_on(kind, whole_of(raw, sport))]
            row.out[0].limit = 1500
        yield row


def sized(setup, kind, proto, size, **ip_args):
    head = (20 if setup.family == 4 else 40) + (20 if proto == TCP else 8)
    return setup.request(kind, proto, setup.sport(), payload=b'x' * (size - head), **ip_args)


def refuse(setup, kind, name, raw, mtu):
    """The error to the sender with the MTU."""
    out = rules.told(rules.hop(raw), *rules.too_big(setup.family), mtu)
    return Row(name, 'client', raw, out, and_told(kind, asked(True, raw), out),
               mib={'OutDestUnreachs' if setup.family == 4 else 'OutPktTooBigs': 1})


def split(setup, kind, name, raw, mtu):
    out = setup.sent_on(kind, raw)
    out.limit = mtu
    return Row(name, 'client', raw, out, asked(True, raw))


def fitting(setup, where, kinds, mtu, sizes):
    """Packets of the largest size that fits, and larger by each of `sizes`."""
    for kind in kinds:
        room = mtu - kind.overhead()
        for name, proto in EXACT.items():
            name = '%s %s, %s' % (kind.name, name, where)
            raw = sized(setup, kind, proto, room)
            yield Row(name + ': fits', 'client', raw, setup.sent_on(kind, raw), asked(True, raw))
            for more in sizes:
                what = '%s: %d too long' % (name, more)
                raw = sized(setup, kind, proto, room + more)
                if setup.family == 4 and kind.tunnel and not setup.pmtu_disc:
                    yield split(setup, kind, what, raw, mtu)
                else:
                    yield refuse(setup, kind, what, raw, room)
                if setup.family == 4:
                    raw = sized(setup, kind, proto, room + more, df=False)
                    yield split(setup, kind, what + ', no DF', raw, mtu)


def mtu(setup):
    yield from fitting(setup, 'MTU 1500', setup.kinds[2:], 1500, (1, 8, 20))
    with setup.link_mtu(1400, *BACK):
        yield from fitting(setup, 'MTU 1400', setup.kinds, 1400, (1, 40))
        with Knobs(pmtu_disc=0):
            setup.pmtu_disc = False
            yield from fitting(setup, 'no PMTU discovery', setup.kinds, 1400, (1,))
            setup.pmtu_disc = True
    with setup.link_mtu(9000, *JUMBO):
        yield from fitting(setup, 'jumbo', setup.kinds, 1500, (1, 3000))
    yield from replies_too_big(setup)


def replies_too_big(setup):
    """The director refuses as a router, before ip_vs looks up a service."""
    nat = setup.kinds[0]
    with setup.link_mtu(1400, *FRONT):
        for more in (0, 1):
            sport = setup.sport()
            head = 28 if setup.family == 4 else 48
            raw = setup.reply(nat, UDP, sport, payload=b'x' * (1400 - head + more))
            row = Row('nat UDP reply, MTU 1400: %d too long' % more, 'server', raw,
                      before=opened(setup, nat, UDP, sport))
            if not more:
                row.out, row.counts = [setup.sent_back(nat, raw)], answered(raw)
            else:
                told = rules.told(raw, *rules.too_big(setup.family), 1400)
                row.out = [rules.Out('server', readdressed_error(told.raw, nat.source), told.free)]
                row.mib = {'FragFails': 1, 'OutDestUnreachs' if setup.family == 4 else
                           'OutPktTooBigs': 1}
            yield row


def readdressed_error(raw, src):
    """The same error from another address."""
    _, at, _ = rules.locate(raw)
    out = rules.sealed(rules.put(raw, rules.address_at(raw, 'src'), pkt.packed(src)))
    if not rules.is6(raw):
        return out
    check = rules.transport_check(out, pkt.ICMP6, at)
    return rules.put(out, at + 2, struct.pack('!H', check))


def too_big_reported(setup):
    """A router on the way to the server reports a smaller MTU: the client gets the MTU that
    remains for its packets."""
    if setup.family == 6:
        return
    for kind in setup.kinds[2:]:
        if kind.outer == 6:
            continue
        sport = setup.sport()
        inner = rules.hop(setup.request(kind, TCP, sport, 'second', b'x' * 1380))
        outer = setup.sent_on(kind, setup.request(kind, TCP, sport, 'second', b'x' * 1380)).raw
        out = rules.told(inner[:600], 3, 4, 1300 - kind.overhead())
        raw = error('198.51.100.11', kind.source, (3, 4), outer[:600 + kind.overhead()], 1300)
        counted = len(inner[:600])
        yield Row(kind.name + ' tunnel error: fragmentation needed', 'server', raw, out,
                  and_told(kind, (0, 0, 1, 0, counted), out), opened(setup, kind, TCP, sport),
                  {'OutDestUnreachs': 1})


SIZE = (fragments, far_errors, longest, mtu, too_big_reported)
