#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The socket options, by a client that uses nothing else: every command, with wrong lengths, short
buffers, wrong protocols and wrong values. golden/sockopt.txt holds the kernel's answers.
"""

import struct
import time

from ipvstest import genl, sockctl, tap
from ipvstest.conns import ProcFile
from ipvstest.pkt import SCTP, TCP, UDP
from ipvstest.rig import Rig
from ipvstest.sockctl import GET, ON, SET, Sockopts

VIP, RIP = '203.0.113.10', '198.51.100.11'
KEY = dict(addr=VIP, port=80)
ANY = dict(KEY, sched=b'rr')
SIZES = dict(ADD=44, EDIT=44, DEL=44, FLUSH=0, ADDDEST=68, DELDEST=68, EDITDEST=68, TIMEOUT=12,
             STARTDAEMON=24, STOPDAEMON=24, ZERO=44)
ROOMS = dict(VERSION=64, INFO=12, SERVICES=8, SERVICE=104, DESTS=24, TIMEOUT=12, DAEMON=48)


class Table:
    """Lines of `what: errno`."""

    def __init__(self):
        self.opts, self.lines = Sockopts(), []

    def note(self, what, error):
        self.lines.append('%s: %s' % (what, error or 'ok'))

    def set(self, what, command, data=b''):
        self.note(what, self.opts.set(command, data))

    def get(self, what, command, data, size=None):
        error, answer = self.opts.get(command, data, size)
        self.note(what, error or '%d bytes' % len(answer))


def lengths(t):
    for command in list(SET) + [16, 17]:
        size = SIZES.get(command)
        for length in sorted({0, 1, (size or 1) - 1, (size or 0) + 1, 43, 45, 68}):
            if length != size:
                t.set('set %s of %d bytes' % (command, length), command, bytes(max(length, 0)))
        if command not in SIZES:
            t.set('set %s' % command, command)
    for command in list(GET) + [8, 9]:
        room = ROOMS.get(command, 1)
        for length in sorted({0, room - 1}):
            t.get('get %s into %d bytes' % (command, length), command, bytes(length))


def services(t):
    add = sockctl.service(**ANY)
    t.set('EDIT of none', 'EDIT', add)
    t.set('DEL of none', 'DEL', add)
    t.set('ZERO of none', 'ZERO', add)
    t.set('ADD', 'ADD', add)
    t.set('ADD again', 'ADD', add)
    for proto in (0, 1, 51, 58, 256 + TCP, 65535):
        t.set('ADD protocol %d' % proto, 'ADD', sockctl.service(**ANY, proto=proto))
    t.set('DEL protocol 0', 'DEL', sockctl.service(**KEY, proto=0))
    t.set('ADD UDP beside it', 'ADD', sockctl.service(**ANY, proto=UDP))
    t.set('ADD SCTP beside it', 'ADD', sockctl.service(**ANY, proto=SCTP))
    t.set('ADD unknown scheduler', 'ADD', sockctl.service(VIP, 81, sched=b'nonsense'))
    t.set('ADD no scheduler', 'ADD', sockctl.service(VIP, 81))
    t.set('ADD scheduler none', 'ADD', sockctl.service(VIP, 82, sched=b'none'))
    t.set('ADD scheduler without an end', 'ADD', sockctl.service(VIP, 81, sched=b'x' * 16))
    t.set('that of protocol 0', 'ADD', sockctl.service(VIP, 81, proto=0, sched=b'x' * 16))
    t.set('DEL scheduler without an end', 'DEL', sockctl.service(VIP, 82, sched=b'x' * 16))
    t.set('ADD all flags', 'ADD', sockctl.service(VIP, 83, sched=b'rr', flags=ON, timeout=300))
    t.set('EDIT', 'EDIT', sockctl.service(VIP, 80, sched=b'wlc', flags=1, timeout=60))
    t.set('EDIT unknown scheduler', 'EDIT', sockctl.service(VIP, 80, sched=b'nonsense'))
    t.set('EDIT scheduler without an end', 'EDIT', sockctl.service(VIP, 80, sched=b'x' * 16))
    t.set('ADD mark', 'ADD', sockctl.service(mark=7, sched=b'rr'))
    t.set('ADD mark again', 'ADD', sockctl.service(mark=7, sched=b'rr'))
    t.set('ADD mark of UDP', 'ADD', sockctl.service(mark=8, proto=UDP, sched=b'rr'))
    t.set('ADD mark of TCP beside it', 'ADD', sockctl.service(mark=8, sched=b'rr'))
    t.set('EDIT mark by TCP', 'EDIT', sockctl.service(mark=8, sched=b'wlc'))
    t.set('EDIT mark by UDP', 'EDIT', sockctl.service(mark=8, proto=UDP, sched=b'wlc'))
    t.set('DEL mark by TCP', 'DEL', sockctl.service(mark=8))
    t.set('ADD address 0', 'ADD', sockctl.service('0.0.0.0', 84, sched=b'rr'))
    t.set('ZERO', 'ZERO', sockctl.service(**KEY))
    t.set('ZERO all', 'ZERO', sockctl.service())
    t.set('ZERO all of protocol 0', 'ZERO', sockctl.service(proto=0))


def dests(t):
    key, none = sockctl.service(**KEY), sockctl.service(VIP, 99)
    for command in ('ADDDEST', 'EDITDEST', 'DELDEST'):
        t.set(command + ' without a service', command, none + sockctl.dest(RIP, 80, weight=-1))
        t.set(command + ' protocol 0', command, sockctl.service(**KEY, proto=0) +
              sockctl.dest(RIP, 80))
    t.set('EDITDEST of none', 'EDITDEST', key + sockctl.dest(RIP, 80))
    t.set('DELDEST of none', 'DELDEST', key + sockctl.dest(RIP, 80))
    t.set('ADDDEST', 'ADDDEST', key + sockctl.dest(RIP, 80))
    t.set('ADDDEST again', 'ADDDEST', key + sockctl.dest(RIP, 80))
    for what, args in (('weight -1', dict(weight=-1)),
                       ('thresholds reversed', dict(upper=1, lower=2)),
                       ('huge thresholds', dict(upper=0x80000000)),
                       ('method local', dict(method=1)), ('tunnel', dict(method=2)),
                       ('direct, more flags', dict(method=0xfffffffb))):
        for command in ('ADDDEST', 'EDITDEST'):
            t.set('%s %s' % (command, what), command, key + sockctl.dest(RIP, 81, **args))
        t.opts.set('DELDEST', key + sockctl.dest(RIP, 81))
    for addr in ('0.0.0.0', '224.0.0.5', '255.255.255.255', '127.0.0.1'):
        t.set('ADDDEST ' + addr, 'ADDDEST', key + sockctl.dest(addr, 80))
    t.set('EDITDEST', 'EDITDEST', key + sockctl.dest(RIP, 80, 3, 5, 9, 2))
    t.set('ADDDEST of a mark', 'ADDDEST', sockctl.service(mark=8, proto=UDP) + sockctl.dest(RIP, 0))
    t.set('ADDDEST of a mark by TCP', 'ADDDEST', sockctl.service(mark=8) + sockctl.dest(RIP, 1))


def others(t):
    for what, values in (('', (1, 2, 3)), (' zeros', (0, 0, 0)), (' negative', (1, 1, -1)),
                         (' huge', (0x7fffffff, 1, 1)), (' back', (900, 120, 300))):
        t.set('TIMEOUT' + what, 'TIMEOUT', struct.pack('=iii', *values))
    t.set('STARTDAEMON without an interface', 'STARTDAEMON', sockctl.daemon(1))
    t.set('STARTDAEMON endless interface', 'STARTDAEMON', sockctl.daemon(1, b'x' * 16))
    t.set('STOPDAEMON of none', 'STOPDAEMON', sockctl.daemon(1))
    t.set('STOPDAEMON of no backup', 'STOPDAEMON', sockctl.daemon(2))
    t.set('STOPDAEMON both', 'STOPDAEMON', sockctl.daemon(3))


def gets(t):
    number = t.opts.info()[2]
    t.lines.append('INFO: %d services' % number)
    for n in (0, 1, number, number + 3):
        head = struct.pack('=Ixxxx', n)
        t.get('SERVICES with room for %d' % n, 'SERVICES', head + bytes(104 * n))
        t.get('SERVICES, a byte short of %d' % n, 'SERVICES', (head + bytes(104 * n))[:-1])
        t.get('SERVICES, a byte above %d' % n, 'SERVICES', head + bytes(104 * n + 1))
    t.get('SERVICES, of 2^32-1', 'SERVICES', struct.pack('=Ixxxx', ON), 8)
    for what, key in (('of none', dict(addr=VIP, port=99)), ('of protocol 0', dict(KEY, proto=0)),
                      ('of protocol 262', dict(KEY, proto=262)), ('', KEY),
                      ('of a mark', dict(mark=8)), ('of an unknown mark', dict(mark=9))):
        t.get('SERVICE ' + what, 'SERVICE', sockctl.service(**key) + bytes(60))
        for n in (0, 1, 2):
            t.get('DESTS %s with room for %d' % (what, n), 'DESTS', sockctl.service(**key)[:16] +
                  struct.pack('=Ixxxx', n) + bytes(96 * n))
    t.get('DESTS, a byte above', 'DESTS', sockctl.service(**KEY)[:16] + bytes(9))
    for command in ('VERSION', 'TIMEOUT', 'DAEMON', 'INFO'):
        room = ROOMS[command]
        for extra in (0, 10):
            answer = 'EINVAL'
            error, data = t.opts.get(command, bytes(room + extra))
            answer = error or '%d bytes' % (0 if command == 'VERSION' else len(data))
            t.note('%s into %d bytes' % (command, room + extra), answer)
    t.lines.append('VERSION: %s' % t.opts.version().split(' (')[0])
    t.lines.append('TIMEOUT: %s' % t.opts.must_get('TIMEOUT', bytes(12)).hex())
    t.lines.append('DAEMON: %s' % t.opts.must_get('DAEMON', bytes(48)).hex())


def contents(t):
    for entry in sorted(t.opts.services(), key=lambda e: (e['mark'], e['port'], e['proto'])):
        key = {name: entry[name] for name in ('addr', 'port', 'proto', 'mark')}
        t.lines.append(' '.join('%s=%s' % (k, v) for k, v in entry.items() if k != 'stats'))
        tap.equal(t.opts.service(**key), entry, 'one service and the list')
        for one in t.opts.dests(**key):
            t.lines.append('  ' + ' '.join('%s=%s' % (k, v) for k, v in one.items()
                                           if k != 'stats'))


def beside_ipv6(t):
    """IPv6 services and destinations do not fit into the structs and are left out."""
    ipvs = genl.Ipvs()
    before = t.opts.info()[2]
    ipvs.add_service('2001:db8:f::10', 80, TCP, 'rr')
    ipvs.dest('NEW_DEST', (VIP, 80, TCP), '2001:db8:b::11', 80, genl.TUNNEL)
    tap.equal(t.opts.info()[2], before, 'services counted beside one of IPv6')
    tap.equal(len(t.opts.services(before + 1)), before, 'services listed beside one of IPv6')
    both = t.opts.service(**KEY)['dests']
    tap.equal(len(t.opts.dests(**KEY)), both - 1, 'destinations listed beside one of IPv6')


@tap.test
def answers():
    t = Table()
    t.set('FLUSH', 'FLUSH')
    lengths(t)
    services(t)
    dests(t)
    others(t)
    gets(t)
    contents(t)
    beside_ipv6(t)
    t.opts.must_set('FLUSH')
    tap.golden('sockopt.txt', t.lines)


@tap.test
def unprivileged():
    opts = Sockopts()
    genl.unprivileged()
    for command, size in SIZES.items():
        tap.equal(opts.set(command, bytes(size)), 'EPERM', 'set %s without privilege' % command)
    for command, room in ROOMS.items():
        tap.equal(opts.get(command, bytes(room))[0], 'EPERM', 'get %s without privilege' % command)


@tap.test
def operations():
    """Netlink and /proc show what socket options have set."""
    opts, ipvs = Sockopts(), genl.Ipvs()
    opts.must_set('FLUSH')
    for n in range(100):
        opts.must_set('ADD', sockctl.service(VIP, 1 + n, sched=b'wrr', flags=1, timeout=n + 1))
        for m in range(3):
            opts.must_set('ADDDEST', sockctl.service(VIP, 1 + n) +
                          sockctl.dest('198.51.100.%d' % (m + 1), 80, 3, weight=m))
    tap.equal(len(opts.services()), 100, 'services by socket option')
    tap.equal(len(ipvs.must('GET_SERVICE', dump=True).messages), 100, 'services by netlink')
    tap.equal(len(ipvs.dests((VIP, 50, TCP))), 3, 'destinations by netlink')
    tap.equal([e['timeout'] for e in sorted(opts.services(), key=lambda e: e['port'])],
              list(range(1, 101)), 'timeouts')
    tap.equal(ProcFile('ip_vs').text().count('Route'), 300, 'destinations in /proc')
    opts.must_set('DELDEST', sockctl.service(VIP, 50) + sockctl.dest('198.51.100.2', 80))
    tap.equal([e['addr'] for e in opts.dests(addr=VIP, port=50)],
              ['198.51.100.3', '198.51.100.1'], 'destinations, newest first')
    opts.must_set('DEL', sockctl.service(VIP, 50))
    tap.equal(opts.info()[2], 99, 'services counted')
    opts.must_set('FLUSH')
    tap.equal(len(opts.services(5)), 0, 'services after all were deleted')


@tap.test
def counts():
    """The counters are in the entries, and zero after ZERO."""
    rig, opts = Rig(4), Sockopts()
    for sport in (40001, 40002):
        tap.check(rig.establish(sport), 'a packet did not arrive')
    key = dict(addr=VIP, port=rig.vport)
    # the in-tree ip_vs shows the counts of its last estimation
    for _ in range(60):
        entry = opts.service(**key)
        if entry['stats']['conns']:
            break
        time.sleep(0.1)
    tap.equal((entry['stats']['conns'], entry['stats']['inpkts']), (2, 4), 'counted')
    [one] = opts.dests(**key)
    tap.equal((one['stats']['conns'], one['active'] + one['inactive']), (2, 2), 'of the server')
    tap.equal(one['stats']['inbytes'], entry['stats']['inbytes'], 'bytes')
    opts.must_set('ZERO', sockctl.service(**key))
    tap.equal(opts.service(**key)['stats']['inpkts'], 0, 'packets after ZERO')
    rig.close()


tap.main()
