# SPDX-License-Identifier: GPL-2.0
"""A model of the kernel's schedulers: lists, cursors and rules, without regard to speed.

A Service has Servers, the newest first. `choose` takes the client's address and port and the
destination address; addresses are tuples of 32-bit words.
"""

import math

GOLDEN = 0x61c88647
M32, M64 = (1 << 32) - 1, (1 << 64) - 1
FALLBACK, PORT = 0x8, 0x10
SH_BITS, DH_BITS = 8, 8
MH_SIZE, MH_BITS = 4093, 6
MH_KEYS = 2654435761, 2654446892


def fold(words):
    value = 0
    for word in words:
        value ^= word
    return value


def hash_32(value, bits):
    return (value * GOLDEN & M32) >> (32 - bits)


def rol(value, n):
    return (value << n | value >> (64 - n)) & M64


def sip_round(v):
    v0, v1, v2, v3 = v
    v0 = v0 + v1 & M64
    v2 = v2 + v3 & M64
    v1 = rol(v1, 13) ^ v0
    v3 = rol(v3, 16) ^ v2
    v0 = rol(v0, 32) + v3 & M64
    v2 = v2 + v1 & M64
    v3 = rol(v3, 21) ^ v0
    v1 = rol(v1, 17) ^ v2
    return [v0, v1, rol(v2, 32), v3]


def hsiphash(value, key):
    """Hash of one 32-bit word, as on 64-bit kernels: SipHash-1-3."""
    v = [0x736f6d6570736575 ^ key, 0x646f72616e646f6d ^ key,
         0x6c7967656e657261 ^ key, 0x7465646279746573 ^ key]
    word = 4 << 56 | value & M32
    v[3] ^= word
    v = sip_round(v)
    v[0] ^= word
    v[2] ^= 0xff
    for _ in range(3):
        v = sip_round(v)
    return (v[0] ^ v[1] ^ v[2] ^ v[3]) & M32


class Server:
    """A destination: `words` of its address, its configuration, and its connections."""

    def __init__(self, name, words, port):
        self.name, self.words, self.port = name, words, port
        self.weight = self.last_weight = self.upper = self.lower = 0
        self.active = self.total = 0
        self.overloaded = self.available = False

    def usable(self):
        return self.weight > 0 and not self.overloaded

    def overhead(self):
        return self.active * 256 + self.total

    def low(self):
        return self.lower or self.upper - (self.upper >> 2)

    def connect(self):
        self.active += 1
        self.total += 1
        if self.total == self.upper:
            self.overloaded = True

    def disconnect(self):
        self.total -= 1
        if self.upper and self.total < self.low():
            self.overloaded = False

    def configure(self, weight, upper, lower, added):
        if added or weight:
            self.last_weight = weight
        self.weight = weight
        if (upper, lower) == (self.upper, self.lower):
            return
        self.upper, self.lower = upper, lower
        if not upper or self.total < self.low():
            self.overloaded = False
        elif self.total >= upper:
            self.overloaded = True


def lightest(servers, load, weight=lambda s: s.weight):
    """The first server with the least load / weight."""
    best = None
    for server in servers:
        if best is None or load(best) * weight(server) > load(server) * weight(best):
            best = server
    return best


class Service:
    def __init__(self, sched, flags=0):
        self.servers, self.flags = [], flags
        self.use(sched)

    def use(self, sched):
        """Switches to another scheduler, in its initial state."""
        self.sched = sched
        self.cursor = None              # rr, wrr; None is the head of the list
        self.cw = None
        self.sites = {}                 # lblc, lblcr
        self.slots = None
        self.wrr_setup()

    def add(self, server, weight, upper=0, lower=0):
        server.available = True
        server.configure(weight, upper, lower, True)
        self.servers.insert(0, server)
        self.changed()

    def edit(self, server, weight, upper=0, lower=0):
        server.configure(weight, upper, lower, False)
        self.changed()

    def remove(self, server):
        where = self.servers.index(server)
        self.servers.pop(where)
        server.available = False
        if self.cursor is server:
            self.cursor = self.servers[where - 1] if where else None
        self.changed()

    def changed(self):
        self.slots = None
        if self.sched != 'wrr':
            return
        self.cursor = None
        cw = self.cw
        self.wrr_setup()
        if cw and cw <= self.mw:
            self.cw = cw // self.di * self.di + 1 if self.di > 1 else cw

    def choose(self, client, cport, address):
        rule = getattr(self, 'choose_' + self.sched)
        return rule(client, cport, address)

    def usable(self):
        return [s for s in self.servers if s.usable()]

    def choose_none(self, *_):
        return None

    # --- round robin

    def position(self):
        return self.servers.index(self.cursor) if self.cursor else -1

    def choose_rr(self, *_):
        at = self.position()
        for server in self.servers[at + 1:] + self.servers[:at + 1]:
            if server.usable():
                self.cursor = server
                return server
        return None

    def wrr_setup(self):
        weights = [s.weight for s in self.servers if s.weight > 0]
        self.di = math.gcd(*weights) or 1
        self.mw = max(weights, default=0) - (self.di - 1)
        self.cw = self.mw

    def choose_wrr(self, *_):
        start = at = self.position()
        last_round = restarted = False
        stop = None
        if not self.mw:
            return None
        while True:
            for at in range(at + 1, len(self.servers)):
                server = self.servers[at]
                if not server.overloaded and server.weight >= self.cw:
                    self.cursor = server
                    return server
                if at == stop:
                    self.cursor = server
                    return None
            at = -1
            self.cw -= self.di
            if self.cw <= 0:
                self.cw = self.mw
                if last_round or start < 0:
                    self.cursor = None
                    return None
                restarted = True
            last_round = self.cw <= self.di
            if last_round and restarted and start >= 0:
                stop = start

    # --- by load

    def choose_lc(self, *_):
        return lightest(self.usable(), Server.overhead, lambda s: 1)

    def choose_wlc(self, *_):
        return lightest(self.usable(), Server.overhead)

    def choose_sed(self, *_):
        return lightest(self.usable(), lambda s: s.active + 1)

    def choose_nq(self, *_):
        for server in self.usable():
            if not server.active:
                return server
        return self.choose_sed()

    # --- by weight

    def choose_fo(self, *_):
        return max(self.usable(), key=lambda s: s.weight, default=None)

    def choose_ovf(self, *_):
        return max((s for s in self.usable() if s.active <= s.weight),
                   key=lambda s: s.weight, default=None)

    def twos_odds(self):
        """[(server, probability)]: two draws, the less loaded server of the two."""
        servers = self.usable()
        space = sum(s.weight for s in servers) + 1
        draw = [(s.weight + (n == 0)) / space for n, s in enumerate(servers)]
        odds = [0.0] * len(servers)
        for i, first in enumerate(servers):
            for j, second in enumerate(servers):
                better = second.weight * first.overhead() > first.weight * second.overhead()
                odds[j if better else i] += draw[i] * draw[j]
        return list(zip(servers, odds))

    # --- by address

    def choose_dh(self, client, cport, address):
        if not self.servers:
            return None
        server = self.servers[hash_32(fold(address), DH_BITS) % len(self.servers)]
        return server if server.usable() else None

    def sh_slots(self):
        slots = []
        while self.servers and len(slots) < 1 << SH_BITS:
            for server in self.servers:
                slots += [server] * min(max(server.weight, 1), 1 << SH_BITS)
        return slots

    def mh_slots(self):
        weights = [s.last_weight for s in self.servers if s.last_weight]
        if not weights:
            return []
        gcd = math.gcd(*weights)
        shift = max((max(weights) // gcd).bit_length() - MH_BITS, 0)
        ways = []
        for server in self.servers:
            value = fold(server.words) + server.port
            turns = (server.last_weight // gcd >> shift) or int(server.last_weight != 0)
            ways.append([server, hsiphash(value, MH_KEYS[0]) % MH_SIZE,
                         hsiphash(value, MH_KEYS[1]) % (MH_SIZE - 1) + 1, turns])
        slots, left = [None] * MH_SIZE, MH_SIZE
        while True:
            for way in ways:
                for _ in range(way[3]):
                    while slots[way[1]]:
                        way[1] = (way[1] + way[2]) % MH_SIZE
                    slots[way[1]] = way[0]
                    left -= 1
                    if not left:
                        return slots

    def choose_by_slot(self, slot_of, size):
        """slot_of(offset) is the slot to try."""
        if not self.slots:
            return None
        first = slot_of(0)
        if self.slots[first].usable():
            return self.slots[first]
        if self.flags & FALLBACK:
            for offset in range(size):
                server = self.slots[slot_of((offset + first) % size)]
                if server.usable():
                    return server
        return None

    def choose_sh(self, client, cport, address):
        if self.slots is None:
            self.slots = self.sh_slots()
        value = fold(client) + (cport if self.flags & PORT else 0) & M32
        size = 1 << SH_BITS
        return self.choose_by_slot(lambda n: (n + hash_32(value, SH_BITS)) % size, size)

    def choose_mh(self, client, cport, address):
        if self.slots is None:
            self.slots = self.mh_slots()
        value = fold(client) + (cport if self.flags & PORT else 0)
        return self.choose_by_slot(lambda n: hsiphash(value + n, MH_KEYS[0]) % MH_SIZE, MH_SIZE)

    # --- by the server of the destination address

    def too_busy(self, server):
        return server.active > server.weight and \
            any(s.active * 2 < s.weight for s in self.servers)

    def choose_lblc(self, client, cport, address):
        server = self.sites.get(address)
        if server and server.available and server.weight > 0 and not self.too_busy(server):
            return server
        server = self.choose_wlc()
        if server:
            self.sites[address] = server
        return server

    def choose_lblcr(self, client, cport, address):
        members = self.sites.get(address, [])
        server = lightest([s for s in members if s.usable() and s.available], Server.overhead)
        if server and not self.too_busy(server):
            return server
        server = self.choose_wlc()
        if server and server not in members:
            self.sites[address] = [server] + members
        return server
