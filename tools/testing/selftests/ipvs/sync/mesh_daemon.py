#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The mesh daemon: start, stop, list, keys; its interface, namespace and module. SECONDS_LONG=N makes
at_once longer."""

import os
import random
import subprocess
import tempfile
import time

from ipvstest import mesh as m, syncd, tap
from ipvstest.genl import attr, nest, u8, u32, unprivileged
from ipvstest.mesh import IN_SYNC, Mesh, ipvsadm, key_attr, key_file, mesh_attrs, peer_attr
from ipvstest.mesh_lab import key_set, lab_of
from ipvstest.meshpeer import KEYS, Peer
from ipvstest.sync_lab import Service
from ipvstest.syncd import BACKUP, MASTER, Daemons
from ipvstest.wire import Addresses, ip_command, wait_until

FOUR, SIX = Addresses(4), Addresses(6)
ONE = FOUR.real[:1]
# by the policy of netlink
BAD_SIZE = ('EINVAL', 'ERANGE')


def ends(mesh, error, wanted, what):
    """The result of a start, which leaves a daemon only if it succeeds. `wanted` is an errno's name,
    some of them, 0, or 'any' errno."""
    tap.check(error in (wanted if isinstance(wanted, tuple) else (wanted,)) or
              wanted == 'any' and error, '%s: got %s, wanted %s' % (
        what, error or 'ok', wanted or 'ok'))
    tap.equal(mesh.get() is not None, not error, what + ': a daemon runs')
    mesh.stop()


@tap.step
def errors():
    """Parameters that are refused."""
    mesh = Mesh()
    secret, five = KEYS[1], {n: bytes([n]) * 32 for n in range(1, 6)}
    many = ['198.51.100.%d' % n for n in range(20, 37)]
    for what, wanted, given in (
            ('nothing but a key', 'EINVAL', {}),
            ('no key', 'EINVAL', dict(peers=ONE, keys=())),
            ('five keys', 'EINVAL', dict(peers=ONE, keys=five)),
            ('four keys', 0, dict(peers=ONE, keys={n: five[n] for n in range(1, 5)})),
            ('a key of 31 bytes', BAD_SIZE, dict(peers=ONE, keys=[(1, bytes(31))])),
            ('a key of 33 bytes', BAD_SIZE, dict(peers=ONE, keys=[(1, bytes(33))])),
            ('an empty key', BAD_SIZE, dict(peers=ONE, keys=[(1, b'')])),
            ('a key id twice', 'EINVAL', dict(peers=ONE, keys=[(1, secret), (1, bytes(32))])),
            ('17 peers', 'EINVAL', dict(peers=many)),
            ('16 peers', 0, dict(peers=many[:16])),
            ('peers of both families', 'EINVAL', dict(peers=[FOUR.real[0], SIX.real[0]])),
            ('IPv6 peers', 0, dict(peers=SIX.real)),
            ('a peer twice', 'EINVAL', dict(peers=ONE * 2)),
            ('peer 0.0.0.0', 'EINVAL', dict(peers=['0.0.0.0'])),
            ('peer 255.255.255.255', 'EINVAL', dict(peers=['255.255.255.255'])),
            ('peer ::', 'EINVAL', dict(peers=['::'])),
            ('a group as a peer', 'EINVAL', dict(peers=['224.0.0.81'])),
            ('an IPv6 group as a peer', 'EINVAL', dict(peers=['ff02::81'])),
            ('a good peer and a group', 'EINVAL', dict(peers=ONE + ['224.0.0.81'])),
            ('an unknown interface', 'ENODEV', dict(interface='none')),
            ('peers and an unknown interface', 'ENODEV', dict(peers=ONE, interface='none')),
            ('an interface alone', 0, dict(interface='back')),
            ('an interface and peers', 0, dict(interface='back', peers=ONE)),
            ('a group without an interface', 'EINVAL', dict(group='224.0.0.90')),
            ('a group and an interface', 0, dict(group='224.0.0.90', interface='back')),
            ('a group that is none', 'EINVAL', dict(group='192.0.2.1', interface='back')),
            ('an IPv6 group that is none', 'EINVAL', dict(group='2001:db8::1', interface='back')),
            ('an IPv6 group', 0, dict(group='ff02::90', interface='back')),
            ('port 1', 0, dict(peers=ONE, port=1)), ('port 65535', 0, dict(peers=ONE, port=65535)),
            ('sync id 255', 0, dict(peers=ONE, syncid=255)),
            ('key ids 0 and 255', 0, dict(peers=ONE, keys=[(0, secret), (255, bytes(32))]))):
        ends(mesh, mesh.start(**given), wanted, what)
    base = mesh_attrs(ONE)
    for what, attrs in (
            ('an unknown attribute', base + [u8(40, 1)]), ('a state', base + [u8(m.STATE, 1)]),
            ('a peer of 5 bytes', [key_attr(1, secret), nest(m.PEER, [attr(1, bytes(5))])]),
            ('a peer without an address', [key_attr(1, secret), nest(m.PEER, [])]),
            ('a peer with a state', [key_attr(1, secret), nest(m.PEER, [
                attr(1, bytes((198, 51, 100, 11))), u8(2, 1)])]),
            ('a key without an id', base[:1] + [nest(m.KEY, [attr(2, secret)])]),
            ('a key without a secret', base[:1] + [nest(m.KEY, [u8(1, 1)])]),
            ('a group of 3 bytes', base + [attr(m.GROUP, bytes((224, 0, 0)))]),
            ('a short sync id', base + [attr(m.SYNCID, b'')]),
            ('a name of 16 bytes', base + [attr(m.IFNAME, b'x' * 16 + b'\0')]),
            ('no attributes', [])):
        ends(mesh, mesh.start_raw(attrs), 'any', what)
    ends(mesh, mesh.call(m.START).error, 'any', 'no mesh')
    tap.check(mesh.call(m.START, nest(m.TOP_MESH, base), u32(9, 1)).error, 'an unknown top attribute')
    mesh.stop()


@tap.step
def parameters(family):
    """What was given is listed, and the rest has its default."""
    mesh, at = Mesh(), Addresses(family)
    mesh.must_start(at.real)
    state = mesh.get()
    tap.equal([p.address for p in state.peers], at.real, 'peers')
    tap.equal((state.port, state.syncid or 0, state.key_id), (syncd.DEFAULT_PORT, 0, 1),
              'port, sync id, key')
    tap.equal(state.maxlen, 1500 - (28 if family == 4 else 48), 'maxlen')
    tap.equal((state.interface or None, state.group), (None, None), 'interface and group')
    tap.check(m.KEY not in state.kinds, 'a reply has keys')
    mesh.stop()
    group = '239.7.7.7' if family == 4 else 'ff05::7'
    mesh.must_start(group=group, interface='back', syncid=9, maxlen=1100, port=9000, ttl=5,
                    keys=[(77, KEYS[2]), (1, KEYS[1])])
    state = mesh.get()
    tap.equal((state.group, state.interface, state.syncid, state.maxlen, state.port, state.ttl,
               state.key_id, state.peers), (group, 'back', 9, 1100, 9000, 5, 77, []), 'all parameters')
    mesh.stop()
    for maxlen, becomes in ((1, 1024), (256, 1024), (1023, 1024), (1024, 1024), (1025, 1025)):
        mesh.must_start(at.real, maxlen=maxlen)
        tap.equal(mesh.get().maxlen, becomes, 'maxlen %d' % maxlen)
        mesh.stop()
    mesh.must_start(interface='back')
    tap.equal(mesh.get().group, '224.0.0.81', 'the default group')
    mesh.stop()


@tap.step
def twice():
    mesh = Mesh()
    for what, call in (('stop', mesh.stop), ('get', mesh.get_error),
                       ('set keys', lambda: mesh.set_keys(key_set(1)))):
        tap.equal(call(), 'ESRCH', what + ', not running')
    mesh.must_start(ONE)
    before = [p.address for p in mesh.get().peers]
    for given in (dict(peers=ONE), dict(peers=FOUR.real[1:]), dict(interface='back')):
        tap.equal(mesh.start(**given), 'EEXIST', 'start again')
    tap.equal([p.address for p in mesh.get().peers], before, 'peers')
    tap.equal((mesh.stop(), mesh.stop()), (0, 'ESRCH'), 'stop twice')


@tap.step
def excluded():
    """A mesh, or master and backup daemons."""
    mesh, daemons = Mesh(), Daemons()
    for role in (MASTER, BACKUP):
        daemons.must_start(role)
        tap.equal(mesh.start(ONE), 'EBUSY', 'beside daemon %d' % role)
        tap.equal(daemons.stop(role), 0, 'stop %d' % role)
    mesh.must_start(ONE)
    for role in (MASTER, BACKUP):
        tap.equal(daemons.start(role), 'EBUSY', 'daemon %d beside a mesh' % role)
        tap.check(ipvsadm('--start-daemon', 'master' if role == MASTER else 'backup',
                          '--mcast-interface', 'back').returncode, 'ipvsadm starts daemon %d' % role)
    tap.equal(daemons.listed(), [], 'daemons in the listing')
    tap.check(daemons.stop(MASTER), 'a master is stopped')
    mesh.stop()
    daemons.must_start(MASTER)
    daemons.stop_all()


@tap.step
def keys():
    """New keys replace the old ones; the first is that of messages sent."""
    with lab_of(4, 6700) as lab:
        mesh, peer, session = lab.mesh, lab.peer, lab.peer.theirs
        peer.keys = dict(KEYS)
        for what, wanted, given in (
                ('none', ('EINVAL',), ()), ('31 bytes', BAD_SIZE, [(1, bytes(31))]),
                ('five', ('EINVAL',), {n: bytes(32) for n in range(5)}),
                ('an id twice', ('EINVAL',), [(1, KEYS[1]), (1, KEYS[2])])):
            got = mesh.set_keys(given)
            tap.check(got in wanted, 'set keys: %s: %s, wanted %s' % (what, got, wanted))
        key = key_attr(1, KEYS[2])
        for what, other in (('a peer', peer_attr(FOUR.real[2])), ('a sync id', u8(m.SYNCID, 0)),
                            ('an interface', attr(m.IFNAME, b'back\0')), ('a state', u8(m.STATE, 1)),
                            ('an unknown attribute', u8(40, 1))):
            for attrs in ([key, other], [other, key], [other]):
                tap.equal(mesh.call(m.SET_KEYS, nest(m.TOP_MESH, attrs)).error, 'EINVAL',
                          'set keys: keys and ' + what)
        tap.equal(mesh.call(m.SET_KEYS).error, 'EINVAL', 'set keys: no mesh')
        tap.equal((mesh.get().key_id, len(mesh.get().peers)), (1, 1), 'after refused keys')
        service = Service(lab)
        for given, sends in (((1, 2), 1), ((2, 1), 2), ((2,), 2), ((3, 2), 3), ((1, 2, 3), 1)):
            tap.equal(mesh.set_keys(key_set(*given)), 0, 'set keys %r' % (given,))
            tap.equal(mesh.get().key_id, sends, 'key of messages sent')
            peer.key_id = sends
            entry = lab.another(service)
            peer.tell(entry)
            lab.becomes(entry, 'ESTABLISHED ' + FOUR.phantoms[0], 'by key %d' % sends)
            sport = lab.open(service)
            lab.marker()
            raws = [raw for (_, lane, _), raws in peer.raw.items() if lane == 1 for raw in raws]
            tap.equal(raws[-1][3], sends, 'key of the last message')
            tap.check(peer.entries(sport), 'a connection is not told')
        lab.until(IN_SYNC)
        tap.equal((peer.theirs, lab.seen_by().resyncs), (session, 1), 'session and resyncs')


@tap.step
def privileges():
    """Only root of the namespace may."""
    mesh = Mesh()
    mesh.must_start(ONE)
    pid = os.fork()
    if not pid:
        unprivileged()
        got = (mesh.start(ONE), mesh.stop(), mesh.set_keys(key_set(1)))
        print('# unprivileged: %r' % (got,), flush=True)
        os._exit(got != ('EPERM',) * 3)
    tap.equal(os.waitpid(pid, 0)[1], 0, 'start, stop and set keys of an unprivileged process')
    tap.equal(mesh.stop(), 0, 'stop')


def command(line, status=0):
    """Runs ipvsadm, prints what it prints, and returns its output."""
    done = ipvsadm(*line.split())
    tap.note('director$ ipvsadm %s: %d' % (line, done.returncode))
    for text in (done.stdout + done.stderr).splitlines():
        tap.note('    ' + text)
    tap.equal(bool(done.returncode), bool(status), 'status of ipvsadm ' + line)
    return done.stdout


def shows(line, *words):
    text = command(line)
    for word in words:
        tap.check(word in text, 'ipvsadm %s does not show %s' % (line, word))


@tap.step
def program():
    """By the program ipvsadm."""
    with tempfile.TemporaryDirectory() as folder:
        one = key_file(folder + '/one', [(1, KEYS[1])])
        two = key_file(folder + '/two', [(2, KEYS[2]), (1, KEYS[1])])
        bad = key_file(folder + '/bad', [(1, b'short')])
        start = '--start-daemon mesh --sync-key ' + one
        command('--stop-daemon mesh', 1)
        command('--wait-sync 1', 1)
        command('--set-sync-keys ' + one, 1)
        for line in ('--start-daemon mesh --sync-peer %s' % ONE[0], start,
                     start + ' --sync-peer nonsense', start + ' --mcast-interface none',
                     start + ' --sync-peer %s,%s' % (FOUR.real[0], SIX.real[0]),
                     '--start-daemon mesh --sync-key %s/none --sync-peer %s' % (folder, ONE[0]),
                     '--start-daemon mesh --sync-key %s --sync-peer %s' % (bad, ONE[0]),
                     start + ' --sync-peer %s --syncid 256' % ONE[0]):
            command(line, 1)
        tap.equal(Mesh().get(), None, 'after refused commands')
        command(start + ' --sync-peer ' + ','.join(FOUR.real))
        tap.equal([p.address for p in Mesh().get().peers], FOUR.real, 'peers')
        shows('-L --daemon', 'mesh', *FOUR.real)
        command(start + ' --sync-peer ' + ONE[0], 1)
        command('--set-sync-keys ' + two)
        tap.equal(Mesh().get().key_id, 2, 'key after --set-sync-keys')
        command('--set-sync-keys ' + bad, 1)
        command('--wait-sync 1', 1)
        command('--stop-daemon mesh')
        command(start + ' --mcast-interface back --mcast-group 239.1.1.1 --mcast-port 2000 '
                '--mcast-ttl 3 --sync-maxlen 1100 --syncid 7')
        state = Mesh().get()
        tap.equal((state.interface, state.group, state.port, state.ttl, state.maxlen, state.syncid),
                  ('back', '239.1.1.1', 2000, 3, 1100, 7), 'parameters')
        shows('-L --daemon', 'mesh', 'back', '239.1.1.1', '2000')
        command('--stop-daemon mesh')
        with lab_of(4, 6750) as lab:
            shows('-L --daemon', 'mesh', lab.peer.address)
            command('--wait-sync 5')
            command('--wait-sync')


def sync0():
    ip_command('director', 'link', 'add', 'sync0', 'type', 'veth', 'peer', 'name', 'sync0', 'netns',
               'server2')
    for ns, address in (('director', '198.18.0.1/24'), ('server2', '198.18.0.2/24')):
        ip_command(ns, 'addr', 'add', address, 'dev', 'sync0')
        ip_command(ns, 'link', 'set', 'sync0', 'up')


@tap.step
def interface():
    """The interface goes down and up, is renamed, deleted and made again, while a mesh runs on it."""
    tap.defer('ip', '-n', 'director', 'link', 'del', 'sync0')
    tap.defer('ip', '-n', 'director', 'link', 'del', 'sync1')
    for given in (dict(interface='sync0', group='224.0.0.99'), dict(peers=['198.18.0.2']),
                  dict(peers=['198.18.0.2'], interface='sync0')):
        with lab_of(4, 6800, meet=False, hosts=(), start=False) as lab:
            service = Service(lab)
            sync0()
            lab.mesh.must_start(**given)

            def works(what):
                peer = Peer(4, 'server2', given.get('group'), dev='sync0', address='198.18.0.2',
                            to='198.18.0.1')
                lab.peers, lab.peer = [peer], peer
                lab.must(lambda: peer.in_sync and peer.asked, '%r: %s' % (given, what), 15)
                entry = lab.another(service)
                peer.tell(entry)
                lab.becomes(entry, 'ESTABLISHED ' + lab.at.phantoms[0], what)
                lab.marker()
                peer.close()
                lab.peers, lab.peer = [], None

            works('at first')
            ip_command('director', 'link', 'set', 'sync0', 'down')
            tap.check(lab.mesh.get(), 'down')
            ip_command('director', 'link', 'set', 'sync0', 'up')
            works('up again')
            ip_command('director', 'link', 'set', 'sync0', 'mtu', '1280')
            works('MTU 1280')
            # older kernels rename only what is down
            for change in (('sync0', 'down'), ('sync0', 'name', 'sync1'), ('sync1', 'up'),
                           ('sync1', 'down'), ('sync1', 'name', 'sync0'), ('sync0', 'up')):
                ip_command('director', 'link', 'set', *change)
            works('renamed and back')
            ip_command('director', 'link', 'del', 'sync0')
            tap.check(lab.mesh.get(), 'deleted')
            tap.equal(lab.mesh.start(**given), 'ENODEV' if 'interface' in given else 'EEXIST',
                      'start after the interface was deleted')
            sync0()
            works('the interface was made again')
            ip_command('director', 'link', 'del', 'sync0')
            tap.equal(lab.mesh.stop(), 0, 'stop after the interface was deleted')


def references():
    with open('/proc/modules') as file:
        return next(int(line.split()[2]) for line in file if line.startswith('ip_vs '))


@tap.step
def namespace():
    """A namespace is deleted while its mesh runs."""
    before = references()
    for given in (dict(peers=['198.18.0.2']), dict(interface='dummy0'),
                  dict(interface='dummy0', group='ff02::81')):
        subprocess.run(('ip', 'netns', 'add', 'sync'), check=True)
        tap.defer('ip', 'netns', 'del', 'sync')
        ip_command('sync', 'link', 'add', 'dummy0', 'type', 'dummy')
        ip_command('sync', 'addr', 'add', '198.18.0.1/24', 'dev', 'dummy0')
        ip_command('sync', 'link', 'set', 'dummy0', 'up')
        mesh = Mesh('sync')
        mesh.must_start(**given)
        mesh.sock.close()
        subprocess.run(('ip', 'netns', 'del', 'sync'), check=True)
        tap.check(wait_until(lambda: references() == before, 20), 'references are left')


@tap.step
def unload():
    """The module stays while a mesh runs, and goes afterwards (in the harness)."""
    mesh = Mesh()
    before = references()
    mesh.must_start(ONE)
    done = subprocess.run(('rmmod', 'ip_vs'), check=False, stderr=subprocess.DEVNULL)
    tap.check(done.returncode, 'the module was unloaded while a mesh runs')
    tap.check(mesh.get(), 'the mesh has ended')
    mesh.stop()
    tap.check(wait_until(lambda: references() == before, 10), 'references')


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


def restart(rng):
    """Starts and stops; only these errors may come."""
    mesh = Mesh()
    given = rng.choice((dict(peers=ONE), dict(interface='back'), dict(interface='sync0'),
                        dict(peers=SIX.real), dict(interface='back', group='ff02::81')))
    # this interface comes and goes, also while a socket is opened
    gone = ('ENODEV', 'EADDRNOTAVAIL') if given.get('interface') == 'sync0' else ()
    for call, allowed in ((lambda: mesh.start(**given), (0, 'EEXIST', 'EBUSY') + gone),
                          (mesh.get_error, (0, 'ESRCH')),
                          (lambda: mesh.set_keys(key_set(2, 1)), (0, 'ESRCH')),
                          (mesh.stop, (0, 'ESRCH'))):
        error = call()
        if error not in allowed:
            raise OSError('%s in a loop' % error)
    mesh.sock.close()


def alternate(role):
    """A master or backup daemon gets its turn."""
    daemons = Daemons()
    if daemons.start(role) not in (0, 'EEXIST', 'EBUSY'):
        raise OSError('daemon %d' % role)
    daemons.stop(role)
    daemons.ipvs.sock.close()


def flicker():
    for args in ('link add sync0 type dummy', 'addr add 198.18.0.1/24 dev sync0',
                 'link set sync0 up', 'link del sync0'):
        subprocess.run(['ip', '-n', 'director'] + args.split(), check=False,
                       stderr=subprocess.DEVNULL)


@tap.step
def at_once():
    """Starts, stops and settings against each other; afterwards a mesh works."""
    seconds = float(os.environ.get('SECONDS_LONG', 5))
    tap.defer('ip', '-n', 'director', 'link', 'del', 'sync0')
    os.sched_setaffinity(0, range(os.cpu_count()))
    children = [child(restart, seconds, random.Random(n)) for n in range(4)]
    children += [child(alternate, seconds, role) for role in (MASTER, BACKUP)]
    children.append(child(flicker, seconds))
    for pid in children:
        tap.equal(os.waitpid(pid, 0)[1], 0, 'status of a child')
    Mesh().stop()
    Daemons().stop_all()
    with lab_of(4, 6850) as lab:
        lab.told_marker()
        lab.marker()
    tap.equal((Mesh().get(), syncd.threads()), (None, []), 'what is left')


tap.main()
