#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Lost messages of the mesh are repeated, or made good; and the states of the daemon."""

import random

from ipvstest import meshwire, tap
from ipvstest.mesh import ALONE, BEHIND, IN_SYNC, RESYNC, STARTING
from ipvstest.mesh_lab import GROUPS, key_set, lab_of
from ipvstest.meshpeer import Peer, wait_all
from ipvstest.meshwire import CHANGES_LANE, KEPT, MAX_RANGES, RESYNC_LANE, STATUS_LANE, WINDOW
from ipvstest.pkt import UDP
from ipvstest.settings import Knobs
from ipvstest.sync_lab import Service
from ipvstest.syncwire import Entry


class Losses:
    """Drops datagrams of some lanes when they arrive for the first time."""

    def __init__(self, wanted, seed=1):
        self.wanted, self.seen, self.lost = wanted, set(), []
        self.rng = random.Random(seed)

    def __call__(self, datagram):
        key = datagram.session, datagram.lane, datagram.number
        if key in self.seen or not self.wanted(datagram, self.rng):
            return False
        self.seen.add(key)
        self.lost.append(key)
        return True


@tap.step
def peers():
    """The peers of these tests agree with each other."""
    one = Peer(ns='server2', to='198.51.100.13')
    two = Peer(ns='server3', to='198.51.100.12', lane=9)
    both = [one, two]

    def entry(number, **more):
        return Entry(**{**dict(caddr='192.0.2.1', vaddr='192.0.2.2', daddr='192.0.2.3', cport=number,
                               vport=80, dport=80, state=1, timeout=900), **more})

    def agree(count, what):
        tap.check(wait_all(both, lambda: one.in_sync and two.in_sync and len(two.known) == count),
                  '%s: %d of %d; %s' % (what, len(two.known), count, two.describe()))

    for number in range(5):
        one.tell(entry(number))
    agree(5, 'resync')
    two.drops = Losses(lambda d, rng: d.lane and rng.random() < .4)
    for number in range(5, 60):
        one.tell(entry(number), lose=number % 7 == 0)
    agree(60, 'losses')
    one.oldest = one.tell(entry(60)) + 1
    one.given_up += 1
    agree(61, 'given up')
    tap.check(wait_all(both, lambda: len(two.resynced) >= 61), 'no second resync')
    tap.check(two.drops.lost, 'nothing was lost')
    one.restart()
    one.tell(entry(99), entry(98))
    agree(63, 'a new session')
    one.tell(entry(99, flags=meshwire.REMOVED))
    agree(62, 'removed')
    for peer in both:
        peer.close()


def same_again(lab, losses, what):
    """What the peer lost came again, byte for byte."""
    for key in losses.lost:
        copies = lab.peer.raw[key]
        tap.check(len(copies) > 1 and len(set(copies)) == 1, '%s: lane %d number %d came %d times, '
                  'in %d forms' % (what, key[1], key[2], len(copies), len(set(copies))))


def open_alone(lab, service):
    """A connection in a message of its own: those of 20 ms go together."""
    sport = lab.open(service)
    lab.peer.pump(0.025)
    return sport


@tap.step
def repeated(family):
    """Messages that the peer loses and names come again, those of resyncs too."""
    with lab_of(family, 5100) as lab:
        peer, service = lab.peer, Service(lab, 'nat', UDP)
        for what, wanted in (('one', lambda d, rng: d.lane == CHANGES_LANE and d.number % 10 == 3),
                             ('many', lambda d, rng: d.lane == CHANGES_LANE and rng.random() < .5),
                             ('all', lambda d, rng: d.lane == CHANGES_LANE)):
            peer.drops = Losses(wanted)
            sports = [open_alone(lab, service) for _ in range(40)]
            lab.marker()
            lab.must(lambda: peer.in_sync, what + ': not in sync')
            missing = [s for s in sports if not peer.entries(s, service.port)]
            tap.equal(missing, [], what + ': connections that the peer does not know')
            tap.check(peer.drops.lost, what + ': nothing was lost')
            same_again(lab, peer.drops, what)
        # a resync
        peer.restart()
        peer.drops = Losses(lambda d, rng: d.lane >= RESYNC_LANE and rng.random() < .5)
        lab.must(lambda: peer.in_sync and peer.asked, 'no resync', 20)
        tap.check(peer.drops.lost, 'resync: nothing was lost')
        same_again(lab, peer.drops, 'resync')
        known = {e.cport for _, e in peer.resynced if e.vport == service.port}
        tap.equal(len(known), 120, 'connections in the resync')
        tap.check(lab.must(lambda: lab.seen_by().lag == 0, 'messages are not confirmed'), 'lag')
        tap.check(lab.seen_by().resent >= len(peer.drops.lost), 'resent: %r' % lab.seen_by())


def last_ranges(peer, lane):
    """The missing numbers in the director's last status."""
    return [n for r in peer.statuses[-1].ranges if r.lane == lane for n in r.numbers()]


def first_time(peer):
    """What the peer sends in a resync is lost at the first time."""
    lost, send = set(), peer.send_raw

    def send_raw(raw, to=None):
        if raw[20] == peer.resync_lane and raw not in lost:
            lost.add(raw)
        else:
            send(raw, to)

    peer.send_raw = send_raw


@tap.step
def named(family):
    """Numbers that the director misses are in its status until they come; it is BEHIND."""
    with lab_of(family, 5200) as lab:
        peer, service, mesh = lab.peer, Service(lab), lab.mesh
        peer.repeats = False
        entries = [lab.another(service) for _ in range(20)]
        lose = (2, 3, 4, 7, 11, 13, 19)         # the last one is known by the status only
        numbers = [peer.tell(entry, lose=at in lose) for at, entry in enumerate(entries)]
        missing = [numbers[at] for at in lose]
        lab.must(lambda: last_ranges(peer, CHANGES_LANE) == missing, 'missing are not %r' % missing)
        tap.equal(len(peer.statuses[-1].ranges), 5, 'ranges')
        tap.equal(peer.status.received, missing[0] - 1, 'all are received up to')
        lab.until(BEHIND)
        for at, entry in enumerate(entries):
            tap.equal(lab.row(entry.cport, entry.vport) is None, at in lose, 'message %d is lost' % at)
        # some come, the others are named again
        for number in missing[:3]:
            peer.send_raw(peer.sent[CHANGES_LANE, number])
        lab.must(lambda: last_ranges(peer, CHANGES_LANE) == missing[3:], 'after three came')
        peer.repeats = True
        lab.until(IN_SYNC)
        lab.must(lambda: (peer.status.received, peer.statuses[-1].ranges) == (numbers[-1], []),
                 'at the end')
        for entry in entries:
            lab.becomes(entry, 'ESTABLISHED ' + lab.at.phantoms[0], 'port %d' % entry.cport)
        tap.equal((lab.seen_by().lost, lab.seen_by().resyncs), (0, 1), 'lost, resyncs')
        # more ranges than a status holds
        many = [lab.another(service) for _ in range(100)]
        peer.repeats = False
        for at, entry in enumerate(many):
            peer.tell(entry, lose=at % 2 == 0)
        lab.must(lambda: any(len(d.ranges) == MAX_RANGES for d in peer.statuses),
                 'never %d ranges' % MAX_RANGES)
        peer.repeats = True
        lab.must(lambda: all(lab.row(e.cport, e.vport) for e in many), 'some never come')
        lab.until(IN_SYNC)
        # of a resync
        peer.repeats = False
        first_time(peer)
        peer.given_up += 1
        lab.must(lambda: last_ranges(peer, RESYNC_LANE), 'lost messages of a resync are not named')
        lab.until(RESYNC)
        peer.repeats = True
        lab.must(lambda: lab.seen_by().resyncs == 2, 'the resync does not end')
        lab.until(IN_SYNC)
        tap.check(mesh.get().peers[0].got >= 120, 'entries of the resync: %r' % mesh.get())


@tap.step
def lost(family):
    """What the peer cannot repeat, or has given up, is made good by a full resync."""
    with lab_of(family, 5300) as lab:
        peer, service = lab.peer, Service(lab)
        resyncs, wants = 1, {peer.giving}
        for what in ('cannot be repeated', 'given up', 'both at once'):
            entry, later = lab.another(service), lab.another(service)
            if what != 'given up':
                peer.repeats = False
                peer.tell(entry, lose=True)
                number = peer.tell(later)
                peer.oldest = number
            else:
                peer.own[what] = entry
                peer.tell(later)
            if what != 'cannot be repeated':
                peer.given_up += 1
            lab.becomes(entry, 'ESTABLISHED ' + lab.at.phantoms[0], what)
            lab.becomes(later, 'ESTABLISHED ' + lab.at.phantoms[0], what + ', a later one')
            lab.until(IN_SYNC)
            resyncs += 1
            lab.must(lambda: lab.seen_by().resyncs >= resyncs, what + ': no resync')
            tap.check(peer.giving not in wants, what + ': the id of the resync is not new')
            wants.add(peer.giving)
            resyncs = lab.seen_by().resyncs
            peer.repeats = True
        tap.check(lab.seen_by().lost, 'nothing counts as lost: %r' % lab.seen_by())


@tap.step
def ours_lost():
    """The director cannot repeat more than the last 512 messages: a full resync instead."""
    with lab_of(4, 5400) as lab:
        peer, service = lab.peer, Service(lab, 'nat', UDP)
        peer.names = False
        peer.drops = Losses(lambda d, rng: d.lane == CHANGES_LANE)
        first, count = peer.changes.upto, KEPT + 200
        for _ in range(count):
            open_alone(lab, service)
        lab.must(lambda: peer.status.last > first + KEPT + 20, 'too few messages')
        tap.equal(peer.status.last - peer.status.oldest, KEPT - 1, 'messages that can be repeated')
        peer.drops, peer.names = Losses(lambda d, rng: False), True
        lab.must(lambda: peer.in_sync, 'no resync', 20)
        tap.check(lab.seen_by().given >= count, 'entries given: %r' % lab.seen_by())
        tap.equal(len({key[2] for key in peer.known if key[4] == service.port}), count,
                  'connections that the peer knows')
        lab.until(IN_SYNC)


def losing_entries(peer):
    """Only statuses arrive at the peer."""
    peer.drops = lambda datagram: not datagram.status


@tap.step
def other_key(family):
    """What was lost before all keys changed comes again, by the new key."""
    with lab_of(family, 5900) as lab:
        peer, service = lab.peer, Service(lab)
        for key, of_resync in ((2, False), (3, True)):
            losing_entries(peer)
            if of_resync:
                peer.want()
                lab.must(lambda: peer.status.gives == peer.wants and peer.resyncing.missing(),
                         'no resync')
            else:
                sport = lab.open(service)
                lab.must(lambda: peer.status.last > peer.changes.upto, 'no message')
            tap.equal(lab.mesh.set_keys(key_set(key)), 0, 'set keys')
            peer.keys, peer.key_id = key_set(key), key
            peer.drops = lambda datagram: False
            given = lab.seen_by().given
            lab.must(lambda: peer.in_sync, 'key %d: it does not come' % key, 10)
            tap.equal(lab.seen_by().given, given, 'entries of another resync')
        tap.check(peer.entries(sport, service.port), 'the change was not repeated')
        lab.until(IN_SYNC)


@tap.step
def moved(family):
    """A peer whose address changes goes on with its session, and gets everything once."""
    with lab_of(family, 5950, group=GROUPS[family]) as lab:
        old, service = lab.peer, Service(lab)
        sport = lab.open(service)
        lab.must(lambda: old.entries(sport, service.port), 'the first address does not hear')
        new = Peer(family, 'server3', lab.group)
        own = {name: getattr(new, name) for name in ('sock', 'address', 'director', 'to', 'source')}
        vars(new).update({**vars(old), **own})
        lab.peers, lab.peer = [new], new
        old.close()
        new.statuses, new.resynced = [], []
        lab.must(lambda: new.resynced and new.in_sync, 'no resync at the second address', 15)
        tap.check(sport in {e.cport for _, e in new.resynced}, 'the connection is missing')
        wanted = {d.status.gives for d in new.statuses}
        new.statuses = []
        new.pump(3)
        tap.check({d.status.gives for d in new.statuses} <= wanted | {0}, 'resyncs do not end')
        lab.until(IN_SYNC)


@tap.step
def giver():
    """A giver that comes in sync while it gives may have given too little, and is asked again."""
    with lab_of(4, 5980, meet=False) as lab:
        peer = lab.peer
        peer.gives = peer.others = False
        lab.must(lambda: peer.asked, 'it asks for nothing')
        peer.pump(1.5)
        peer.others = True
        peer.pump(1.5)
        tap.equal(lab.seen_by().resyncs, 0, 'resyncs before anything was given')
        peer.gives = True
        lab.must(lambda: lab.seen_by().resyncs == 2, 'it does not ask again: %r' % lab.seen_by(), 10)
        peer.pump(2)
        tap.equal(lab.seen_by().resyncs, 2, 'resyncs')
        lab.until(IN_SYNC)


@tap.step
def nobody():
    """In a group, a peer's status that is for nobody says nothing about what it has told and lost."""
    with lab_of(4, 5800, group=GROUPS[4]) as lab:
        peer, service, send = lab.peer, Service(lab), lab.peer.send_status

        def send_status(*args, **fields):
            raw = send(*args, **fields)
            peer.send_raw(peer.sealed(STATUS_LANE, meshwire.status()))
            return raw

        peer.send_status = send_status
        peer.given_up += 1
        lab.must(lambda: lab.seen_by().resyncs == 2, 'no second resync')
        entry = lab.another(service)
        peer.tell(entry, lose=True)
        lab.becomes(entry, 'ESTABLISHED ' + lab.at.phantoms[0], 'the last message was lost')
        peer.pump(2.5)
        here = lab.seen_by()
        tap.equal((here.resyncs, here.lost, here.in_sync), (2, 0, 1), 'peer: %r' % here)


@tap.step
def reordered():
    """Messages that come in another order, and twice, are accepted once, within the window."""
    with lab_of(4, 5500) as lab:
        peer, service = lab.peer, Service(lab)
        entries = [lab.another(service) for _ in range(60)]
        numbers = [peer.tell(entry, lose=True) for entry in entries]
        order = numbers * 2
        random.Random(7).shuffle(order)
        for number in order:
            peer.send_raw(peer.sent[CHANGES_LANE, number])
        lab.must(lambda: all(lab.row(e.cport, e.vport) for e in entries), 'some are missing')
        lab.until(IN_SYNC)
        tap.equal(peer.status.received, numbers[-1], 'received')
        # what is too far below the highest number
        peer.gives = peer.repeats = False
        too_old, old = lab.another(service), lab.another(service)
        numbers = []
        for entry, jump in ((too_old, 100), (old, WINDOW - 50)):
            numbers.append(peer.send_in(CHANGES_LANE, meshwire.changes(peer.stamped([entry])),
                                        lose=True))
            peer.numbers[CHANGES_LANE] += jump
        lab.told_marker()
        peer.send_raw(peer.sent[CHANGES_LANE, numbers[1]])
        lab.becomes(old, 'ESTABLISHED ' + lab.at.phantoms[0], 'late, but within the window')
        peer.send_raw(peer.sent[CHANGES_LANE, numbers[0]])
        lab.stays(too_old, None, 'more than 2048 below the highest number')


@tap.step
def slowly():
    """sync_resync_rate limits a resync; at most 512 messages are not confirmed."""
    with lab_of(4, 5600, meet=False, start=False) as lab:
        peer, service = lab.peer, Service(lab, 'nat', UDP)
        for _ in range(300):
            lab.open(service)
        with Knobs(sync_resync_rate=200) as knobs:
            tap.equal(knobs.get('sync_resync_rate'), '200', 'sync_resync_rate')
            lab.start()
            lab.must(lambda: len(peer.resynced) > 20, 'no resync')
            tap.check(not peer.has_all, 'the resync is over at once')
            # meanwhile traffic is told
            sport = lab.open(service)
            lab.must(lambda: peer.entries(sport, service.port), 'no changes during a resync')
            lab.must(lambda: peer.in_sync, 'the resync does not end', 10)
        tap.check(len({e.cport for _, e in peer.resynced}) >= 300, 'connections in the resync')


@tap.step
def states():
    """STARTING, ALONE, RESYNC, BEHIND and IN_SYNC, with two peers."""
    with lab_of(4, 5700, meet=False, start=False, hosts=('server2', 'server3')) as lab:
        one, two = lab.peers
        mesh, service = lab.mesh, Service(lab)
        tap.equal(mesh.get(), None, 'before the start')
        for peer in lab.peers:
            peer.answers = False
        lab.start()
        tap.equal(mesh.state, STARTING, 'state after the start')
        tap.equal([p.state in (STARTING, ALONE) for p in mesh.get().peers], [True] * 2, 'peers')
        tap.equal([p.address for p in mesh.get().peers], lab.addresses, 'addresses of peers')
        lab.until(ALONE, 5)
        one.answers, one.gives = True, False
        lab.until(RESYNC)
        tap.equal(lab.seen_by(one).state, RESYNC, 'state of a peer that gives nothing')
        one.gives = True
        one.next_status = 0
        lab.until(IN_SYNC)
        tap.equal((lab.seen_by(one).state, lab.seen_by(two).state), (IN_SYNC, ALONE),
                  'one peer answers')
        two.answers = True
        two.repeats = False
        lab.must(lambda: lab.seen_by(two).state == IN_SYNC, 'the second peer')
        two.tell(lab.another(service), lose=True)
        two.tell(lab.another(service))
        lab.must(lambda: lab.seen_by(two).state == BEHIND, 'the second peer loses a message')
        tap.equal(mesh.state, BEHIND, 'state')
        two.repeats = True
        lab.until(IN_SYNC)
        tap.equal([lab.seen_by(peer).state for peer in lab.peers], [IN_SYNC] * 2, 'both')
        # one falls silent, then the other
        one.answers = False
        lab.must(lambda: lab.seen_by(one).state == ALONE, 'a silent peer', 6)
        tap.check(lab.seen_by(one).heard >= 2900, 'heard: %r' % lab.seen_by(one))
        tap.equal(mesh.state, IN_SYNC, 'state, as the other one answers')
        two.answers = False
        lab.until(ALONE, 6)
        for peer in lab.peers:
            peer.answers = True
        lab.until(IN_SYNC)


tap.main()
