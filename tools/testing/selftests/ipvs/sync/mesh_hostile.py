#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Datagrams to the mesh daemon that it must not believe: forged, damaged, sent again, or authentic
and absurd. After each kind it works with its good peer, no connection has appeared, and the counters
of the cause have moved, no others (lib/ipvstest/mesh_prey.py)."""

from ipvstest import meshwire, tap
from ipvstest.mesh_prey import prey_of
from ipvstest.meshpeer import KEYS
from ipvstest.meshwire import (CHANGES_LANE, REMOVED, RESYNC, RESYNC_LANE, STATUS, STATUS_LANE,
                               Range)


def flipped(raw, at, bit=0):
    return raw[:at] + bytes([raw[at] ^ 1 << bit]) + raw[at + 1:]


def gives(peer, wanted, since=0):
    """Whether the director gave the resync of this id in a status since then: a small one is over
    soon."""
    return any(d.status.gives == wanted for d in peer.statuses[since:])


@tap.step
def forged(family):
    """Another key; one bit changed anywhere."""
    with prey_of(family, 5900) as prey:
        peer = prey.peer
        with prey.attack('forged', 'another key'):
            raw = meshwire.seal(meshwire.header(peer.session, CHANGES_LANE, 99), prey.changes(),
                                bytes(32))
            peer.send_raw(raw)
        with prey.attack('key', 'an unknown key id'):
            for key_id in (0, 2, 255):
                peer.send_raw(meshwire.seal(meshwire.header(
                    peer.session, CHANGES_LANE, 99, key_id=key_id), prey.changes(), KEYS[1]))
        # a number that no other message of this test has, also not with one bit changed
        good = peer.sealed(CHANGES_LANE, prey.changes(), peer.numbers[CHANGES_LANE] + 1000)
        causes = {0: 'magic', 1: 'version', 2: 'sync id', 3: 'key',
                  **dict.fromkeys(range(4, 20), 'stranger')}
        for at in range(meshwire.HEAD):
            with prey.attack(causes.get(at, 'forged'), 'header byte %d' % at):
                for bit in (0, 7):
                    peer.send_raw(flipped(good, at, bit))
        rest = range(meshwire.HEAD, len(good))
        with prey.attack('forged', 'payload and tag'):
            for at in rest:
                peer.send_raw(flipped(good, at, at % 8))
        status = peer.sealed(STATUS_LANE, peer.status_payload(wants=77))
        with prey.attack('any header', 'a status'):
            for at in range(len(status)):
                peer.send_raw(flipped(status, at, at % 8))
        tap.check(not gives(peer, 77), 'a forged status is believed')
        prey.still('forged')
        tap.equal(prey.lab.seen_by().resyncs, 1, 'resyncs')


@tap.step
def sizes(family):
    """Truncated at every length, and longer than any message."""
    with prey_of(family, 5950) as prey:
        peer = prey.peer
        messages = (('changes', peer.sealed(CHANGES_LANE, prey.changes(), 5000)),
                    ('a status', peer.sealed(STATUS_LANE, peer.status_payload(wants=77))),
                    ('a resync', peer.sealed(RESYNC_LANE, meshwire.resync(
                        peer.theirs, peer.giving, [(1, prey.bait())]), 5000)))
        for what, raw in messages:
            with prey.attack('truncated', 'truncated ' + what):
                for size in range(len(raw)):
                    peer.send_raw(raw[:size])
            for more in (1, 16, 1000, 60000):
                # a status has a maximum length
                cause = 'size' if what == 'a status' and more >= 1000 else 'forged'
                with prey.attack(cause, '%s with %d more bytes' % (what, more)):
                    peer.send_raw(raw + bytes(more))
        # truncated, and sealed again: the form is checked, too. Of a resync only while it is wanted
        peer.gives = peer.repeats = False
        peer.given_up += 1
        prey.lab.must(lambda: peer.status.wants not in (0, peer.giving), 'no second resync is wanted')
        for what, cause, lane, payload in (
                ('changes', 'length', CHANGES_LANE, prey.changes()),
                ('a status', 'status', STATUS_LANE, peer.status_payload(
                    wants=77, ranges=[Range(CHANGES_LANE, 1, 1)])),
                ('a resync', 'length', RESYNC_LANE, meshwire.resync(
                    peer.theirs, peer.status.wants, [(1, prey.bait())]))):
            with prey.attack(cause, 'authentic %s of every length' % what):
                for size in range(len(payload)):
                    peer.send_in(lane, payload[:size])
            tap.check(not gives(peer, 77), 'a truncated status is believed')
        with prey.attack('ignored', 'bytes behind the entries'):
            peer.send_in(CHANGES_LANE, meshwire.changes([(1, prey.bait())], count=0))
        with prey.attack('status', 'bytes behind the ranges'):
            peer.send_in(STATUS_LANE, peer.status_payload(wants=77) + bytes(16))
        peer.gives = peer.repeats = True
        prey.anew('sizes')


@tap.step
def replayed(family):
    """Each message is accepted once."""
    with prey_of(family, 6000) as prey:
        lab, peer, first = prey.lab, prey.peer, prey.lab.at.phantoms[0]
        entry = prey.bait()
        old = peer.sent[CHANGES_LANE, peer.tell(entry)]
        lab.becomes(entry, 'ESTABLISHED ' + first, 'told')
        # no time that would make the old message stale: of another connection state
        entry.state = 4
        peer.tell(entry)
        lab.becomes(entry, 'FIN_WAIT ' + first, 'a change')
        removal = lab.entry(prey.service, cport=entry.cport, flags=REMOVED)
        peer.tell(removal)
        lab.becomes(entry, None, 'removed')
        with prey.attack('replayed', 'an old message'):
            for _ in range(20):
                peer.send_raw(old)
        peer.want()
        wants, count = peer.wants, len(peer.statuses)
        status = peer.send_status()
        lab.must(lambda: gives(peer, wants, count), 'no resync of this id')
        lab.must(lambda: peer.in_sync, 'the resync does not end')
        peer.want()
        lab.must(lambda: peer.in_sync, 'no second resync')
        count = len(peer.statuses)
        with prey.attack('replayed', 'an old status'):
            peer.send_raw(status)
            lab.must(lambda: len(peer.statuses) > count + 2, 'no status')
        tap.check(not gives(peer, wants, count), 'a resync for a status of the past')
        prey.still('replayed')


@tap.step
def headers(family):
    """Authentic, but of no known magic, version, sync id, lane, type, number."""
    with prey_of(family, 6050, syncid=7) as prey:
        peer = prey.peer
        at = peer.numbers[CHANGES_LANE] + 1
        rows = [('magic', 'magic %#x' % magic, dict(magic=magic)) for magic in (0, 0x56, 0xff)]
        rows += [('version', 'version %d' % v, dict(version=v)) for v in (0, 1, 3, 255)]
        rows += [('sync id', 'sync id %d' % s, dict(syncid=s)) for s in (0, 6, 8, 255)]
        for cause, what, head in rows:
            with prey.attack(cause, what):
                peer.send_raw(peer.sealed(CHANGES_LANE, prey.changes(), at, **head))
        for lane in (STATUS_LANE, RESYNC_LANE, 17, 18, 127, 255):
            with prey.attack('lane' if lane else 'status', 'changes in lane %d' % lane):
                peer.send_raw(peer.sealed(lane, prey.changes(), at + 100))
        resync = meshwire.resync(peer.theirs, peer.giving, [(1, prey.bait())])
        for lane in (STATUS_LANE, CHANGES_LANE, 18, 255):
            with prey.attack('lane' if lane else 'status', 'a resync in lane %d' % lane):
                peer.send_raw(peer.sealed(lane, resync, at + 200 + lane))
        for lane in (CHANGES_LANE, RESYNC_LANE, 18, 255):
            with prey.attack('lane', 'a status in lane %d' % lane):
                peer.send_raw(peer.sealed(lane, peer.status_payload(wants=77), at + 500 + lane))
        tap.check(not gives(peer, 77), 'a status in a wrong lane is believed')
        for kind in (0, 4, 255, STATUS, RESYNC):
            with prey.attack('type', 'type %d' % kind):
                peer.send_raw(peer.sealed(CHANGES_LANE, meshwire.changes(
                    [(1, prey.bait())], kind=kind), at + 800 + kind))
        for lane, payload in ((CHANGES_LANE, prey.changes()), (RESYNC_LANE, resync),
                              (STATUS_LANE, peer.status_payload(wants=77))):
            with prey.attack('replayed', 'number 0 in lane %d' % lane):
                peer.send_raw(peer.sealed(lane, payload, 0))
        # the numbers above were used for nothing
        peer.numbers[CHANGES_LANE] += 1100
        peer.oldest = peer.numbers[CHANGES_LANE] + 1
        peer.tell(prey.bait())
        prey.lab.must(lambda: peer.status.received >= peer.oldest, 'the lane does not go on')
        prey.still('headers')


@tap.step
def ranges(family):
    """Absurd numbers and ranges in authentic statuses and messages."""
    with prey_of(family, 6100) as prey:
        lab, peer = prey.lab, prey.peer
        top, all32 = (1 << 64) - 1, (1 << 32) - 1
        last = peer.status.last
        lab.marker()
        malformed, long = ('count 0', 'lane 0', 'lane 3', 'lane 255'), ('33 ranges', '1000 ranges')
        for what, given in (
                ('all', [Range(CHANGES_LANE, 1, all32)]), ('the last number', [Range(1, top, 1)]),
                ('beyond the last number', [Range(1, top, all32)]), ('count 0', [Range(1, 1, 0)]),
                ('number 0', [Range(1, 0, 5)]), ('not yet sent', [Range(1, last + 500, 100)]),
                ('a resync', [Range(RESYNC_LANE, 1, all32)]), ('lane 0', [Range(0, 1, 9)]),
                ('lane 3', [Range(3, 1, 9)]), ('lane 255', [Range(255, 1, 9)]),
                ('32 times all', [Range(1, 1, all32)] * 32),
                ('33 ranges', [Range(1, 1, 1)] * 33), ('1000 ranges', [Range(1, 1, 1)] * 1000)):
            raws = sum(map(len, peer.raw.values()))
            cause = 'size' if what in long else 'status' if what in malformed else 'ignored'
            with prey.attack(cause, 'ranges: ' + what):
                peer.send_status(ranges=given)
            # what there is may be repeated, and no more
            peer.wait(lambda: False, 0.1)
            more = sum(map(len, peer.raw.values())) - raws
            tap.check(more < 2 * meshwire.KEPT + 50, 'ranges: %s: %d datagrams' % (what, more))
        for what, change in (
                ('count beyond the end', dict(count=40)), ('count 65535', dict(count=65535)),
                ('count too small', dict(count=0))):
            with prey.attack('status', 'a status, ' + what):
                peer.send_raw(peer.sealed(STATUS_LANE, meshwire.status(
                    ranges=[Range(1, 1, 1)], **{**peer.status_fields(), 'wants': 77}, **change)))
        tap.check(not gives(peer, 77), 'a status with a wrong count is believed')
        for fields in (dict(received=top), dict(resync_received=top), dict(received=0),
                       dict(conns=all32), dict(gives=all32, gives_last=top), dict(echo=0),
                       dict(echo=top, challenge=0)):
            with prey.attack('ignored', 'status with %r' % fields):
                peer.send_status(**fields)
        prey.still('ranges')
        peer.gives = True
        for fields in (dict(last=top, oldest=top), dict(last=0, oldest=top), dict(last=top, oldest=1),
                       dict(given_up=all32), dict(given_up=0)):
            count = len(peer.statuses)
            peer.send_status(**fields)
            lab.must(lambda: len(peer.statuses) > count + 1, 'no status after %r' % fields)
        # such a peer only harms itself, and may have to come again
        peer.restart()
        lab.meet()
        with prey.attack('ignored', 'numbers far ahead'):
            for number in (1 << 20, 1 << 55, (1 << 56) - 1):
                peer.send_raw(peer.sealed(CHANGES_LANE, meshwire.changes([]), number))
                peer.numbers[CHANGES_LANE] = min(number, (1 << 56) - 9)
        peer.restart()
        lab.meet()
        prey.still('numbers')


tap.main()
