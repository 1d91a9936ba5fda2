#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Recordings of earlier sessions of the mesh, strangers, and authentic messages without sense. SEED=N
repeats a run, MESSAGES=N makes it longer."""

import os
import random

from ipvstest import meshwire, tap
from ipvstest.mesh import IN_SYNC
from ipvstest.mesh_lab import GROUPS
from ipvstest.mesh_prey import prey_of
from ipvstest.meshpeer import KEYS, Peer, wait_all
from ipvstest.meshwire import (CHANGES_LANE, HEARSAY, NO_SESSION, REMOVED, RESYNC_LANE, STATUS_LANE,
                               Range)
from ipvstest.pkt import SCTP, TCP, UDP
from ipvstest.syncwire import (IN_SEQ, NO_CPORT, ONE_PACKET, PE_DATA, PE_NAME, SEQ_DATA, TEMPLATE,
                               sequence)


class Recording:
    """All datagrams that a peer sends from now on."""

    def __init__(self, peer):
        self.sent, self.send = [], peer.send_raw

        def send_raw(raw, to=None):
            self.sent.append(raw)
            self.send(raw, to)
        peer.send_raw = send_raw

    def play(self, count=None):
        for raw in self.sent[:count]:
            self.send(raw)


def record_session(prey):
    """A whole session with changes and a resync, of which only the recording remains."""
    lab, peer = prey.lab, prey.peer
    recording = Recording(peer)
    peer.restart()
    first, second = prey.bait(), prey.bait()
    peer.own[1] = first
    lab.meet()
    peer.tell(second)
    for entry in (first, second):
        lab.becomes(entry, 'ESTABLISHED ' + lab.at.phantoms[0], 'in the recorded session')
    count = len(recording.sent)
    for entry in (first, second):
        peer.own.pop(1, None)
        gone = lab.entry(prey.service, cport=entry.cport, flags=REMOVED)
        peer.tell(gone)
        lab.becomes(entry, None, 'removed')
    return recording, count


@tap.step
def recorded():
    """A session is replayed to a daemon that was started anew."""
    with prey_of(4, 6200) as prey:
        lab, peer = prey.lab, prey.peer
        recording, count = record_session(prey)
        peer.restart()
        before = prey.ports()
        peer.answers = False
        lab.mesh.stop()
        lab.start()
        # nobody else is there
        recording.play(count)
        lab.must(lambda: len(peer.statuses) > 1, 'no status')
        tap.equal((prey.ports(), peer.asked), (before, False), 'the recording makes a session')
        peer.answers = True
        lab.meet()
        with prey.attack('session', 'a recorded session'):
            recording.play(count)
        prey.still('recorded')
        tap.equal(lab.seen_by().resyncs, 1, 'resyncs')


@tap.step
def old_sessions():
    """The same daemon, and a peer that was started anew: the older session stays dead."""
    with prey_of(4, 6250) as prey:
        peer = prey.peer
        recording, count = record_session(prey)
        peer.restart()
        prey.lab.meet()
        resyncs = prey.lab.seen_by().resyncs
        for again in range(3):
            with prey.attack('session', 'the older session'):
                recording.play(count)
            prey.still('round %d' % again)
        tap.equal(prey.lab.seen_by().resyncs, resyncs, 'resyncs')
        tap.check(not any(d.status.peer != peer.session and d.status.wants for d in
                          peer.statuses[-20:]), 'a resync is wanted from the older session')


def fake_status(peer, session, number=1, **fields):
    """A status of another session from the peer's address."""
    given = dict(peer=peer.theirs, challenge=5, **fields)
    peer.send_raw(peer.sealed(STATUS_LANE, meshwire.status(**given), number, session))


@tap.step
def challenges():
    """An echo establishes one session, and no other."""
    with prey_of(4, 6300) as prey:
        lab, peer = prey.lab, prey.peer
        used = peer.status.challenge
        peer.restart()
        lab.meet()
        fake = os.urandom(16)
        with prey.attack('challenge', 'a used echo', counted=False):
            fake_status(peer, fake, echo=used, wants=7)
            peer.send_raw(peer.sealed(CHANGES_LANE, prey.changes(), 1, fake))
            lab.must(lambda: any(d.status.peer == fake for d in peer.statuses), 'it is not answered')
        tap.check(not any(d.status.peer == fake and d.status.wants for d in peer.statuses),
                  'a used echo establishes a session')
        prey.still('challenges')
        # the right one, once: the good session has to begin anew
        fake = os.urandom(16)
        peer.answers = False
        fake_status(peer, fake, echo=peer.status.challenge)
        lab.must(lambda: any(d.status.peer == fake and d.status.wants for d in peer.statuses),
                 'the right echo does not establish a session')
        with prey.attack('session', 'of the replaced session', counted=False):
            peer.send_in(CHANGES_LANE, prey.changes())
            peer.answers = True
            peer.restart()
            lab.meet()
        prey.still('the good session again')


@tap.step
def flood():
    """Authentic statuses of many sessions from the peer's address."""
    with prey_of(4, 6350) as prey:
        peer = prey.peer
        for echo, whom in ((0, NO_SESSION), (1, peer.theirs), (0, peer.session)):
            with prey.attack('challenge', 'statuses of many sessions', counted=False):
                for number in range(1000):
                    peer.send_raw(peer.sealed(STATUS_LANE, meshwire.status(
                        peer=whom, echo=echo, challenge=number, wants=number), 1, os.urandom(16)))
                    if number % 50 == 0:
                        peer.pump(0)
        prey.still('flood')
        tap.equal(prey.lab.seen_by().resyncs, 1, 'resyncs')
        tap.equal(len(prey.lab.mesh.get().peers), 1, 'peers')


@tap.step
def resyncs():
    """Resyncs for another session, with another id, or in another lane than before."""
    with prey_of(4, 6400) as prey:
        peer = prey.peer
        done = peer.giving
        for what, cause, session, number in (
                ('another session', 'session', os.urandom(16), done),
                ('no session', 'session', NO_SESSION, done),
                ('the own session', 'session', peer.session, done),
                ('an unknown id', 'resync', peer.theirs, done ^ 1),
                ('id 0', 'resync', peer.theirs, 0)):
            with prey.attack(cause, 'a resync with ' + what):
                peer.send_in(peer.resync_lane, meshwire.resync(session, number, [(1, prey.bait())]))
        # an id of the past
        prey.anew('another session')
        done = peer.giving
        peer.given_up += 1
        prey.lab.must(lambda: peer.giving != done, 'no second resync is wanted')
        prey.still('second resync')
        with prey.attack('resync', 'an id of the past'):
            peer.send_in(peer.resync_lane, meshwire.resync(peer.theirs, done, [(1, prey.bait())]))
        prey.anew('resyncs')


SEQ, NAME, DATA = (SEQ_DATA, sequence((1, 2, 3, 4, 5, 6))), (PE_NAME, b'sip'), (PE_DATA, b'one@here')
# fields that no connection has; those of sync_backup that Weir refuses
REFUSED = [('TCP state %d' % n, dict(state=n)) for n in (11, 99, 256, 257, 65535)] + [
    ('UDP state %d' % n, dict(proto=UDP, state=n)) for n in (1, 256, 65535)] + [
    ('SCTP state %d' % n, dict(proto=SCTP, state=n)) for n in (14, 99, 65535)] + [
    ('protocol %d' % n, dict(proto=n, state=0)) for n in (0, 1, 4, 50, 51, 58, 99, 255)] + [
    ('template state %d' % n, dict(flags=TEMPLATE, cport=0, state=n)) for n in (2, 3, 65535)] + [
    ('template of protocol %d' % n, dict(flags=TEMPLATE, cport=0, state=0, proto=n))
    for n in (1, 50, 255)] + [
    ('method %d' % n, dict(flags=n)) for n in (5, 6, 7)] + [
    ('flags %#x' % n, dict(flags=n)) for n in (
        ONE_PACKET, NO_CPORT, TEMPLATE, TEMPLATE | NO_CPORT, TEMPLATE | ONE_PACKET,
        0xffffffff & ~REMOVED, 0xffffffff)] + [
    ('SEQ_DATA of 23 bytes', dict(options=[(SEQ_DATA, bytes(23))])),
    ('SEQ_DATA twice', dict(options=[SEQ, SEQ], flags=IN_SEQ)),
    ('an unknown option', dict(options=[(4, b'abc')])), ('option 0', dict(options=[(0, b'abc')])),
    ('an option without data', dict(options=[(SEQ_DATA, b'')])),
    ('PE_DATA alone', dict(options=[DATA])), ('a name twice', dict(options=[DATA, NAME, NAME])),
    ('an unknown engine', dict(options=[DATA, (PE_NAME, b'x')])),
    ('a name of 17 bytes', dict(options=[DATA, (PE_NAME, b'x' * 17)])),
    ('removed and hearsay', dict(flags=REMOVED | HEARSAY)),
    ('removed, one packet', dict(flags=REMOVED | ONE_PACKET)),
    ('removed, unknown protocol', dict(flags=REMOVED, proto=99))]


@tap.step
def entries(family):
    """Authentic entries that no packets could have made; the good ones beside them count."""
    with prey_of(family, 6450) as prey:
        lab, peer = prey.lab, prey.peer
        size = 36 if family == 4 else 72
        for what, fields in REFUSED:
            with prey.attack('entry', what, counted='removed' not in what):
                peer.tell(prey.bait(**fields))
            peer.own.clear()
        for what, change in (
                ('too small', dict(size=size - 1)), ('of size 0', dict(size=0)),
                ('of size 24', dict(size=24)), ('of size 4095', dict(size=4095)),
                ('of version 1', dict(version=1)), ('of version 15', dict(version=15)),
                ('of type 2', dict(kind=2)), ('of type 0x80', dict(kind=0x80)),
                ('of the other family', dict(kind=int(family == 4)))):
            with prey.attack('entry', 'entry ' + what):
                peer.send_in(CHANGES_LANE, meshwire.changes([(1, prey.bait().v1(**change))]))
        for what, count in (('two entries', 2), ('65535 entries', 65535)):
            with prey.attack('count', what + ' that are not there', counted=False):
                peer.send_in(CHANGES_LANE, meshwire.changes([(1, lab.another(
                    lab.marker_service))], count=count))
        # beside good ones
        good = [prey.bait(), prey.bait()]
        peer.tell(good[0], prey.bait(proto=99), good[1])
        for entry in good:
            lab.becomes(entry, 'ESTABLISHED ' + lab.at.phantoms[0], 'beside a bad one')
        prey.anew('entries')


@tap.step
def strangers(family):
    """Another address has the key; in a group, another member has none."""
    with prey_of(family, 6500) as prey:
        lab = prey.lab
        stranger = Peer(family, 'server3')
        stranger.theirs, stranger.seen, stranger.echo = prey.peer.theirs, prey.peer.theirs, \
            prey.peer.echo
        with prey.attack('stranger', 'an address that is not a peer\'s'):
            for _ in range(5):
                stranger.send_status(wants=7)
                stranger.tell(prey.bait())
                # a message of the good peer from another address
                stranger.send_raw(prey.peer.sealed(
                    CHANGES_LANE, prey.changes(), prey.peer.numbers[CHANGES_LANE] + 1))
            wait_all([stranger, prey.peer], lambda: stranger.statuses, 0.5)
        tap.equal(len(stranger.statuses), 0, 'answers to a stranger')
        stranger.close()
        prey.still('strangers')
        tap.equal(len(lab.mesh.get().peers), 1, 'peers')
    with prey_of(family, 6550, group=GROUPS[family]) as prey:
        stranger = Peer(family, 'server3', GROUPS[family], keys={1: KEYS[2]})
        with prey.attack('forged', 'a member without the key'):
            for _ in range(5):
                stranger.send_status()
                stranger.tell(prey.bait())
        # it cannot read anything
        stranger.take_all()
        tap.check(not stranger.statuses, 'read without the key')
        stranger.damaged.clear()
        stranger.close()
        tap.equal(len(prey.lab.mesh.get().peers), 1, 'peers')


def random_payload(prey, rng):
    """(lane, payload), most of them damaged."""
    peer = prey.peer
    entry = [(rng.getrandbits(32), prey.bait(timeout=rng.choice((1, 2)), state=rng.randrange(12),
                                             proto=rng.choice((TCP, UDP, SCTP)), flags=rng.choice(
                                                 (0, 0, REMOVED, HEARSAY, rng.getrandbits(32)))))
             for _ in range(rng.choice((1, 1, 3, 10)))]
    lane, payload = rng.choice((
        lambda: (CHANGES_LANE, meshwire.changes(entry)),
        lambda: (RESYNC_LANE, meshwire.resync(peer.theirs, peer.giving, entry)),
        lambda: (STATUS_LANE, peer.status_payload(
            flags=rng.choice((0, 2, 4, 6)), ranges=[Range(rng.randrange(4), rng.getrandbits(
                rng.choice((4, 64))), rng.getrandbits(rng.choice((4, 32))))]))))()
    raw = bytearray(payload)
    for _ in range(rng.choice((0, 1, 1, 2, 5))):
        at = rng.randrange(min(len(raw), rng.choice((4, 32, 100, 1000)))) if raw else 0
        rng.choice((lambda: raw.__setitem__(slice(at, at + 1), rng.randbytes(1)),
                    lambda: raw.__delitem__(slice(at, at + rng.choice((1, 4, 36)))),
                    lambda: raw.__setitem__(slice(at, at), rng.randbytes(rng.choice((1, 4, 16))))))()
    if rng.random() < .1:
        lane = rng.randrange(256)
    return lane, bytes(raw)


@tap.step
def random_messages():
    """Random payloads, authentic: the peer is malicious. Then it comes again, and is good."""
    seed = int(os.environ.get('SEED') or random.randrange(1 << 30))
    tap.note('SEED=%d' % seed)
    rng = random.Random(seed)
    with prey_of(4, 6600) as prey:
        lab, peer = prey.lab, prey.peer
        for number in range(int(os.environ.get('MESSAGES', 3000))):
            lane, payload = random_payload(prey, rng)
            if rng.random() < .02:
                peer.sent.clear()
                peer.restart()
                lab.wait(lambda: peer.asked, 2)
            peer.send_in(lane, payload)
            lab.sport = 1000 + number % 100
            if number % 50 == 0:
                peer.pump(0)
        peer.restart()
        lab.meet()
        lab.told_marker()
        lab.marker()
        tap.equal(lab.mesh.stop(), 0, 'stop')
        lab.start()
        lab.meet()
        lab.until(IN_SYNC)


tap.main()
