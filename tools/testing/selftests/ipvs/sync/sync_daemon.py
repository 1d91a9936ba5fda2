#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The sync daemons: start, stop, list; their threads, sockets and messages; and what happens to
their interface and namespace while they run."""

import re
import struct
import subprocess

from ipvstest import genl, sockctl, syncd, syncwire, tap
from ipvstest.conns import ConnTable
from ipvstest.genl import TOP_DAEMON, attr, nest, text, u8, u16, u32
from ipvstest.namespaces import command_in
from ipvstest.pkt import TCP, UDP
from ipvstest.settings import Knobs
from ipvstest.sockctl import Sockopts
from ipvstest.sync_lab import Service, lab_of
from ipvstest.syncd import BACKUP, MASTER, Daemons, Receiver, Sender, daemon_attrs, shown
from ipvstest.syncwire import Entry, message
from ipvstest.wire import Addresses, ip_command, wait_until

lines = []
ALL = dict(state=MASTER, interface='back', syncid=3)


def note(what, error):
    lines.append('%s: %s' % (what, error or 'ok'))


def listed(daemons, what):
    lines.extend('%s: %s' % (what, shown(d)) for d in daemons.listed())


def start_errors(d):
    """Each leaves no daemon running, unless it says ok."""
    def attempt(what, *attrs):
        note('start, ' + what, d.new(*attrs))
        listed(d, '    runs')
        d.stop_all()

    attempt('nothing given', nest(TOP_DAEMON, []))
    for name in ALL:
        attempt('no %s' % name, daemon_attrs(**{k: v for k, v in ALL.items() if k != name}))
    for state in (0, 3, 4, 0xffffffff):
        attempt('state %d' % state, daemon_attrs(**dict(ALL, state=state)))
    for what, name in (('unknown interface', 'none'), ('empty name', ''), ('lo', 'lo'),
                       ('15 characters', 'x' * 15), ('16 characters', 'x' * 16)):
        attempt(what, daemon_attrs(**dict(ALL, interface=name)))
    attempt('a name without an end', nest(TOP_DAEMON, [
        u32(syncd.STATE, MASTER), attr(syncd.INTERFACE, b'back'), u32(syncd.SYNC_ID, 3)]))
    attempt('a name of 16 bytes without an end', nest(TOP_DAEMON, [
        u32(syncd.STATE, MASTER), attr(syncd.INTERFACE, b'x' * 16), u32(syncd.SYNC_ID, 3)]))
    attempt('a short sync id', nest(TOP_DAEMON, [
        u32(syncd.STATE, MASTER), text(syncd.INTERFACE, 'back'), u8(syncd.SYNC_ID, 3)]))
    for group in ('192.0.2.1', '0.0.0.0', '223.255.255.255', '224.0.0.0', '239.255.255.255',
                  '240.0.0.0', '2001:db8::1', '::', 'ff02::81', 'ff05::81', 'ff0e::81'):
        attempt('group ' + group, daemon_attrs(**ALL, group=group))
    for group in ('192.0.2.1', '224.0.0.0', '2001:db8::1', 'ff05::81'):
        attempt('backup, group ' + group, daemon_attrs(**dict(ALL, state=BACKUP), group=group))
    for syncid in (0, 255, 256, 0x7fffffff, 0x80000000, 0xffffffff):
        attempt('sync id %d' % syncid, daemon_attrs(**dict(ALL, syncid=syncid)))
    for state in (MASTER, BACKUP):
        for group, sizes in ((None, (0, 1, 1023, 1024, 9000, 65507, 65508)),
                             ('ff02::81', (0, 65487, 65488, 65535))):
            for maxlen in sizes:
                attempt('state %d, group %s, maxlen %d' % (state, group, maxlen), daemon_attrs(
                    **dict(ALL, state=state), maxlen=maxlen, group=group))
    for port in (0, 1, 8848, 65535):
        attempt('port %d' % port, daemon_attrs(**ALL, port=port))
    for ttl in (0, 1, 255):
        attempt('ttl %d' % ttl, daemon_attrs(**ALL, ttl=ttl))
    attempt('both groups', nest(TOP_DAEMON, [
        u32(syncd.STATE, MASTER), text(syncd.INTERFACE, 'back'), u32(syncd.SYNC_ID, 3),
        attr(syncd.GROUP, bytes((224, 0, 0, 9))),
        attr(syncd.GROUP6, syncwire.pkt.packed('ff02::9'))]))
    attempt('a short group', nest(TOP_DAEMON, [
        u32(syncd.STATE, MASTER), text(syncd.INTERFACE, 'back'), u32(syncd.SYNC_ID, 3),
        attr(syncd.GROUP, b'\xe0\0\0')]))
    attempt('a short IPv6 group', nest(TOP_DAEMON, [
        u32(syncd.STATE, MASTER), text(syncd.INTERFACE, 'back'), u32(syncd.SYNC_ID, 3),
        attr(syncd.GROUP6, b'\xff\x02')]))
    attempt('unknown attribute', nest(TOP_DAEMON, [
        u32(syncd.STATE, MASTER), text(syncd.INTERFACE, 'back'), u32(syncd.SYNC_ID, 3),
        u32(9, 1), u16(77, 1)]))


def twice(d):
    for state in (MASTER, BACKUP):
        note('stop %d, not running' % state, d.stop(state))
        note('start %d' % state, d.start(state, syncid=state))
        note('start %d again' % state, d.start(state))
        note('start %d again, unknown interface' % state, d.start(state, 'none'))
        note('start %d again, all options' % state, d.start(
            state, 'front', 9, maxlen=2000, group='224.0.0.82', port=1000, ttl=9))
        listed(d, '    runs')
    note('stop both', d.stop(3))
    note('stop 0', d.stop(0))
    for state in (MASTER, BACKUP):
        note('stop %d' % state, d.stop(state))
        listed(d, '    runs')
        note('stop %d again' % state, d.stop(state))
    note('stop without a state', d.ipvs.call('DEL_DAEMON', nest(TOP_DAEMON, [])).error)
    note('start 1, all options', d.start(MASTER, 'front', 9, maxlen=2000, group='224.0.0.82',
                                         port=1000, ttl=9))
    note('start 2, all options', d.start(BACKUP, 'front', 10, maxlen=3000, group='ff05::82',
                                         port=1001, ttl=10))
    listed(d, '    runs')
    note('stop with an interface', d.ipvs.call('DEL_DAEMON', daemon_attrs(
        MASTER, 'none', 77)).error)
    listed(d, '    runs')
    d.stop_all()


def sockopts(d):
    opts = Sockopts()

    def daemon(state=MASTER, interface=b'back', syncid=4):
        return sockctl.daemon(state, interface, syncid)

    def show():
        for entry in struct.iter_unpack('=i16si', opts.must_get('DAEMON', bytes(48))):
            state, name, syncid = entry
            lines.append('    sockopt: state %d interface %s id %d' % (
                state, name.rstrip(b'\0').decode(), syncid))

    show()
    for what, data in (('master', daemon()), ('master again', daemon()),
                       ('backup', daemon(BACKUP, syncid=300)), ('state 0', daemon(0)),
                       ('state 3', daemon(3)), ('state -1', daemon(-1)),
                       ('unknown interface', daemon(MASTER, b'none')),
                       ('empty name', daemon(MASTER, b'')), ('15 characters', daemon(1, b'x' * 15)),
                       ('16 characters', daemon(1, b'x' * 16))):
        note('sockopt start ' + what, opts.set('STARTDAEMON', data))
        syncd.running()
    show()
    listed(d, '    runs')
    for what, data in (('backup', daemon(BACKUP, b'none')), ('backup again', daemon(BACKUP)),
                       ('state 3', daemon(3)), ('master, no name', daemon(MASTER, b'')),
                       ('master again', daemon())):
        note('sockopt stop ' + what, opts.set('STOPDAEMON', data))
    show()


def mixed(d):
    """A destination of the other family cannot be synchronised."""
    four, six = Addresses(4), Addresses(6)
    service, other = (four.vip, 80, TCP), (four.vip, 81, TCP)
    d.ipvs.flush()
    d.ipvs.add_service(*service, 'rr')
    d.ipvs.add_service(*other, 'rr')

    def add(to):
        try:
            d.ipvs.dest('NEW_DEST', to, six.phantoms[0], 80, genl.TUNNEL)
        except OSError as error:
            return str(error).split()[1]
        return 0

    note('a destination of the other family', add(service))
    for state in (MASTER, BACKUP):
        note('start %d with one' % state, d.start(state))
    note('sockopt start with one', Sockopts().set('STARTDAEMON', sockctl.daemon(1, b'back', 4)))
    syncd.running()
    listed(d, '    runs')
    note('another while it runs', add(other))
    d.stop_all()
    d.ipvs.flush()
    note('start without one', d.start(MASTER))
    d.stop_all()


@tap.step
def netlink():
    d = Daemons()
    for case in (start_errors, twice, sockopts, mixed):
        lines.append('== ' + case.__name__)
        try:
            case(d)
        finally:
            d.stop_all()
    tap.golden('sync_daemon.txt', lines)


def thread_names():
    """The generation of the namespace is left out."""
    for name, _ in syncd.threads():
        tap.check(re.fullmatch(r'ipvs-[mb]:\d+:\d+', name), 'name of a thread: ' + name)
    return [re.sub(r':\d+:', ':G:', name) for name, _ in syncd.threads()]


def sockets():
    """The UDP sockets of the director, as ss shows them (in one form, as its versions differ); `*`
    for a port that the kernel chose."""
    out = subprocess.run(command_in('director', 'ss', '-Haun'), capture_output=True, text=True,
                         check=True).stdout
    found = []
    for line in out.splitlines():
        state, _, _, local, peer = re.sub(r'%[a-z]+', '', line).replace('[::]:', '*:').split()[:5]
        if state == 'ESTAB':
            local = re.sub(r':\d+$', ':*', local)
        found.append('%s %s > %s' % (state, local, peer))
    return sorted(found)


def references():
    with open('/proc/modules') as file:
        return next(int(line.split()[2]) for line in file if line.startswith('ip_vs '))


def observe(d, what):
    lines.append('%s: threads %s' % (what, ' '.join(thread_names()) or 'none'))
    lines.extend('    socket ' + line for line in sockets())
    listed(d, '    runs')


@tap.step
def inside():
    """Threads, sockets and references of the module."""
    d, before = Daemons(), references()
    for group in (None, 'ff02::81', 'ff05::81'):
        for ports in (1, 2, 4):
            with Knobs(sync_ports=ports):
                note('start %s, %d ports' % (group, ports), d.start(MASTER, group=group))
            # the second daemon takes the number of the first
            note('start backup', d.start(BACKUP, group=group))
            if ports != 4 or group is None:
                observe(d, 'both')
            tap.equal(references() - before, 2, 'references')
            note('stop', d.stop(MASTER))
            tap.equal(references() - before, 1, 'references')
            note('stop', d.stop(BACKUP))
            tap.equal(references() - before, 0, 'references')
            tap.equal((thread_names(), sockets()), ([], []), 'threads and sockets after the stop')
    with Knobs() as knobs:
        for value in (1, 2, 3, 4, 5, 64, 65, 0):
            try:
                knobs.set(sync_ports=value)
                error = ''
            except OSError as why:
                error = why.strerror
            lines.append('sync_ports %d: %s' % (value, error or knobs.get('sync_ports')))
    tap.golden('sync_inside.txt', lines)


@tap.step
def high_ports():
    """The threads' ports end at 65535."""
    d = Daemons()
    with Knobs(sync_ports=4):
        for state in (MASTER, BACKUP):
            for port, wanted in ((65532, 0), (65533, 'EINVAL'), (65535, 'EINVAL')):
                tap.equal(d.start(state, port=port), wanted, 'state %d, port %d' % (state, port))
                d.stop_all()


@tap.step
def at_once():
    """A daemon that is stopped at once has not run yet."""
    d = Daemons()
    for _ in range(50):
        for state in (MASTER, BACKUP):
            tap.equal(d.ipvs.call('NEW_DAEMON', daemon_attrs(state, 'back', 0)).error, 0, 'start')
            tap.equal(d.stop(state), 0, 'stop')


@tap.step
def unload():
    """The module stays while a daemon runs."""
    d = Daemons()
    for state in (MASTER, BACKUP):
        d.must_start(state)
        done = subprocess.run(('rmmod', 'ip_vs'), check=False, stderr=subprocess.DEVNULL)
        tap.check(done.returncode, 'the module was unloaded while daemon %d runs' % state)
        tap.equal(len(d.listed()), 1, 'daemons')
        d.stop(state)


@tap.step
def wire():
    """Group, port, source and hop limit of the messages."""
    for number, (group, port, ttl) in enumerate((
            (syncd.GROUP4, None, None), ('239.1.2.3', 9000, 7), ('ff02::81', None, None),
            ('ff05::82', 9001, 255))):
        given = {k: v for k, v in dict(port=port, ttl=ttl).items() if v is not None}
        if group != syncd.GROUP4:
            given['group'] = group
        with lab_of(4, 2700 + number, **given) as lab:
            receiver = Receiver(group, (port or syncd.DEFAULT_PORT,))
            lab.valve()
            lab.valve()
            got = receiver.receive(3)
            if tap.check(got, 'no message to ' + group):
                sender = got.sender
                tap.check(sender == lab.at.director_back if '.' in group else
                          sender.startswith('fe80:') or sender == Addresses(6).director_back,
                          'a message from ' + sender)
                tap.equal(got.ttl, ttl or 1, 'hop limit to ' + group)
            receiver.close()
            lab.daemons.stop(MASTER)
            # the other direction
            lab.daemons.must_start(BACKUP, **given)
            service, sender = Service(lab), Sender(group, port or syncd.DEFAULT_PORT)
            told(lab, service, sender, 4000 + number, 'group ' + group)
            sender.close()


def told(lab, service, sender, sport, what, wanted=True):
    """Whether a message makes a connection."""
    entry = Entry(cport=sport, vport=service.port, dport=service.dport, state=1, timeout=100,
                  caddr=lab.four.phantom_client, vaddr=lab.four.vip, daddr=lab.four.phantoms[0])
    sender.send(message([entry.v1()]))
    got = wait_until(lambda: any(c.cport == sport for c in ConnTable().all()), 3 if wanted else 0.5)
    tap.equal(bool(got), wanted, what + ': a message makes a connection')


def has_message(lab, receiver, what, wanted=True):
    while receiver.receive(0):
        pass
    lab.valve()
    lab.valve()
    tap.equal(bool(receiver.receive(3 if wanted else 0.5)), wanted, what + ': a message is sent')


@tap.step
def interface():
    """The interface goes down and up, is renamed, changes its MTU, and is deleted, while daemons
    run on it."""
    tap.defer('ip', '-n', 'director', 'link', 'del', 'sync0')
    tap.defer('ip', '-n', 'director', 'link', 'del', 'sync1')

    def make():
        ip_command('director', 'link', 'add', 'sync0', 'mtu', '1500', 'type', 'veth',
                   'peer', 'name', 'sync0', 'netns', 'server2')
        for ns, address in (('director', '198.18.0.1/24'), ('server2', '198.18.0.2/24')):
            ip_command(ns, 'addr', 'add', address, 'dev', 'sync0')
            ip_command(ns, 'link', 'set', 'sync0', 'up')
        return Receiver(dev='sync0'), Sender(dev='sync0')

    receiver, sender = make()
    with lab_of(4, 2800, interface='sync0') as lab:
        d, service = lab.daemons, Service(lab)
        d.must_start(BACKUP, 'sync0')
        sports = iter(range(5000, 6000))

        def works(what, wanted=True):
            has_message(lab, receiver, what, wanted)
            told(lab, service, sender, next(sports), what, wanted)

        works('at first')
        ip_command('director', 'link', 'set', 'sync0', 'down')
        works('down', False)
        ip_command('director', 'link', 'set', 'sync0', 'up')
        works('up again')
        ip_command('director', 'link', 'set', 'sync0', 'mtu', '1400')
        works('MTU 1400')
        # older kernels rename only what is down
        for change in (('sync0', 'down'), ('sync0', 'name', 'sync1'), ('sync1', 'up')):
            ip_command('director', 'link', 'set', *change)
        works('renamed')
        tap.equal([x[syncd.INTERFACE] for x in d.listed()], [b'sync0\0'] * 2, 'name after renaming')
        ip_command('director', 'link', 'del', 'sync1')
        tap.equal(len(d.listed()), 2, 'daemons after the interface was deleted')
        lab.valve()
        lab.valve()
        tap.equal(d.start(MASTER), 'EEXIST', 'start after the interface was deleted')
        receiver.close()
        sender.close()
        for state in (MASTER, BACKUP):
            tap.equal(d.stop(state), 0, 'stop after the interface was deleted')
        tap.equal((thread_names(), d.listed()), ([], []), 'what is left')
        receiver, sender = make()
        for state in (MASTER, BACKUP):
            d.must_start(state, 'sync0')
        d.stop(MASTER)
        d.must_start(MASTER, 'sync0', maxlen=44)
        works('the interface was created again')
        receiver.close()
        sender.close()


def hears(sender, port):
    """Whether the backup receives messages, after a while."""
    def got():
        entry = Entry(cport=port, vport=1, dport=1, proto=UDP, timeout=100, caddr='192.0.2.1',
                      vaddr='192.0.2.2', daddr='192.0.2.3')
        try:
            sender.send(message([entry.v1()]))
        except OSError:
            pass                    # the link has no address yet
        return any(c.cport == port for c in ConnTable().all())

    return wait_until(got, 8)


@tap.step
def returns():
    """The interface of a backup comes back: with another index, with the same one before anybody
    looks, and from another namespace. Each of two threads receives again."""
    tap.defer('ip', '-n', 'server1', 'link', 'del', 'sync0')
    tap.defer('ip', '-n', 'director', 'link', 'del', 'sync0')

    def up(ns, address):
        ip_command(ns, 'addr', 'add', address, 'dev', 'sync0')
        ip_command(ns, 'link', 'set', 'sync0', 'up')

    def make(index):
        ip_command('director', 'link', 'add', 'sync0', 'index', str(index), 'type', 'veth',
                   'peer', 'name', 'sync0', 'netns', 'server2')
        up('director', '198.18.0.1/24')
        up('server2', '198.18.0.2/24')

    def replace(index):
        ip_command('director', 'link', 'del', 'sync0')
        make(index)

    def visit():
        for ns, to in (('director', 'server1'), ('server1', 'director')):
            ip_command(ns, 'link', 'set', 'sync0', 'netns', to)
        up('director', '198.18.0.1/24')

    ports, d = iter(range(7000, 8000)), Daemons()
    make(700)
    for group in (syncd.GROUP4, 'ff02::81'):
        with Knobs(sync_ports=2):
            d.must_start(BACKUP, 'sync0', group=group)
        for what, change in (('at first', lambda: None), ('the same index', lambda: replace(700)),
                             ('another index', lambda: replace(701)),
                             ('the first index', lambda: replace(700)),
                             ('from another namespace', visit)):
            change()
            for thread in (0, 1):
                sender = Sender(group, syncd.DEFAULT_PORT + thread, dev='sync0')
                tap.check(hears(sender, next(ports)), '%s, %s: thread %d is deaf' % (
                    group, what, thread))
                sender.close()
        d.stop(BACKUP)


@tap.step
def namespace():
    """A namespace is deleted while its daemons run."""
    before = references()
    subprocess.run(('ip', 'netns', 'add', 'sync'), check=True)
    tap.defer('ip', 'netns', 'del', 'sync')
    ip_command('sync', 'link', 'add', 'dummy0', 'type', 'dummy')
    ip_command('sync', 'addr', 'add', '198.18.0.1/24', 'dev', 'dummy0')
    ip_command('sync', 'link', 'set', 'dummy0', 'up')
    with Knobs('sync', sync_ports=2):
        d = Daemons('sync')
        for state in (MASTER, BACKUP):
            d.must_start(state, 'dummy0')
    tap.equal(len(thread_names()), 4, 'threads')
    d.ipvs.sock.close()
    subprocess.run(('ip', 'netns', 'del', 'sync'), check=True)
    tap.check(wait_until(lambda: not thread_names(), 20), 'threads are left: %r' % thread_names())
    tap.check(wait_until(lambda: references() == before, 20), 'references are left')


def ipvsadm(*args):
    return subprocess.run(command_in('director', 'ipvsadm', *args), capture_output=True, text=True,
                          check=False)


@tap.step
def program():
    """By the program ipvsadm."""
    for command in (
            '-L --daemon', '--start-daemon master --mcast-interface back', '-L --daemon',
            '--start-daemon master', '--start-daemon backup --mcast-interface front --syncid 7 '
            '--sync-maxlen 1600 --mcast-group 224.0.0.99 --mcast-port 2000 --mcast-ttl 3',
            '-L --daemon', '--stop-daemon master', '--stop-daemon master', '-L --daemon',
            '--stop-daemon backup', '--start-daemon backup --mcast-interface back --syncid 0 '
            '--mcast-group ff05::99', '-L --daemon', '--stop-daemon backup',
            '--start-daemon backup --mcast-interface none', '-L --daemon'):
        done = ipvsadm(*command.split())
        syncd.running()
        lines.append('ipvsadm %s: %d' % (command, done.returncode))
        lines.extend('    ' + line for line in done.stdout.splitlines())
    tap.golden('sync_tool.txt', lines)


tap.main()
