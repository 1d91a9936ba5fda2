#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""When a master daemon sends its messages, and their form."""

import subprocess
import time

from ipvstest import syncd, syncwire, tap
from ipvstest.conns import ConnTable
from ipvstest.pkt import UDP
from ipvstest.settings import Knobs
from ipvstest.sync_lab import OPENING, PERSISTENT, Service, invite, lab_of, log
from ipvstest.syncd import MASTER
from ipvstest.wire import wait_until


def finished(lab, service, count):
    """Ends this many connections of a service, each of which is told once."""
    for _ in range(count):
        lab.sport += 1
        for step in ('>syn', '>fin'):
            service.send(lab.sport, step)


def sizes_of(lab, total, seconds=6):
    """[(number of entries, version, time)] of the messages, until they have that many entries."""
    found = []
    while sum(size for size, *_ in found) < total:
        datagram = lab.receiver.receive(seconds)
        if not datagram:
            break
        message = syncwire.Message(datagram.data)
        found.append((len(message.entries), message.version, time.monotonic()))
    return found


@tap.step
def boundaries():
    """A full message is sent as soon as the next entry is made."""
    for number, (family, maxlen, version, full) in enumerate((
            (4, None, 1, 40), (6, None, 1, 20), (4, None, 0, 61), (4, 8 + 36 * 3, 1, 3),
            (4, 7 + 36 * 3, 1, 2), (4, 1, 1, 1), (6, 1, 1, 1), (6, 8 + 72 * 2, 1, 2),
            (4, 4 + 24 * 3, 0, 3), (4, 3 + 24 * 3, 0, 2))):
        with lab_of(family, 2320 + number, maxlen=maxlen) as lab, Knobs(sync_version=version):
            finished(lab, Service(lab), 2 * full + 1)
            found = [(size, v) for size, v, _ in sizes_of(lab, 2 * full)]
            tap.equal(found, [(full, version)] * 2, 'IPv%d, maxlen %s: entries and versions' % (
                family, maxlen))


@tap.step
def delay():
    """A message that is not full waits for two seconds, and one of the other version for the next
    entry."""
    with lab_of(4, 2340, maxlen=8 + 36 * 2) as lab:
        finished(lab, Service(lab), 3)
        found = sizes_of(lab, 3)
        tap.equal([size for size, *_ in found], [2, 1], 'entries')
        waited = found[-1][2] - found[0][2]
        tap.check(1.5 < waited < 5, 'the last entry was sent after %.1f s' % waited)


@tap.step
def mixed():
    """Entries of both families and with options in one message; sync id 261 is 5 in a header; a
    change of the version begins a new message."""
    with lab_of(6, 2330, maxlen=None, syncid=261) as lab:
        six, sip = Service(lab), Service(lab, 'nat', UDP, PERSISTENT, 82, 'sip')
        for number, call in enumerate((b'odd', b'even', b'odd')):
            lab.valve()
            finished(lab, six, 1)
            sip.send(4000 + number, '>data', invite(call))
        with Knobs(sync_version=0):
            lab.valve()
        message = syncwire.Message(lab.receiver.receive(2).data)
        tap.equal((message.version, message.syncid), (1, 5), 'version and sync id')
        log.extend(lab.names.entry(e) for e in message.entries)
        lab.valve()
        message = syncwire.Message(lab.receiver.receive(2).data)
        tap.equal((message.version, len(message.entries)), (0, 1), 'version and entries')
    tap.golden('sync_mixed.txt', log)


@tap.step
def stopped():
    """What is not yet sent when the daemon stops is sent."""
    with lab_of(4, 2340) as lab:
        finished(lab, Service(lab), 1)
        lab.daemons.stop(MASTER)
        packet = lab.receiver.receive(3)
        tap.check(packet, 'no message')
        tap.equal(len(syncwire.Message(packet.data).entries), 1, 'entries')


@tap.step
def backlog():
    """Over a slow link, what waits for room in the socket when the daemon stops is sent."""
    tap.defer('tc', '-n', 'director', 'qdisc', 'del', 'dev', 'back', 'root')
    with Knobs(sync_sock_size=1), lab_of(4, 2370) as lab:
        # slots: with a rate or a delay netem releases the socket's memory at once
        subprocess.run('tc -n director qdisc add dev back root netem slot 20ms 20ms '
                       'packets 10'.split(), check=True)
        for _ in range(60):
            lab.valve()
        lab.daemons.stop(MASTER)
        found = sizes_of(lab, 60, 3)
        tap.equal(sum(size for size, *_ in found), 60, 'entries')


@tap.step
def many():
    """More than 255 entries would fit into a message."""
    with lab_of(4, 2350, maxlen=20000) as lab:
        finished(lab, Service(lab), 300)
        tap.equal(sum(size for size, *_ in sizes_of(lab, 300)), 300, 'entries')


@tap.step
def ports():
    """sync_ports=4: each connection has one port, and each port gets some."""
    listen, where, told = range(syncd.DEFAULT_PORT, syncd.DEFAULT_PORT + 4), {}, 0
    steps = OPENING['nat'] + ('>data', '>fin', '>ack')
    with Knobs(sync_ports=4, sync_threshold='0 1'), lab_of(4, 2360, listen=listen) as lab:
        service = Service(lab)
        for _ in range(64):
            lab.sport += 1
            for step in steps:
                service.send(lab.sport, step)
        datagram = True
        while datagram and told < 64 * 4:
            datagram = lab.receiver.receive(6)
            for entry in syncwire.Message(datagram.data).entries if datagram else ():
                where.setdefault(entry.cport, []).append(datagram.port)
                told += 1
    tap.equal((len(where), told), (64, 256), 'connections and entries')
    tap.check(all(len(set(used)) == 1 for used in where.values()), 'a connection changes its port')
    tap.equal({used[0] for used in where.values()}, set(listen), 'ports used')


def retries(lab, knobs):
    """Some settings change between the packets, instead of time that passes."""
    service = Service(lab, 'dr')
    knobs.set(sync_threshold='0 0', sync_refresh_period=80000, sync_retries=2)
    lab.history('sync_retries 2: told, and not again', service, ('>syn', '>ack', '>data*3'), 900)
    for what in ('first', 'second'):
        time.sleep(0.8)
        knobs.set(sync_refresh_period=5)
        lab.history(what + ' time, after an eighth of the period', service, ('>data',), 900)
        knobs.set(sync_refresh_period=80000)
        lab.history('not again', service, ('>data*3',), 900)
    time.sleep(0.8)
    knobs.set(sync_refresh_period=5)
    lab.history('no third time', service, ('>data*3',), 900)
    knobs.set(sync_refresh_period=1)
    lab.history('after the period', service, ('>data',), 900)


def prolonged(lab):
    """A template whose time is over while it has connections is told with its new timeout."""
    service = Service(lab, 'nat', UDP, PERSISTENT, 2)
    lab.history('a template of 2 s', service, ('>data',), 901)
    wait_until(lambda: any(c.cport == 0 and c.expires > 2 for c in ConnTable().all()), 10)
    lab.log_steps([('when they are over', lab.valve())], lab.told())


@tap.step
def slow(family):
    with lab_of(family, 2360) as lab, Knobs() as knobs:
        prolonged(lab)
        retries(lab, knobs)
    tap.golden('sync_slow.txt', log)


tap.main()
