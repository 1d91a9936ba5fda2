#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Two directors in a mesh, and clients whose connections outlive their director."""

import os
import subprocess

from ipvstest import mesh, tap
from ipvstest.genl import Ipvs
from ipvstest.mesh import IN_SYNC, Mesh, ipvsadm
from ipvstest.mesh_lab import key_set
from ipvstest.namespaces import command_in
from ipvstest.pkt import TCP
from ipvstest.settings import Knobs
from ipvstest.standby import (EACH, METHODS, compare, give_back, neighbours, opened, persistent,
                              survivors, table, take_over, told)
from ipvstest.weir import text_counters
from ipvstest.wire import Addresses, wait_until

ADDRESS = {'director': '198.18.0.1', 'standby': '198.18.0.2'}
OTHER = {'director': 'standby', 'standby': 'director'}
GROUP = '224.0.0.99'


class Pair:
    """The mesh daemons of both directors; stopped at the end of the test."""

    def __init__(self, how='peers', keys=None):
        self.how, self.keys = how, keys or key_set(1)
        self.mesh = {ns: Mesh(ns) for ns in ADDRESS}
        tap.defer(*command_in('director', 'ipvsadm', '--stop-daemon', 'mesh'))

    def start(self, ns):
        if self.how == 'group':
            self.mesh[ns].must_start(group=GROUP, interface='sync', keys=self.keys)
        else:
            self.mesh[ns].must_start([ADDRESS[OTHER[ns]]], keys=self.keys)

    def stop(self):
        for daemon in self.mesh.values():
            daemon.stop()

    def in_sync(self, when):
        for ns, daemon in self.mesh.items():
            tap.equal(daemon.until(IN_SYNC, seconds=15), IN_SYNC, '%s: state of the %s, %r' % (
                when, ns, daemon.get()))
            tap.equal(ipvsadm('--wait-sync', '10', ns=ns).returncode, 0,
                      '%s: --wait-sync of the %s' % (when, ns))

    def peer(self, ns):
        """What a director says of the other one."""
        return self.mesh[ns].get().peer(ADDRESS[OTHER[ns]])

    def compare(self, when):
        """Both have the same connections; a failure shows the daemons."""
        if not compare(when):
            for ns in ADDRESS:
                tap.note('%s: %r, counters %r' % (ns, self.mesh[ns].get(), {
                    name: value for name, value in text_counters(ns).items()
                    if value and name.startswith('sync_')}))

    def unhurt(self, when):
        """Nothing was lost, and no resync was needed but the first."""
        for ns in ADDRESS:
            peer = self.peer(ns)
            tap.equal((peer.lost, peer.resyncs), (0, 1), '%s: lost and resyncs of the %s, %r' % (
                when, ns, peer))


def known(clients, *where):
    for ns in where:
        if not tap.check(wait_until(lambda: told(clients, ns), 10), 'the %s does not know all' % ns):
            print('#   asked for', [(c.cport, c.port) for c in clients])
            for each in ADDRESS:
                print('#  ', each, sorted((key[1:], row[1:]) for key, row in table(each).items()))


def empty(ns):
    """A director that was started anew: services, no connections."""
    with Knobs(ns, expire_nodest_conn=1):
        Ipvs(ns).flush()
        tap.check(wait_until(lambda: not table(ns), 10), 'connections are left in the ' + ns)


def restore(ns, services):
    with open(services) as file:
        subprocess.run(command_in(ns, 'ipvsadm', '-R'), stdin=file, check=True)


def close(clients):
    for client in clients:
        client.sock.close()


@tap.step
def failover(how, services):
    """The standby takes over; the director comes back without any connection."""
    pair, saved = Pair(how), neighbours()
    before = opened(2)
    pair.start('director')
    pair.start('standby')
    pair.in_sync('at first')
    known(before, 'standby')
    clients = before + opened(EACH)
    tap.equal({c.server for c in clients}, {'server1', 'server2'}, 'servers')
    known(clients, 'standby')
    pair.compare('at first')
    pair.unhurt('at first')
    pair.mesh['director'].stop()
    take_over('standby', 'director')
    try:
        empty('director')
        survivors(clients, 'the standby has taken over')
        persistent(clients, 'the standby has taken over')
        clients += opened(2)
        survivors(clients, 'the standby works')
        tap.check(wait_until(lambda: pair.mesh['standby'].state == mesh.ALONE, 6),
                  'the standby is not alone: %r' % pair.mesh['standby'].get())
        restore('director', services)
        pair.start('director')
        pair.in_sync('the director is back')
        known(clients, 'director')
        pair.compare('the director is back')
    finally:
        give_back(saved)
    survivors(clients, 'after the fail-back')
    persistent(clients, 'after the fail-back')
    pair.compare('after the fail-back')
    # and a second time, without a loss of the director's connections
    take_over('standby', 'director')
    try:
        survivors(clients, 'the second takeover')
    finally:
        give_back(saved)
    survivors(clients, 'after the second fail-back')
    close(clients)
    pair.stop()


@tap.step
def both_ways():
    """Each director tells of its own connections; states follow."""
    pair, saved = Pair(), neighbours()
    pair.start('director')
    pair.start('standby')
    pair.in_sync('at first')
    first = opened(3)
    known(first, 'standby')
    take_over('standby', 'director')
    try:
        second = opened(3)
        survivors(first, 'taken over')
        known(first + second, 'director', 'standby')
        pair.compare('half of them are taken over')
        # the ends of half of each are seen by the other director
        close(first[::2] + second[::2])
        gone = {(c.cport, c.port) for c in first[::2] + second[::2]}
        for ns in ADDRESS:
            tap.check(wait_until(lambda: not any(
                key[1:] in gone and value[3] == 'ESTABLISHED' for key, value in table(ns).items()),
                10), 'the %s does not see the ends' % ns)
        pair.compare('half of them have ended')
    finally:
        give_back(saved)
    survivors(first[1::2] + second[1::2], 'back')
    pair.in_sync('back')
    pair.unhurt('back')
    close(first[1::2] + second[1::2])
    pair.stop()


@tap.step
def rotation():
    """A new key reaches one director after the other, under traffic."""
    pair = Pair()
    pair.start('director')
    pair.start('standby')
    pair.in_sync('at first')
    clients = []
    for ns, keys in (('standby', (1, 2)), ('director', (2, 1)), ('standby', (2, 1)),
                     ('director', (2,)), ('standby', (2,)), ('director', (2, 3)),
                     ('standby', (3, 2)), ('director', (3,)), ('standby', (3,))):
        tap.equal(pair.mesh[ns].set_keys(key_set(*keys)), 0, 'keys %r of the %s' % (keys, ns))
        clients += opened(1)
        known(clients[-len(METHODS) * 2:], 'standby')
        pair.unhurt('keys %r of the %s' % (keys, ns))
    pair.compare('after the rotation')
    pair.in_sync('after the rotation')
    # keys that the other does not have
    pair.mesh['director'].set_keys(key_set(1))
    for ns, daemon in pair.mesh.items():
        tap.check(wait_until(lambda: daemon.state == mesh.ALONE, 8),
                  'the %s still hears the other: %r' % (ns, daemon.get()))
    pair.mesh['director'].set_keys(key_set(3))
    clients += opened(1)
    pair.in_sync('the key is back')
    known(clients, 'standby')
    close(clients)
    pair.stop()


@tap.step
def removed():
    """Connections that end at one director go from the other; not those that an administrator's
    change has ended, which may go on at the other director."""
    pair = Pair()
    pair.start('director')
    pair.start('standby')
    clients = opened(2)
    known(clients, 'standby')
    port = min(METHODS)
    # the tables have connections that the director received in earlier tests, and that no one has now
    gone = {(c.cport, port) for c in clients if c.port == port}
    with Knobs(expire_nodest_conn=1):
        for family in (4, 6):
            Ipvs().del_service(Addresses(family).vip, port, TCP)
        tap.check(wait_until(lambda: not any(key[1:] in gone for key in table('director')), 10),
                  'connections are left in the director')
    known(clients, 'standby')
    rest = [c for c in clients if c.port != port]
    survivors(rest, 'the other services')
    # direct routing: the director sees the client's FIN only, and waits for the rest
    ended = [c for c in rest if METHODS[c.port] == 'direct routing']
    subprocess.run(command_in('director', 'ipvsadm', '--set', '0', '1', '0'), check=True)
    tap.defer(*command_in('director', 'ipvsadm', '--set', '0', '120', '0'))
    close(ended)
    for ns in ADDRESS:
        tap.check(wait_until(lambda: not any(key[1:] in {(c.cport, c.port) for c in ended}
                                             for key in table(ns)), 10),
                  'connections that have ended are left in the ' + ns)
    close(clients)
    pair.stop()


os.sched_setaffinity(0, {0})
tap.main()
