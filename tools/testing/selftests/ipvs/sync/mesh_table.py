#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""What becomes of that which peers of the mesh tell: connections appear, change, go, are taken
over."""

import time

from ipvstest import syncwire, tap
from ipvstest.mesh import INCOMPLETE, IN_SYNC
from ipvstest.mesh_lab import (CLOSE, CLOSE_WAIT, FIN_WAIT, TIME_WAIT, lab_of, mark_address)
from ipvstest.meshwire import HEARSAY, REMOVED
from ipvstest.pkt import TCP, UDP
from ipvstest.settings import Knobs
from ipvstest.sync_lab import MARK, METHODS, PERSISTENT, Service


@tap.step
def received(family):
    """What a peer tells appears in the table, changes there, and goes."""
    with lab_of(family, 4600) as lab:
        peer = lab.peer
        first = lab.at.phantoms[0]
        for method in METHODS:
            tcp, udp = Service(lab, method), Service(lab, method, UDP)
            entry = lab.another(tcp)
            peer.tell(entry)
            lab.becomes(entry, 'ESTABLISHED ' + first, 'TCP ' + method)
            row = lab.row(entry.cport, entry.vport)
            tap.check(490 <= row.expires <= 500, 'expires in %d s' % row.expires)
            for state, name in ((FIN_WAIT, 'FIN_WAIT'), (CLOSE_WAIT, 'CLOSE_WAIT'),
                                (TIME_WAIT, 'TIME_WAIT')):
                entry.state, entry.timeout = state, 100
                peer.tell(entry)
                lab.becomes(entry, '%s %s' % (name, first), name)
            entry.flags |= REMOVED
            peer.tell(entry)
            lab.becomes(entry, None, 'removed')
            two = [lab.another(udp), lab.another(udp)]
            peer.tell(*two)
            for entry in two:
                lab.becomes(entry, 'UDP ' + first, 'UDP ' + method)
        service = Service(lab, flags=PERSISTENT, timeout=77)
        template = lab.template(service)
        peer.tell(template, lab.another(service))
        lab.must(lambda: lab.row(0, service.port), 'no template')
        template.flags |= REMOVED
        peer.tell(template)
        lab.becomes(template, None, 'a removed template')
        mark = lab.template(service, proto=0, vport=0, fwmark=MARK,
                            vaddr=mark_address(family, MARK), dport=0)
        peer.tell(mark)
        lab.must(lambda: any((r.proto, r.cport, r.vport) == ('IP', 0, 0) for r in lab.rows()),
                 'no template of a mark')
        mark.flags |= REMOVED
        peer.tell(mark)
        # gone after its timeout, as its owner says nothing
        short = lab.another(service, timeout=2)
        peer.tell(short)
        lab.becomes(short, 'ESTABLISHED ' + first, 'a timeout of 2 s')
        lab.becomes(short, None, 'after its timeout', 8)
        # a removal of what is not known
        peer.tell(lab.another(service, flags=REMOVED))
        # in one message, with the other family
        other = lab.four if family == 6 else None
        strange = lab.another(service) if other is None else syncwire.Entry(
            cport=4321, vport=service.port, dport=1, state=1, timeout=50, caddr=other.phantom_client,
            vaddr=other.vip, daddr=other.phantoms[0])
        own = [lab.another(service) for _ in range(5)]
        peer.tell(own[0], strange, *own[1:])
        for entry in own:
            lab.becomes(entry, 'ESTABLISHED ' + first, 'several in a message')
        strange.flags |= REMOVED
        peer.tell(strange)
        # the director does not tell what it was told
        lab.marker()
        tap.equal([e.cport for e in peer.entries() if e.vport != lab.marker_service.port], [],
                  'told again by the director')


@tap.step
def stale(family):
    """Within a session, a time that is older changes nothing. Times wrap around."""
    with lab_of(family, 4700) as lab:
        peer, service, first = lab.peer, Service(lab), lab.at.phantoms[0]
        for base in (5000, 0xfffffff0, 0x7ffffff0):
            entry = lab.another(service)
            name = 'times from %#x: ' % base
            peer.tell(entry, times=[base])
            lab.becomes(entry, 'ESTABLISHED ' + first, name + 'first')
            entry.state, entry.timeout = FIN_WAIT, 400
            peer.tell(entry, times=[base + 50])
            lab.becomes(entry, 'FIN_WAIT ' + first, name + 'newer')
            entry.state = CLOSE
            peer.tell(entry, times=[base + 49])
            lab.stays(entry, 'FIN_WAIT ' + first, name + 'older')
            peer.tell(lab.entry(service, cport=entry.cport, flags=REMOVED), times=[base + 20])
            lab.stays(entry, 'FIN_WAIT ' + first, name + 'an older removal')
            entry.state = TIME_WAIT
            peer.tell(entry, times=[base + 51])
            lab.becomes(entry, 'TIME_WAIT ' + first, name + 'newest')


@tap.step
def restarted(family):
    """A new session begins with times of its own, which are later than those of the old one."""
    with lab_of(family, 4750) as lab:
        peer, service, first = lab.peer, Service(lab), lab.at.phantoms[0]
        entry = lab.another(service)
        # the next time would be older each time
        for base, state, name in ((0x90000000, 1, 'ESTABLISHED'), (0x10000000, FIN_WAIT, 'FIN_WAIT'),
                                  (1, CLOSE_WAIT, 'CLOSE_WAIT'), (0xfffffff0, TIME_WAIT, 'TIME_WAIT')):
            # the clock of a session is in the status that establishes it
            peer.restart()
            peer.clock, peer.born = base, time.monotonic()
            lab.meet()
            now = peer.now
            session = 'session with times from %#x: ' % base
            entry.state, entry.timeout = state, 400
            peer.tell(entry, times=[now()])
            lab.becomes(entry, '%s %s' % (name, first), session + 'first')
            peer.pump(0.1)
            newer = now()
            entry.timeout = 200
            peer.tell(entry, times=[newer])
            lab.must(lambda: lab.row(entry.cport, entry.vport).expires <= 200, session + 'newer')
            late = lab.entry(service, cport=entry.cport, state=CLOSE)
            peer.tell(late, times=[newer - 50])
            lab.stays(entry, '%s %s' % (name, first), session + 'older')


@tap.step
def hearsay(family):
    """Hearsay makes connections that are not known, and changes none."""
    with lab_of(family, 4800, hosts=('server2', 'server3')) as lab:
        owner, other = lab.peers
        service, first = Service(lab), lab.at.phantoms[0]
        entry = lab.another(service)
        owner.tell(entry)
        lab.becomes(entry, 'ESTABLISHED ' + first, 'told by its owner')
        for peer in (other, owner):
            peer.tell(lab.entry(service, cport=entry.cport, flags=HEARSAY, state=FIN_WAIT))
            lab.stays(entry, 'ESTABLISHED ' + first, 'hearsay about it', peer)
        ours = lab.open(service)
        about = lab.entry(service, cport=ours, flags=HEARSAY, state=CLOSE)
        other.tell(about)
        lab.stays(about, 'ESTABLISHED ' + first, 'hearsay about a connection of this director', other)
        unknown = lab.another(service, flags=HEARSAY)
        other.tell(unknown)
        lab.becomes(unknown, 'ESTABLISHED ' + first, 'hearsay about an unknown connection')
        unknown.state, unknown.flags = FIN_WAIT, 0
        owner.tell(unknown)
        lab.becomes(unknown, 'FIN_WAIT ' + first, 'its owner speaks')
        # a resync flags what the director was told itself
        other.own = {}
        other.restart()
        lab.meet()
        flagged = {e.cport: bool(e.flags & HEARSAY) for _, e in other.resynced
                   if e.vport == service.port}
        tap.equal(flagged, {entry.cport: True, ours: False, unknown.cport: True}, 'hearsay in a resync')


@tap.step
def takeover(family):
    """A packet of its client makes a received connection this director's, until another one tells
    of it."""
    with lab_of(family, 4900, hosts=('server2', 'server3')) as lab:
        owner, other = lab.peers
        for method in METHODS:
            for proto, step, states in ((TCP, '>data', (1, 4)), (UDP, '>data', (0, 0))):
                service, what = Service(lab, method, proto), '%s %d' % (method, proto)
                entry = lab.another(service)
                owner.tell(entry)
                lab.must(lambda: lab.row(entry.cport, entry.vport), what + ': not received')
                lab.marker()
                tap.equal(owner.entries(entry.cport, service.port), [], what + ': told before')
                service.send(entry.cport, step)
                for peer in lab.peers:
                    lab.must(lambda: peer.entries(entry.cport, service.port),
                             what + ': the takeover is not told')
                told = lab.told(entry.cport, service, owner)
                tap.equal([(e.state, bool(e.flags & HEARSAY)) for e in told], [(states[0], False)],
                          what + ': entries of the takeover')
                # the other peer has it now
                entry.state, entry.timeout = states[1], 99
                other.tell(entry)
                lab.must(lambda: lab.row(entry.cport, entry.vport).expires <= 99,
                         what + ': not given away')
                lab.play(service, (step, step), entry.cport)
                lab.must(lambda: owner.entries(entry.cport, service.port), what + ': not taken back')


@tap.step
def no_room(family):
    """Without room for all, the director is not in sync, until it has asked for them again."""
    with lab_of(family, 4950) as lab:
        service = Service(lab)
        entries = [lab.another(service) for _ in range(6)]
        with Knobs(conn_max=len(lab.rows()) + 3):
            lab.peer.tell(*entries)
            lab.until(INCOMPLETE)
            tap.equal(sum(lab.state_of(e) is not None for e in entries), 3, 'connections that have room')
            tap.equal(lab.seen_by().resyncs, 1, 'resyncs at first')
            lab.must(lambda: lab.seen_by().resyncs == 2, 'it does not ask again', 10)
            lab.until(INCOMPLETE)
        lab.must(lambda: lab.seen_by().resyncs == 3, 'it does not ask for a third time', 20)
        lab.until(IN_SYNC)
        for entry in entries:
            lab.becomes(entry, 'ESTABLISHED ' + lab.at.phantoms[0], 'when there is room')


tap.main()
