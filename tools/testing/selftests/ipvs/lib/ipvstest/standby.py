# SPDX-License-Identifier: GPL-2.0
"""Two directors (lib/standby.sh): clients whose connections outlive their director."""

import socket
import subprocess

from . import tap
from .conns import Conn
from .genl import DST_ACTIVE, DST_INACTIVE, Ipvs, number
from .namespaces import namespace
from .pkt import TCP
from .wire import MAC, Addresses, wait_until

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
    """Both directors have the same connections, and count them alike. Returns whether they do."""
    differ, counts = {}, []

    def same():
        # what was seen last counts: some clients still close
        one, two = table('director'), table('standby')
        differ.clear()
        differ.update((k, (one.get(k), two.get(k))) for k in one.keys() | two.keys()
                      if one.get(k) != two.get(k))
        counts[:] = active('standby'), active('director')
        return not differ and counts[0] == counts[1]

    wait_until(same, 6)
    return tap.equal(differ, {}, when + ': connections of one director or another') and \
        tap.equal(*counts, when + ': counts')
