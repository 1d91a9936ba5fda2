#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Clients whose connections outlive their director."""

import os
import signal
import socket
import subprocess
import sys

from ipvstest import tap
from ipvstest.conns import Conn
from ipvstest.genl import DST_ACTIVE, DST_INACTIVE, Ipvs, number
from ipvstest.namespaces import namespace
from ipvstest.pkt import TCP
from ipvstest.syncd import Daemons, shown
from ipvstest.wire import MAC, Addresses, wait_until

METHODS = {8000: 'NAT', 8001: 'direct routing', 8002: 'tunnel', 8003: 'NAT, persistent'}
PERSISTENT, EACH = 8003, 6
LINKS = ('front', 'back')


class Client:
    """One connection to a virtual address."""

    def __init__(self, family, port, source=''):
        at = Addresses(family)
        self.family, self.port = family, port
        with namespace('client'):
            self.sock = socket.socket(socket.AF_INET6 if family == 6 else socket.AF_INET)
        self.sock.settimeout(5)
        self.sock.bind((source, 0))
        self.sock.connect((at.vip, port))
        self.cport = self.sock.getsockname()[1]
        self.server = None

    def ask(self):
        """The name of the server, or the reason why it does not answer."""
        try:
            self.sock.sendall(b'who\n')
            return self.sock.recv(100).decode().strip() or 'closed'
        except OSError as error:
            return str(error)


def what(client):
    return 'IPv%d %s' % (client.family, METHODS[client.port])


def opened(count, ports=tuple(METHODS)):
    clients = [Client(family, port) for family in (4, 6) for port in ports for _ in range(count)]
    for client in clients:
        # three packets after the SYN: the connection is told
        client.server = [client.ask() for _ in range(3)][-1]
    return clients


def table(ns):
    """{(ports): (addresses, state)} of the director's connections and templates."""
    with namespace(ns), open('/proc/thread-self/net/ip_vs_conn') as file:
        conns = [Conn(line) for line in file.read().splitlines()[1:]]
    return {(c.client, c.cport, c.vport): (c.virtual, c.dest, c.dport, c.state) for c in conns}


def told(clients, ns):
    """Whether a director knows all these connections as established."""
    known = {(key[1], key[2]): value[3] for key, value in table(ns).items()}
    return all(known.get((c.cport, c.port)) == 'ESTABLISHED' for c in clients)


def active(ns):
    """{service and server: active connections}"""
    ipvs, found = Ipvs(ns), {}
    for family in (4, 6):
        for port in METHODS:
            for key, fields in ipvs.dests((Addresses(family).vip, port, TCP)).items():
                found[port, key] = (number(fields[DST_ACTIVE]), number(fields[DST_INACTIVE]))
    return found


def batch(ns, lines):
    subprocess.run(('ip', '-n', ns, '-force', '-batch', '-'), input='\n'.join(lines), text=True,
                   check=False, stderr=subprocess.DEVNULL)


def take_over(ns, other):
    """The addresses of the first director move from `other` to `ns`."""
    batch(other, ['link set %s down' % dev for dev in LINKS])
    lines = []
    for dev in LINKS:
        lines += ['link set %s down' % dev, 'link set %s address %s' % (dev, MAC['director', dev]),
                  'link set %s up' % dev]
    for family, bits in ((4, 24), (6, 64)):
        at = Addresses(family)
        for dev, address in zip(LINKS, (at.director, at.director_back)):
            lines.append('addr replace %s/%d dev %s%s' % (address, bits, dev,
                                                          ' nodad' if family == 6 else ''))
    batch(ns, lines)


def give_back(saved):
    """The first director's links as they were before."""
    take_over('director', 'standby')
    # neighbours vanish with the link
    batch('director', saved)


def children(pid):
    out = subprocess.run(('pgrep', '-P', str(pid)), capture_output=True, text=True, check=False)
    return out.stdout.split()


def link_is_down(ns, dev):
    out = subprocess.run(('ip', '-n', ns, '-br', 'link', 'show', dev), capture_output=True, text=True,
                         check=True).stdout
    return out.split()[1] == 'DOWN'


def survivors(clients, when):
    lost = {}
    for client in clients:
        answer = client.ask()
        if answer != client.server:
            lost.setdefault(what(client), []).append(answer)
    for name, answers in sorted(lost.items()):
        tap.fail('%s: %s: %d of %d connections: %s' % (
            when, name, len(answers), sum(what(c) == name for c in clients), answers[0]))
    tap.note('%s: %d of %d connections go on' % (
        when, len(clients) - sum(map(len, lost.values())), len(clients)))


def persistent(clients, when):
    """New connections of the client go to the server of its old ones."""
    for family in (4, 6):
        old = {c.server for c in clients if (c.family, c.port) == (family, PERSISTENT)}
        new = {Client(family, PERSISTENT).ask() for _ in range(4)}
        tap.equal(new, old, '%s: servers of a persistent IPv%d client' % (when, family))


def neighbours():
    """The director's permanent neighbours, as commands."""
    out = subprocess.run(('ip', '-n', 'director', 'neigh', 'show', 'nud', 'permanent'),
                         capture_output=True, text=True, check=True).stdout
    return ['neigh replace ' + line.replace(' PERMANENT', ' nud permanent')
            for line in out.splitlines()]


def compare(when):
    """Both directors have the same connections, and count them alike."""
    def differ():
        one, two = table('director'), table('standby')
        return {k: (one.get(k), two.get(k)) for k in one.keys() | two.keys()
                if one.get(k) != two.get(k)}
    wait_until(lambda: not differ(), 6)
    tap.equal(differ(), {}, when + ': connections of one director or another')
    tap.equal(active('standby'), active('director'), when + ': counts')


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
