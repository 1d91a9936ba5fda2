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
        with prey.attack('recording', 'a recorded session'):
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
            with prey.attack('stranger', 'the older session'):
                recording.play(count)
            prey.still('round %d' % again)
        tap.equal(prey.lab.seen_by().resyncs, resyncs, 'resyncs')
        tap.check(not any(d.status.peer != peer.session and d.status.wants for d in
                          peer.statuses[-20:]), 'a resync is wanted from the older session')


def fake_status(peer, session, number=1, **fields):
    """A status of another session from the peer's address."""
    given = dict(peer=peer.theirs, challenge=5, **fields)
    peer.send_raw(peer.sealed(STATUS_LANE, meshwire.status(**given), number, session))


def answers_to(peer, session, since=0):
    """The director's statuses for a session."""
    return [d.status for d in peer.statuses[since:] if d.status.peer == session]


def challenge_to(prey, session):
    """What a session that asks has to return."""
    since = len(prey.peer.statuses)
    fake_status(prey.peer, session)
    prey.lab.must(lambda: answers_to(prey.peer, session, since), 'a session is not answered')
    answer = answers_to(prey.peer, session, since)[0]
    tap.equal((answer.echo, answer.wants, answer.gives), (5, 0, 0), 'the answer to a session')
    tap.check(answer.challenge, 'the challenge to a session is 0')
    return answer.challenge


def establishes(prey, session, echo, what):
    """Whether this echo establishes a session, as its status and a change say."""
    peer, since, bait = prey.peer, len(prey.peer.statuses), prey.bait()
    fake_status(peer, session, 2, echo=echo, wants=7)
    prey.lab.must(lambda: answers_to(peer, session, since), what + ': no answer')
    peer.send_raw(peer.sealed(CHANGES_LANE, prey.changes(bait), 1, session))
    peer.pump(0.3)
    wants = any(answer.wants for answer in answers_to(peer, session, since))
    tap.equal(bool(prey.lab.row(bait.cport, bait.vport)), wants, what + ': a change is accepted')
    return wants


@tap.step
def challenges():
    """An echo establishes one session, once, and no other."""
    with prey_of(4, 6300) as prey:
        lab, peer = prey.lab, prey.peer
        one, two, three = (os.urandom(16) for _ in range(3))
        first, second, current = challenge_to(prey, one), challenge_to(prey, two), \
            answers_to(peer, peer.session)[-1].challenge
        tap.equal(len({first, second, current}), 3, 'different challenges to three sessions')
        tap.equal(challenge_to(prey, one), first, 'the challenge to a session that asks again')
        for what, session, echo in (
                ('the challenge to another session', three, first),
                ('the challenge to another session that asked', two, first),
                ('the challenge to the good session', one, current)):
            with prey.attack('stranger', what):
                tap.check(not establishes(prey, session, echo, what), what + ' establishes a session')
        prey.still('challenges')
        tap.equal(lab.seen_by().resyncs, 1, 'resyncs')
        # the right one: the good session has to begin anew
        peer.answers = False
        tap.check(establishes(prey, one, first, 'the right echo'),
                  'the right echo does not establish a session')
        with prey.attack('stranger', 'the replaced session'):
            peer.send_in(CHANGES_LANE, prey.changes())
            peer.pump(0.3)
            peer.answers = True
            peer.restart()
            lab.meet()
        for what, session, echo in (('a used challenge', one, first),
                                    ('a challenge from before another session', two, second)):
            with prey.attack('stranger', what):
                tap.check(not establishes(prey, session, echo, what), what + ' establishes a session')
        prey.still('the good session again')


@tap.step
def flood():
    """Authentic statuses of many sessions from the peer's address."""
    with prey_of(4, 6350) as prey:
        peer = prey.peer
        for echo, whom in ((0, NO_SESSION), (1, peer.theirs), (0, peer.session)):
            with prey.attack('challenge', 'statuses of many sessions'):
                for number in range(1000):
                    peer.send_raw(peer.sealed(STATUS_LANE, meshwire.status(
                        peer=whom, echo=echo, challenge=number, wants=number), 1, os.urandom(16)))
                    if number % 50 == 0:
                        peer.pump(0)
        prey.still('flood')
        tap.equal(prey.lab.seen_by().resyncs, 1, 'resyncs')
        tap.equal(len(prey.lab.mesh.get().peers), 1, 'peers')


@tap.step
def starved():
    """Statuses of an earlier session, again and again, do not keep the peer's next one out."""
    with prey_of(4, 6850) as prey:
        lab, peer = prey.lab, prey.peer
        recording = Recording(peer)
        peer.pump(2)
        old = [raw for raw in recording.sent if raw[20] == STATUS_LANE][-10:]
        peer.restart()
        lab.meet()
        peer.restart()

        def met():
            for raw in old:
                recording.send(raw)
            return peer.in_sync and peer.asked

        lab.must(met, 'the next session is not established', 8)


@tap.step
def resyncs():
    """Resyncs for another session, with another id, or in another lane than before."""
    with prey_of(4, 6400) as prey:
        peer = prey.peer

        def unwanted(what, number):
            """It is confirmed, and its entries are not used."""
            with prey.attack('unused', 'a resync with ' + what):
                last = peer.send_in(peer.resync_lane, meshwire.resync(
                    peer.theirs, number, [(1, prey.bait())]))
                prey.lab.must(lambda: peer.status.resync_received == last, what + ': not confirmed')

        done = peer.giving
        unwanted('the id of the last one', done)
        unwanted('an unknown id', done ^ 1)
        unwanted('id 0', 0)
        peer.given_up += 1
        prey.lab.must(lambda: peer.giving != done, 'no second resync is wanted')
        prey.still('second resync')
        unwanted('an id of the past', done)
        for what, session in (('another session', os.urandom(16)), ('no session', NO_SESSION),
                              ('the own session', peer.session)):
            with prey.attack('resync', 'a resync for ' + what):
                peer.send_in(peer.resync_lane, meshwire.resync(session, done, [(1, prey.bait())]))
        prey.anew('resyncs')


SEQ, NAME, DATA = (SEQ_DATA, sequence((1, 2, 3, 4, 5, 6))), (PE_NAME, b'sip'), (PE_DATA, b'one@here')
# fields that no connection has; those of sync_backup that Weir refuses
REFUSED = {
    'protocol': [('TCP state %d' % n, dict(state=n)) for n in (11, 99, 256, 257, 65535)] + [
        ('UDP state %d' % n, dict(proto=UDP, state=n)) for n in (1, 256, 65535)] + [
        ('SCTP state %d' % n, dict(proto=SCTP, state=n)) for n in (14, 99, 65535)] + [
        ('protocol %d' % n, dict(proto=n, state=0)) for n in (0, 1, 4, 50, 51, 58, 99, 255)] + [
        ('template state %d' % n, dict(flags=TEMPLATE, cport=0, state=n)) for n in (2, 3, 65535)] + [
        ('template of protocol %d' % n, dict(flags=TEMPLATE, cport=0, state=0, proto=n))
        for n in (1, 50, 255)] + [
        ('removed, unknown protocol', dict(flags=REMOVED, proto=99))],
    'flags': [('method %d' % n, dict(flags=n)) for n in (5, 6, 7)] + [
        ('flags %#x' % n, dict(flags=n)) for n in (
            ONE_PACKET, NO_CPORT, TEMPLATE, TEMPLATE | NO_CPORT, TEMPLATE | ONE_PACKET,
            0xffffffff & ~REMOVED, 0xffffffff, REMOVED | ONE_PACKET)],
    'option': [
        ('SEQ_DATA of 23 bytes', dict(options=[(SEQ_DATA, bytes(23))])),
        ('SEQ_DATA twice', dict(options=[SEQ, SEQ], flags=IN_SEQ)),
        ('a name twice', dict(options=[DATA, NAME, NAME])),
        ('a name of 17 bytes', dict(options=[DATA, (PE_NAME, b'x' * 17)]))],
    'unknown option': [
        ('an unknown option', dict(options=[(4, b'abc')])), ('option 0', dict(options=[(0, b'abc')]))],
    'entry': [('an option without data', dict(options=[(SEQ_DATA, b'')]))],
    'engine': [
        ('PE_DATA alone', dict(options=[DATA])),
        ('an unknown engine', dict(options=[DATA, (PE_NAME, b'x')]))],
    # of what there is not
    'ignored': [('removed', dict(flags=REMOVED)), ('removed and hearsay', dict(flags=REMOVED | HEARSAY))]}


@tap.step
def entries(family):
    """Authentic entries that no packets could have made; the good ones beside them count."""
    with prey_of(family, 6450) as prey:
        lab, peer = prey.lab, prey.peer
        size = 36 if family == 4 else 72
        for cause, rows in REFUSED.items():
            for what, fields in rows:
                with prey.attack(cause, what):
                    peer.tell(prey.bait(**fields))
                peer.own.clear()
        for what, cause, change in (
                ('too small', 'entry', dict(size=size - 1)), ('of size 0', 'entry', dict(size=0)),
                ('of size 24', 'entry', dict(size=24)), ('of size 4095', 'entry', dict(size=4095)),
                ('of version 1', 'form', dict(version=1)), ('of version 15', 'form', dict(version=15)),
                ('of type 2', 'form', dict(kind=2)), ('of type 0x80', 'form', dict(kind=0x80)),
                ('of the other family', 'entry', dict(kind=int(family == 4)))):
            with prey.attack(cause, 'entry ' + what):
                peer.send_in(CHANGES_LANE, meshwire.changes([(1, prey.bait().v1(**change))]))
        for what, count in (('two entries', 2), ('65535 entries', 65535)):
            with prey.attack('entry', what + ' that are not there'):
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
        prey.peer.strangers.add(stranger.address)
        with prey.attack('outsider', 'a member without the key'):
            for _ in range(5):
                stranger.send_status()
                stranger.tell(prey.bait())
        # it cannot read anything
        stranger.take_all()
        tap.check(not stranger.statuses and stranger.damaged and all(
            'Forged' in what for what in stranger.damaged), 'read without the key')
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
