#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Clients whose connections outlive their director."""

import os
import signal
import subprocess
import sys

from ipvstest import tap
from ipvstest.standby import (EACH, METHODS, active, compare, give_back, neighbours, opened,
                              persistent, survivors, take_over, told)
from ipvstest.syncd import Daemons, shown
from ipvstest.wire import wait_until


def children(pid):
    out = subprocess.run(('pgrep', '-P', str(pid)), capture_output=True, text=True, check=False)
    return out.stdout.split()


def link_is_down(ns, dev):
    out = subprocess.run(('ip', '-n', ns, '-br', 'link', 'show', dev), capture_output=True, text=True,
                         check=True).stdout
    return out.split()[1] == 'DOWN'


@tap.step
def failover():
    saved = neighbours()
    clients = opened(EACH)
    tap.equal({c.server for c in clients}, {'server1', 'server2'}, 'servers')
    tap.check(wait_until(lambda: told(clients, 'standby'), 10), 'the standby does not know all')
    compare('at first')
    take_over('standby', 'director')
    try:
        survivors(clients, 'the standby has taken over')
        persistent(clients, 'the standby has taken over')
        later = opened(2)
        survivors(clients + later, 'the standby works')
        tap.check(wait_until(lambda: told(clients + later, 'director'), 10),
                  'the director does not know all')
    finally:
        give_back(saved)
    survivors(clients + later, 'the director is back')
    persistent(clients, 'the director is back')
    for client in clients + later:
        client.sock.close()


def daemons(ns):
    return [shown(daemon) for daemon in Daemons(ns).listed()]


def servers(ns):
    return len(active(ns))


@tap.step
def vrrp(keepalived):
    """keepalived starts the daemons, and exchanges them when the director dies."""
    options = ' on sync, id 51, maxlen 1400, group 224.0.0.90, port 8850, ttl 3'
    for ns, role in (('director', 'master'), ('standby', 'backup')):
        tap.check(wait_until(lambda: daemons(ns) == [role + options], 30),
                  'daemons of the %s: %s' % (ns, daemons(ns)))
        tap.check(wait_until(lambda: servers(ns) == 4 * len(METHODS), 30),
                  'keepalived has not added the servers of the %s: %s' % (ns, active(ns)))
    saved = neighbours()
    clients = opened(EACH)
    tap.check(wait_until(lambda: told(clients, 'standby'), 10), 'the standby does not know all')
    try:
        for pid in [keepalived] + children(keepalived):
            os.kill(int(pid), signal.SIGKILL)
        tap.check(wait_until(lambda: daemons('standby') == ['master' + options], 30),
                  'daemons after the takeover: %s' % daemons('standby'))
        tap.check(wait_until(lambda: link_is_down('director', 'front'), 10), 'no takeover')
        tap.check(wait_until(lambda: servers('standby') == 4 * len(METHODS), 30),
                  'servers are missing after the takeover')
        survivors(clients, 'the standby has taken over')
        persistent(clients, 'the standby has taken over')
    finally:
        give_back(saved)
    for client in clients:
        client.sock.close()


if sys.argv[1:] == ['take_over']:
    take_over('standby', 'director')
    sys.exit()
os.sched_setaffinity(0, {0})
tap.main()
