#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The server a scheduler chooses, connection by connection, for given weights and loads: the
sequences in golden/sched.txt are the kernel's. The servers are phantoms, so that the test controls
their loads.

A scenario is a scheduler, the servers' weights in the order they are added (a, b, c ...), and
steps:
  N        N new connections; their servers are the result
  e        establish the open connections
  rX fX    reset server X's newest open connection, if any / close it by FIN from both sides
  wX=N     edit the weight       dX  delete the server      +X=N  add it
  s=NAME   switch the scheduler  uX=N  upper threshold (lower: default)
"""

import re
import subprocess

from ipvstest import pkt, tap
from ipvstest.genl import Ipvs
from ipvstest.namespaces import command_in
from ipvstest.pkt import TCP
from ipvstest.wire import Ends

DPORT = 8080

SCENARIOS = [
    ('rr', [1, 1, 1], '7'),
    ('rr', [1, 0, 5], '6 wa=0 4 wb=1 4 wb=0 wc=0 2 wa=1 3'),
    ('rr', [1, 1, 1, 1], '2 dc 5 +c=1 6 da db 4'),
    ('rr', [2, 2], '1 +c=1 4 +d=1 5 wd=3 4'),
    ('wrr', [1, 1, 1], '7'),
    ('wrr', [4, 3, 2], '20'),
    ('wrr', [1, 2, 3, 4], '22'),
    ('wrr', [3, 0, 6], '10 wb=3 12'),
    ('wrr', [5, 1, 1], '9 wa=1 6 wc=7 12'),
    ('wrr', [2, 4], '7 +c=8 16 db 10'),
    ('wrr', [0, 0], '2 wa=2 4'),
    ('wrr', [100, 1], '30'),
    ('lc', [1, 1, 1], '7 e 3'),
    ('lc', [1, 5, 1], '6 e ra ra 4 fb fb 4'),
    ('lc', [1, 0, 1], '5 wb=1 6'),
    ('wlc', [1, 1, 1], '7 e 3'),
    ('wlc', [4, 3, 2], '18 e 9'),
    ('wlc', [1, 2, 3, 4], '20 e rb rb fc fd 8'),
    ('wlc', [3, 0, 1], '8 wb=2 9'),
    ('wlc', [1, 1], '4 wa=10 12 e 4'),
    ('sed', [1, 1, 1], '7'),
    ('sed', [4, 3, 2], '18 e 9'),
    ('sed', [1, 2, 3], '12 e ra fb rc rc 8'),
    ('sed', [10, 1], '14'),
    ('nq', [1, 1, 1], '7'),
    ('nq', [10, 1, 1], '14 e rc 3'),
    ('nq', [4, 3, 2], '12 e rb rb rb rb ra 6'),
    ('nq', [1, 0, 7], '9 wb=1 4'),
    ('rr', [1, 2, 3], '4 s=wrr 8 s=lc 4 s=wlc 5 s=sed 5 s=nq 5 s=rr 4'),
    ('rr', [1, 1, 1], '3 ub=2 8 rb 3'),
    ('wlc', [1, 1, 1], 'ua=1 uc=2 9 e rc ra 4'),
    ('wrr', [3, 2, 1], 'ua=2 12'),
    ('rr', [1], '3 da 2'),
]


class Director:
    """One service with phantom servers, and the connections made through it."""

    def __init__(self, ends, ipvs, vport, sched, weights):
        self.ends, self.ipvs, self.at, self.vport = ends, ipvs, ends.at, vport
        self.service = (self.at.vip, vport, TCP)
        self.upper, self.weights, self.open = {}, {}, []
        ipvs.flush()
        ipvs.add_service(*self.service, sched)
        for name, weight in zip('abcdefgh', weights):
            self.put('NEW_DEST', name, weight)

    def phantom(self, name):
        return self.at.phantoms['abcdefgh'.index(name)]

    def put(self, cmd, name, weight):
        self.weights[name] = weight
        self.ipvs.dest(cmd, self.service, self.phantom(name), DPORT, weight=weight,
                       upper=self.upper.get(name, 0))

    def segment(self, sport, flags):
        self.ends.client.send(pkt.tcp(self.at.phantom_client, self.at.vip, sport, self.vport,
                                         flags))

    def answer(self, name, sport, flags):
        self.ends.server.send(pkt.tcp(self.phantom(name), self.at.phantom_client, DPORT, sport,
                                         flags))

    def arrives(self, sport):
        return self.ends.server.expect(lambda p: p.sport == sport)

    def connect(self, sport):
        self.ends.drain()
        self.segment(sport, 'syn')
        for _ in range(1000):
            got = self.ends.server.expect(lambda p: p.sport == sport, 0.002)
            if got:
                name = 'abcdefgh'[self.at.phantoms.index(got.dst)]
                self.open.append((name, sport))
                return name
            if self.ends.client.expect(lambda p: refused(p, sport), 0.002):
                return '-'
        return '?'

    def establish(self):
        for _, sport in self.open:
            self.segment(sport, 'ack')
            self.arrives(sport)

    def newest(self, name):
        for entry in reversed(self.open):
            if entry[0] == name:
                self.open.remove(entry)
                return entry[1]
        return None

    def close(self, name, flags):
        sport = self.newest(name)
        if sport is None:
            return
        self.segment(sport, flags)
        self.arrives(sport)
        if flags == 'fin':
            self.answer(name, sport, flags)
            self.ends.client.expect(lambda p: p.dport == sport)

    def counts(self):
        dests = self.ipvs.dests(self.service)
        found = []
        for name in sorted(self.weights):
            if (self.phantom(name), DPORT) in dests:
                found.append('%s=%d/%d' % ((name,) + self.ipvs.counts(
                    self.service, self.phantom(name), DPORT)))
        return ' '.join(found)


def refused(got, sport):
    return got.inner is not None and got.inner.sport == sport


def play(director, steps, sport):
    """The result of the steps: the choices of each run of connections."""
    runs = []
    for step in steps.split():
        if step.isdigit():
            runs.append(''.join(director.connect(sport + n) for n in range(int(step))))
            sport += int(step)
            continue
        kind, name, value = re.fullmatch(r'([+a-z])(?:([a-h])?)(?:=(\w+))?', step).groups()
        if kind == 'e':
            director.establish()
        elif kind == 'r':
            director.close(name, 'rst')
        elif kind == 'f':
            director.close(name, 'fin')
        elif kind == 'w':
            director.put('SET_DEST', name, int(value))
        elif kind == 'u':
            director.upper[name] = int(value)
            director.put('SET_DEST', name, director.weights[name])
        elif kind == '+':
            director.put('NEW_DEST', name, int(value))
        elif kind == 'd':
            director.ipvs.del_dest(director.service, director.phantom(name), DPORT)
        elif kind == 's':
            director.ipvs.edit_service(*director.service, value)
    return runs, sport


@tap.test(each_family=True)
def choices(family):
    ends, ipvs, sport, lines = Ends(family), Ipvs(), 1024, []
    for number, (sched, weights, steps) in enumerate(SCENARIOS):
        # A separate port: a server deleted and added again would keep its counts.
        director = Director(ends, ipvs, 100 + number, sched, weights)
        runs, sport = play(director, steps, sport)
        lines.append('%s %s: %s => %s | %s' % (sched, ','.join(map(str, weights)), steps,
                                               ' '.join(runs), director.counts()))
    ipvs.flush()
    tap.golden('sched.txt', lines)


@tap.test
def unknown_scheduler():
    command = command_in('director', 'ipvsadm', '-A', '-t', '203.0.113.10:8000', '-s', 'nonsense')
    status = subprocess.run(command, check=False, stderr=subprocess.DEVNULL).returncode
    tap.check(status, 'a scheduler that does not exist was accepted')
    listed = subprocess.run(command_in('director', 'ipvsadm', '-S', '-n'), capture_output=True,
                            check=True, text=True).stdout
    tap.equal(listed, '', 'services')


tap.main()
