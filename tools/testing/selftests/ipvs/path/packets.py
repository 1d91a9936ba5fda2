#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Unusual packets of existing and new connections (see packets.sh)."""

import subprocess

from ipvstest import pkt, tap
from ipvstest.pkt import IPIP, IPV6, TCP, UDP
from ipvstest.rig import METHODS, Rig
from ipvstest.wire import capture, ip_command

DSTOPTS, HOPOPTS, ROUTING = 60, 0, 43
PAD = bytes((0, 1, 4, 0, 0, 0, 0))  # after the next header: length, PadN of 4


def round_trip(rig, sport, what, payload=b'', **ip_args):
    """A request and, for NAT, its reply; both as they should arrive."""
    rig.send(sport, 'syn', payload, **ip_args)
    got = rig.arrived(sport)
    if not tap.check(got, what + ': the request did not arrive'):
        return None
    inner = rig.unwrap(got)
    host = rig.servers[0] if rig.method == 'nat' else rig.at.vip
    tap.equal((inner.bad, inner.flow()), ([], (rig.client, sport, host, rig.dport)), what)
    if rig.method == 'nat':
        rig.reply(sport, 'synack', payload, **ip_args)
        back = rig.answered(sport)
        if tap.check(back, what + ': the answer did not arrive'):
            tap.equal((back.bad, back.src, back.sport), ([], rig.at.vip, rig.vport),
                      what + ', answer')
    return inner


def each(first, family, args, protos=(TCP, UDP)):
    sport = first
    for method in METHODS:
        for proto in protos:
            rig = Rig(family, method, proto)
            for what, ip_args in args:
                sport += 1
                round_trip(rig, sport, '%s %d %s' % (method, proto, what), **ip_args)
            rig.close()


@tap.step
def headers(family):
    if family == 4:
        each(7000, 4, (('no-operation options', dict(options=b'\1' * 8)),
                       ('all forty bytes', dict(options=b'\1' * 40))))
    else:
        each(7000, 6, (('destination options', dict(extensions=[(DSTOPTS, PAD)])),
                       ('hop-by-hop options', dict(extensions=[(HOPOPTS, PAD)])),
                       ('two headers', dict(extensions=[(HOPOPTS, PAD),
                                                        (DSTOPTS, PAD)]))))


@tap.step
def no_checksum(family):
    if family == 6:
        return
    for count, method in enumerate(METHODS):
        rig, sport = Rig(4, method, UDP), 7200 + count
        datagram = pkt.udp_datagram(rig.client, rig.at.vip, sport, rig.vport, b'no sum', csum=0)
        rig.ends.client.send(pkt.ip(rig.client, rig.at.vip, UDP, datagram))
        got = rig.arrived(sport)
        if tap.check(got, method + ': did not arrive'):
            tap.equal((got.bad, rig.unwrap(got).payload), ([], b'no sum'), method)
        rig.close()


@tap.step
def captured(family):
    """With a capture on both devices of the director, every packet is a clone."""
    held = [capture('director', dev) for dev in ('front', 'back')]
    each(7300, family, (('captured', dict(payload=b'x' * 900)),))
    for sock in held:
        sock.close()


@tap.step
def plain(family):
    each(7400, family, (('plain', {}),))


def split(raw, family, at):
    """The packet in two fragments, the first with `at` bytes of payload."""
    head = 20 if family == 4 else 40
    payload, src, dst = raw[head:], pkt.Parsed(raw).src, pkt.Parsed(raw).dst
    if family == 4:
        return [pkt.ip(src, dst, UDP, payload[:at], df=False, more=True, ident=77),
                pkt.ip(src, dst, UDP, payload[at:], df=False, offset=at, ident=77)]
    ident = b'\0\0\0\x4d'
    return [pkt.ip(src, dst, UDP, payload[:at], extensions=[(44, b'\0\0\1' + ident)]),
            pkt.ip(src, dst, UDP, payload[at:],
                      extensions=[(44, b'\0' + at.to_bytes(2, 'big') + ident)])]


@tap.step
def fragments(family):
    for count, method in enumerate(METHODS):
        rig, sport = Rig(family, method, UDP), 7500 + count
        whole = rig.request(sport, payload=b'fragmented ' * 90)
        for part in split(whole, family, 512):
            rig.ends.client.send(part)
        got, text = b'', b'fragmented ' * 90
        while text not in got:
            part = rig.ends.server.expect(lambda p: p.proto in (UDP, IPIP, IPV6))
            if not tap.check(part, '%s: %d bytes arrived' % (method, len(got))):
                break
            got += part.payload if part.fragment else part.raw
        rig.close()


def permanent_neighbours(dev):
    """The permanent neighbour entries of both families, as input of `ip -batch`."""
    shown = subprocess.run(('ip', '-n', 'director', 'neigh', 'show', 'dev', dev, 'nud', 'permanent'),
                           check=True, text=True, stdout=subprocess.PIPE).stdout
    return ''.join('neigh add %s nud permanent dev %s\n' % (line.replace('PERMANENT', ''), dev)
                   for line in shown.splitlines())


@tap.step
def rerouted(family):
    phantoms = permanent_neighbours('back')
    for count, method in enumerate(METHODS):
        rig, sport = Rig(family, method), 7600 + count * 10
        round_trip(rig, sport, method + ', before')
        ip_command('director', 'link', 'set', 'back', 'down')
        rig.send(sport + 1)
        tap.check(not rig.arrived(sport + 1, 0.2), method + ': came through a device that is down')
        ip_command('director', 'link', 'set', 'back', 'up')
        subprocess.run(('ip', '-n', 'director', '-batch', '-'), check=True, text=True,
                       input=phantoms)
        rig.ends.drain()
        round_trip(rig, sport + 2, method + ', after')
        round_trip(rig, sport, method + ', old connection')
        rig.close()


tap.main()
