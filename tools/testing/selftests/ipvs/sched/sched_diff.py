#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Random histories for every scheduler; each choice must be the model's (ipvstest/schedulers.py).
SEED repeats a run, ROUNDS makes it longer.

A service is a mark, so that clients may use any destination address; a server is a phantom address
and a port, which is its number. A connection is opened and established, may be closed by both sides
(and counts as inactive from then on) or by the server only (and expires after a second)."""

import os
import random
import socket
import struct
import time

from ipvstest import genl, pkt, tap
from ipvstest.genl import Ipvs, nest, text, u16, u32
from ipvstest.schedulers import FALLBACK, PORT, Server, Service
from ipvstest.wire import Ends, wait_until

SCHEDULERS = ['rr', 'wrr', 'lc', 'wlc', 'sed', 'nq', 'fo', 'ovf', 'dh', 'sh', 'mh', 'lblc', 'lblcr']
FENCE_PORT, FENCE_SERVER = 99, 7999
FIRST_PORT, FIRST_SERVER = 100, 8000
STEPS = 150
# The last weights are not for wrr: the kernel steps through the rounds one by one.
WEIGHTS = [[1], [1, 2, 3], [0, 1, 1, 5, 10], [2, 4, 6, 100], [7, 1000], [1, 65535, 2 ** 31 - 1]]
# The model of wrr iterates over all rounds; the kernel's twos computes in 32 bits.
SMALL_WEIGHTS = ('wrr', 'switch', 'twos')


def words(address):
    raw = pkt.packed(address)
    return struct.unpack('!%dI' % (len(raw) // 4), raw)


class Director:
    """The ends of the wire, and the server that a connection through any service reaches."""

    def __init__(self, family):
        self.ends, self.ipvs, self.family = Ends(family), Ipvs(), family
        self.at, self.cport, self.fences = self.ends.at, 1024, 0
        self.ipvs.flush()
        fence = (self.at.vip, FENCE_PORT, pkt.UDP)
        self.ipvs.add_service(*fence, 'rr')
        self.ipvs.dest('NEW_DEST', fence, self.at.phantoms[0], FENCE_SERVER)

    def address(self, kind, number):
        if self.family == 4:
            return '%s.%d.%d' % ({'client': '198.18', 'site': '198.19'}[kind],
                                 number >> 8 & 255, number & 255)
        prefix = {'client': '2001:db8:c::', 'site': '2001:db8:5::'}[kind]
        return socket.inet_ntop(socket.AF_INET6, socket.inet_pton(
            socket.AF_INET6, '%s%x:%x' % (prefix, number & 0xffff, number * 7919 & 0xffff)))

    def first(self, raw):
        """Sends a client's first packet; returns the port at the server, or None if the packet was
        refused, which is so if a packet sent after it arrives first. Others may still be in
        flight."""
        sent, fence = pkt.Parsed(raw), None

        def is_it(got):
            return got.sport is not None and \
                (got.sport, got.flags) in ((sent.sport, sent.flags), (fence, None))

        self.ends.drain()
        self.ends.client.send(raw)
        got = self.ends.server.expect(is_it, 0)
        if not got:
            self.fences += 1
            fence = 1024 + self.fences % 60000
            self.ends.client.send(pkt.udp(self.at.phantom_client, self.at.vip, fence,
                                             FENCE_PORT))
            got = self.ends.server.expect(is_it)
        if not got:
            raise OSError('nothing arrives')
        return None if got.dport == FENCE_SERVER else got.dport


class Conn:
    def __init__(self, server, client, cport, site):
        self.server, self.client, self.cport, self.site = server, client, cport, site


class History:
    """A service, its model, and its connections."""

    def __init__(self, director, rng, mark, sched):
        self.director, self.random, self.mark, self.name = director, rng, mark, sched
        self.port = FIRST_PORT + mark
        self.model = Service(rng.choice(SCHEDULERS) if sched == 'switch' else sched,
                             self.any_flags())
        self.weights = rng.choice(WEIGHTS[:-1] if sched in SMALL_WEIGHTS else WEIGHTS)
        self.uppers = rng.choice(([0], [0, 0, 2, 5]))
        self.sites = rng.choice((3, 12))
        self.limit = rng.choice((2, 4, 8, 45))
        self.open, self.away, self.closing, self.log = [], [], [], []
        self.number, self.choices, self.failed = 0, 0, False
        self.service('NEW_SERVICE')
        for _ in range(self.limit * 3 // 4):
            self.add()

    def any_flags(self):
        return self.random.choice((0, FALLBACK, PORT, FALLBACK | PORT))

    # --- configuration

    def id(self):
        return [u16(genl.SVC_AF, genl.AF[self.director.family]), u32(genl.SVC_FWMARK, self.mark)]

    def service(self, cmd):
        mask = 0xffffffff if self.director.family == 4 else 128
        self.director.ipvs.must(cmd, nest(genl.TOP_SERVICE, self.id() + [
            text(genl.SVC_SCHED, self.model.sched),
            genl.attr(genl.SVC_FLAGS, struct.pack('II', self.model.flags, FALLBACK | PORT)),
            u32(genl.SVC_TIMEOUT, 0), u32(genl.SVC_NETMASK, mask)]))

    def dest(self, cmd, server):
        self.director.ipvs.must(cmd, nest(genl.TOP_SERVICE, self.id()), nest(genl.TOP_DEST, [
            genl.attr(genl.DST_ADDR, genl.packed16(server.address)),
            genl.be16(genl.DST_PORT, server.port), u32(genl.DST_METHOD, genl.MASQ),
            u32(genl.DST_WEIGHT, server.weight), u32(genl.DST_UPPER, server.upper),
            u32(genl.DST_LOWER, server.lower),
            u16(genl.DST_AF, genl.AF[self.director.family])]))

    def any_config(self):
        upper = self.random.choice(self.uppers)
        return self.random.choice(self.weights), upper, self.random.choice((0, 0, upper // 2))

    def new_server(self):
        phantoms = self.director.at.phantoms
        address = phantoms[self.number % len(phantoms)]
        server = Server(self.number, words(address), FIRST_SERVER + self.number)
        server.address = address
        self.number += 1
        return server

    def add(self):
        if self.away and self.random.random() < 0.7:
            server = self.away.pop(self.random.randrange(len(self.away)))
        else:
            server = self.new_server()
        self.model.add(server, *self.any_config())
        self.dest('NEW_DEST', server)
        self.note('+', server)

    def edit(self):
        server = self.random.choice(self.model.servers)
        self.model.edit(server, *self.any_config())
        self.dest('SET_DEST', server)
        self.note('=', server)

    def remove(self):
        server = self.random.choice(self.model.servers)
        self.model.remove(server)
        self.dest('DEL_DEST', server)
        self.away.append(server)
        self.note('-', server)

    def switch(self):
        if self.name == 'switch':
            self.model.use(self.random.choice([s for s in SCHEDULERS + ['none']
                                               if s != self.model.sched]))
        self.model.flags = self.any_flags()
        self.service('SET_SERVICE')
        self.log.append('%s flags %#x' % (self.model.sched, self.model.flags))

    def note(self, what, server):
        self.log.append('%s%d weight %d upper %d lower %d' % (
            what, server.name, server.weight, server.upper, server.lower))

    # --- connections

    def segment(self, conn, flags):
        self.director.ends.client.send(pkt.tcp(conn.client, conn.site, conn.cport, self.port,
                                                  flags))

    def answer(self, conn, flags):
        self.director.ends.server.send(pkt.tcp(conn.server.address, conn.client,
                                                  conn.server.port, conn.cport, flags))

    def any_conn(self):
        rng, director = self.random, self.director
        site = rng.randrange(self.sites) if rng.random() < 0.9 else rng.randrange(60000)
        director.cport = director.cport % 64000 + 1
        return Conn(None, director.address('client', rng.randrange(60000)),
                    1000 + director.cport, director.address('site', site))

    def goes_to(self, conn):
        """The number of the server, or None."""
        port = self.director.first(pkt.tcp(conn.client, conn.site, conn.cport, self.port,
                                              'syn'))
        return None if port is None else port - FIRST_SERVER

    def opened(self, conn, server):
        conn.server = server
        server.connect()
        self.segment(conn, 'ack')
        self.open.append(conn)

    def connect(self):
        conn = self.any_conn()
        wanted = self.model.choose(words(conn.client), conn.cport, words(conn.site))
        got = self.goes_to(conn)
        self.choices += 1
        self.log.append('>%s' % got)
        if got != (wanted.name if wanted else None):
            self.report(conn, wanted, got)
        elif wanted:
            self.opened(conn, wanted)

    def report(self, conn, wanted, got):
        self.failed = True
        tap.fail('%s (flags %#x): %s:%d to %s goes to %s, not to %s' % (
            self.model.sched, self.model.flags, conn.client, conn.cport, conn.site, got,
            wanted and wanted.name))
        for server in self.model.servers:
            tap.note('server %d: %d active of %d, weight %d (last %d), thresholds %d %d%s' % (
                server.name, server.active, server.total, server.weight, server.last_weight,
                server.upper, server.lower, ', overloaded' if server.overloaded else ''))
        tap.note('before: ' + '; '.join(self.log[-12:]))

    def some_open(self, share):
        """Some of the connections whose server still exists."""
        some = [c for c in self.open if c.server.available and self.random.random() < share]
        self.open = [c for c in self.open if c not in some]
        return some

    def finish(self):
        for conn in self.some_open(0.1):
            self.answer(conn, 'fin')
            self.segment(conn, 'fin')
            conn.server.active -= 1

    def begin_to_close(self):
        self.closing = self.some_open(0.5)
        for conn in self.closing:
            self.answer(conn, 'fin')
            conn.server.active -= 1
            conn.server.disconnect()

    def counts(self):
        answer = self.director.ipvs.must('GET_DEST', nest(genl.TOP_SERVICE, self.id()), dump=True)
        fields = [dict(genl.attrs_of(dict(attrs)[genl.TOP_DEST])) for _, attrs in answer.messages]
        return sorted((struct.unpack('!H', f[genl.DST_PORT])[0],
                       genl.number(f[genl.DST_ACTIVE]), genl.number(f[genl.DST_INACTIVE]))
                      for f in fields)

    def settled(self):
        return self.counts() == sorted((s.port, s.active, s.total - s.active)
                                       for s in self.model.servers)

    def step(self):
        dice = self.random.randrange(100)
        if not self.model.servers or (dice < 3 and len(self.model.servers) < self.limit):
            self.add()
        elif dice < 5:
            self.remove()
        elif dice < 9:
            self.edit()
        elif dice < 11:
            self.switch()
        elif dice < 15:
            self.finish()
        else:
            self.connect()


class TwosHistory(History):
    """Random choices: their sums must be close to what the model's probabilities predict."""

    def __init__(self, director, rng, mark):
        self.expected, self.variance, self.got = {}, {}, {}
        super().__init__(director, rng, mark, 'twos')

    def connect(self):
        conn = self.any_conn()
        odds = self.model.twos_odds()
        got = self.goes_to(conn)
        self.choices += 1
        chosen = [s for s, _ in odds if s.name == got]
        if not chosen:
            if got is not None or odds:
                self.report(conn, None, got)
            return
        for server, p in odds:
            self.expected[server.name] = self.expected.get(server.name, 0) + p
            self.variance[server.name] = self.variance.get(server.name, 0) + p * (1 - p)
        self.got[got] = self.got.get(got, 0) + 1
        self.opened(conn, chosen[0])

    def judge(self):
        for name, expected in self.expected.items():
            off = abs(self.got.get(name, 0) - expected)
            tap.check(off <= 5 * self.variance[name] ** 0.5 + 3, 'twos: server %d has %d, not %.1f' % (
                name, self.got.get(name, 0), expected))


def close_some(histories):
    for history in histories:
        history.begin_to_close()
    for history in histories:
        if not wait_until(history.settled, 30):
            tap.fail('%s: the counts stay %s' % (history.name, history.counts()))
            history.failed = True


def play(director, rng, marks):
    histories = [History(director, rng, next(marks), sched)
                 for sched in SCHEDULERS + ['switch', 'switch']]
    if director.ipvs.knows('twos'):
        twos = TwosHistory(director, rng, next(marks))
        histories.append(twos)
    else:
        twos = None
        tap.note('this kernel has no twos')
    for n in range(STEPS):
        for history in histories:
            if not history.failed:
                history.step()
        if n in (STEPS // 3, STEPS * 2 // 3):
            close_some([h for h in histories if not h.failed])
    for history in histories:
        if not history.failed:
            tap.check(wait_until(history.settled), '%s: counts %s' % (history.name,
                                                                     history.counts()))
    if twos:
        twos.judge()
    return sum(history.choices for history in histories)


@tap.step
def choices(family, marks):
    seed = int(os.environ.get('SEED') or time.time())
    rounds = int(os.environ.get('ROUNDS') or 1)
    tap.note('SEED=%d ROUNDS=%d' % (seed, rounds))
    director, made = Director(family), 0
    # Each mark is used once: a removed server is remembered for a while after its service.
    marks = iter(range(1, marks + 1))
    for n in range(rounds):
        made += play(director, random.Random(seed + n), marks)
    tap.note('%d choices' % made)
    director.ipvs.flush()


tap.main()
