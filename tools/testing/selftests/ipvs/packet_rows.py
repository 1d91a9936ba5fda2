# SPDX-License-Identifier: GPL-2.0
"""The rows of the packet table: generators of bench.Row, for one family each."""

import struct

from ipvstest import packet, rules
from ipvstest.bench import ISAKMP, VPORT, Row
from ipvstest.packet import ICMP, ICMP6, SCTP, TCP, UDP
from ipvstest.rules import AH, DSTOPTS, ESP, FRAGMENT, HOPOPTS, ROUTING

PROTOS = {'TCP': TCP, 'UDP': UDP, 'SCTP': SCTP}
PAD = bytes((0, 1, 4, 0, 0, 0, 0))      # a header of eight bytes with PadN


def asked(new, raw):
    """The counters of a request."""
    return (int(new), 1, 0, len(raw), 0)


def answered(raw):
    return (0, 0, 1, 0, len(raw))


def and_told(kind, counts, *outs):
    """An error to the client about a packet to the virtual address counts as a reply, unless NAT
    would make it one about another packet."""
    if kind.method == 'nat':
        return counts
    return counts[:2] + (counts[2] + len(outs), counts[3],
                         counts[4] + sum(len(out.raw) for out in outs))


def opened(bench, kind, proto, sport):
    return [('client', bench.request(kind, proto, sport))]


def each(bench):
    for kind in bench.kinds:
        for name, proto in PROTOS.items():
            yield kind, name, proto, '%s %s' % (kind.name, name)


def plain(bench):
    for kind, _, proto, name in each(bench):
        sport = bench.sport()
        raw = bench.request(kind, proto, sport)
        yield Row(name + ': first packet', 'client', raw, bench.sent_on(kind, raw),
                  asked(True, raw))
        raw = bench.request(kind, proto, sport, 'second', b'odd')
        yield Row(name + ': second packet', 'client', raw, bench.sent_on(kind, raw),
                  asked(False, raw))
        raw = bench.request(kind, proto, sport, 'second', b'long ' * 240)
        yield Row(name + ': long packet', 'client', raw, bench.sent_on(kind, raw),
                  asked(False, raw))
        if kind.method != 'nat':
            continue
        for size in (0, 3, 1000):
            raw = bench.reply(kind, proto, sport, payload=b'x' * size)
            yield Row('%s: reply with %d bytes' % (name, size), 'server', raw,
                      bench.sent_back(kind, raw), answered(raw))


def fields(bench):
    """TTL, type of service with each ECN mark, DF."""
    cases = [('ttl 2', dict(ttl=2)), ('ttl 255', dict(ttl=255)), ('DSCP 46', dict(tos=0xb8)),
             ('ECT(1)', dict(tos=1)), ('ECT(0)', dict(tos=0x22)), ('CE', dict(tos=3))]
    if bench.family == 4:
        cases += [('no DF', dict(df=False)), ('ident 0', dict(ident=0))]
    for kind in bench.kinds:
        for what, args in cases:
            raw = bench.request(kind, TCP, bench.sport(), **args)
            yield Row('%s TCP: %s' % (kind.name, what), 'client', raw, bench.sent_on(kind, raw),
                      asked(True, raw))
            if kind.method == 'nat':
                sport = bench.sport()
                raw = bench.reply(kind, TCP, sport, **args)
                yield Row('nat TCP reply: ' + what, 'server', raw, bench.sent_back(kind, raw),
                          answered(raw), opened(bench, kind, TCP, sport))


def ttl(bench):
    """The last hop: the sender is told."""
    for kind, _, proto, name in each(bench):
        raw = bench.request(kind, proto, bench.sport(), ttl=1)
        out = rules.told(raw, *rules.expired(bench.family))
        yield Row(name + ': ttl 1', 'client', raw, out, and_told(kind, asked(True, raw), out),
                  mib={'InHdrErrors': 1, 'OutTimeExcds': 1})


def checksums(bench):
    """No checksum becomes a right one, a wrong one stays wrong."""
    for kind in bench.kinds:
        at, sport = kind.vip, bench.sport()
        if bench.family == 4:
            raw = packet.ip(bench.client, at, UDP, packet.udp_datagram(
                bench.client, at, sport, VPORT, b'without', csum=0))
            yield Row(kind.name + ' UDP: no checksum', 'client', raw, bench.sent_on(kind, raw),
                      asked(True, raw))
        raw = packet.ip(bench.client, at, UDP, packet.udp_datagram(
            bench.client, at, bench.sport(), VPORT, b'wrong one', csum=0x1234))
        yield Row(kind.name + ' UDP: wrong checksum', 'client', raw, bench.sent_on(kind, raw),
                  asked(True, raw))
        raw = packet.ip(bench.client, at, TCP, packet.tcp_segment(
            bench.client, at, bench.sport(), VPORT, 'syn', csum=0x4321))
        yield Row(kind.name + ' TCP: wrong checksum', 'client', raw, bench.sent_on(kind, raw),
                  asked(True, raw))


def no_business(bench):
    """Echo is not ours, nor is what no service is for."""
    echo, reply = (8, 0) if bench.family == 4 else (128, 129)
    for kind in bench.kinds[:2]:
        raw = packet.icmp(bench.client, kind.vip, echo, 0, 0x10001, b'ping')
        back = packet.icmp(kind.vip, bench.client, reply, 0, 0x10001, b'ping', df=False, ident=0)
        free = [(4, 2), (10, 2)] if bench.family == 4 else [(1, 3)]
        yield Row(kind.name + ': echo', 'client', raw, rules.Out('client', back, free))
    kind = bench.kinds[0]
    for proto in (TCP, UDP):
        raw = bench.packet(bench.stranger, bench.client, proto, 1, 2)
        yield Row('stranger, protocol %d' % proto, 'server', raw,
                  rules.Out('client', rules.hop(raw)))
        raw = bench.reply(kind, proto, 1)
        yield Row('real server, no connection, protocol %d' % proto, 'server', raw,
                  rules.Out('client', rules.hop(raw)))
    raw = packet.icmp(kind.server, bench.client, echo, 0, 0x10001, b'ping')
    yield Row('real server: echo', 'server', raw, rules.Out('client', rules.hop(raw)))
    raw = bench.request(kind, TCP, bench.sport(), 'second')
    yield Row('TCP without SYN', 'client', raw, refused(bench, raw))


def refused(bench, raw):
    """The RST of a stack that knows no such connection."""
    sport, dport = rules.number(raw, len(raw) - 20), rules.number(raw, len(raw) - 18)
    src, dst = rules.addresses(raw)
    seg = packet.tcp_segment(dst, src, dport, sport, 'rst', seq=0)
    raw = packet.ip(dst, src, TCP, rules.put(seg, 14, bytes(2)), ident=0)   # no window
    _, at, _ = rules.locate(raw)
    raw = rules.put(raw, at + 16, struct.pack('!H', rules.transport_check(raw, TCP, at)))
    return rules.Out('client', raw, [(4, 2), (10, 2)] if bench.family == 4 else [(1, 3)])


def options(bench):
    """IPv4 options."""
    if bench.family == 6:
        return
    cases = (('no-operation', b'\1' * 8), ('forty bytes', b'\1' * 40), ('end of list', bytes(4)),
             ('router alert', b'\x94\4\0\0'), ('unknown option', b'\x1e\4\0\0'))
    for kind, _, proto, name in each(bench):
        for what, raw in cases:
            raw = bench.request(kind, proto, bench.sport(), options=raw)
            yield Row('%s: %s' % (name, what), 'client', raw, bench.sent_on(kind, raw),
                      asked(True, raw))
    for kind in bench.kinds:
        raw = bench.request(kind, TCP, bench.sport(), options=b'\7\7\4' + bytes(5))
        recorded = rules.sealed(rules.put(raw, 22, b'\x08' + packet.packed(kind.vip)))
        yield Row(kind.name + ' TCP: record route', 'client', raw, bench.sent_on(kind, recorded),
                  asked(True, raw))
        raw = bench.request(kind, TCP, bench.sport(), options=b'\7\7\x08' + bytes(5))
        yield Row(kind.name + ' TCP: record route, full', 'client', raw, bench.sent_on(kind, raw),
                  asked(True, raw))
    kind = bench.kinds[0]
    for what, opts in cases:
        for name, proto in PROTOS.items():
            sport = bench.sport()
            raw = bench.reply(kind, proto, sport, options=opts)
            yield Row('nat %s reply: %s' % (name, what), 'server', raw,
                      bench.sent_back(kind, raw), answered(raw),
                      opened(bench, kind, proto, sport))


def extensions(bench):
    """IPv6 extension headers, alone and together."""
    if bench.family == 4:
        return
    route = bytes((0, 4, 0, 0, 0, 0, 0))            # segment routing, none left
    atomic = bytes((0, 0, 0, 0, 0, 0, 9))
    long = bytes((3, 1, 28)) + bytes(28)
    hop, dst, rt, frag = (HOPOPTS, PAD), (DSTOPTS, PAD), (ROUTING, route), (FRAGMENT, atomic)
    cases = (('hop-by-hop', [hop]), ('destination options', [dst]), ('routing', [rt]),
             ('long destination options', [(DSTOPTS, long)]), ('hop-by-hop, routing', [hop, rt]),
             ('hop-by-hop, destination, routing, destination', [hop, dst, rt, dst]),
             ('eight headers', [hop] + [dst] * 7), ('routing 2, one left', [(ROUTING, bytes(
                 (2, 2, 1, 0, 0, 0, 0)) + packet.packed('2001:db8:a::9'))]))
    for kind, _, proto, name in each(bench):
        for what, chain in cases:
            raw = bench.request(kind, proto, bench.sport(), extensions=chain)
            yield Row('%s: %s' % (name, what), 'client', raw, bench.sent_on(kind, raw),
                      asked(True, raw))
    for kind in bench.kinds[:3]:
        raw = bench.request(kind, TCP, bench.sport(), extensions=[dst, frag])
        joined = bench.request(kind, TCP, bench.last_port, extensions=[dst])
        yield Row(kind.name + ' TCP: atomic fragment', 'client', raw, bench.sent_on(kind, joined),
                  asked(True, joined))
    kind = bench.kinds[0]
    for what, chain in cases[:-1]:
        for name, proto in PROTOS.items():
            sport = bench.sport()
            raw = bench.reply(kind, proto, sport, extensions=chain)
            yield Row('nat %s reply: %s' % (name, what), 'server', raw,
                      bench.sent_back(kind, raw), answered(raw),
                      opened(bench, kind, proto, sport))
    yield from broken_extensions(bench, kind)


def broken_extensions(bench, kind):
    """A router does not read further than it must, a host counts them and says nothing but of
    the last."""
    counted = {'InHdrErrors': 1}
    for what, first, chain in (('header longer than the packet', DSTOPTS, b'\6\x20' + PAD[1:]),
                               ('header of four bytes', DSTOPTS, b'\6\0\1\2'),
                               ('header of one byte', HOPOPTS, b'\6'),
                               ('fragment header of four bytes', FRAGMENT, b'\6\0\0\1')):
        raw = packet.ip(bench.client, kind.vip, first, chain)
        row = Row(what + ', from the client', 'client', raw, mib=counted)
        if first == FRAGMENT:
            row.out = [rules.told(raw, 4, 0, 40)]
        yield row
        raw = packet.ip(kind.server, bench.client, first, chain)
        if first == HOPOPTS:
            yield Row(what + ', from the server', 'server', raw, mib=counted)
        else:
            yield Row(what + ', from the server', 'server', raw,
                      rules.Out('client', rules.hop(raw)))


def about(bench, kind, proto, sport, **ip_args):
    """What the client was sent."""
    return bench.packet(kind.vip, bench.client, proto, VPORT, sport, 'second', b'answer', **ip_args)


def cut(raw, size):
    """`size` bytes of transport are quoted."""
    _, at, _ = rules.locate(raw)
    return raw[:at + size]


def error(src, dst, kind, payload, rest=0, **ip_args):
    return packet.icmp(src, dst, *kind, rest, payload, **ip_args)


def info(kind):
    """The packet size in 'fragmentation needed', 'packet too big'."""
    return 1400 if kind in ((3, 4), (2, 0)) else 0


def reported(bench, kind, proto, what, code, quote, name, **ip_args):
    """An error to the virtual address about what the client was sent: its server gets it."""
    sport = bench.sport()
    raw = error(bench.client, kind.vip, code, quote(about(bench, kind, proto, sport)), info(code),
                **ip_args)
    return Row('%s: %s' % (name, what), 'client', raw, bench.sent_on(kind, raw, error=True),
               asked(False, raw), opened(bench, kind, proto, sport))


def errors_to_server(bench):
    for kind in bench.kinds:
        for what, code in rules.ERRORS[bench.family].items():
            yield reported(bench, kind, TCP, what, code, bytes, kind.name + ' TCP error')
        for name, proto in PROTOS.items():
            for size in (4, 8, 12):
                yield reported(bench, kind, proto, 'with %d bytes' % size,
                               (3, 1) if bench.family == 4 else (1, 1),
                               lambda raw, size=size: cut(raw, size),
                               '%s %s error' % (kind.name, name))
        for what, args in rest_of(bench):
            yield reported(bench, kind, TCP, what, (3, 1) if bench.family == 4 else (1, 1), bytes,
                           kind.name + ' TCP error', **args)


def rest_of(bench):
    """What may be before the ICMP header."""
    if bench.family == 4:
        return (('with options', dict(options=b'\1' * 12)), ('ttl 2', dict(ttl=2)),
                ('no DF', dict(df=False)))
    return (('with destination options', dict(extensions=[(DSTOPTS, PAD)])), ('ttl 2', dict(ttl=2)),
            ('with hop-by-hop and routing', dict(extensions=[
                (HOPOPTS, PAD), (ROUTING, bytes((0, 4, 0, 0, 0, 0, 0)))])))


def embedded(bench):
    """What may be in the embedded packet: (name, arguments)."""
    if bench.family == 4:
        return (('options inside', dict(options=b'\1' * 12)), ('forty inside', dict(
            options=b'\1' * 40)), ('first fragment inside', dict(more=True, df=False)),
                ('type of service inside', dict(tos=0xb8)))
    return (('destination options inside', dict(extensions=[(DSTOPTS, PAD)])),
            ('three headers inside', dict(extensions=[(HOPOPTS, PAD), (DSTOPTS, PAD), (
                ROUTING, bytes((0, 4, 0, 0, 0, 0, 0)))])),
            ('first fragment inside', dict(extensions=[(FRAGMENT, bytes((0, 0, 1, 0, 0, 0, 9)))])))


def errors_inside(bench):
    """Unusual embedded packets, both ways."""
    code = (3, 1) if bench.family == 4 else (1, 1)
    for kind in bench.kinds:
        for name, proto in PROTOS.items():
            for what, args in embedded(bench):
                sport = bench.sport()
                raw = error(bench.client, kind.vip, code, about(bench, kind, proto, sport, **args))
                yield Row('%s %s error: %s' % (kind.name, name, what), 'client', raw,
                          bench.sent_on(kind, raw, error=True), asked(False, raw),
                          opened(bench, kind, proto, sport))
    kind = bench.kinds[0]
    for name, proto in PROTOS.items():
        for what, args in embedded(bench):
            sport = bench.sport()
            raw = error(kind.server, bench.client, code, bench.packet(
                bench.client, kind.server, proto, sport, kind.port(VPORT), **args))
            yield Row('nat %s error to the client: %s' % (name, what), 'server', raw,
                      bench.sent_back(kind, raw, error=True), answered(raw),
                      opened(bench, kind, proto, sport))
    for kind in bench.kinds[:3]:
        later = dict(offset=64, df=False) if bench.family == 4 else dict(
            extensions=[(FRAGMENT, bytes((0, 0, 64, 0, 0, 0, 9)))])
        sport = bench.sport()
        raw = error(bench.client, kind.vip, code, about(bench, kind, TCP, sport, **later))
        yield Row(kind.name + ' TCP error: later fragment inside', 'client', raw,
                  before=opened(bench, kind, TCP, sport))
        sport = bench.sport()
        raw = error(bench.client, kind.vip, code, cut(about(bench, kind, TCP, sport), 2))
        yield Row(kind.name + ' TCP error: with 2 bytes', 'client', raw,
                  before=opened(bench, kind, TCP, sport))
        raw = error(bench.client, kind.vip, code, error(kind.vip, bench.client, code, about(
            bench, kind, TCP, sport)))
        yield Row(kind.name + ' TCP error: about an error', 'client', raw)


def errors_to_client(bench):
    """Errors about what a server was sent, by itself or a router on the way."""
    nat = bench.kinds[0]
    for what, code in rules.ERRORS[bench.family].items():
        for name, proto in PROTOS.items():
            for who, reporter in (('server', nat.server), ('router', bench.at.real[0])):
                sport = bench.sport()
                raw = error(reporter, bench.client, code, bench.packet(
                    bench.client, nat.server, proto, sport, nat.port(VPORT)), info(code))
                yield Row('nat %s error of a %s: %s' % (name, who, what), 'server', raw,
                          bench.sent_back(nat, raw, error=True), answered(raw),
                          opened(bench, nat, proto, sport))
    code = (3, 1) if bench.family == 4 else (1, 1)
    for name, proto in PROTOS.items():
        for size in (4, 8, 12):
            sport = bench.sport()
            raw = error(nat.server, bench.client, code, cut(bench.packet(
                bench.client, nat.server, proto, sport, nat.port(VPORT)), size))
            yield Row('nat %s error to the client: with %d bytes' % (name, size), 'server', raw,
                      bench.sent_back(nat, raw, error=True), answered(raw),
                      opened(bench, nat, proto, sport))
    for what, args in rest_of(bench):
        sport = bench.sport()
        raw = error(nat.server, bench.client, code, bench.packet(
            bench.client, nat.server, TCP, sport, nat.port(VPORT)), **args)
        yield Row('nat TCP error to the client: ' + what, 'server', raw,
                  bench.sent_back(nat, raw, error=True), answered(raw),
                  opened(bench, nat, TCP, sport))
    for kind in bench.kinds[1:4]:
        sport = bench.sport()
        raw = error(bench.at.real[0], bench.client, code, bench.request(kind, TCP, sport))
        yield Row(kind.name + ' TCP error of a router to the client', 'server', raw,
                  rules.Out('client', rules.hop(raw)), answered(raw),
                  opened(bench, kind, TCP, sport))


def errors_not_ours(bench):
    """Types that go to nobody, and errors about no connection."""
    nat = bench.kinds[0]
    for what, code in rules.NO_ERRORS[bench.family].items():
        for kind in bench.kinds[:3]:
            sport = bench.sport()
            raw = error(bench.client, kind.vip, code, about(bench, kind, TCP, sport))
            yield Row('%s: %s to the virtual address' % (kind.name, what), 'client', raw,
                      before=opened(bench, kind, TCP, sport))
        if bench.family == 6:
            continue
        sport = bench.sport()
        raw = error(nat.server, bench.client, code, bench.packet(
            bench.client, nat.server, TCP, sport, nat.port(VPORT)))
        yield Row('nat: %s to the client' % what, 'server', raw,
                  rules.Out('client', rules.hop(raw)), before=opened(bench, nat, TCP, sport))
    code = (3, 1) if bench.family == 4 else (1, 1)
    for kind in bench.kinds:
        raw = error(bench.client, kind.vip, code, about(bench, kind, TCP, 2))
        yield Row(kind.name + ' TCP error: no connection', 'client', raw)
    raw = error(nat.server, bench.client, code, bench.packet(bench.client, nat.server, TCP, 2, 3))
    yield Row('nat TCP error to the client: no connection', 'server', raw,
              rules.Out('client', rules.hop(raw)))


def ipsec(bench):
    """AH and ESP go where their key exchange went. An IPv6 AH is a header before another."""
    for kind in bench.kinds:
        client = ('192.0.2.%d' if bench.family == 4 else '2001:db8:a::%d') % 77
        opening = packet.udp(client, kind.vip, ISAKMP, ISAKMP, b'key exchange')
        yield Row(kind.name + ': ISAKMP', 'client', opening,
                  bench.sent_on(kind, opening, ISAKMP), asked(True, opening))
        for name, proto in (('ESP', ESP), ('AH', AH)):
            if proto == AH and bench.family == 6:
                continue
            body = struct.pack('!BBHII', TCP, 1, 0, 7, 1) + b'sixteen bytes...'
            raw = packet.ip(client, kind.vip, proto, body)
            yield Row('%s: %s' % (kind.name, name), 'client', raw,
                      bench.sent_on(kind, raw, ISAKMP), asked(False, raw))
            quoted = packet.ip(kind.vip, client, proto, body)
            raw = error(client, kind.vip, (3, 1) if bench.family == 4 else (1, 1), quoted)
            yield Row('%s: error about %s' % (kind.name, name), 'client', raw,
                      bench.sent_on(kind, raw, ISAKMP, error=True), asked(False, raw))
            if kind.method == 'nat':
                raw = packet.ip(kind.server, client, proto, body)
                yield Row('nat: %s reply' % name, 'server', raw,
                          bench.sent_back(kind, raw, ISAKMP), answered(raw))


def tunnel_errors(bench):
    """About our own tunnel packets, by a router on the way: the client gets one about its own.
    Only IPv4 in IPv4 is told on."""
    for kind in bench.kinds[2:]:
        for what, code in rules.ERRORS[kind.outer].items():
            if bench.family != 4 or kind.outer != 4:
                if code not in ((3, 1), (1, 1)):
                    continue
            if code == (3, 4):
                continue                            # changes the route: see too_big_reported()
            sport = bench.sport()
            raw = bench.request(kind, TCP, sport, payload=b'data')
            outer = bench.sent_on(kind, raw).raw
            report = error(('198.51.100.11', '2001:db8:b::b')[kind.outer == 6], kind.source, code,
                           outer)
            inner = rules.hop(raw)
            row = Row('%s tunnel error: %s' % (kind.name, what), 'server', report,
                      before=opened(bench, kind, TCP, sport))
            if bench.family == 4 and kind.outer == 4:
                row.out = [rules.told(inner, *code)]
                row.counts = and_told(kind, answered(inner), *row.out)
                row.mib = {'OutDestUnreachs': 1} if code[0] == 3 else \
                    {'OutTimeExcds': 1} if code[0] == 11 else {}
            yield row


DEFAULT = (plain, fields, ttl, checksums, no_business, options, extensions, errors_to_server,
           errors_inside, errors_to_client, errors_not_ours, ipsec, tunnel_errors)
