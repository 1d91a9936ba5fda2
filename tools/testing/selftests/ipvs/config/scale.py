#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Many services, and what waits for them: the time of a flush and of the end of a namespace with one
and the same server in all services, and how long changes of the configuration and of network devices
take meanwhile and while others read the statistics. The times are printed, to be compared with
IMPL=kernel; only their growth is checked, as all of this must be linear, and with lockdep that device
events do not wait for the configuration. Namespaces: many (the services), next (ends after it), aside
(a device)."""

import fcntl
import os
import re
import socket
import struct
import subprocess
import sys
import threading
import time

from ipvstest import sockctl, tap
from ipvstest.namespaces import namespace
from ipvstest.sockctl import Sockopts
from ipvstest.wire import wait_until

KERNEL = os.environ.get('KERNEL', '')
SERVICES = 20000 if KERNEL == 'uml' else 400 if KERNEL.endswith('debug') else 4000
SERVER = '192.0.2.1'
PATIENCE = 600
SIOCSIFFLAGS, SIOCSIFMTU, IFF_UP = 0x8914, 0x8922, 1
SERVERS = (SERVER,) + tuple('198.51.100.%d' % n for n in range(1, 5))
READERS = 20
SECONDS = 5
REAP_SECONDS = 200
LOCKDEP = '/proc/lockdep'


def run(*command):
    subprocess.run(command, check=True)


def add_namespace(name, twin=None):
    """A namespace, and a device outside that disappears with it."""
    run('ip', 'netns', 'add', name)
    tap.defer('ip', 'netns', 'del', name)
    run('ip', '-n', name, 'link', 'set', 'lo', 'up')
    if twin:
        run('ip', 'link', 'add', twin, 'type', 'veth', 'peer', 'name', 'twin', 'netns', name)


def exists(device):
    try:
        return socket.if_nametoindex(device)
    except OSError:
        return 0


def vip(number):
    return '10.%d.%d.%d' % (1 + number // 65536, number // 256 % 256, number % 256)


def add_services(ns, count, servers=(SERVER,), sched=b'wlc'):
    opts = Sockopts(ns)
    for number in range(count):
        service = sockctl.service(vip(number), 80)
        opts.must_set('ADD', sockctl.service(vip(number), 80, sched=sched))
        for server in servers:
            opts.must_set('ADDDEST', service + sockctl.dest(server, 80))
    return opts


class Device:
    """A dummy device; changes of it take the lock of all network devices (RTNL)."""

    def __init__(self, ns):
        run('ip', '-n', ns, 'link', 'add', 'probe', 'type', 'dummy')
        with namespace(ns):
            self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    def set_mtu(self, mtu):
        fcntl.ioctl(self.sock, SIOCSIFMTU, struct.pack('16si20x', b'probe', mtu))

    def set_up(self, up):
        fcntl.ioctl(self.sock, SIOCSIFFLAGS, struct.pack('16sh22x', b'probe', IFF_UP if up else 0))


class Repeat(threading.Thread):
    """with Repeat(function) as repeat: calls it again and again; .worst is its longest time."""

    def __init__(self, function):
        super().__init__(daemon=True)
        self.function, self.worst, self.calls, self.over = function, 0, 0, False

    def run(self):
        while not self.over:
            start = time.monotonic()
            self.function(self.calls)
            self.worst = max(self.worst, time.monotonic() - start)
            self.calls += 1
            time.sleep(0.001)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.over = True
        self.join()


def timed(function):
    start = time.monotonic()
    function()
    return time.monotonic() - start


def end_namespaces():
    """Deletes "many", and "next" once the end of "many" has begun: namespaces end one after the
    other, devices first."""
    run('ip', 'netns', 'del', 'many')
    tap.check(wait_until(lambda: not exists('many-twin'), PATIENCE), 'the end does not begin')
    run('ip', 'netns', 'del', 'next')
    tap.check(wait_until(lambda: not exists('next-twin'), PATIENCE), 'the end takes too long')


def life(count, flush):
    """Seconds of a flush (or none) and of the end of a namespace."""
    add_namespace('many', 'many-twin')
    add_namespace('next', 'next-twin')
    opts, flushed = add_services('many', count), 0
    if flush:
        flushed = timed(lambda: opts.must_set('FLUSH'))
    opts.sock.close()
    return flushed, timed(end_namespaces)


def linear(what, small, large):
    """Twice the growth of the work, and a margin for what does not depend on it."""
    tap.check(large < 16 * small + 0.5, '%s: %.3f s, but %.3f s for an eighth' % (
        what, large, small))


@tap.test
def one_server():
    add_namespace('aside')
    device = Device('aside')
    for flush in (True, False):
        small, large = (), ()
        for count in (1, SERVICES // 8, SERVICES):
            with Repeat(lambda n: device.set_mtu(1400 + n % 2)) as probe:
                small, large = large, life(count, flush)
            tap.note('%5d services, one server: %send of the namespace %.3f s; elsewhere a device '
                     'changes in at most %.3f s' % (
                         count, 'flush %.3f s, ' % large[0] if flush else '', large[1],
                         probe.worst))
        linear('flush', small[0], large[0])
        linear('end of the namespace', small[1], large[1])


@tap.step
def read_stats(ns):
    """READERS threads that read the totals again and again."""
    with namespace(ns):
        files = [os.open('/proc/thread-self/net/ip_vs_stats', os.O_RDONLY) for _ in range(READERS)]

    def read(fd):
        while True:
            os.pread(fd, 4096, 0)

    for fd in files:
        threading.Thread(target=read, args=(fd,), daemon=True).start()
    print('reading', flush=True)
    threading.Event().wait()


@tap.test
def readers():
    """10 000 x 5 on uml."""
    add_namespace('many')
    add_namespace('aside')
    opts = add_services('many', SERVICES // 2, SERVERS)
    inside, outside = Device('many'), Device('aside')

    for busy in (False, True):
        reader = busy and subprocess.Popen((sys.executable, '-S', sys.argv[0], 'read_stats', 'many'),
                                           stdout=subprocess.PIPE)
        if reader:
            reader.stdout.readline()
        with Repeat(lambda n: inside.set_up(n % 2)) as link, \
                Repeat(lambda n: edit_first(opts, n)) as change, \
                Repeat(lambda n: outside.set_mtu(1400 + n % 2)) as probe:
            time.sleep(SECONDS)
        if reader:
            reader.kill()
            reader.wait()
        tap.note('%d x %d, %d readers of the totals: worst of %d edits %.3f s, of %d times a device '
                 'up or down %.3f s, of %d changes of a device elsewhere %.3f s' % (
                     SERVICES // 2, len(SERVERS), READERS if busy else 0, change.calls,
                     change.worst, link.calls, link.worst, probe.calls, probe.worst))
        tap.check(change.calls and link.calls and probe.calls, 'a change did not come to an end')
    opts.sock.close()


def edit_first(opts, number):
    opts.must_set('EDITDEST', sockctl.service(vip(0), 80) +
                  sockctl.dest(SERVER, 80, weight=1 + number % 2))


@tap.test
def reaped():
    """Removed servers are freed after two minutes without connections, the next time they are
    looked at, which happens once a minute."""
    if 'REAP' not in os.environ:
        tap.skip('takes more than three minutes: REAP=1')
    add_namespace('many')
    add_namespace('aside')
    opts = add_services('many', SERVICES)
    inside, outside = Device('many'), Device('aside')
    opts.must_set('FLUSH')
    add_services('many', 1).sock.close()
    with Repeat(lambda n: inside.set_up(n % 2)) as link, \
            Repeat(lambda n: edit_first(opts, n)) as change, \
            Repeat(lambda n: outside.set_mtu(1400 + n % 2)) as probe:
        time.sleep(REAP_SECONDS)
    tap.note('%d servers freed: worst edit %.3f s, device up or down %.3f s, device elsewhere %.3f s' %
             (SERVICES, change.worst, link.worst, probe.worst))
    tap.check(max(change.worst, link.worst, probe.worst) < 1, 'something waited for a second')
    opts.sock.close()


def listed(text):
    """[(service, [its destinations])] of a text from /proc/net/ip_vs, addresses in hexadecimal"""
    blocks = []
    for line in text.splitlines():
        row = re.match(r'(?:TCP|  ->) +([0-9A-F]{8}):', line)
        if row and line.startswith('TCP'):
            blocks.append((row.group(1), []))
        elif row:
            blocks[-1][1].append(row.group(1))
    return blocks


@tap.test
def listing():
    """Rows of /proc/net/ip_vs are read bit by bit. Services and destinations that come and go
    meanwhile do not change what is said of the others."""
    add_namespace('many')
    opts = Sockopts('many')
    servers = [['198.51.%d.%d' % (100 + n, i) for i in range(1, 201)] for n in range(3)]
    for n, group in enumerate(servers):
        opts.must_set('ADD', sockctl.service(vip(n), 80, sched=b'rr'))
        for server in group:
            opts.must_set('ADDDEST', sockctl.service(vip(n), 80) + sockctl.dest(server, 80))
    with namespace('many'):
        fd = os.open('/proc/thread-self/net/ip_vs', os.O_RDONLY)
    text = ''
    while True:
        blocks = listed(text)
        if len(blocks) > 1 and len(blocks[1][1]) > 9:
            break
        text += os.read(fd, 1024).decode()
    shown = blocks[1][1][:9]    # the last line may be incomplete
    second = sockctl.service(vip(1), 80)
    opts.must_set('DEL', sockctl.service(vip(0), 80))
    opts.must_set('ADDDEST', second + sockctl.dest('198.51.101.201', 80))
    for row in shown[2:7]:
        opts.must_set('DELDEST', second + sockctl.dest('198.51.101.%d' % int(row[-2:], 16), 80))
    while True:
        data = os.read(fd, 1024)
        if not data:
            break
        text += data.decode()
    # the end stays the end, also if a change makes the reader search for its place
    for number in (202, 203):
        third = sockctl.service(vip(2), 80) + sockctl.dest('198.51.102.%d' % number, 80)
        opts.must_set('ADDDEST', third)
        tap.equal(os.read(fd, 1024), b'', 'read behind the end')
    os.close(fd)
    tap.equal([name for name, _ in listed(text)], ['%02X%02X%02X%02X' % tuple(
        int(n) for n in vip(number).split('.')) for number in range(3)], 'services')
    for (_, rows), group in zip(listed(text), servers):
        tap.equal(rows, ['%02X%02X%02X%02X' % tuple(map(int, server.split('.')))
                         for server in reversed(group)], 'destinations')
    opts.sock.close()


def lock_order():
    """{name: names of the locks that were taken while it was held}"""
    names, inside, at = {}, {}, None
    with open(LOCKDEP) as file:
        for line in file:
            found = re.match(r'\s*-> \[(\w+)\]', line)
            if found:
                inside[at].add(found.group(1))
            elif re.match(r'\w+ ', line) and ': ' in line:
                at = line.split()[0]
                names[at] = line.rsplit(': ', 1)[1].strip()
                inside.setdefault(at, set())
    return {name: {names.get(other) for other in inside[at]} for at, name in names.items()}


@tap.test
def device_events():
    """No lock that a device event takes is ever held while the configuration is waited for."""
    if not os.path.exists(LOCKDEP) or os.environ['IMPL'] != 'weir':
        tap.skip('Weir on a kernel with lockdep only')
    add_namespace('many')
    opts, device = add_services('many', 2), Device('many')
    for up in (True, False, True, False):
        device.set_up(up)
    opts.must_set('FLUSH')
    order, seen, todo = lock_order(), set(), ['rtnl_mutex']
    while todo:
        name = todo.pop()
        if name not in seen:
            seen.add(name)
            todo.extend(order.get(name, ()))
    tap.check('&all->dests_lock' in seen, 'no lock of a device event: %s' % sorted(map(str, seen)))
    tap.check('&vn->config.lock' in order, 'the lock of the configuration is unknown')
    tap.check('&vn->config.lock' not in seen, 'device events wait for the configuration')
    opts.sock.close()


tap.main()
