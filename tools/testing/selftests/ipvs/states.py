#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""states.py transitions|udp FAMILY: the states of connections, step by step.

transitions walks the state graph: from every state it reached so far (by a known path of packets
on a fresh connection) it sends each kind of segment in each direction and notes the new state.
"""

import sys

from ipvstest import packet, tap
from ipvstest.conns import ConnTable
from ipvstest.genl import DIRECT, MASQ, TUNNEL, Ipvs
from ipvstest.packet import TCP, UDP
from ipvstest.wire import Ends, wait_until

DPORT = 8080
# A service of its own for each, as connections outlive services.
VPORT = {'nat': 80, 'dr': 81, 'tun': 82}
METHODS = {'nat': MASQ, 'dr': DIRECT, 'tun': TUNNEL}
SEGMENTS = ('syn', 'synack', 'ack', 'fin', 'rst', 'none')


class Walk:
    """One service with one phantom server; connections are told apart by the client's port."""

    def __init__(self, family, method, proto):
        self.ends, self.ipvs, self.table = Ends(family), Ipvs(), ConnTable()
        self.at, self.method, self.proto = self.ends.at, method, proto
        # Ports of a family's own, too: the table is searched by ports.
        self.vport, self.sport, self.server = VPORT[method], 1024 * family, self.at.phantoms[0]
        self.dport = DPORT if method == 'nat' else self.vport
        self.service = (self.at.vip, self.vport, proto)
        self.ipvs.flush()
        self.ipvs.add_service(*self.service, 'rr')
        self.ipvs.dest('NEW_DEST', self.service, self.server, self.dport,
                       METHODS[self.method])

    def segment(self, src, dst, sport, dport, flags):
        if self.proto == UDP:
            return packet.udp(src, dst, sport, dport, b'payload')
        return packet.tcp(src, dst, sport, dport, flags)

    def request(self, flags):
        self.ends.client.send(self.segment(self.at.phantom_client, self.at.vip, self.sport,
                                           self.vport, flags))
        return self.ends.server.expect(self.is_request, 1)

    def is_request(self, got):
        if self.method == 'tun':
            got = got.inner     # None for anything else that passes, as neighbour discovery
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
        conn = self.table.of('UDP' if self.proto == UDP else 'TCP', self.sport, self.vport)
        return conn and (conn.state, conn.expires)

    def counts(self):
        return self.ipvs.counts(self.service, self.server, self.dport)

    def replay(self, path):
        """A fresh connection, taken along the path; its state and counts then."""
        self.sport += 1
        before = self.counts()
        for step in path:
            if not self.send(step):
                tap.fail('%s %s: %s was not forwarded' % (self.method, path, step))
        conn = wait_until(self.look)
        wait_until(lambda: sum(self.counts()) == sum(before) + 1)   # one it replaced goes later
        after = self.counts()
        return conn, (after[0] - before[0], after[1] - before[1])


def describe(method, state, step, outcome):
    (new, expires), counts = outcome
    # A timeout starts with the packet; by now some of it may have passed.
    rounded = min(t for t in (1, 2, 3, 10, 30, 60, 120, 300, 900) if t >= expires)
    return '%s: %-12s %-8s -> %-12s %3d s, active %d inactive %d' % (
        (method, state, step, new, rounded) + counts)


def explore(walk, directions):
    """Breadth first from the first packet; one line per state and segment."""
    lines, paths, queue = [], {}, []
    first, counts = walk.replay(('>syn',))
    paths[first[0]] = ('>syn',)
    queue.append(first[0])
    lines.append(describe(walk.method, 'NONE', '>syn', (first, counts)))
    while queue:
        state = queue.pop(0)
        for direction in directions:
            for segment in SEGMENTS:
                step = direction + segment
                outcome = walk.replay(paths[state] + (step,))
                if outcome[0] is None:
                    lines.append('%s: %-12s %-8s -> gone' % (walk.method, state, step))
                    continue
                lines.append(describe(walk.method, state, step, outcome))
                if outcome[0][0] not in paths:
                    paths[outcome[0][0]] = paths[state] + (step,)
                    queue.append(outcome[0][0])
    return lines


def no_start(walk):
    """Segments that make no connection."""
    lines = []
    for segment in SEGMENTS:
        if segment in ('syn',):
            continue
        walk.sport += 1
        forwarded = walk.request(segment) is not None if segment == 'synack' else \
            not_forwarded(walk, segment)
        lines.append('first %s: %s, %s' % (segment, 'forwarded' if forwarded else 'not forwarded',
                                           'connection' if walk.look() else 'no connection'))
    return lines


def not_forwarded(walk, segment):
    """Send the segment and then one that is forwarded for sure: what did not come before it is
    not coming."""
    walk.ends.client.send(walk.segment(walk.at.phantom_client, walk.at.vip, walk.sport, walk.vport,
                                       segment))
    walk.ends.client.send(walk.segment(walk.at.phantom_client, walk.at.vip, 999, walk.vport, 'syn'))
    got = walk.ends.server.expect(lambda p: p.sport in (999, walk.sport))
    return got is not None and got.sport == walk.sport


def secure(family):
    """With net.ipv4.vs.secure_tcp on."""
    transitions(family, 'states_secure.txt')


def transitions(family, golden='states.txt'):
    lines = []
    for method in METHODS:
        walk = Walk(family, method, TCP)
        lines += explore(walk, '><' if method == 'nat' else '>')
        if method == 'nat':
            lines += no_start(walk)
        walk.ipvs.flush()
        walk.ends.close()
    tap.golden(golden, lines)


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


{'transitions': transitions, 'secure': secure, 'udp': udp}[sys.argv[1]](int(sys.argv[2]))
tap.finish()
