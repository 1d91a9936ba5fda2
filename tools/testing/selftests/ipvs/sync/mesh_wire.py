#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The mesh daemon and a peer: sessions, what is told about which packets, full resyncs."""

import os
import time

from ipvstest import meshwire, syncwire, tap
from ipvstest.genl import TOP_SERVICE, nest
from ipvstest.mesh import ALONE, IN_SYNC, RESYNC, STATES
from ipvstest.mesh_lab import (CLOSE, CLOSE_WAIT, ESTABLISHED, FIN_WAIT, GROUPS, KNOWN_FLAGS,
                               TIME_WAIT, lab_of)
from ipvstest.meshwire import CHANGES, HEARSAY, LEAVES, NO_SESSION, REMOVED, STATUS
from ipvstest.pkt import SCTP, TCP, UDP
from ipvstest.settings import Knobs
from ipvstest.sync_lab import MARK, METHODS, ONE_PACKET, PERSISTENT, Service, expanded
from ipvstest.syncd import DEFAULT_PORT
from ipvstest.syncwire import TEMPLATE


@tap.step
def handshake(family):
    """Sessions: only the right echo to the right session establishes one."""
    with lab_of(family, 4000, meet=False) as lab:
        peer, mesh, service = lab.peer, lab.mesh, Service(lab)
        peer.answers = False
        lab.must(lambda: peer.status, 'no status of the director')
        first = peer.statuses[0]
        tap.equal((first.status.peer, first.status.echo, first.status.challenge, first.status.wants,
                   first.status.gives, first.flags & ~meshwire.IN_SYNC), (NO_SESSION, 0, 0, 0, 0, 0),
                  'the first status')
        tap.equal((first.lane, first.number, first.syncid, first.key_id), (0, 1, 0, 1),
                  'lane, number, sync id and key of the first status')
        tap.equal(peer.places, {(STATUS, peer.address, DEFAULT_PORT)},
                  'type, destination and source port')
        peer.send_status()
        lab.must(lambda: peer.status.peer == peer.session, 'a session is not answered')
        echo = peer.status.challenge
        tap.check(echo, 'the challenge to a session is 0')
        for what, fields in (('no echo', dict(echo=0)), ('a wrong echo', dict(echo=echo ^ 1)),
                             ('another session', dict(peer=os.urandom(16))),
                             ('no session', dict(peer=NO_SESSION))):
            count, challenge = len(peer.statuses), peer.challenge
            started = time.monotonic()
            peer.send_status(wants=7, gives=7, given_up=1, **{'echo': echo, **fields})
            peer.send_in(meshwire.CHANGES_LANE, meshwire.changes(
                peer.stamped([lab.entry(service, cport=999)])))
            if lab.must(lambda: any(d.status.peer == peer.session and d.status.echo == challenge
                                    for d in peer.statuses[count:]), what + ': no answer', 3):
                tap.note('%s: answered after %d ms' % (what, 1e3 * (time.monotonic() - started)))
            tap.check(not peer.asked and not any(d.status.gives for d in peer.statuses), what + ': a session is established')
        tap.check(mesh.state in (0, ALONE), 'state is %s' % STATES[mesh.state])
        peer.answers = True
        peer.gives = False
        lab.must(lambda: peer.asked, 'no resync is wanted')
        lab.until(RESYNC)
        tap.check(lab.row(999, service.port) is None, 'changes before the session were accepted')
        peer.gives = True
        lab.meet()
        lab.must(lambda: peer.status.challenge not in (0, echo), 'the challenge works twice')
        lab.must(lambda: lab.seen_by().in_sync, 'the peer said that it is in sync')
        here = lab.seen_by()
        tap.equal((here.state, here.in_sync, here.resyncs, here.lag, here.lost), (IN_SYNC, 1, 1, 0, 0),
                  'peer: %r' % here)
        tap.check(here.heard < 3000, 'heard %d ms ago' % here.heard)
        # many statuses later nothing has changed
        session, count = peer.theirs, len(peer.statuses)
        lab.must(lambda: len(peer.statuses) > count + 2, 'not a status each second', 6)
        tap.equal((peer.theirs, lab.seen_by().resyncs), (session, 1), 'session and resyncs')
        tap.equal(mesh.stop(), 0, 'stop')
        lab.must(lambda: peer.statuses[-1].flags & LEAVES, 'the director does not say that it leaves')
        lab.start()
        lab.must(lambda: peer.theirs not in (session, NO_SESSION) and peer.in_sync,
                 'no new session', 10)
        lab.until(IN_SYNC)
        peer.answers = False
        peer.leave()
        lab.until(ALONE)


def check_steps(lab, what, service, script):
    """A script is ((steps, [states that are told]), ...)"""
    lab.sport += 1
    sport = lab.sport
    for steps, wanted in script:
        lab.play(service, expanded(steps.split()), sport)
        told = [e.state for e in lab.told(sport, service)]
        tap.equal(told, wanted, '%s: states told after %s' % (what, steps))


@tap.step
def packets(family):
    """A connection is told when it is established, and after each change of its state."""
    with lab_of(family, 4100) as lab:
        tcp = Service(lab)
        check_steps(lab, 'TCP NAT', tcp, (
            ('>syn', []), ('<synack', []), ('>ack', [ESTABLISHED]), ('>data*20 <data*5', []),
            ('>fin', [CLOSE_WAIT]), ('<fin', []), ('>ack', [TIME_WAIT]), ('>ack', [])))
        check_steps(lab, 'TCP, the server closes first', tcp, (
            ('>syn <synack >ack', [ESTABLISHED]), ('<fin', []), ('>ack', [FIN_WAIT]),
            ('>fin', [TIME_WAIT]), ('<ack', []), ('>ack', [])))
        check_steps(lab, 'TCP, the server resets', tcp, (
            ('>syn <synack >ack', [ESTABLISHED]), ('<rst', []), ('>ack', [CLOSE])))
        check_steps(lab, 'TCP, many SYNs', tcp, (('>syn*30', []),))
        check_steps(lab, 'TCP, SYN and its answer', tcp, (('>syn <synack', []),))
        for method in ('dr', 'tun'):
            service = Service(lab, method)
            check_steps(lab, 'TCP ' + method, service, (
                ('>syn', []), ('>ack', [ESTABLISHED]), ('>data*5', []), ('>fin', [FIN_WAIT]),
                ('>ack', [])))
            check_steps(lab, 'TCP %s, reset' % method, service, (
                ('>syn >ack', [ESTABLISHED]), ('>rst', [CLOSE]), ('>rst', [])))
        for method in METHODS:
            check_steps(lab, 'UDP ' + method, Service(lab, method, UDP), (
                ('>data', []), ('>data', [0]), ('>data*30', [])))
        check_steps(lab, 'UDP, answered', Service(lab, 'nat', UDP), (
            ('>data <data*5', []), ('>data', [0]), ('<data >data <data', [])))
        check_steps(lab, 'one packet', Service(lab, 'nat', UDP, ONE_PACKET), (('>data*10', []),))
        sctp = Service(lab, 'nat', SCTP)
        check_steps(lab, 'SCTP', sctp, (
            ('>init <initack', []), ('>echo <cookieack', []), ('>data', [8]), ('>data*3', []),
            ('>shutdown', [10])))


KINDS = (('tcp nat', TCP, 'nat', {}), ('tcp dr', TCP, 'dr', {}), ('tcp tun', TCP, 'tun', {}),
         ('udp nat', UDP, 'nat', {}), ('udp dr', UDP, 'dr', {}),
         ('persistent', TCP, 'nat', dict(flags=PERSISTENT, timeout=77)),
         ('persistent udp', UDP, 'dr', dict(flags=PERSISTENT, timeout=78)),
         ('mark', TCP, 'dr', dict(mark=MARK)),
         ('persistent mark', TCP, 'dr', dict(mark=MARK, flags=PERSISTENT, timeout=80)))


def expected(service, sport, kind):
    """The entries of a connection of this kind, as text and with mark and largest timeout."""
    _, proto, method, more = kind
    mark, persistent = more.get('mark', 0), more.get('flags')
    lines = {'%s c:%d > vip:%d > s1:%d state %d %s' % (
        syncwire.PROTOS[proto], sport, service.port, service.dport,
        ESTABLISHED if proto == TCP else 0, method.upper()): (mark, 900 if proto == TCP else 300)}
    if persistent:
        line = 'IP c:0 > mark7:0 > s1:0' if mark else '%s c:0 > vip:%d > s1:%d' % (
            syncwire.PROTOS[proto], service.port, service.dport)
        # assured: one of its connections is established; of UDP only if it was answered
        line += ' state %d %s template' % (proto == TCP, method.upper())
        lines[line] = (mark, more['timeout'])
    return lines


def check_entries(lab, what, entries, wanted):
    tap.equal(sorted(map(lab.shown, entries)), sorted(wanted), what)
    for entry in entries:
        mark, timeout = wanted.get(lab.shown(entry), (0, 0))
        tap.equal(entry.fwmark, mark, what + ': mark')
        tap.check(timeout - 10 <= entry.timeout <= timeout * 3 // 2, '%s: timeout %d, wanted %d' % (
            what, entry.timeout, timeout))
        tap.check(not entry.flags & ~KNOWN_FLAGS, '%s: flags %#x' % (what, entry.flags))
        tap.equal(entry.options, [], what + ': options')


def service_of(lab, kind):
    _, proto, method, more = kind
    return Service(lab, method, proto, **more)


def drop_mark(lab, service, kind):
    """The mark is needed again."""
    if kind[3].get('mark'):
        lab.ipvs.must('DEL_SERVICE', nest(TOP_SERVICE, service.key))


@tap.step
def fields(family):
    with lab_of(family, 4200) as lab:
        for kind in KINDS:
            service = service_of(lab, kind)
            lab.marker()
            lab.peer.told = []
            sport = lab.open(service)
            lab.marker()
            entries = [e for e in lab.peer.entries() if e.vport != lab.marker_service.port]
            check_entries(lab, kind[0], entries, expected(service, sport, kind))
            drop_mark(lab, service, kind)
        # times do not go back
        times = [t for t, _ in lab.peer.told]
        tap.check(all(b - a & 0xffffffff < 1 << 31 for a, b in zip(times, times[1:])),
                  'times go back: %r' % times)


@tap.step
def again(family):
    """A connection is told again when an eighth of its timeout has passed: two of 16 seconds."""
    with lab_of(family, 4300) as lab:
        service = Service(lab, 'nat', UDP)
        sport = lab.open(service)
        tap.equal(len(lab.told(sport, service)), 1, 'entries of two packets')
        started = time.monotonic()

        def told_again():
            service.send(sport, '>data')
            return lab.peer.entries(sport, service.port)

        lab.must(told_again, 'it is not told again')
        tap.check(1 < time.monotonic() - started < 4, 'told again after %.1f s' % (
            time.monotonic() - started))
        tap.equal(len(lab.told(sport, service)), 1, 'entries of one eighth')


@tap.step
def removed(family):
    """The removal of what was told is told, and of nothing else."""
    with lab_of(family, 4400) as lab:
        udp = Service(lab, 'nat', UDP)
        told, silent = lab.open(udp), lab.play(udp, ('>data',))
        lab.must(lambda: [e for e in lab.peer.entries(told) if e.flags & REMOVED],
                 'an expired connection is not told', 8)
        lab.must(lambda: not lab.row(silent, udp.port), 'a connection does not expire', 8)
        lab.marker()
        tap.equal(lab.peer.entries(silent), [], 'entries about a connection of one packet')
        tap.equal([bool(e.flags & REMOVED) for e in lab.peer.entries(told, udp.port)], [False, True],
                  'removed')
        service = Service(lab, flags=PERSISTENT, timeout=90)
        sport, syn = lab.open(service), lab.play(service, ('>syn',))
        lab.marker()
        with Knobs(expire_nodest_conn=1):
            lab.ipvs.del_service(lab.at.vip, service.port, TCP)
            lab.must(lambda: not lab.row(sport, service.port), 'the connection is not removed', 8)
        lab.marker()
        # what an administrator removes here may go on at another director
        gone = {(e.cport, bool(e.flags & TEMPLATE)) for e in lab.peer.entries(vport=service.port)
                if e.flags & REMOVED}
        tap.equal(gone, set(), 'removals told, of %d and %d' % (sport, syn))
        # the peer has forgotten what has expired
        tap.check(not any(key[2] == told for key in lab.peer.known), 'known to the peer')


def own_of(peer):
    """The number of the director's own connections in the last resync."""
    return sum(not e.flags & HEARSAY for _, e in peer.resynced)


@tap.step
def given(family):
    """A session begins with a full resync: whatever there is."""
    with lab_of(family, 4500, meet=False, start=False, hosts=('server2', 'server3')) as lab:
        wanted = {}
        for kind in KINDS:
            if kind[0] != 'mark':       # there is another service of this mark
                service = service_of(lab, kind)
                wanted.update(expected(service, lab.open(service), kind))
        crowd = Service(lab, 'nat', UDP)
        for _ in range(40):
            lab.open(crowd)
        lab.start()
        lab.meet()
        for peer in lab.peers:
            entries = [e for _, e in peer.resynced]
            check_entries(lab, 'resync of ' + peer.address,
                          [e for e in entries if e.vport not in (crowd.port, lab.marker_service.port)],
                          wanted)
            tap.equal(sum(e.vport == crowd.port for e in entries), 40, 'the crowd in a resync')
            tap.equal(peer.status.conns, len(entries), 'the number of connections in a status')
            here = lab.seen_by(peer)
            tap.check(here.given >= len(entries), 'entries given: %r' % here)
        lanes = [{key[1] for key in peer.raw if key[1] >= 2} for peer in lab.peers]
        for lane in lanes:
            tap.check(len(lane) == 1 and max(lane) <= meshwire.LAST_LANE, 'lanes %r' % lane)
        tap.check(lanes[0] != lanes[1], 'two peers share a lane')
        tap.equal(lab.mesh.get().conns, lab.peer.status.conns, 'the number of connections')
        # the peer is started anew
        peer, rest = lab.peer, own_of(lab.peer)
        for number in range(30):
            peer.own[number] = lab.another(crowd)
        given_before = dict(peer.own)
        peer.restart()
        peer.own = given_before
        lab.must(lambda: peer.in_sync and peer.asked, 'no new session', 10)
        lab.until(IN_SYNC)
        tap.equal(own_of(peer), rest, 'entries of the second resync')
        for entry in given_before.values():
            tap.check(lab.row(entry.cport, entry.vport), 'given, and not there: port %d' % entry.cport)
        here = lab.seen_by()
        tap.check(here.resyncs and here.got >= 30, 'resyncs and entries: %r' % here)


@tap.step
def group(family):
    """A multicast group: who has a key and answers is a peer."""
    hosts = ('server2', 'server3')
    with lab_of(family, 5000, group=GROUPS[family], hosts=hosts) as lab:
        tap.equal(lab.mesh.get().group, GROUPS[family], 'group')
        tap.equal(lab.mesh.get().interface, 'back', 'interface')
        tap.equal(len(lab.mesh.get().peers), 2, 'peers: %r' % lab.mesh.get())
        service = Service(lab)
        sport = lab.open(service)
        lab.marker()
        for peer in lab.peers:
            tap.equal([e.state for e in peer.entries(sport, service.port)], [ESTABLISHED], 'told')
            tap.check((CHANGES, GROUPS[family], DEFAULT_PORT) in peer.places,
                      'types, destinations and source ports: %r' % peer.places)
            entry = lab.another(service)
            peer.tell(entry)
            lab.becomes(entry, 'ESTABLISHED ' + lab.at.phantoms[0], 'from ' + peer.address)
    with lab_of(family, 5050, group='239.1.2.3' if family == 4 else 'ff05::99', ttl=3,
                maxlen=1100) as lab:
        state, service = lab.mesh.get(), Service(lab, 'nat', UDP)
        tap.equal((state.group, state.ttl, state.port, state.maxlen),
                  ('239.1.2.3' if family == 4 else 'ff05::99', 3, DEFAULT_PORT, 1100), 'parameters')
        for _ in range(60):
            lab.open(service)
        lab.marker()
        # the messages of a resync are full, except for the last one
        lab.peer.restart()
        lab.meet()
        longest = max(len(raw) for raws in lab.peer.raw.values() for raw in raws)
        tap.check(1100 - 80 < longest <= 1100, 'maxlen 1100: a message of %d' % longest)


tap.main()
