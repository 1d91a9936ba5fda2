#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Clients of a cluster of caches with weight 4 each, behind mark 1; sites are addresses that the
caches accept as their own. Each client keeps its connection."""

import functools
import socket

from ipvstest import tap
from ipvstest.genl import AF, DST_ACTIVE, SVC_AF, SVC_FWMARK, TOP_DEST, TOP_SERVICE
from ipvstest.genl import Ipvs, attrs_of, nest, number, u16, u32
from ipvstest.namespaces import namespace
from ipvstest.wire import wait_until

WEIGHT = 4


class Cluster:
    def __init__(self, family, port):
        self.family, self.port, self.ipvs = family, port, Ipvs()
        self.mark = [u16(SVC_AF, AF[family]), u32(SVC_FWMARK, 1)]

    def site(self, number):
        return ('198.19.7.%d' if self.family == 4 else '2001:db8:5::%d') % number

    def visit(self, site):
        """Opens a connection that stays; returns it and the server's name."""
        with namespace('client'):
            sock = socket.socket(AF[self.family], socket.SOCK_STREAM)
        sock.settimeout(10)
        sock.connect((self.site(site), self.port))
        sock.sendall(b'who\n')
        return sock, sock.makefile().readline().strip()

    def visits(self, site, count):
        pairs = [self.visit(site) for _ in range(count)]
        return [sock for sock, _ in pairs], [name for _, name in pairs]

    def active(self):
        dump = self.ipvs.must('GET_DEST', nest(TOP_SERVICE, self.mark), dump=True)
        return sum(number(dict(attrs_of(dict(attrs)[TOP_DEST]))[DST_ACTIVE])
                   for _, attrs in dump.messages)

    def leave(self, socks):
        for sock in socks:
            sock.close()
        tap.check(wait_until(lambda: not self.active(), 10), '%d connections are still active' % self.active())


def step(function):
    """Decorator: sched_local.py STEP FAMILY PORT"""
    @tap.step
    @functools.wraps(function)
    def called(family, port):
        function(Cluster(family, port))
    return called


@step
def stays(cluster):
    """Each site is always served by the same cache, and the sites are spread."""
    home = {}
    for turn in range(3):
        held = []
        for site in range(1, 10):
            sock, name = cluster.visit(site)
            held.append(sock)
            tap.equal(name, home.setdefault(site, name), 'site %d, turn %d' % (site, turn))
        cluster.leave(held)
    tap.equal(len(set(home.values())), 3, 'caches in use')


@step
def spills_once(cluster):
    """lblc: one connection more than the weight is too much while another cache is idle; the site
    moves to that cache and stays there."""
    held, names = cluster.visits(1, WEIGHT + 2)
    tap.equal(len(set(names[:-1])), 1, 'caches up to the weight: %s' % names)
    tap.check(names[-1] != names[0], 'no spill-over: %s' % names)
    cluster.leave(held)
    held, later = cluster.visits(1, 2)
    tap.equal(set(later), {names[-1]}, 'the site moved')
    cluster.leave(held)


@step
def grows_and_shrinks(cluster):
    """lblcr: the second cache joins the first; both serve the site until the set has not changed
    for longer than lblcr_expiration."""
    held, names = cluster.visits(1, WEIGHT + 2)
    tap.equal(len(set(names)), 2, 'caches after the spill-over: %s' % names)
    more, later = cluster.visits(1, 2)
    tap.check(set(later) <= set(names), 'a third cache: %s' % later)
    cluster.leave(held + more)

    def shrunk():
        pair, who = cluster.visits(1, 2)
        cluster.leave(pair)
        return len(set(who)) == 1

    tap.check(not shrunk(), 'one cache only')
    with namespace('director'):
        with open('/proc/sys/net/ipv4/vs/lblcr_expiration', 'w') as knob:
            knob.write('1')
    tap.check(wait_until(shrunk, 20), 'the set does not shrink')


tap.main()
