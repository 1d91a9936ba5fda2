#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Many servers are added, removed and reweighted while clients connect, for each scheduler in turn;
then the servers' counters must agree with the connection table. The kernel's log, which the lab
watches, must stay clean.
"""

import os
import random
import subprocess

from ipvstest import tap
from ipvstest.conns import ConnTable
from ipvstest.genl import DST_ACTIVE, DST_INACTIVE, Ipvs, number
from ipvstest.namespaces import command_in
from ipvstest.pkt import TCP, UDP
from ipvstest.wire import Addresses, wait_until

SPRAY = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lib', 'spray.py')
PORT = 8000
SERVERS = 48
CHANGES = 80
SCHEDULERS = ['rr', 'wrr', 'lc', 'wlc', 'sed', 'nq', 'fo', 'ovf', 'twos', 'dh', 'sh', 'mh', 'lblc',
              'lblcr']


class Service:
    """A service and its servers: three addresses with many ports."""

    def __init__(self, ipvs, at, port, proto):
        self.ipvs, self.key = ipvs, (at.vip, port, proto)
        self.away = []
        self.there = [(at.real[n % 3], 7000 + n) for n in range(SERVERS)]
        ipvs.add_service(*self.key, 'rr')
        for server in self.there:
            self.configure('NEW_DEST', server)

    def configure(self, cmd, server):
        self.ipvs.dest(cmd, self.key, *server, weight=random.choice((0, 1, 1, 2, 5)),
                       upper=random.choice((0, 0, 5, 50)))

    def change(self):
        server = random.choice(self.there)
        if random.random() < 0.5:
            self.configure('SET_DEST', server)
        elif len(self.there) > SERVERS // 2 and random.random() < 0.5:
            self.ipvs.del_dest(self.key, *server)
            self.there.remove(server)
            self.away.append(server)
        elif self.away:
            self.come_back()

    def come_back(self):
        self.there.append(self.away.pop())
        self.configure('NEW_DEST', self.there[-1])

    def switch(self, sched):
        self.ipvs.edit_service(*self.key, sched)

    def counted(self):
        return sum(number(fields[kind]) for fields in self.ipvs.dests(self.key).values()
                   for kind in (DST_ACTIVE, DST_INACTIVE))


@tap.test(each_family=True)
def churn(family):
    at, ipvs, table = Addresses(family), Ipvs(), ConnTable()
    spray = subprocess.Popen(command_in('client', 'python3', '-S', SPRAY, at.vip, str(PORT), '600'))
    tap.defer('kill', str(spray.pid))
    ipvs.flush()
    services = [Service(ipvs, at, PORT, proto) for proto in (TCP, UDP)]
    for sched in filter(ipvs.knows, SCHEDULERS):
        for service in services:
            service.switch(sched)
        for _ in range(CHANGES):
            random.choice(services).change()
    spray.kill()
    spray.wait()
    for service in services:
        while service.away:
            service.come_back()

    def in_table():
        return sum(conn.virtual == at.vip for conn in table.all())

    def settled():
        return in_table() == sum(service.counted() for service in services)

    tap.note('%d connections' % in_table())
    tap.check(in_table() > 0, 'no connections')
    tap.check(wait_until(settled, 20), 'the table has %d, the servers count %s' % (
        in_table(), [service.counted() for service in services]))
    ipvs.flush()


tap.main()
