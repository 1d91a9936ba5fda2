#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""net.ipv4.vs.*: names, modes, defaults, accepted and rejected values, separate values per
namespace, and what root of a user namespace may do. Other tests cover the effect of each knob.
"""

import ctypes
import errno
import os
import sys

from ipvstest import tap
from ipvstest.namespaces import CLONE_NEWNET, libc, namespace

FOLDER = '/proc/sys/net/ipv4/vs/'
CLONE_NEWUSER = 0x10000000
INT_MAX, INT_MIN = (1 << 31) - 1, -(1 << 31)

# A number of any size; values that proc_dointvec rejects are rejected for all knobs.
WORDS = ('', 'x', '1x', str(INT_MAX + 1), str(INT_MIN - 1))
ANY = (('0', '1', '2', str(INT_MAX), '-1'), WORDS)
# 2 becomes 1 again as soon as there is enough memory.
MODE = (('1', ('2', '1'), '3', '0'), WORDS + ('4', '-1'))
LFACTOR = (('-8', '0', '8'), WORDS + ('9', '-9'))

# name: (default, (accepted, rejected)); an accepted value may be (written, read).
KNOBS = {
    'am_droprate': ('10', ANY),
    'amemthresh': ('1024', ANY),
    'backup_only': ('0', ANY),
    'cache_bypass': ('0', ANY),
    'conn_lfactor': ('-2', LFACTOR),
    'conn_max': (str(1 << 30), (('0', '7', str(1 << 30)), WORDS + ('-1', str((1 << 30) + 1)))),
    'conn_reuse_mode': ('1', ANY),
    'conntrack': ('0', ANY),
    'drop_entry': ('0', MODE),
    'drop_packet': ('0', MODE),
    'est_cpulist': (None, (('0', ''), ('x', '0-'))),
    'est_nice': ('0', (('-20', '19'), WORDS + ('-21', '20'))),
    'expire_nodest_conn': ('0', ANY),
    'expire_quiescent_template': ('0', ANY),
    'ignore_tunneled': ('0', ANY),
    'nat_icmp_send': ('0', ANY),
    'pmtu_disc': ('1', ANY),
    'run_estimation': ('1', ANY),
    'schedule_icmp': ('0', ANY),
    'secure_tcp': ('0', MODE),
    'sloppy_sctp': ('0', ANY),
    'sloppy_tcp': ('0', ANY),
    'snat_reroute': ('1', ANY),
    'svc_lfactor': ('-2', LFACTOR),
    'sync_persist_mode': ('0', ANY),
    'sync_ports': ('1', (('2', '64', str(1 << 30)), WORDS + ('0', '3', '-1'))),
    'sync_qlen_max': (None, (('0', '7', str(1 << 40)), ('', 'x', '-1'))),
    'sync_refresh_period': ('0', (('1', '3600'), ('', 'x', '1x'))),
    'sync_resync_rate': ('250000', ANY),
    'sync_retries': ('0', (('1', '3'), WORDS + ('4', '-1'))),
    'sync_sock_size': ('0', ANY),
    'sync_threshold': ('3\t50', ((('0 0', '0\t0'), ('5 0', '5\t0'), ('4', '4\t0'),
                                  ('4 5', '4\t5'), ('2', '2\t5')),
                                 ('', 'x', '5 5', '-1 5', '1 -1', '6 5'))),
    'sync_version': ('1', (('0', '1'), WORDS + ('2', '-1'))),
}

# The in-tree ip_vs may have more, depending on modules and configuration.
EXTRA = {'debug_level', 'lblc_expiration', 'lblcr_expiration'}
READ_ONLY = {'conn_lfactor', 'est_cpulist', 'est_nice', 'run_estimation', 'svc_lfactor',
             'sync_qlen_max', 'sync_resync_rate', 'sync_sock_size'}
WEIR = os.environ.get('IMPL') == 'weir'


def read(name):
    with open(FOLDER + name) as file:
        return file.read().rstrip('\n')


def write(name, value):
    """Returns the name of the errno, or None."""
    fd = os.open(FOLDER + name, os.O_WRONLY)
    try:
        os.write(fd, value.encode() + b'\n')
    except OSError as error:
        return errno.errorcode[error.errno]
    finally:
        os.close(fd)


def there():
    """Older kernels lack some names; Weir has all of them on every kernel."""
    names = set(os.listdir(FOLDER)) - EXTRA
    tap.check(names <= set(KNOBS), 'unknown names %s' % sorted(names - set(KNOBS)))
    if WEIR:
        tap.equal(sorted(names), sorted(KNOBS), 'names')
    return sorted(names)


def mode(name):
    return os.stat(FOLDER + name).st_mode & 0o777


@tap.test
def defaults():
    with namespace('director'):
        for name in there():
            tap.equal(mode(name), 0o644, name + ': mode')
            default = KNOBS[name][0]
            if default is not None:
                tap.equal(read(name), default, name)
        tap.check(int(read('sync_qlen_max')) > 0, 'sync_qlen_max is 0')
    for name, value in (('conn_lfactor', '-4'), ('svc_lfactor', '-3')):
        if os.path.exists(FOLDER + name):
            tap.equal(read(name), value, name + ' of the first namespace')


def try_value(name, value):
    written, wanted = value if isinstance(value, tuple) else (value, value)
    tap.equal(write(name, written), None, '%s = %r' % (name, written))
    tap.equal(read(name), wanted, '%s after %r' % (name, written))


@tap.test
def values():
    with namespace('director'):
        for name in there():
            before = read(name)
            taken, refused = KNOBS[name][1]
            for value in refused:
                tap.equal(write(name, value), 'EINVAL', '%s = %r' % (name, value))
                tap.equal(read(name), before, '%s after refused %r' % (name, value))
            for value in taken:
                try_value(name, value)
            write(name, before)
            tap.equal(read(name), before, name + ' as before')


@tap.test
def namespaces():
    """A value set in one namespace does not show in another."""
    with namespace('director'):
        names = there()
        before = {name: read(name) for name in names}
        for name in names:
            value = KNOBS[name][1][0][0]
            write(name, value[0] if isinstance(value, tuple) else value)
    with namespace('client'):
        for name in names:
            if name != 'est_cpulist':
                tap.equal(read(name), KNOBS[name][0] or before[name], name + ' of another')
    with namespace('director'):
        for name in names:
            write(name, before[name])


def in_child(function):
    """Runs in a process that may leave its namespaces; its failures count here."""
    sys.stdout.flush()
    pid = os.fork()
    if not pid:
        function()
        sys.stdout.flush()
        os._exit(min(tap.failures, 255))
    status = os.waitpid(pid, 0)[1]
    tap.check(not status, 'in the child: %d' % status)


def as_guest():
    """As root of a user namespace, with a network namespace of its own."""
    uid = os.getuid()
    if libc.unshare(CLONE_NEWUSER | CLONE_NEWNET):
        tap.note('no user namespaces here: ' + os.strerror(ctypes.get_errno()))
        return
    with open('/proc/self/uid_map', 'w') as file:
        file.write('0 %d 1\n' % uid)
    if not os.path.isdir(FOLDER) and not WEIR:
        tap.note('not shown by this kernel')
        return
    names = there()
    for name in names:
        tap.equal(oct(mode(name)), oct(0o444 if name in READ_ONLY else 0o644), name + ': mode')
        if KNOBS[name][0] and name != 'conn_max':
            tap.equal(read(name), KNOBS[name][0], name)
    tap.equal(write('conn_reuse_mode', '2'), None, 'conn_reuse_mode')
    if 'conn_max' in names:
        tap.equal(read('conn_max'), '5000', 'conn_max is the host\'s')
        tap.equal(write('conn_max', '5001'), 'EINVAL', 'conn_max above the host\'s')
        tap.equal(write('conn_max', '100'), None, 'conn_max below the host\'s')
        tap.equal(write('conn_max', '5000'), None, 'conn_max as the host\'s')


@tap.test
def user_namespace():
    limited = os.path.exists(FOLDER + 'conn_max')
    before = read('conn_max') if limited else None
    if limited:
        write('conn_max', '5000')
    in_child(as_guest)
    if limited:
        write('conn_max', before)


def as_guest_with_limit():
    with open('/proc/meminfo') as file:
        wanted = int(file.readline().split()[1]) // 16
    if libc.unshare(CLONE_NEWUSER | CLONE_NEWNET):
        tap.note('no user namespaces here: ' + os.strerror(ctypes.get_errno()))
        return
    limit = int(read('conn_max'))
    tap.check(abs(limit - wanted) <= wanted // 50, 'conn_max is %d of %d' % (limit, wanted))
    tap.equal(write('conn_max', str(limit + 1)), 'EINVAL', 'conn_max above the limit')


@tap.test
def connections_of_guests():
    """Nobody is charged for connections: a connection per 16 KiB of memory is the default limit of a
    namespace whose root is not the host's."""
    in_child(as_guest_with_limit)


tap.main()
