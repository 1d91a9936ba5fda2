#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Root of a user namespace, with a network namespace of its own: the socket options require
privilege there, netlink requires privilege in the initial user namespace. What it configures is
charged to its memory cgroup. The shared network is not used."""

import mmap
import os
import subprocess
import tempfile

from ipvstest import sockctl, tap
from ipvstest.genl import Ipvs
from ipvstest.sockctl import Sockopts

VIP = '203.0.113.10'
LIMIT = 64              # MiB for the memory cgroup
TABLES = 6000           # services with a table of 16 KiB each: 94 MiB
RESERVE = 4 << 20


def netlink():
    ipvs = Ipvs(None)
    for cmd in ('GET_INFO', 'GET_CONFIG', 'FLUSH', 'ZERO', 'SET_CONFIG', 'NEW_SERVICE'):
        tap.equal(ipvs.call(cmd).error, 'EPERM', cmd)
    tap.equal(ipvs.call('GET_SERVICE', dump=True).error, 'EPERM', 'dump')


def options():
    opts = Sockopts(None)
    tap.equal(opts.info()[2], 0, 'services at the start')
    opts.must_set('ADD', sockctl.service(VIP, 80, sched=b'rr'))
    opts.must_set('ADDDEST', sockctl.service(VIP, 80) + sockctl.dest('192.0.2.1', 80))
    tap.equal(len(opts.dests(addr=VIP, port=80)), 1, 'destinations')
    with open('/proc/thread-self/net/ip_vs') as file:
        tap.equal(file.read().count('CB00710A:0050'), 1, 'services in /proc')
    # the service goes with the namespace


@tap.test
def root_of_a_user_namespace():
    tap.in_user_namespace('as_root')


@tap.step
def as_root():
    subprocess.run(('ip', 'link', 'set', 'lo', 'up'), check=True)
    netlink()
    options()


def available():
    """MiB that the whole machine has left."""
    with open('/proc/meminfo') as file:
        return int(next(line for line in file if 'MemAvailable' in line).split()[1]) // 1024


def memory_group():
    """The path of a new memory cgroup with a limit, or None."""
    top = tempfile.mkdtemp()
    tap.defer('rmdir', top)
    if subprocess.run(('mount', '-t', 'cgroup2', 'none', top), check=False).returncode:
        return None
    tap.defer('umount', top)
    group = top + '/weir-userns'
    try:
        with open(top + '/cgroup.subtree_control', 'w') as file:
            file.write('+memory')
    except OSError:
        return None
    os.mkdir(group)
    tap.defer('rmdir', group)
    with open(group + '/memory.max', 'w') as file:
        file.write('%dM' % LIMIT)
    return group


@tap.test
def memory():
    group = memory_group()
    if not group:
        tap.skip('no memory cgroups')
    before = available()
    tap.in_user_namespace('fill_memory', 'sh', '-c',
                          'echo $$ >%s/cgroup.procs && exec "$@"' % group, 'sh')
    with open(group + '/memory.events') as file:
        events = dict(line.split() for line in file)
    tap.equal(events['oom_kill'], '0', 'processes that the OOM killer killed')
    tap.note('%d MiB before' % before)


@tap.step
def fill_memory():
    subprocess.run(('ip', 'link', 'set', 'lo', 'up'), check=True)
    opts, before, made, error = Sockopts(None), available(), 0, 0
    reserve = mmap.mmap(-1, RESERVE)
    reserve.write(b'x' * RESERVE)
    while not error and made < TABLES:
        service = sockctl.service('10.1.%d.%d' % divmod(made, 256), 80, sched=b'mh')
        error = opts.set('ADD', service)
        error = error or opts.set('ADDDEST', service + sockctl.dest('192.0.2.1', 80))
        made += 1
    reserve.close()     # memory to go on with
    used = before - available()
    tap.note('%d services, %d MiB used, then %s' % (made, used, error))
    tap.equal(error, 'ENOMEM', 'result at the limit')
    tap.check(used < LIMIT + 32, '%d MiB used, of %d allowed' % (used, LIMIT))


tap.main()
