#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Tunnel packets: their form, and errors about them."""

import os
import struct

from ipvstest import pkt, tap
from ipvstest.genl import TUNNEL, Ipvs
from ipvstest.pkt import ICMP, IPIP, IPV6, TCP, UDP, Parsed
from ipvstest.wire import Addresses, Ends, ip_command

VPORT, GUE_PORT, GRE = 80, 5555, 47
# name: (type, flags, bytes between the IP headers)
KINDS = {'ipip': (0, 0, 0), 'gue': (1, 0, 12), 'gue csum': (1, 1, 12), 'gue remcsum': (1, 2, 12),
         'gre': (2, 0, 4), 'gre csum': (2, 1, 8)}


class Case:
    """A service with one server of family `outer` behind a tunnel."""

    def __init__(self, family, outer, kind):
        self.ends, self.ipvs, self.kind = Ends(family), Ipvs(), kind
        self.at = self.ends.at
        self.type, self.flags, self.between = KINDS[kind]
        far = Addresses(outer)
        self.server, self.source = far.phantoms[0], far.director_back
        self.ipvs.flush()
        self.ipvs.add_service(self.at.vip, VPORT, TCP, 'rr')
        self.ipvs.dest('NEW_DEST', (self.at.vip, VPORT, TCP), self.server, VPORT, TUNNEL,
                       tunnel=(self.type, GUE_PORT if self.type == 1 else 0, self.flags))

    def send(self, sport, flags, payload=b'', **ip_args):
        raw = pkt.tcp(self.at.phantom_client, self.at.vip, sport, VPORT, flags,
                         payload=payload, **ip_args)
        self.ends.client.send(raw)
        return Parsed(raw)

    def outer(self):
        return self.ends.server.expect(lambda p: p.dst == self.server)

    def close(self):
        self.ipvs.flush()
        self.ends.close()


def unwrap(case, outer):
    """Checks the headers between the IP headers; returns the inner packet."""
    protocol = IPV6 if case.ends.at.family == 6 else IPIP
    if case.type == 0:
        tap.equal(outer.proto, protocol, case.kind + ': protocol')
        return outer.payload
    if case.type == 1:
        tap.equal((outer.proto, outer.dport), (UDP, GUE_PORT), case.kind + ': protocol and port')
        tap.check(outer.sport >= 1024, case.kind + ': source port %d' % outer.sport)
        ihl = 40 if pkt.is6(outer.src) else 20
        check = outer.raw[ihl + 6:ihl + 8]
        tap.equal(check != b'\0\0', case.flags != 0, case.kind + ': has a checksum')
        tap.equal(outer.payload[:4], bytes([0, protocol, 0, 0]), case.kind + ': GUE header')
        return outer.payload[4:]
    wanted = struct.pack('!HH', 0x8000 if case.flags else 0,
                         0x86dd if case.ends.at.family == 6 else 0x0800)
    tap.equal((outer.proto, outer.payload[:4]), (GRE, wanted), case.kind + ': GRE header')
    # the in-tree ip_vs gets this wrong if the inner checksum is already complete
    if case.flags and os.environ.get('IMPL') != 'kernel':
        tap.equal(pkt.checksum(outer.payload), 0, case.kind + ': GRE checksum')
    return outer.payload[case.between:]


def check_form(case, sent, outer, what):
    if not tap.check(outer, what + ': nothing arrived'):
        return None
    bad = [b for b in outer.bad if b != 'UDP checksum 0']
    tap.equal(bad, [], what + ': ' + repr(outer))
    tap.equal((outer.src, outer.ttl, outer.tos), (case.source, 32, 0x2a), what + ': outer header')
    if not pkt.is6(outer.src):
        tap.equal(outer.df, not pkt.is6(sent.src), what + ': DF')
    inner = Parsed(unwrap(case, outer))
    tap.equal(inner.bad, [], what + ': inner')
    tap.equal((inner.flow(), inner.ttl, inner.payload), (sent.flow(), 32, sent.payload),
              what + ': inner packet')
    return outer


@tap.step
def form(family):
    """Both outer families; the packets of a flow have the same source port."""
    for count, kind in enumerate(KINDS):
        for outer_family in (4, 6):
            case = Case(family, outer_family, kind)
            what = '%s in IPv%d' % (kind, outer_family)
            ports = set()
            for flow in range(4):
                sport = 3000 + 100 * count + 10 * outer_family + flow
                sent = case.send(sport, 'syn', ttl=33, tos=0x2a)
                first = check_form(case, sent, case.outer(), what)
                sent = case.send(sport, 'data', b'hello', ttl=33, tos=0x2a)
                second = check_form(case, sent, case.outer(), what)
                if first and second:
                    tap.equal(first.sport, second.sport, what + ': source port of a flow')
                    ports.add(first.sport)
            if case.type == 1:
                tap.check(len(ports) > 1, what + ': all flows from one port')
            case.close()


def is_too_big(got):
    return (got.proto, got.kind, got.code) == (ICMP, 3, 4)


@tap.step
def reported(family):
    """A router on the way to the server reports: the client gets an error, from the in-tree ip_vs
    at first with the previous MTU, so that the second counts."""
    for count, kind in enumerate(KINDS):
        case = Case(family, 4, kind)
        sport = 3700 + count
        for flags in ('syn', 'ack'):
            case.send(sport, flags)
            tap.check(case.outer(), '%s: %s did not arrive' % (kind, flags))
        case.ends.drain()
        case.send(sport, 'data', b'x' * 1380)
        captured = case.outer()
        if tap.check(captured, kind + ': data did not arrive'):
            case.ends.server.send(pkt.icmp(case.at.real[0], captured.src, 3, 4, rest=1300,
                                              payload=captured.raw[:100]))
            tap.check(case.ends.client.expect(is_too_big), kind + ': no error to the client')
            case.send(sport, 'data', b'x' * 1380)
            got = case.ends.client.expect(is_too_big)
            if tap.check(got, kind + ': no second error to the client'):
                tap.equal(got.rest & 0xffff, 1300 - 20 - case.between, kind + ': MTU')
                tap.equal((got.inner.src, got.inner.sport), (case.at.phantom_client, sport),
                          kind + ': inner packet')
        case.close()
        for ns in ('director', 'client'):
            ip_command(ns, '-%d' % family, 'route', 'flush', 'cache')


tap.main()
