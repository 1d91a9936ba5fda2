#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Random messages; and daemons that start and stop while messages, packets, settings and
interfaces come and go. SEED=N repeats a run, MESSAGES=N and SECONDS_LONG=N make it longer."""

import os
import random
import subprocess
import time

from ipvstest import pkt, syncd, tap
from ipvstest.conns import ProcFile
from ipvstest.genl import Ipvs
from ipvstest.pkt import SCTP, TCP, UDP
from ipvstest.settings import Knobs
from ipvstest.syncd import BACKUP, MASTER, Daemons, Sender
from ipvstest.syncwire import PE_DATA, PE_NAME, SEQ_DATA, Entry, message, message_v0
from ipvstest.wire import Addresses, Ends, wait_until

GOOD_PORT, TCP_PORT, UDP_PORT = 997, 2900, 2901


def seed():
    value = int(os.environ.get('SEED') or random.randrange(1 << 30))
    tap.note('SEED=%d' % value)
    return value


def services(ipvs, families=(4, 6)):
    ipvs.flush()
    for family in families:
        at = Addresses(family)
        for service in ((at.vip, TCP_PORT, TCP), (at.vip, UDP_PORT, UDP)):
            ipvs.add_service(*service, 'rr', 1, 60)
            for server in at.phantoms[:2]:
                ipvs.dest('NEW_DEST', service, server, 8080)


class Mutator:
    """Messages that begin well-formed; most are damaged afterwards."""

    def __init__(self, number):
        self.rng = random.Random(number)

    def entry(self):
        rng = self.rng
        family = rng.choice((4, 6))
        at = Addresses(family)
        options = []
        for kind in rng.sample((SEQ_DATA, PE_DATA, PE_NAME, 4, 0x44, 0x41),
                               rng.choice((0, 0, 1, 2, 3))):
            size = 24 if kind & 3 == SEQ_DATA else rng.choice((1, 3, 16, 17, 40, 255))
            options.append((kind, b'sip' if kind == PE_NAME and rng.random() < .7 else
                            rng.randbytes(size)))
        # short lives, so that the table stays small
        return Entry(family=family,
                     proto=rng.choice((TCP, TCP, UDP, SCTP, 0, 50, rng.randrange(256))),
                     flags=rng.choice((0, 0x100, 0x1000, 0x800, 0x1800, 0x2000, 0x600,
                                       rng.getrandbits(32))),
                     state=rng.choice((0, 1, 4, rng.randrange(16), rng.getrandbits(16))),
                     cport=rng.choice((0, rng.randrange(1024, 1100))),
                     vport=rng.choice((TCP_PORT, UDP_PORT)),
                     dport=rng.choice((8080, 8080, 0, 65535)),
                     fwmark=rng.choice((0, 0, 7)), timeout=rng.choice((1, 2, 3)),
                     caddr=at.phantom_client, vaddr=at.vip, daddr=rng.choice(at.phantoms[:3]),
                     options=options)

    def message(self):
        rng = self.rng
        entries = [self.entry() for _ in range(rng.choice((1, 1, 2, 5, 20)))]
        if rng.random() < .2:
            raw = message_v0([e.v0() for e in entries if e.family == 4])
        else:
            raw = message([e.v1() for e in entries])
        return self.damage(bytearray(raw)) if rng.random() < .7 else raw[:65000]

    def damage(self, raw):
        rng = self.rng
        for _ in range(rng.randrange(1, 5)):
            if not raw:
                break
            # the header and the first bytes of an entry are hit most often
            at = rng.randrange(min(len(raw), rng.choice((8, 40, 120, 1 << 16))))
            action = rng.randrange(5)
            if action == 0:
                raw[at] = rng.randrange(256)
            elif action == 1:
                raw[at] ^= 1 << rng.randrange(8)
            elif action == 2:
                del raw[at:at + rng.choice((1, 4, 36))]
            elif action == 3:
                raw[at:at] = rng.randbytes(rng.choice((1, 4, 24)))
            else:
                del raw[at:]
        if rng.random() < .8 and len(raw) >= 4:
            raw[2:4] = len(raw).to_bytes(2, 'big')
        return bytes(raw)


def packets(rng, ends, six):
    """Connections of both families whose ports the messages have, too."""
    for at in (ends.at, six):
        sport = rng.randrange(1024, 1100)
        for flags in ('syn', 'ack', 'fin'):
            ends.client.send(pkt.tcp(at.phantom_client, at.vip, sport, TCP_PORT, flags))
    ends.drain()


def good(sender, number):
    four = Addresses(4)
    entry = Entry(cport=number, vport=GOOD_PORT, dport=1, proto=UDP, timeout=5, caddr=four.client,
                  vaddr=four.vip, daddr=four.real[0])
    sender.send(message([entry.v1()]))
    # not ip_vs_conn, where the data of an engine may hold anything
    table, wanted = ProcFile('ip_vs_conn_sync'), ['%04X' % number, '%04X' % GOOD_PORT]
    return wait_until(lambda: any(line.split()[2:5:2] == wanted
                                  for line in table.text().splitlines()), 10)


@tap.step
def messages():
    """A good message is accepted afterwards, and packets for the connections are handled."""
    mutator, daemons, ipvs, ends = Mutator(seed()), Daemons(), Ipvs(), Ends(4)
    count = int(os.environ.get('MESSAGES', 3000))
    services(ipvs)
    daemons.must_start(BACKUP, maxlen=65507)
    daemons.must_start(MASTER, maxlen=200)
    sender, six = Sender(), Addresses(6)
    with Knobs(sync_threshold='0 1'):
        for number in range(count):
            sender.send(mutator.message())
            if number % 20 == 0:
                packets(mutator.rng, ends, six)
            if number % 100 == 0 and not tap.check(good(sender, 10000 + number // 100),
                                                   'message %d: no good one is accepted' % number):
                break
    tap.check(len(ProcFile('ip_vs_conn_sync').text().splitlines()) > 1, 'the table cannot be read')
    daemons.stop_all()
    with Knobs(expire_nodest_conn=1):
        ipvs.flush()
    sender.close()
    ends.close()


def child(function, seconds, *args):
    """Repeats a function in a process of its own for a while; returns the process's number."""
    pid = os.fork()
    if pid:
        return pid
    end = time.monotonic() + seconds
    try:
        while time.monotonic() < end:
            function(*args)
    except Exception as error:      # noqa: BLE001: the child must not run the parent's clean-up
        print('# %s: %r' % (function.__name__, error), flush=True)
        os._exit(1)
    os._exit(0)


def restart(rng, ns, state):
    daemons = Daemons(ns)
    options = {}
    if rng.random() < .5:
        options = dict(group=rng.choice(('224.0.0.81', 'ff02::81')),
                       maxlen=rng.choice((1, 44, 60000)))
    daemons.ipvs.sock.settimeout(0.2)
    try:
        for call in (lambda: daemons.start(state, rng.choice(('back', 'sync0')), **options),
                     lambda: daemons.listed(), lambda: daemons.stop(state)):
            call()
            if rng.random() < .5:
                time.sleep(rng.random() / 20)
    except TimeoutError:
        pass                        # the in-tree ip_vs does not always answer a stop
    daemons.ipvs.sock.close()


def flicker():
    """An interface on which daemons may run, for a moment."""
    for args in ('link add sync0 type dummy', 'addr add 198.18.0.1/24 dev sync0',
                 'link set sync0 up', 'link set sync0 down', 'link set sync0 up', 'link del sync0'):
        subprocess.run(['ip', '-n', 'director'] + args.split(), check=False,
                       stderr=subprocess.DEVNULL)


def tune(rng, knobs):
    name, values = rng.choice((
        ('sync_version', (0, 1)), ('sync_ports', (1, 2, 4)),
        ('sync_threshold', ('0 1', '3 50', '0 0')), ('sync_refresh_period', (0, 1)),
        ('sync_persist_mode', (0, 1)), ('sync_sock_size', (0, 4096)),
        ('sync_qlen_max', (1, 1000))))
    knobs.set(**{name: rng.choice(values)})
    time.sleep(0.002)


def flood(mutator, senders):
    for sender in senders:
        sender.send(mutator.message())
    time.sleep(0.001)


def open_many(rng, ends, six):
    packets(rng, ends, six)
    time.sleep(0.001)


@tap.step
def together():
    """Everything at once; afterwards daemons start, work and stop."""
    number, seconds = seed(), float(os.environ.get('SECONDS_LONG', 6))
    ipvs, ends, rng = Ipvs(), Ends(4), random.Random(number)
    services(ipvs)
    tap.defer('ip', '-n', 'director', 'link', 'del', 'sync0')
    os.sched_setaffinity(0, range(os.cpu_count()))
    senders = [Sender(), Sender(port=syncd.DEFAULT_PORT + 1), Sender('ff02::81')]
    with Knobs() as knobs:
        for name in ('sync_version', 'sync_ports', 'sync_threshold', 'sync_refresh_period',
                     'sync_persist_mode', 'sync_sock_size', 'sync_qlen_max'):
            knobs.set(**{name: knobs.get(name).replace('\t', ' ')})
        children = [child(restart, seconds, random.Random(number + n), 'director', state)
                    for n, state in enumerate((MASTER, MASTER, BACKUP, BACKUP))]
        children += [child(flicker, seconds), child(tune, seconds, rng, knobs),
                     child(flood, seconds, Mutator(number), senders),
                     child(open_many, seconds, rng, ends, Addresses(6))]
        for pid in children:
            tap.equal(os.waitpid(pid, 0)[1], 0, 'status of a child')
    daemons = Daemons()
    daemons.stop_all()
    tap.equal((daemons.listed(), syncd.threads()), ([], []), 'daemons and threads left')
    daemons.must_start(BACKUP)
    daemons.must_start(MASTER)
    tap.check(good(senders[0], 20000), 'no good message is accepted')
    daemons.stop_all()
    with Knobs(expire_nodest_conn=1):
        ipvs.flush()


tap.main()
