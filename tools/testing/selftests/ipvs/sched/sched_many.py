#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The schedulers with more servers than they scan linearly: long sequences of choices with changing
loads, weights and thresholds; golden/sched_many.txt is the kernel's. A server is a phantom address
and a port; it is listed by its number.
"""

import random

from ipvstest import pkt, tap
from ipvstest.genl import Ipvs
from ipvstest.pkt import TCP
from ipvstest.wire import Ends

SERVERS = 45
STEPS = 220
PORT = 8000
SCHEDULERS = ['rr', 'wrr', 'lc', 'wlc', 'sed', 'nq']


class History:
    """One service, its servers, the connections made, and a log line."""

    def __init__(self, ends, ipvs, sched, vport):
        self.ends, self.ipvs, self.at, self.vport = ends, ipvs, ends.at, vport
        self.random = random.Random(sched)
        self.service = (self.at.vip, vport, TCP)
        self.sport, self.open, self.there, self.log = 1024, [], [], []
        ipvs.flush()
        ipvs.add_service(*self.service, sched)
        for number in range(SERVERS):
            self.configure('NEW_DEST', number)
            self.there.append(number)

    def address(self, number):
        return self.at.phantoms[number % len(self.at.phantoms)], PORT + number

    def configure(self, cmd, number):
        weight = self.random.choice((0, 1, 1, 2, 3, 5, 10, 100))
        upper = self.random.choice((0, 0, 0, 2))
        self.ipvs.dest(cmd, self.service, *self.address(number), weight=weight, upper=upper)

    def segment(self, sport, flags):
        self.ends.client.send(pkt.tcp(self.at.phantom_client, self.at.vip, sport, self.vport,
                                         flags))
        return self.ends.server.expect(lambda p: p.sport == sport)

    def connect(self):
        self.sport += 1
        got = self.segment(self.sport, 'syn')
        if got is None:
            self.log.append('-')
            return
        self.open.append(self.sport)
        self.log.append(str(got.dport - PORT))

    def end(self):
        sport = self.open.pop(self.random.randrange(len(self.open)))
        self.segment(sport, 'fin')

    def establish(self):
        self.segment(self.random.choice(self.open), 'ack')

    def edit(self):
        self.configure('SET_DEST', self.random.choice(self.there))

    def delete(self):
        number = self.there.pop(self.random.randrange(len(self.there)))
        self.ipvs.del_dest(self.service, *self.address(number))
        self.open = []          # some may have been on that server
        return number

    def step(self):
        dice = self.random.randrange(100)
        if dice < 3:
            self.log.append('x%d' % self.delete())
        elif dice < 6:
            number = SERVERS + len(self.log)
            self.configure('NEW_DEST', number)
            self.there.append(number)
            self.log.append('+%d' % number)
        elif dice < 12:
            self.edit()
        elif dice < 25 and self.open:
            self.end()
        elif dice < 30 and self.open:
            self.establish()
        else:
            self.connect()


@tap.test(each_family=True)
def choices(family):
    ends, ipvs, lines = Ends(family), Ipvs(), []
    for number, sched in enumerate(SCHEDULERS):
        history = History(ends, ipvs, sched, 300 + number)
        for _ in range(STEPS):
            history.step()
        lines.append('%s: %s' % (sched, ' '.join(history.log)))
    ipvs.flush()
    tap.golden('sched_many.txt', lines)


tap.main()
