# SPDX-License-Identifier: GPL-2.0
"""Another member of the mesh, written from the protocol's text: it keeps what the director tells it,
and tells what the test wants.

A peer works only while one of its methods pump(), wait() or meet() runs, or wait_all() for several;
a test waits by these. Switches turn parts of it off (`gives`, `asks`, `repeats`, `names`, `answers`),
and `drops` loses datagrams on arrival.
"""

import os
import random
import select
import socket
import struct
import time

from . import meshwire, pkt, tap
from .meshwire import (CHANGES_LANE, COMPLETE, HEARSAY, IN_SYNC, LEAVES, MAX_RANGES, NO_SESSION,
                       REMOVED, RESYNC_LANE, STATUS_LANE, Datagram, Forged)
from .syncd import (DEFAULT_PORT, JOIN_GROUP6, MULTICAST_IF6, MULTICAST_LOOP6, interface_in,
                    open_socket)
from .syncwire import TEMPLATE
from .wire import Addresses

KEYS = {1: bytes(range(32)), 2: bytes(range(100, 132)), 3: bytes(range(200, 232))}
PERIOD, SOON = 1.0, 0.01
# the last byte of a host's address on the back link
HOSTS = {'server1': 0, 'server2': 1, 'server3': 2}


def key_of(entry):
    """What identifies a connection."""
    return (entry.proto, entry.caddr, entry.cport, entry.vaddr, entry.vport,
            entry.flags & TEMPLATE)


class Window:
    """The numbers of one lane that have arrived: all up to `upto`, and some above it."""

    def __init__(self, base=0):
        self.upto = self.highest = base
        self.above = set()

    def add(self, number):
        """False if the number is known."""
        if number <= self.upto or number in self.above:
            return False
        self.above.add(number)
        self.highest = max(self.highest, number)
        self._advance()
        return True

    def _advance(self):
        while self.upto + 1 in self.above:
            self.upto += 1
            self.above.discard(self.upto)

    def announce(self, last):
        """The sender has used the numbers up to this one."""
        self.highest = max(self.highest, last)

    def forget_below(self, number):
        """Numbers below this one are lost; returns how many were missing."""
        missing = [n for n in range(self.upto + 1, number) if n not in self.above]
        if missing:
            self.above = {n for n in self.above if n >= number}
            self.upto = number - 1
            self.highest = max(self.highest, self.upto)
            self._advance()
        return len(missing)

    def missing(self):
        return [n for n in range(self.upto + 1, self.highest + 1) if n not in self.above]


def socket_of(ns, address, group, dev, port):
    """Bound to the port, member of the group, with the addresses of what arrives."""
    index = interface_in(ns, dev)
    if pkt.is6(group or address):
        sock = open_socket(ns, socket.AF_INET6)
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
        sock.setsockopt(socket.IPPROTO_IPV6, MULTICAST_IF6, index)
        sock.setsockopt(socket.IPPROTO_IPV6, MULTICAST_LOOP6, 0)
        if group:
            sock.setsockopt(socket.IPPROTO_IPV6, JOIN_GROUP6,
                            pkt.packed(group) + struct.pack('I', index))
    else:
        sock = open_socket(ns, socket.AF_INET)
        sock.setsockopt(socket.IPPROTO_IP, 8, 1)        # IP_PKTINFO
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF,
                        struct.pack('=4s4si', bytes(4), bytes(4), index))
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 0)
        if group:
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP,
                            pkt.packed(group) + struct.pack('=4si', bytes(4), index))
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    sock.bind(('' if group else address, port))
    sock.setblocking(False)
    return sock, index


def went_to(cmsgs):
    """The destination address of a datagram, by its control message."""
    data = cmsgs[0][2]
    return pkt.shown(data[:16]) if len(data) == 20 else pkt.shown(data[8:12])


class Peer:
    # of all peers of the test, which hear each other in a group
    sessions = set()

    def __init__(self, family=4, ns='server2', group=None, keys=None, syncid=0, port=DEFAULT_PORT,
                 dev='back', lane=RESYNC_LANE, address=None, to=None):
        at = Addresses(family)
        self.address = address or at.real[HOSTS[ns]]
        self.sock, index = socket_of(ns, self.address, group, dev, port)
        self.director = to or at.director_back
        self.to = (group or self.director, port) + ((0, index) if pkt.is6(self.address) else ())
        self.source = pkt.packed(self.address) + struct.pack('I', index) \
            if group and pkt.is6(group) else None
        self.keys, self.key_id, self.syncid = dict(keys or {1: KEYS[1]}), 1, syncid
        self.resync_lane, self.port, self.group = lane, port, group
        self.gives = self.asks = self.repeats = self.names = self.answers = True
        self.others = True              # it is in sync with directors other than this one
        self.drops = lambda datagram: False
        self.damaged = []               # datagrams that are not of the protocol's form
        self.strangers = set()          # addresses of others that have other keys
        self.restart()

    # --- state ---------------------------------------------------------------------------------

    def restart(self):
        """Begins a new session, as a peer that was started anew."""
        self.session, self.challenge = os.urandom(16), random.getrandbits(64)
        Peer.sessions.add(self.session)
        self.numbers, self.sent = {}, {}
        self.own, self.tick, self.oldest, self.given_up = {}, 1000, 1, 0
        self.clock, self.born = 1000, time.monotonic()
        self.giving = self.gives_last = 0
        self.give_flag = 0
        self.next_status, self.last_content, self.last_time = 0.0, None, 0.0
        self.forget_director()

    def forget_director(self):
        """Nothing is known of the other daemon."""
        self.theirs = self.seen = NO_SESSION            # established; last seen
        self.echo = 0
        self.changes, self.resyncing = Window(), Window()
        self.wants, self.has_all, self.lost = 0, False, 0
        self.their_given_up = None
        # {key: (session, time, entry)}; [(time, entry)] of changes and of the last resync
        self.known, self.told, self.resynced = {}, [], []
        self.raw, self.statuses, self.places = {}, [], set()

    @property
    def established(self):
        """The director's session is established here."""
        return self.theirs != NO_SESSION

    @property
    def status(self):
        """The director's last status, or None."""
        return self.statuses[-1].status if self.statuses else None

    @property
    def asked(self):
        """The director's session has asked for a resync, and so knows this session."""
        return any(d.status.wants and d.status.peer == self.session for d in self.statuses)

    @property
    def in_sync(self):
        return self.established and self.has_all and not self.changes.missing() and \
            not self.resyncing.missing()

    # --- sending -------------------------------------------------------------------------------

    def send_raw(self, raw, to=None):
        # IPv6 would choose a link-local source for a group
        source = [] if self.source is None else [(socket.IPPROTO_IPV6, socket.IPV6_PKTINFO,
                                                  self.source)]
        self.sock.sendmsg([raw], source, 0, to or self.to)

    def number_in(self, lane):
        self.numbers[lane] = self.numbers.get(lane, 0) + 1
        return self.numbers[lane]

    def sealed(self, lane, payload, number=None, session=None, **head):
        """A datagram of this peer."""
        number = self.number_in(lane) if number is None else number
        head = {'syncid': self.syncid, 'key_id': self.key_id, **head}
        secret = self.keys.get(head['key_id'], KEYS[1])
        return meshwire.seal(meshwire.header(session or self.session, lane, number, **head), payload,
                             secret)

    def send_in(self, lane, payload, lose=False, number=None):
        """Sends a message that can be repeated; returns its number. lose: it gets lost."""
        number = self.number_in(lane) if number is None else number
        raw = self.sent[lane, number] = self.sealed(lane, payload, number)
        if not lose:
            self.send_raw(raw)
        return number

    def now(self):
        """Milliseconds since the session began, and some."""
        return self.clock + int((time.monotonic() - self.born) * 1000)

    def stamp(self):
        self.tick = max(self.tick + 1, self.now())
        return self.tick

    def stamped(self, entries, times=None):
        """Entries with times that grow; `times` replaces these."""
        return [(self.stamp(), entry) for entry in entries] if times is None \
            else list(zip(times, entries))

    def tell(self, *entries, times=None, **how):
        """Sends changes, and gives them in later resyncs; returns the number of the message."""
        for entry in entries:
            if entry.flags & REMOVED:
                self.own.pop(key_of(entry), None)
            else:
                self.own[key_of(entry)] = entry
        return self.send_in(CHANGES_LANE, meshwire.changes(self.stamped(entries, times)), **how)

    def status_fields(self):
        last = self.numbers.get(CHANGES_LANE, 0)
        return dict(peer=self.seen, echo=self.echo, challenge=self.challenge, last=last,
                    oldest=min(self.oldest, last + 1), received=self.changes.upto,
                    given_up=self.given_up, wants=self.wants,
                    resync_received=self.resyncing.upto, gives=self.giving,
                    gives_last=self.gives_last, conns=len(self.own), time=self.now() & 0xffffffff)

    def missing(self):
        """The ranges that the director has to repeat."""
        if not self.names or not self.established:
            return []
        return (meshwire.ranges_of(CHANGES_LANE, self.changes.missing()) +
                meshwire.ranges_of(RESYNC_LANE, self.resyncing.missing()))[:MAX_RANGES]

    def status_payload(self, flags=None, ranges=None, **fields):
        flags = self.give_flag | IN_SYNC * self.others if flags is None else flags
        return meshwire.status(flags, self.missing() if ranges is None else ranges,
                               **{**self.status_fields(), **fields})

    def send_status(self, flags=None, ranges=None, **fields):
        """Sends a status at once; returns the datagram."""
        raw = self.sealed(STATUS_LANE, self.status_payload(flags, ranges, **fields))
        self.send_raw(raw)
        return raw

    def leave(self):
        return self.send_status(flags=LEAVES)

    def give(self, entries=None, per_message=10):
        """Sends a full resync in answer to the director's wish, or of these entries."""
        entries = list(self.own.values()) if entries is None else entries
        for first in range(0, len(entries), per_message):
            self.gives_last = self.send_in(self.resync_lane, meshwire.resync(
                self.theirs, self.giving, self.stamped(entries[first:first + per_message])))
        self.give_flag = COMPLETE

    # --- receiving -----------------------------------------------------------------------------

    def take_all(self):
        """Handles what has arrived."""
        while True:
            try:
                data, cmsgs, _, sender = self.sock.recvmsg(65536, 256)
            except BlockingIOError:
                return
            try:
                datagram = Datagram(data, self.keys)
            except (Forged, ValueError, struct.error) as error:
                if isinstance(error, Forged) and sender[0] in self.strangers:
                    continue
                self.damaged.append('%s from %s: %s' % (type(error).__name__, sender[0], error))
                continue
            if self.group and datagram.session in Peer.sessions:
                continue
            self.places.add((datagram.kind, went_to(cmsgs), sender[1]))
            self.raw.setdefault((datagram.session, datagram.lane, datagram.number), []).append(data)
            if not self.drops(datagram):
                self.take(datagram)

    def take(self, datagram):
        if datagram.status:
            self.take_status(datagram)
        elif datagram.session != self.theirs:
            return
        elif datagram.lane == CHANGES_LANE:
            if self.changes.add(datagram.number):
                self.keep(datagram.entries, self.told)
        elif datagram.peer == self.session and self.resyncing.add(datagram.number) and \
                datagram.resync_id == self.wants:
            self.keep(datagram.entries, self.resynced)

    def keep(self, entries, record):
        """The newest entry of each connection stays; hearsay does only if nothing is known."""
        for stamp, entry in entries:
            record.append((stamp, entry))
            key = key_of(entry)
            old = self.known.get(key)
            # times of different sessions cannot be compared
            if old and (entry.flags & HEARSAY or old[0] == self.theirs and newer(old[1], stamp)):
                continue
            if entry.flags & REMOVED:
                self.known.pop(key, None)
            else:
                self.known[key] = (self.theirs, stamp, entry)

    def take_status(self, datagram):
        status = datagram.status
        self.statuses.append(datagram)
        self.seen = datagram.session
        if status.peer in (self.session, NO_SESSION):
            self.echo = status.challenge
        if status.peer != self.session or datagram.session != self.theirs:
            if (status.peer, status.echo) == (self.session, self.challenge):
                self.establish(datagram)
            else:
                self.last_content = None        # it is to be answered
            return
        self.changes.announce(status.last)
        self.lost += self.changes.forget_below(status.oldest)
        if self.lost or status.given_up != self.their_given_up:
            self.their_given_up, self.lost = status.given_up, 0
            self.want()
        self.give_what_is_wanted(status)
        if self.wants and status.gives == self.wants:
            self.resyncing.announce(status.gives_last)
            if datagram.flags & COMPLETE and self.resyncing.upto >= status.gives_last:
                self.wants, self.has_all = 0, True
        elif self.wants and not self.resynced:
            # what was in the lane before belongs to another resync
            self.resyncing = Window(max(status.gives_last, self.resyncing.highest))
        if self.repeats:
            for wanted in datagram.ranges:
                self.repeat(wanted)

    def establish(self, datagram):
        status = datagram.status
        self.theirs, self.challenge = datagram.session, random.getrandbits(64)
        # what was told before is part of the resync
        self.changes, self.resyncing = Window(status.last), Window(status.gives_last)
        self.their_given_up, self.has_all = status.given_up, False
        # the lane goes on, whoever it is for
        self.giving = self.give_flag = 0
        self.want()
        self.give_what_is_wanted(status)

    def want(self):
        """Asks for all connections."""
        if self.asks:
            self.wants, self.has_all, self.resynced = random.randrange(1, 1 << 32), False, []

    def give_what_is_wanted(self, status):
        if self.gives and status.wants and status.wants != self.giving and self.established:
            self.giving, self.give_flag = status.wants, 0
            self.give()

    def repeat(self, wanted):
        lane = wanted.lane if wanted.lane == CHANGES_LANE else self.resync_lane
        for number in wanted.numbers()[:meshwire.KEPT]:
            if (lane, number) in self.sent:
                self.send_raw(self.sent[lane, number])

    # --- time ----------------------------------------------------------------------------------

    def work(self):
        """Handles what has arrived, and sends a status if it is time, or there is news."""
        self.take_all()
        now = time.monotonic()
        if not self.answers:
            return
        content = self.status_fields(), self.missing(), self.give_flag, self.others
        if now >= self.next_status or content != self.last_content and \
                now >= self.last_time + SOON:
            self.send_status()
            self.last_content, self.last_time, self.next_status = content, now, now + PERIOD

    def pump(self, seconds):
        wait_all([self], lambda: False, seconds)

    def wait(self, condition, seconds=5.0):
        return wait_all([self], condition, seconds)

    def meet(self, seconds=10.0):
        """Both sessions are established, and this side has all of the director's connections."""
        done = self.wait(lambda: self.in_sync and (self.asked or not self.answers), seconds)
        return tap.check(done, 'no session with the director: %s' % self.describe())

    def describe(self):
        return 'established %s, asked %s, has all %s, wants %d, missing %r, director\'s status %r, ' \
            'flags %r, ranges %r, damaged %r' % (
                self.established, self.asked, self.has_all, self.wants, self.missing(), self.status,
                self.statuses and self.statuses[-1].flags,
                self.statuses and self.statuses[-1].ranges, self.damaged[:3])

    def entries(self, cport=None, vport=None):
        """What the director has told of the connections with these ports, in order."""
        return [e for _, e in self.told if (cport is None or e.cport == cport) and
                (vport is None or e.vport == vport)]

    def close(self):
        self.sock.close()
        tap.equal(self.damaged, [], 'datagrams to %s that are not of the form' % self.address)


def newer(one, other):
    """Whether a time is later than another; the 32 bits wrap around."""
    return 0 < (one - other & 0xffffffff) < 1 << 31


def wait_all(peers, condition, seconds=5.0):
    """Lets these peers work until the condition holds."""
    end = time.monotonic() + seconds
    while True:
        for peer in peers:
            peer.work()
        value = condition()
        if value or time.monotonic() > end:
            return value
        select.select([peer.sock for peer in peers], [], [], 0.01)

