#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Path MTU errors: their receivers and contents."""

from ipvstest import pkt, tap
from ipvstest.genl import DIRECT, MASQ, TUNNEL, Ipvs
from ipvstest.pkt import ICMP, ICMP6, TCP
from ipvstest.wire import Ends, ip_command

VPORT, DPORT = 80, 8080
METHODS = {'nat': MASQ, 'dr': DIRECT, 'tun': TUNNEL}


def overhead(family):
    return 20 if family == 4 else 40


def is_too_big(got):
    return (got.proto, got.kind, got.code) == (ICMP, 3, 4) or (got.proto, got.kind) == (ICMP6, 2)


def mtu_told(got):
    return got.rest & 0xffff if got.proto == ICMP else got.rest


class Case:
    def __init__(self, family, method):
        self.family, self.method = family, method
        self.ends, self.ipvs = Ends(family), Ipvs()
        self.at = self.ends.at
        self.dport = DPORT if method == 'nat' else VPORT
        self.service = (self.at.vip, VPORT, TCP)
        self.ipvs.flush()
        self.ipvs.add_service(self.at.vip, VPORT, TCP, 'rr')
        self.ipvs.dest('NEW_DEST', self.service, self.at.phantoms[0], self.dport,
                       METHODS[method])

    def segment(self, sport, flags, size=0, **ip_args):
        header = 40 if self.family == 4 else 60
        return pkt.tcp(self.at.phantom_client, self.at.vip, sport, VPORT, flags,
                          payload=b'x' * max(size - header, 0), **ip_args)

    def establish(self, sport):
        for flags in ('syn', 'ack'):
            self.ends.client.send(self.segment(sport, flags))
            tap.check(self.arrives(sport), '%s: %s did not arrive' % (self.method, flags))

    def arrives(self, sport):
        return self.ends.server.expect(
            lambda p: (p.inner if self.method == 'tun' else p) is not None
            and (p.inner if self.method == 'tun' else p).sport == sport)

    def told(self, what, mtu, sport):
        got = self.ends.client.expect(is_too_big)
        if not tap.check(got, '%s: no error to the client' % what):
            return
        tap.equal(mtu_told(got), mtu, what + ': MTU')
        tap.equal(got.bad, [], what + ': ' + repr(got))
        inner = got.inner
        tap.equal((inner.src, inner.sport, inner.dst, inner.dport),
                  (self.at.phantom_client, sport, self.at.vip, VPORT), what + ': inner packet')
        tap.equal(got.dst, self.at.phantom_client, what + ': receiver')

    def close(self):
        self.ipvs.flush()
        self.ends.close()


@tap.step
def too_big(family):
    """The device to the servers has a smaller MTU than the packet."""
    for dev_mtu in (1400, 1500):
        ip_command('director', 'link', 'set', 'back', 'mtu', str(dev_mtu))
        for count, method in enumerate(METHODS):
            if dev_mtu == 1500 and method != 'tun':
                continue
            case = Case(family, method)
            sport, what = 2000 + count, '%s, mtu %d' % (method, dev_mtu)
            mtu = dev_mtu - (overhead(family) if method == 'tun' else 0)
            case.establish(sport)
            case.ends.drain()
            case.ends.client.send(case.segment(sport, 'data', mtu))
            tap.check(case.arrives(sport), what + ': %d bytes did not arrive' % mtu)
            case.ends.client.send(case.segment(sport, 'data', mtu + 8))
            case.told(what, mtu, sport)
            case.close()
    ip_command('director', 'link', 'set', 'back', 'mtu', '1500')


def report(case, captured, mtu):
    """The error of a router before the server to the sender of `captured`."""
    raw = captured.raw
    if case.family == 4:
        return pkt.icmp(case.at.real[0], captured.src, 3, 4, rest=mtu, payload=raw[:68])
    return pkt.icmp(case.at.real[0], captured.src, 2, 0, rest=mtu, payload=raw[:600])


@tap.step
def learnt(family):
    """A router behind the director reports: NAT translates and forwards the error; TUN (IPv4) sends
    one to the client, the in-tree ip_vs at first with the previous MTU, so that the second
    counts."""
    for count, method in enumerate(('nat', 'tun')):
        if method == 'tun' and family == 6:
            continue
        case = Case(family, method)
        sport = 2100 + count
        case.establish(sport)
        case.ends.drain()
        case.ends.client.send(case.segment(sport, 'data', 1440))
        captured = case.arrives(sport)
        if tap.check(captured, method + ': data did not arrive'):
            case.ends.server.send(report(case, captured, 1300))
            if method == 'tun':
                tap.check(case.ends.client.expect(is_too_big), 'tun: no error to the client')
                case.ends.client.send(case.segment(sport, 'data', 1440))
            case.told('%s, reported 1300' % method, 1300 - (20 if method == 'tun' else 0), sport)
        case.close()
    # The MTU the director learnt for the phantom must not outlive this test.
    for ns in ('director', 'client'):
        ip_command(ns, '-%d' % family, 'route', 'flush', 'cache')


tap.main()
