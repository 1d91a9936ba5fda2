#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The states of connections, step by step.

All but udp walk the state graph: from every state reached so far (by a known path of packets on a
fresh connection) they send each kind of segment in each direction and record the new state.
"""

from ipvstest import pkt, tap
from ipvstest.conns import ConnTable
from ipvstest.genl import DIRECT, MASQ, TUNNEL, Ipvs
from ipvstest.pkt import SCTP, TCP, UDP
from ipvstest.wire import Ends, wait_until

DPORT = 8080
# A port each, as connections outlive services.
VPORT = {'nat': 2000, 'dr': 2001, 'tun': 2002}
METHODS = {'nat': MASQ, 'dr': DIRECT, 'tun': TUNNEL}
SEGMENTS = {TCP: ('syn', 'synack', 'ack', 'fin', 'rst', 'none'),
            SCTP: ('init', 'initack', 'echo', 'cookieack', 'data', 'shutdown', 'shutdownack',
                   'complete', 'error', 'abort')}
OPENING = {TCP: '>syn', SCTP: '>init'}
NAMES = {TCP: 'TCP', UDP: 'UDP', SCTP: 'SCTP'}
TIMEOUTS = {TCP: (1, 2, 3, 10, 30, 60, 120, 300, 900), SCTP: (2, 4, 61, 900)}


class Walk:
    """One service with one phantom server; the client's port identifies the connection."""

    def __init__(self, family, method, proto):
        self.ends, self.ipvs, self.table = Ends(family), Ipvs(), ConnTable()
        self.at, self.method, self.proto = self.ends.at, method, proto
        # A port per family, too, as the table is searched by ports.
        self.vport, self.sport, self.server = VPORT[method], 1024 * family, self.at.phantoms[0]
        self.dport = DPORT if method == 'nat' else self.vport
        self.service = None
        self.ipvs.flush()
        # stays, so that the hooks stay registered
        self.ipvs.add_service(self.at.vip, 9, UDP, 'rr')

    def renew(self):
        """A service for each connection, so that its counts are the connection's."""
        old = self.service
        self.vport += len(METHODS)
        if self.method != 'nat':
            self.dport = self.vport
        self.service = (self.at.vip, self.vport, self.proto)
        self.ipvs.add_service(*self.service, 'rr')
        self.ipvs.dest('NEW_DEST', self.service, self.server, self.dport, METHODS[self.method])
        if old:
            self.ipvs.del_service(*old)

    def segment(self, src, dst, sport, dport, flags):
        if self.proto == UDP:
            return pkt.udp(src, dst, sport, dport, b'payload')
        if self.proto == SCTP:
            return pkt.sctp(src, dst, sport, dport, flags)
        return pkt.tcp(src, dst, sport, dport, flags)

    def request(self, flags):
        self.ends.client.send(self.segment(self.at.phantom_client, self.at.vip, self.sport,
                                           self.vport, flags))
        return self.ends.server.expect(self.is_request, 1)

    def is_request(self, got):
        if self.method == 'tun':
            got = got.inner     # None for other packets, such as neighbour discovery
        return got is not None and got.sport == self.sport

    def reply(self, flags):
        self.ends.server.send(self.segment(self.server, self.at.phantom_client, self.dport,
                                           self.sport, flags))
        return self.ends.client.expect(lambda p: p.dport == self.sport, 1)

    def send(self, step):
        """A step is '>syn' from the client or '<syn' from the server."""
        if step[0] == '>':
            return self.request(step[1:])
        return self.reply(step[1:])

    def look(self):
        conn = self.table.of(NAMES[self.proto], self.sport, self.vport)
        return conn and (conn.state, conn.expires)

    def counts(self):
        """The counts once they are stable: the in-tree ip_vs ends a connection whose port is reused
        a little later."""
        def settled():
            now = self.ipvs.counts(self.service, self.server, self.dport)[:2]
            return sum(now) == 1 and now
        return wait_until(settled) or self.ipvs.counts(self.service, self.server, self.dport)[:2]

    def replay(self, path):
        """A fresh connection, taken along the path; returns its state and counts."""
        self.sport += 1
        self.renew()
        for step in path:
            if not self.send(step):
                tap.fail('%s %s: %s was not forwarded' % (self.method, path, step))
        return wait_until(self.look), self.counts()


def describe(walk, state, step, outcome):
    (new, expires), counts = outcome
    # The timeout starts with the packet; some of it may have passed.
    rounded = min(t for t in TIMEOUTS[walk.proto] if t >= expires)
    return '%s: %-12s %-8s -> %-12s %3d s, active %d inactive %d' % (
        (walk.method, state, step, new, rounded) + counts)


def explore(walk, directions):
    """Breadth first from the first packet; one line per state and segment."""
    lines, paths, queue = [], {}, []
    opening = OPENING[walk.proto]
    first, counts = walk.replay((opening,))
    paths[first[0]] = (opening,)
    queue.append(first[0])
    lines.append(describe(walk, 'NONE', opening, (first, counts)))
    while queue:
        state = queue.pop(0)
        for direction in directions:
            for segment in SEGMENTS[walk.proto]:
                step = direction + segment
                outcome = walk.replay(paths[state] + (step,))
                if outcome[0] is None:
                    lines.append('%s: %-12s %-8s -> gone' % (walk.method, state, step))
                    continue
                lines.append(describe(walk, state, step, outcome))
                if outcome[0][0] not in paths:
                    paths[outcome[0][0]] = paths[state] + (step,)
                    queue.append(outcome[0][0])
    return lines


def no_start(walk):
    """Segments that create no connection."""
    lines = []
    for segment in SEGMENTS[walk.proto]:
        if '>' + segment == OPENING[walk.proto]:
            continue
        walk.sport += 1
        walk.renew()
        forwarded = walk.request(segment) is not None if segment == 'synack' else \
            not_forwarded(walk, segment)
        lines.append('first %s: %s, %s' % (segment, 'forwarded' if forwarded else 'not forwarded',
                                           'connection' if walk.look() else 'no connection'))
    return lines


def not_forwarded(walk, segment):
    """Sends the segment, then one that is certainly forwarded, which arrives last."""
    walk.ends.client.send(walk.segment(walk.at.phantom_client, walk.at.vip, walk.sport, walk.vport,
                                       segment))
    walk.ends.client.send(walk.segment(walk.at.phantom_client, walk.at.vip, 999, walk.vport,
                                       OPENING[walk.proto][1:]))
    got = walk.ends.server.expect(lambda p: p.sport in (999, walk.sport))
    return got is not None and got.sport == walk.sport


def machine(family, proto, golden):
    lines = []
    for method in METHODS:
        walk = Walk(family, method, proto)
        lines += explore(walk, '><' if method == 'nat' else '>')
        if method == 'nat':
            lines += no_start(walk)
        walk.ipvs.flush()
        walk.ends.close()
    tap.golden(golden, lines)


@tap.step
def transitions(family):
    machine(family, TCP, 'states.txt')


@tap.step
def secure(family):
    """With net.ipv4.vs.secure_tcp on."""
    machine(family, TCP, 'states_secure.txt')


@tap.step
def sctp(family):
    machine(family, SCTP, 'states_sctp.txt')


@tap.step
def udp(family):
    for method in METHODS:
        walk = Walk(family, method, UDP)
        conn, counts = walk.replay(('>data',))
        tap.equal(conn[0], 'UDP', method + ': state')
        tap.check(298 <= conn[1] <= 300, '%s: expires in %d s' % (method, conn[1]))
        tap.equal(counts, (0, 1), method + ': active, inactive')
        if method == 'nat':
            conn, counts = walk.replay(('>data', '<data', '>data'))
            tap.equal(conn[0], 'UDP', 'answered: state')
            tap.equal(counts, (0, 1), 'answered: active, inactive')
        walk.ipvs.flush()
        walk.ends.close()


tap.main()
