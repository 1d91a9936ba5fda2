#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""A client's datagrams to a service with --ops, one by one; the servers' replies; the counters; and
TCP, to which the option does not apply."""

from ipvstest import pkt, tap
from ipvstest.conns import ConnTable
from ipvstest.genl import (DST_ACTIVE, DST_INACTIVE, DST_PERSISTENT, DST_STATS, STAT_CONNS,
                           STAT_INPKTS, STAT_OUTPKTS, Ipvs, number, stats_of)
from ipvstest.pkt import TCP, UDP
from ipvstest.wire import Ends, wait_until

PERSISTENT, ONE_PACKET = 1, 4
DPORT = 5300
log = []


def flags_of(text):
    return sum({'ops': ONE_PACKET, 'persistent': PERSISTENT}[word] for word in text.split()[1].split('+'))


class Case:
    def __init__(self, ends, port, proto, options):
        self.ends, self.ipvs, self.table = ends, Ipvs(), ConnTable()
        self.at, self.port, self.proto = ends.at, port, proto
        self.servers, self.service = ends.at.phantoms[:3], (ends.at.vip, port, proto)
        self.options = options
        self.ipvs.add_service(*self.service, 'rr', flags_of(options), 100)
        for server in self.servers:
            self.ipvs.dest('NEW_DEST', self.service, server, DPORT)

    def segment(self, src, dst, sport, dport, flags):
        if self.proto == UDP:
            return pkt.udp(src, dst, sport, dport, b'question')
        return pkt.tcp(src, dst, sport, dport, flags)

    def ask(self, sport):
        self.ends.client.send(self.segment(self.at.phantom_client, self.at.vip, sport, self.port,
                                           'syn'))
        got = self.ends.server.expect(lambda p: p.sport == sport)
        if not tap.check(got, 'port %d: nothing arrived' % sport):
            return
        self.asked = got.dst
        log.append('%d: s%d:%d' % (sport, self.servers.index(got.dst) + 1, got.dport))

    def answer(self, sport):
        self.ends.server.send(self.segment(self.asked, self.at.phantom_client, DPORT, sport,
                                           'synack'))
        got = self.ends.client.expect(lambda p: p.dport == sport)
        if tap.check(got, 'port %d: no answer' % sport):
            log.append('answer from %s:%d' % (
                'the server' if got.src == self.asked else
                'the vip' if got.src == self.at.vip else got.src, got.sport))

    def show(self):
        log.extend(sorted('    %s %d > %d > s%d:%d %s' % (
            c.proto, c.cport, c.vport, self.servers.index(c.dest) + 1, c.dport, c.state)
            for c in self.table.all() if (c.virtual, c.vport) == (self.at.vip, self.port)))

    def received(self):
        return sum(stats_of(fields, DST_STATS).get(STAT_INPKTS, 0)
                   for fields in self.ipvs.dests(self.service).values())

    def show_counts(self):
        log.append('== counts of ' + self.options)
        for (address, _), fields in sorted(self.ipvs.dests(self.service).items()):
            stats = stats_of(fields, DST_STATS)
            log.append('    s%d active %d inactive %d templates %d conns %d in %d out %d' % (
                (self.servers.index(address) + 1,) +
                tuple(number(fields[k]) for k in (DST_ACTIVE, DST_INACTIVE, DST_PERSISTENT)) +
                tuple(stats.get(k, 0) for k in (STAT_CONNS, STAT_INPKTS, STAT_OUTPKTS))))


@tap.step
def packets(family):
    ends = Ends(family)
    Ipvs().flush()
    cases = [Case(ends, 53, UDP, 'udp ops'), Case(ends, 54, UDP, 'udp ops+persistent'),
             Case(ends, 55, TCP, 'tcp ops')]
    for case in cases:
        log.append('== ' + case.options)
        for sport in (1001, 1001, 1001, 1002) if case.proto == UDP else (1001, 1002):
            case.ask(sport)
        case.answer(sport)
        case.show()
    # the in-tree ip_vs may show its counts two seconds late
    wait_until(lambda: sum(case.received() for case in cases) == 10, 6)
    for case in cases:
        case.show_counts()
    tap.golden('ops.txt', log)
    Ipvs().flush()
    ends.close()


tap.main()
