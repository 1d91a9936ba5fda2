#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""ICMP errors about packets of a connection: from a router or the client about a reply, from a
router or the server about a request. Phantoms at both ends.
"""

from ipvstest import pkt, tap
from ipvstest.pkt import TCP, UDP
from ipvstest.rig import METHODS, Rig, is_error

# name, IPv4 type and code, IPv6 type and code
ERRORS = (('port unreachable', (3, 3), (1, 4)), ('host unreachable', (3, 1), (1, 3)),
          ('time exceeded', (11, 0), (3, 0)))


def errors(family):
    return [(what, four if family == 4 else six) for what, four, six in ERRORS]


def quoted(raw, family, short):
    """As much of the packet as a host quotes: 8 bytes of transport at least, else up to 500."""
    return raw[:(20 if family == 4 else 40) + 8] if short else raw[:500]


def established(rig, sport):
    rig.send(sport, 'syn')
    got = rig.arrived(sport)
    tap.check(got, 'port %d: the request did not arrive' % sport)
    return got


def check_error(got, what, src, dst, kind, inner):
    if not tap.check(got, what + ': lost'):
        return
    tap.equal(got.bad, [], what + ': ' + repr(got))
    tap.equal((got.src, got.dst), (src, dst), what + ': addresses')
    tap.equal((got.kind, got.code), kind, what + ': type, code')
    tap.equal(got.inner.flow(), inner, what + ': embedded')


@tap.test(each_family=True)
def to_server(family):
    """The client's side reports about a reply; the server that sent it gets the error."""
    sport = 4000
    for method in METHODS:
        for proto in (TCP, UDP):
            rig = Rig(family, method, proto)
            for what, kind in errors(family):
                for short in (False, True):
                    sport += 1
                    established(rig, sport)
                    rig.ends.drain()
                    about = rig.segment(rig.at.vip, rig.client, rig.vport, sport, 'synack')
                    rig.ends.client.send(pkt.icmp(rig.client, rig.at.vip, *kind,
                                                     payload=quoted(about, family, short)))
                    got = rig.ends.server.expect(lambda p: is_error(rig.unwrap(p) or p))
                    nat = method == 'nat'
                    host = rig.servers[0] if nat else rig.at.vip
                    check_error(got and rig.unwrap(got), '%s %d %s%s' % (
                        method, proto, what, ' short' if short else ''), rig.client, host, kind,
                        (host, rig.dport, rig.client, sport))
            rig.close()


@tap.test(each_family=True)
def to_client(family):
    """The server's side reports about a request; for NAT the client gets the error from the virtual
    address."""
    sport = 5000
    for proto in (TCP, UDP):
        rig = Rig(family, 'nat', proto)
        for what, kind in errors(family):
            for reporter in (rig.servers[0], rig.at.real[0]):
                sport += 1
                about = established(rig, sport)
                rig.ends.drain()
                if not about:
                    continue
                rig.ends.server.send(pkt.icmp(reporter, rig.client, *kind,
                                                 payload=quoted(about.raw, family, False)))
                check_error(rig.error(sport), '%d %s by %s' % (proto, what, reporter),
                            rig.at.vip, rig.client, kind,
                            (rig.client, sport, rig.at.vip, rig.vport))
        rig.close()


@tap.test(each_family=True)
def ignored(family):
    """Messages other than errors about a connection pass unchanged; damaged errors are dropped."""
    rig = Rig(family)
    established(rig, 6000)
    rig.ends.drain()
    stranger = rig.segment(rig.client, rig.servers[0], 6001, rig.dport)
    rig.ends.server.send(pkt.icmp(rig.servers[0], rig.client, *errors(family)[0][1],
                                     payload=stranger))
    got = rig.error(6001)
    if tap.check(got, 'error about an unrelated packet: lost'):
        tap.equal((got.src, got.inner.dst), (rig.servers[0], rig.servers[0]), 'unrelated packet: addresses')
    damaged = bytearray(pkt.icmp(rig.servers[0], rig.client, *errors(family)[0][1],
                                    payload=rig.segment(rig.client, rig.servers[0], 6000,
                                                        rig.dport)))
    damaged[-1] ^= 0xff
    rig.ends.server.send(bytes(damaged))
    rig.ends.server.send(pkt.icmp(rig.servers[0], rig.client, *errors(family)[0][1],
                                     payload=stranger))
    got = rig.ends.client.expect(is_error)
    tap.equal(got and got.inner.sport, 6001, 'first error after a damaged one')
    rig.close()


tap.main()
