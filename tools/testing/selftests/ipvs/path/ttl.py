#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""TTL and traffic class of forwarded packets, and the errors the client gets when the TTL expires,
when there is no route to the server, or when the server does not answer ARP. golden/ttl*.txt and
golden/route_fail*.txt hold the kernel's answers. Phantoms at both ends.
"""

import subprocess

from ipvstest import tap
from ipvstest.namespaces import command_in
from ipvstest.pkt import TCP, UDP
from ipvstest.rig import METHODS, Rig
from ipvstest.wire import ip_command


def shown(got):
    if got is None:
        return 'nothing'
    text = 'ttl %d tos %#x df %s' % (got.ttl, got.tos, got.df)
    if got.proto in (4, 41):
        text = 'outer %s, inner %s' % (text, shown(got.inner))
    return text


@tap.test(each_family=True)
def ttl(family):
    lines = []
    for method in METHODS:
        rig = Rig(family, method)
        for sport, args in enumerate((dict(ttl=64), dict(ttl=2), dict(ttl=255, tos=0x12),
                                      dict(ttl=64, tos=0x2f, df=False)), 3000):
            rig.send(sport, 'syn', **args)
            got = rig.arrived(sport)
            lines.append('%s %s: %s' % (method, args, shown(got)))
            if tap.check(got, '%s %s did not arrive' % (method, args)):
                tap.equal(got.bad, [], 'checksums')
        rig.send(3100, 'syn', ttl=1)
        error = rig.error(3100)
        lines.append('%s ttl=1: %s' % (method, error and 'icmp %d/%d from %s' % (
            error.kind, error.code, 'the VIP' if error.src == rig.at.vip else 'the director')))
        rig.close()
    rig = Rig(family, 'nat')
    rig.send(3200, 'syn')
    rig.arrived(3200)
    rig.reply(3200, 'synack', ttl=64, tos=0x10)
    lines.append('nat reply: ' + shown(rig.answered(3200)))
    rig.close()
    tap.golden('ttl%d.txt' % family, lines)


@tap.test(each_family=True)
def route_fail(family):
    # A dead neighbour is detected after 0.1 s instead of 3 s.
    knob, lines = 'net.ipv%d.neigh.back.retrans_time_ms' % family, []
    tap.defer(*command_in('director', 'sysctl', '-qw', knob + '=1000'))
    subprocess.run(command_in('director', 'sysctl', '-qw', knob + '=30'), check=True)
    for kind in ('unreachable', 'blackhole', 'dead'):
        for method in METHODS:
            for proto in (TCP, UDP):
                lines.append('%s %s %s: %s' % (kind, method, {TCP: 'TCP', UDP: 'UDP'}[proto],
                                               fails(family, kind, method, proto)))
    tap.golden('route_fail%d.txt' % family, lines)


def fails(family, kind, method, proto):
    """The route to the only server fails: returns what the client gets."""
    base = '198.51.100.' if family == 4 else '2001:db8:b::'
    server = base + str(201 + sorted(METHODS).index(method) * 2 + (proto == UDP))
    plen = '/32' if family == 4 else '/128'
    rig = Rig(family, method, proto, servers=[server])
    if kind != 'dead':
        ip_command('director', 'route', 'replace', kind, server + plen)
    rig.send(3300)
    outcome = rig.outcome(3300, 1.5)
    if kind != 'dead':
        ip_command('director', 'route', 'del', kind, server + plen)
    rig.close()
    return outcome


@tap.test(each_family=True)
def removed_server(family):
    """A server is removed while it has a connection, and added again."""
    lines = []
    for method in METHODS:
        rig = Rig(family, method, vport=90 + sorted(METHODS).index(method))
        tap.check(rig.establish(3400), method + ': no connection')
        rig.ipvs.del_dest(rig.service, rig.servers[0], rig.dport)
        rig.send(3400, 'ack')
        lines.append('%s, removed: %s' % (method, rig.outcome(3400, 0.3)))
        rig.send(3401, 'syn')
        lines.append('%s, new without servers: %s' % (method, rig.outcome(3401, 1.5)))
        rig.ipvs.dest('NEW_DEST', rig.service, rig.servers[0], rig.dport, METHODS[method])
        rig.send(3400, 'ack')
        lines.append('%s, back: %s' % (method, rig.outcome(3400)))
        lines.append('%s, counts: %s' % (method, rig.ipvs.counts(rig.service, rig.servers[0],
                                                                 rig.dport)))
        rig.ipvs.dest('SET_DEST', rig.service, rig.servers[0], rig.dport, METHODS[method],
                      weight=0)
        rig.send(3400, 'ack')
        lines.append('%s, weight 0, old: %s' % (method, rig.outcome(3400)))
        rig.send(3402, 'syn')
        lines.append('%s, weight 0, new: %s' % (method, rig.outcome(3402, 1.5)))
        rig.close()
    tap.golden('removed_server%d.txt' % family, lines)


tap.main()
