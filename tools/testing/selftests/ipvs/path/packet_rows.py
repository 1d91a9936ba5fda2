# SPDX-License-Identifier: GPL-2.0
"""The rows of the packet table: generators of packet_setup.Row, for one family each."""

import struct

from ipvstest import pkt, rules
from ipvstest.genl import DIRECT
from ipvstest.packet_setup import ISAKMP, VPORT, Row
from ipvstest.pkt import SCTP, TCP, UDP
from ipvstest.rules import AH, DSTOPTS, ESP, FRAGMENT, HOPOPTS, ROUTING

PROTOS = {'TCP': TCP, 'UDP': UDP, 'SCTP': SCTP}
PAD = bytes((0, 1, 4, 0, 0, 0, 0))      # a header of eight bytes with PadN


def asked(new, raw):
    """The counters after a request."""
    return (int(new), 1, 0, len(raw), 0)


def answered(raw):
    return (0, 0, 1, 0, len(raw))


def and_told(kind, counts, *outs):
    """The counters after an error sent to the client. An error about a packet to the virtual
    address counts as a reply, except with NAT."""
    if kind.method == 'nat':
        return counts
    return counts[:2] + (counts[2] + len(outs), counts[3],
                         counts[4] + sum(len(out.raw) for out in outs))


def cut(raw, size):
    """The packet with `size` bytes of transport quoted."""
    _, at, _ = rules.locate(raw)
    return raw[:at + size]


def opened(setup, kind, proto, sport):
    return [('client', setup.request(kind, proto, sport))]


def each(setup):
    for kind in setup.kinds:
        for name, proto in PROTOS.items():
            yield kind, name, proto, '%s %s' % (kind.name, name)


def plain(setup):
    for kind, _, proto, name in each(setup):
        sport = setup.sport()
        raw = setup.request(kind, proto, sport)
        yield Row(name + ': first packet', 'client', raw, setup.sent_on(kind, raw),
                  asked(True, raw))
        raw = setup.request(kind, proto, sport, 'second', b'odd')
        yield Row(name + ': second packet', 'client', raw, setup.sent_on(kind, raw),
                  asked(False, raw))
        raw = setup.request(kind, proto, sport, 'second', b'long ' * 240)
        yield Row(name + ': long packet', 'client', raw, setup.sent_on(kind, raw),
                  asked(False, raw))
        if kind.method != 'nat':
            continue
        for size in (0, 3, 1000):
            raw = setup.reply(kind, proto, sport, payload=b'x' * size)
            yield Row('%s: reply with %d bytes' % (name, size), 'server', raw,
                      setup.sent_back(kind, raw), answered(raw))


def fields(setup):
    """TTL, type of service with each ECN mark, DF."""
    cases = [('ttl 2', dict(ttl=2)), ('ttl 255', dict(ttl=255)), ('DSCP 46', dict(tos=0xb8)),
             ('ECT(1)', dict(tos=1)), ('ECT(0)', dict(tos=0x22)), ('CE', dict(tos=3))]
    if setup.family == 4:
        cases += [('no DF', dict(df=False)), ('ident 0', dict(ident=0))]
    for kind in setup.kinds:
        for what, args in cases:
            raw = setup.request(kind, TCP, setup.sport(), **args)
            yield Row('%s TCP: %s' % (kind.name, what), 'client', raw, setup.sent_on(kind, raw),
                      asked(True, raw))
            if kind.method == 'nat':
                sport = setup.sport()
                raw = setup.reply(kind, TCP, sport, **args)
                yield Row('nat TCP reply: ' + what, 'server', raw, setup.sent_back(kind, raw),
                          answered(raw), opened(setup, kind, TCP, sport))


def ttl(setup):
    """TTL 1: the sender gets an error."""
    for kind, _, proto, name in each(setup):
        raw = setup.request(kind, proto, setup.sport(), ttl=1)
        out = rules.told(raw, *rules.expired(setup.family))
        yield Row(name + ': ttl 1', 'client', raw, out, and_told(kind, asked(True, raw), out),
                  mib={'InHdrErrors': 1, 'OutTimeExcds': 1})


def checksums(setup):
    """A missing checksum becomes a correct one, a wrong one stays wrong."""
    for kind in setup.kinds:
        at, sport = kind.vip, setup.sport()
        if setup.family == 4:
            raw = pkt.ip(setup.client, at, UDP, pkt.udp_datagram(
                setup.client, at, sport, VPORT, b'without', csum=0))
            yield Row(kind.name + ' UDP: no checksum', 'client', raw, setup.sent_on(kind, raw),
                      asked(True, raw))
        raw = pkt.ip(setup.client, at, UDP, pkt.udp_datagram(
            setup.client, at, setup.sport(), VPORT, b'wrong one', csum=0x1234))
        yield Row(kind.name + ' UDP: wrong checksum', 'client', raw, setup.sent_on(kind, raw),
                  asked(True, raw))
        raw = pkt.ip(setup.client, at, TCP, pkt.tcp_segment(
            setup.client, at, setup.sport(), VPORT, 'syn', csum=0x4321))
        yield Row(kind.name + ' TCP: wrong checksum', 'client', raw, setup.sent_on(kind, raw),
                  asked(True, raw))
        raw = setup.request(kind, SCTP, setup.sport())
        raw = raw[:-1] + b'x'
        yield Row(kind.name + ' SCTP: wrong checksum', 'client', raw, setup.sent_on(kind, raw),
                  asked(True, raw))


def no_business(setup):
    """Echo requests and packets to no service are not handled by ip_vs."""
    echo, reply = (8, 0) if setup.family == 4 else (128, 129)
    for kind in setup.kinds[:2]:
        raw = pkt.icmp(setup.client, kind.vip, echo, 0, 0x10001, b'ping')
        back = pkt.icmp(kind.vip, setup.client, reply, 0, 0x10001, b'ping', df=False, ident=0)
        free = [(4, 2), (10, 2)] if setup.family == 4 else [(1, 3)]
        yield Row(kind.name + ': echo', 'client', raw, rules.Out('client', back, free))
    kind = setup.kinds[0]
    for proto in (TCP, UDP):
        raw = setup.packet(setup.stranger, setup.client, proto, 1, 2)
        yield Row('stranger, protocol %d' % proto, 'server', raw,
                  rules.Out('client', rules.hop(raw)))
        raw = setup.reply(kind, proto, 1)
        yield Row('real server, no connection, protocol %d' % proto, 'server', raw,
                  rules.Out('client', rules.hop(raw)))
    raw = pkt.icmp(kind.server, setup.client, echo, 0, 0x10001, b'ping')
    yield Row('real server: echo', 'server', raw, rules.Out('client', rules.hop(raw)))
    raw = setup.request(kind, TCP, setup.sport(), 'second')
    yield Row('TCP without SYN', 'client', raw, refused(setup, raw))


def refused(setup, raw):
    """The RST of a stack without such a connection."""
    sport, dport = rules.number(raw, len(raw) - 20), rules.number(raw, len(raw) - 18)
    src, dst = rules.addresses(raw)
    seg = pkt.tcp_segment(dst, src, dport, sport, 'rst', seq=0)
    raw = pkt.ip(dst, src, TCP, rules.put(seg, 14, bytes(2)), ident=0)   # no window
    _, at, _ = rules.locate(raw)
    raw = rules.put(raw, at + 16, struct.pack('!H', rules.transport_check(raw, TCP, at)))
    return rules.Out('client', raw, [(4, 2), (10, 2)] if setup.family == 4 else [(1, 3)])


def more_headers(family):
    """[(name, arguments of pkt.ip)]: IPv4 options, IPv6 extension headers, alone and together."""
    if family == 4:
        return [(what, {'options': raw}) for what, raw in (
            ('no-operation', b'\1' * 8), ('forty bytes', b'\1' * 40), ('end of list', bytes(4)),
            ('router alert', b'\x94\4\0\0'), ('unknown option', b'\x1e\4\0\0'))]
    hop, dst = (HOPOPTS, PAD), (DSTOPTS, PAD)
    rt = (ROUTING, bytes((0, 4, 0, 0, 0, 0, 0)))    # segment routing, no segments left
    long = bytes((3, 1, 28)) + bytes(28)
    return [(what, {'extensions': chain}) for what, chain in (
        ('hop-by-hop', [hop]), ('destination options', [dst]), ('routing', [rt]),
        ('long destination options', [(DSTOPTS, long)]), ('hop-by-hop, routing', [hop, rt]),
        ('hop-by-hop, destination, routing, destination', [hop, dst, rt, dst]),
        ('eight headers', [hop] + [dst] * 7), ('twelve headers', [hop] + [dst] * 11),
        ('authentication header', [(AH, b'\1\0\0' + b'spi.seq.')]))]


def headers(setup):
    cases = more_headers(setup.family)
    for kind, _, proto, name in each(setup):
        for what, args in cases:
            raw = setup.request(kind, proto, setup.sport(), **args)
            yield Row('%s: %s' % (name, what), 'client', raw, setup.sent_on(kind, raw),
                      asked(True, raw))
    kind = setup.kinds[0]
    for what, args in cases:
        for name, proto in PROTOS.items():
            sport = setup.sport()
            raw = setup.reply(kind, proto, sport, **args)
            yield Row('nat %s reply: %s' % (name, what), 'server', raw,
                      setup.sent_back(kind, raw), answered(raw),
                      opened(setup, kind, proto, sport))


def recorded(setup):
    """IPv4 options in which routers record routes and time stamps."""
    if setup.family == 6:
        return
    for kind in setup.kinds:
        raw = setup.request(kind, TCP, setup.sport(), options=b'\7\7\4' + bytes(5))
        written = rules.sealed(rules.put(raw, 22, b'\x08' + pkt.packed(kind.vip)))
        yield Row(kind.name + ' TCP: record route', 'client', raw, setup.sent_on(kind, written),
                  asked(True, raw))
        raw = setup.request(kind, TCP, setup.sport(), options=b'\7\7\x08' + bytes(5))
        yield Row(kind.name + ' TCP: record route, full', 'client', raw, setup.sent_on(kind, raw),
                  asked(True, raw))


def extensions(setup):
    """IPv6 only: a routing header with segments left, an atomic fragment."""
    if setup.family == 4:
        return
    onward = (ROUTING, bytes((2, 2, 1, 0, 0, 0, 0)) + pkt.packed('2001:db8:a::9'))
    for kind, _, proto, name in each(setup):
        raw = setup.request(kind, proto, setup.sport(), extensions=[onward])
        yield Row(name + ': routing 2, one left', 'client', raw, setup.sent_on(kind, raw),
                  asked(True, raw))
    dst, atomic = (DSTOPTS, PAD), (FRAGMENT, bytes((0, 0, 0, 0, 0, 0, 9)))
    for kind in setup.kinds[:3]:
        raw = setup.request(kind, TCP, setup.sport(), extensions=[dst, atomic])
        joined = setup.request(kind, TCP, setup.last_port, extensions=[dst])
        yield Row(kind.name + ' TCP: atomic fragment', 'client', raw, setup.sent_on(kind, joined),
                  asked(True, joined))
    yield from broken_extensions(setup, setup.kinds[0])


def broken_extensions(setup, kind):
    """A router parses no further than necessary; a host reports errors in the last header only."""
    counted = {'InHdrErrors': 1}
    for what, first, chain in (('header longer than the packet', DSTOPTS, b'\6\x20' + PAD[1:]),
                               ('header of four bytes', DSTOPTS, b'\6\0\1\2'),
                               ('header of one byte', HOPOPTS, b'\6'),
                               ('fragment header of four bytes', FRAGMENT, b'\6\0\0\1')):
        raw = pkt.ip(setup.client, kind.vip, first, chain)
        row = Row(what + ', from the client', 'client', raw, mib=counted)
        if first == FRAGMENT:
            row.out = [rules.told(raw, 4, 0, 40)]
        yield row
        raw = pkt.ip(kind.server, setup.client, first, chain)
        if first == HOPOPTS:
            yield Row(what + ', from the server', 'server', raw, mib=counted)
        else:
            yield Row(what + ', from the server', 'server', raw,
                      rules.Out('client', rules.hop(raw)))


def about(setup, kind, proto, sport, **ip_args):
    """A packet as it was sent to the client."""
    return setup.packet(kind.vip, setup.client, proto, VPORT, sport, 'second', b'answer', **ip_args)


def error(src, dst, kind, payload, rest=0, **ip_args):
    return pkt.icmp(src, dst, *kind, rest, payload, **ip_args)


def later_fragment(setup):
    """Arguments of pkt.ip for a non-first fragment."""
    if setup.family == 4:
        return dict(offset=64, df=False)
    return dict(extensions=[(FRAGMENT, bytes((0, 0, 64, 0, 0, 0, 9)))])


def ipsec(setup):
    """AH and ESP follow their key exchange. With IPv6, AH is an extension header."""
    for kind in setup.kinds:
        client = ('192.0.2.%d' if setup.family == 4 else '2001:db8:a::%d') % 77
        opening = pkt.udp(client, kind.vip, ISAKMP, ISAKMP, b'key exchange')
        yield Row(kind.name + ': ISAKMP', 'client', opening,
                  setup.sent_on(kind, opening, ISAKMP), asked(True, opening))
        for name, proto in (('ESP', ESP), ('AH', AH)):
            if proto == AH and setup.family == 6:
                continue
            body = struct.pack('!BBHII', TCP, 1, 0, 7, 1) + b'sixteen bytes...'
            raw = pkt.ip(client, kind.vip, proto, body)
            yield Row('%s: %s' % (kind.name, name), 'client', raw,
                      setup.sent_on(kind, raw, ISAKMP), asked(False, raw))
            for what, args in (('', {}), ('a later fragment of ', later_fragment(setup))):
                quoted = pkt.ip(kind.vip, client, proto, body, **args)
                raw = error(client, kind.vip, rules.unreachable(setup.family), quoted)
                yield Row('%s: error about %s%s' % (kind.name, what, name), 'client', raw,
                          setup.sent_on(kind, raw, ISAKMP, error=True), asked(False, raw))
                if kind.method == 'nat':
                    quoted = pkt.ip(client, kind.server, proto, body, **args)
                    raw = error(kind.server, client, rules.unreachable(setup.family), quoted)
                    yield Row('nat: error about %s%s, to the client' % (what, name), 'server',
                              raw, setup.sent_back(kind, raw, ISAKMP, error=True), answered(raw))
            if kind.method == 'nat':
                raw = pkt.ip(kind.server, client, proto, body)
                yield Row('nat: %s reply' % name, 'server', raw,
                          setup.sent_back(kind, raw, ISAKMP), answered(raw))


def own_replies(setup):
    """Servers that reply from the virtual address and route through the director."""
    with setup.accepting_own():
        for kind, name, proto, what in each(setup):
            if kind.method == 'nat':
                continue
            sport = setup.sport()
            raw = about(setup, kind, proto, sport)
            yield Row(what + ': reply of its own', 'server', raw,
                      rules.Out('client', rules.hop(raw)), answered(raw),
                      opened(setup, kind, proto, sport))


def no_destination(setup):
    kind = setup.kinds[1]
    for name, proto in PROTOS.items():
        service = (kind.vip, 81, proto)
        setup.ipvs.add_service(*service, 'rr')
        raw = setup.packet(setup.client, kind.vip, proto, setup.sport(), 81)
        yield Row(name + ': no destination', 'client', raw,
                  rules.told(raw, *pkt.port_unreachable(setup.family)),
                  mib={'OutDestUnreachs': 1})
        setup.ipvs.dest('NEW_DEST', service, kind.server, 81, DIRECT, weight=0)
        raw = setup.packet(setup.client, kind.vip, proto, setup.sport(), 81)
        yield Row(name + ': weight 0', 'client', raw,
                  rules.told(raw, *pkt.port_unreachable(setup.family)),
                  mib={'OutDestUnreachs': 1})
        setup.ipvs.del_service(*service)


PLAIN = (plain, fields, ttl, checksums, no_business, headers, recorded, extensions, ipsec,
         own_replies, no_destination)
