# SPDX-License-Identifier: GPL-2.0
"""Rows of the packet table about ICMP errors: to servers, to clients, about tunnel packets."""

from ipvstest import rules
from ipvstest.packet_setup import VPORT, Row
from ipvstest.pkt import TCP
from ipvstest.rules import DSTOPTS, FRAGMENT, HOPOPTS, ROUTING
from ipvstest.settings import Knobs

from packet_rows import (PAD, PROTOS, about, and_told, answered, asked, cut, each, error,
                         later_fragment, opened)


def info(kind):
    """The MTU in 'fragmentation needed' or 'packet too big'."""
    return 1400 if kind in ((3, 4), (2, 0)) else 0


def reported(setup, kind, proto, what, code, quote, name, **ip_args):
    """An error to the virtual address about a packet sent to the client: its server gets the
    error."""
    sport = setup.sport()
    raw = error(setup.client, kind.vip, code, quote(about(setup, kind, proto, sport)), info(code),
                **ip_args)
    return Row('%s: %s' % (name, what), 'client', raw, setup.sent_on(kind, raw, error=True),
               asked(False, raw), opened(setup, kind, proto, sport))


def errors_to_server(setup):
    for kind in setup.kinds:
        for what, code in rules.ERRORS[setup.family].items():
            yield reported(setup, kind, TCP, what, code, bytes, kind.name + ' TCP error')
        for name, proto in PROTOS.items():
            for size in (4, 8, 12):
                yield reported(setup, kind, proto, 'with %d bytes' % size,
                               rules.unreachable(setup.family),
                               lambda raw, size=size: cut(raw, size),
                               '%s %s error' % (kind.name, name))
        for what, args in rest_of(setup):
            yield reported(setup, kind, TCP, what, rules.unreachable(setup.family), bytes,
                           kind.name + ' TCP error', **args)


def damaged_errors(setup):
    """Damaged and expired errors: no error is sent about an error."""
    code = rules.unreachable(setup.family)
    nat = setup.kinds[0]
    for kind in setup.kinds:
        sport = setup.sport()
        raw = error(setup.client, kind.vip, code, about(setup, kind, TCP, sport))
        row = Row(kind.name + ' TCP error: wrong checksum', 'client', raw[:-1] + b'?',
                  before=opened(setup, kind, TCP, sport))
        if kind.method != 'nat':                    # the receiver detects the damage
            row.out, row.counts = [setup.sent_on(kind, row.packets[0])], asked(False, raw)
        yield row
        raw = error(setup.client, kind.vip, code, about(setup, kind, TCP, sport), ttl=1)
        yield Row(kind.name + ' TCP error: ttl 1', 'client', raw, counts=asked(False, raw),
                  mib={'InHdrErrors': 1})
        if setup.family == 6:
            continue
        inside = about(setup, kind, TCP, sport)
        raw = error(setup.client, kind.vip, code, rules.put(inside, 10, b'??'))
        yield Row(kind.name + ' TCP error: wrong IP checksum inside', 'client', raw,
                  setup.sent_on(kind, raw, error=True), asked(False, raw))
    sport = setup.sport()
    raw = error(nat.server, setup.client, code, setup.packet(
        setup.client, nat.server, TCP, sport, nat.port(VPORT)))
    yield Row('nat TCP error to the client: wrong checksum', 'server', raw[:-1] + b'?',
              before=opened(setup, nat, TCP, sport))


def rest_of(setup):
    """Options and extension headers before the ICMP header."""
    if setup.family == 4:
        return (('with options', dict(options=b'\1' * 12)), ('ttl 2', dict(ttl=2)),
                ('no DF', dict(df=False)))
    return (('with destination options', dict(extensions=[(DSTOPTS, PAD)])), ('ttl 2', dict(ttl=2)),
            ('with hop-by-hop and routing', dict(extensions=[
                (HOPOPTS, PAD), (ROUTING, bytes((0, 4, 0, 0, 0, 0, 0)))])))


def embedded(setup):
    """Contents of the embedded packet: (name, arguments)."""
    if setup.family == 4:
        return (('options inside', dict(options=b'\1' * 12)), ('forty inside', dict(
            options=b'\1' * 40)), ('first fragment inside', dict(more=True, df=False)),
                ('type of service inside', dict(tos=0xb8)))
    return (('destination options inside', dict(extensions=[(DSTOPTS, PAD)])),
            ('three headers inside', dict(extensions=[(HOPOPTS, PAD), (DSTOPTS, PAD), (
                ROUTING, bytes((0, 4, 0, 0, 0, 0, 0)))])),
            ('first fragment inside', dict(extensions=[(FRAGMENT, bytes((0, 0, 1, 0, 0, 0, 9)))])))


def errors_inside(setup):
    """Unusual embedded packets, both directions."""
    code = rules.unreachable(setup.family)
    for kind in setup.kinds:
        for name, proto in PROTOS.items():
            for what, args in embedded(setup):
                sport = setup.sport()
                raw = error(setup.client, kind.vip, code, about(setup, kind, proto, sport, **args))
                yield Row('%s %s error: %s' % (kind.name, name, what), 'client', raw,
                          setup.sent_on(kind, raw, error=True), asked(False, raw),
                          opened(setup, kind, proto, sport))
    kind = setup.kinds[0]
    for name, proto in PROTOS.items():
        for what, args in embedded(setup):
            sport = setup.sport()
            raw = error(kind.server, setup.client, code, setup.packet(
                setup.client, kind.server, proto, sport, kind.port(VPORT), **args))
            yield Row('nat %s error to the client: %s' % (name, what), 'server', raw,
                      setup.sent_back(kind, raw, error=True), answered(raw),
                      opened(setup, kind, proto, sport))
    for kind in setup.kinds[:3]:
        later = later_fragment(setup)
        sport = setup.sport()
        raw = error(setup.client, kind.vip, code, about(setup, kind, TCP, sport, **later))
        yield Row(kind.name + ' TCP error: later fragment inside', 'client', raw,
                  before=opened(setup, kind, TCP, sport))
        sport = setup.sport()
        raw = error(setup.client, kind.vip, code, cut(about(setup, kind, TCP, sport), 2))
        yield Row(kind.name + ' TCP error: with 2 bytes', 'client', raw,
                  before=opened(setup, kind, TCP, sport))
        raw = error(setup.client, kind.vip, code, error(kind.vip, setup.client, code, about(
            setup, kind, TCP, sport)))
        yield Row(kind.name + ' TCP error: about an error', 'client', raw)


def errors_to_client(setup):
    """Errors about packets sent to a server, from the server or a router on the way."""
    nat = setup.kinds[0]
    for what, code in rules.ERRORS[setup.family].items():
        for name, proto in PROTOS.items():
            for who, reporter in (('server', nat.server), ('router', setup.at.real[0])):
                sport = setup.sport()
                raw = error(reporter, setup.client, code, setup.packet(
                    setup.client, nat.server, proto, sport, nat.port(VPORT)), info(code))
                yield Row('nat %s error of a %s: %s' % (name, who, what), 'server', raw,
                          setup.sent_back(nat, raw, error=True), answered(raw),
                          opened(setup, nat, proto, sport))
    code = rules.unreachable(setup.family)
    for name, proto in PROTOS.items():
        for size in (4, 8, 12):
            sport = setup.sport()
            raw = error(nat.server, setup.client, code, cut(setup.packet(
                setup.client, nat.server, proto, sport, nat.port(VPORT)), size))
            yield Row('nat %s error to the client: with %d bytes' % (name, size), 'server', raw,
                      setup.sent_back(nat, raw, error=True), answered(raw),
                      opened(setup, nat, proto, sport))
    for what, args in rest_of(setup):
        for who, reporter in (('server', nat.server), ('router', setup.at.real[0])):
            sport = setup.sport()
            raw = error(reporter, setup.client, code, setup.packet(
                setup.client, nat.server, TCP, sport, nat.port(VPORT)), **args)
            yield Row('nat TCP error of a %s to the client: %s' % (who, what), 'server', raw,
                      setup.sent_back(nat, raw, error=True), answered(raw),
                      opened(setup, nat, TCP, sport))
    for kind in setup.kinds[1:4]:
        sport = setup.sport()
        raw = error(setup.at.real[0], setup.client, code, setup.request(kind, TCP, sport))
        yield Row(kind.name + ' TCP error of a router to the client', 'server', raw,
                  rules.Out('client', rules.hop(raw)), answered(raw),
                  opened(setup, kind, TCP, sport))


def errors_not_ours(setup):
    """Types that ip_vs does not handle, and errors about packets without a connection."""
    nat = setup.kinds[0]
    for what, code in rules.NO_ERRORS[setup.family].items():
        for kind in setup.kinds[:3]:
            sport = setup.sport()
            raw = error(setup.client, kind.vip, code, about(setup, kind, TCP, sport))
            yield Row('%s: %s to the virtual address' % (kind.name, what), 'client', raw,
                      before=opened(setup, kind, TCP, sport))
        if setup.family == 6:
            continue
        sport = setup.sport()
        raw = error(nat.server, setup.client, code, setup.packet(
            setup.client, nat.server, TCP, sport, nat.port(VPORT)))
        yield Row('nat: %s to the client' % what, 'server', raw,
                  rules.Out('client', rules.hop(raw)), before=opened(setup, nat, TCP, sport))
    code = rules.unreachable(setup.family)
    for kind in setup.kinds:
        raw = error(setup.client, kind.vip, code, about(setup, kind, TCP, 2))
        yield Row(kind.name + ' TCP error: no connection', 'client', raw)
    raw = error(nat.server, setup.client, code, setup.packet(setup.client, nat.server, TCP, 2, 3))
    yield Row('nat TCP error to the client: no connection', 'server', raw,
              rules.Out('client', rules.hop(raw)))


def tunnel_error(setup, kind, proto, what, code, size=None, **ip_args):
    """An error about a tunnel packet of the director with `size` bytes of the client's transport in
    it: the client gets one about its own packet. Only errors about IPv4 in IPv4 are relayed."""
    sport = setup.sport()
    raw = setup.request(kind, proto, sport, 'second', **ip_args)
    inner, outer = rules.hop(raw), setup.sent_on(kind, raw).raw
    if size is not None:
        less = len(inner) - rules.locate(inner)[1] - size
        inner, outer = inner[:len(inner) - less], outer[:len(outer) - less]
    report = error(('198.51.100.11', '2001:db8:b::b')[kind.outer == 6], kind.source, code, outer)
    row = Row('%s %s tunnel error: %s' % (kind.name, proto_name(proto), what), 'server', report,
              before=opened(setup, kind, proto, sport))
    if setup.family == 4 and kind.outer == 4 and (size is None or size >= 8):
        row.out = [rules.told(inner, *code)]
        row.counts = and_told(kind, answered(inner), *row.out)
        row.mib = {3: {'OutDestUnreachs': 1}, 11: {'OutTimeExcds': 1}}.get(code[0], {})
    return row


def proto_name(proto):
    return {number: name for name, number in PROTOS.items()}[proto]


def tunnel_errors(setup):
    for kind in setup.kinds[2:]:
        some = rules.unreachable(kind.outer)
        for proto in PROTOS.values():
            yield tunnel_error(setup, kind, proto, 'unreachable', some)
            for size in (0, 3, 8):
                yield tunnel_error(setup, kind, proto, '%d bytes inside' % size, some, size)
        if setup.family == 6 or kind.outer == 6:
            continue
        yield tunnel_error(setup, kind, TCP, 'with options', some, options=b'\1' * 12)
        for what, code in rules.ERRORS[4].items():
            if code != (3, 4):                      # too_big_reported()
                yield tunnel_error(setup, kind, TCP, what, code)


def scheduled_errors(setup):
    """net.ipv4.vs.schedule_icmp: an error about a packet without a connection creates one."""
    code = rules.unreachable(setup.family)
    with Knobs(schedule_icmp=1):
        for kind, _, proto, name in each(setup):
            for size in (8, 28):
                raw = error(setup.client, kind.vip, code,
                            cut(about(setup, kind, proto, setup.sport()), size))
                yield Row('%s: error about no connection, %d bytes' % (name, size), 'client', raw,
                          setup.sent_on(kind, raw, error=True), asked(True, raw))
                yield Row('%s: another error about it, %d bytes' % (name, size), 'client', raw,
                          setup.sent_on(kind, raw, error=True), asked(False, raw))
        kind = setup.kinds[0]
        raw = error(setup.client, kind.vip, code, setup.packet(
            kind.vip, setup.client, TCP, 99, setup.sport()))
        yield Row('error about no connection and no service', 'client', raw)


ICMP = (errors_to_server, errors_inside, errors_to_client, errors_not_ours, damaged_errors,
        tunnel_errors, scheduled_errors)
