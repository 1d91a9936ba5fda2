#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Counters equal the traffic that was sent: connections, packets and bytes, per server, per service
and in total, in both directions; -Z sets them to zero; and rates are close to the actual ones.
Phantoms at both ends.
"""

import os
import subprocess
import time

from ipvstest import genl, tap
from ipvstest.conns import ProcFile
from ipvstest.genl import DST_STATS, DST_STATS64, SVC_STATS, SVC_STATS64
from ipvstest.pkt import TCP, UDP
from ipvstest.rig import METHODS, Rig
from ipvstest.wire import wait_until

# The in-tree ip_vs sums up its counters every two seconds.
PATIENCE = 6
# Ports of each test's services, so that connections of other tests do not count.
BASE = {'counters': 6000, 'zero': 6100, 'rates': 6200}


def volume(fields, kind):
    """(conns, in packets, out packets, in bytes, out bytes)"""
    stats = genl.stats_of(fields, kind)
    return tuple(stats.get(n, 0) for n in range(genl.STAT_CONNS, genl.STAT_OUTBYTES + 1))


def of_dest(rig, kind=DST_STATS64):
    return volume(rig.ipvs.dests(rig.service)[rig.servers[0], rig.dport], kind)


def of_service(rig, kind=SVC_STATS64):
    return volume(rig.ipvs.service_fields(rig.service), kind)


def totals():
    line = ProcFile('ip_vs_stats').text().splitlines()[2]
    return tuple(int(word, 16) for word in line.split())


def traffic(rig, sport):
    """Sends packets of different sizes; returns what the counters must show."""
    conns = in_packets = out_packets = in_bytes = out_bytes = 0
    for n in range(3):
        conns += 1
        for payload in (b'', b'x' * 100, b'y' * (333 + n)):
            flags = 'data' if payload else 'syn'
            raw = rig.request(sport + n, flags, payload)
            rig.ends.client.send(raw)
            tap.check(rig.arrived(sport + n), 'a packet did not arrive')
            in_packets, in_bytes = in_packets + 1, in_bytes + len(raw)
        if rig.method == 'nat':
            raw = rig.segment(rig.servers[0], rig.client, rig.dport, sport + n, 'data', b'z' * 77)
            rig.ends.server.send(raw)
            tap.check(rig.answered(sport + n), 'a reply did not arrive')
            out_packets, out_bytes = out_packets + 1, out_bytes + len(raw)
    return conns, in_packets, out_packets, in_bytes, out_bytes


def settled(read, wanted, what):
    wait_until(lambda: read() == wanted, PATIENCE)
    tap.equal(read(), wanted, what)


@tap.test(each_family=True)
def counters(family):
    """Traffic through every kind of service, then checks all of them."""
    before, total, rigs = totals(), (0,) * 5, []
    for number, method in enumerate(METHODS):
        for proto in (TCP, UDP):
            rig = Rig(family, method, proto, vport=BASE['counters'] + number * 2 + (proto == UDP),
                      flush=not rigs)
            wanted = traffic(rig, 5000)
            rigs.append((rig, wanted))
            total = tuple(a + b for a, b in zip(total, wanted))
    for rig, wanted in rigs:
        what = '%s %d: ' % (rig.method, rig.proto)
        settled(lambda: of_dest(rig), wanted, what + 'server')
        settled(lambda: of_service(rig), wanted, what + 'service')
        tap.equal(of_dest(rig, DST_STATS), wanted, what + 'server, 32 bit')
        tap.equal(of_service(rig, SVC_STATS), wanted, what + 'service, 32 bit')
    settled(lambda: tuple(a - b for a, b in zip(totals(), before)), total, 'total')
    rigs[0][0].close()


@tap.test(each_family=True)
def zero(family):
    rig = Rig(family, 'nat', vport=BASE['zero'])
    wanted = traffic(rig, 5000)
    settled(lambda: of_dest(rig), wanted, 'before')
    rig.ipvs.must('ZERO', genl.nest(genl.TOP_SERVICE, genl.service_id(*rig.service)))
    settled(lambda: of_service(rig), (0, 0, 0, 0, 0), 'service after ZERO of it')
    settled(lambda: of_dest(rig), (0, 0, 0, 0, 0), 'server after ZERO of it')
    tap.check(totals() != (0, 0, 0, 0, 0), 'ZERO of a service zeroed the total')
    wanted = traffic(rig, 5100)
    settled(lambda: of_service(rig), wanted, 'service counts on')
    rig.ipvs.must('ZERO')
    settled(totals, (0, 0, 0, 0, 0), 'total after ZERO')
    settled(lambda: of_service(rig), (0, 0, 0, 0, 0), 'service after ZERO')
    rig.close()


@tap.test(each_family=True)
def rates(family):
    """40 connections a second, each one packet, for four seconds; KEEP: among other services."""
    rig = Rig(family, 'nat', UDP, vport=BASE['rates'], flush='KEEP' not in os.environ)
    sport, sent = 5000, 0
    start = time.monotonic()
    best = 0
    while time.monotonic() - start < 5:
        for _ in range(4):
            rig.send(sport)
            sport, sent = sport + 1, sent + 1
        time.sleep(max(0, start + sent / 40 - time.monotonic()))
        if sent % 40 == 0:
            stats = genl.stats_of(rig.ipvs.service_fields(rig.service), SVC_STATS64)
            best = max(best, stats.get(genl.STAT_CPS, 0))
            tap.check(stats.get(genl.STAT_CPS, 0) <= 60, 'cps of %r' % stats)
            tap.check(stats.get(genl.STAT_OUTPPS, 0) == 0, 'replies of %r' % stats)
    tap.check(best >= 8, 'never more than %d connections a second shown, of 40' % best)
    shown = subprocess.run(('nsenter', '--net=/run/netns/director', 'ipvsadm', '-Ln', '--rate'),
                           capture_output=True, text=True).stdout
    tap.check('CPS' in shown and 'InPPS' in shown, 'ipvsadm --rate shows %r' % shown)
    rig.close()


tap.main()
