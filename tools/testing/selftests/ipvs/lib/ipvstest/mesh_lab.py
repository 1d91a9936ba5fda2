# SPDX-License-Identifier: GPL-2.0
"""A director with a mesh daemon, its peers, and packets through it.

A marker is a connection whose entry follows all that was told before it on this CPU: what is missing
then was not told.
"""

import contextlib
import struct

from . import syncwire, tap
from .conns import ProcFile, SyncConn
from .genl import Ipvs
from .mesh import IN_SYNC, Mesh
from .meshpeer import HOSTS, KEYS, Peer, wait_all
from .meshwire import HEARSAY, REMOVED
from .pkt import TCP, UDP
from .settings import Knobs
from .sync_lab import OPENING, Service
from .syncwire import INACTIVE, NO_CPORT, NOOUTPUT, SYNC, TEMPLATE, Entry
from .wire import Addresses, Ends, wait_until

# the smallest maxlen: a message of up to 24 entries, or 12 of IPv6
SMALL = 1024
ESTABLISHED, FIN_WAIT, TIME_WAIT, CLOSE, CLOSE_WAIT = 1, 4, 5, 6, 7
# the flags that an entry may have
KNOWN_FLAGS = 7 | SYNC | NOOUTPUT | INACTIVE | TEMPLATE | NO_CPORT | syncwire.NFCT | REMOVED | HEARSAY
GROUPS = {4: '224.0.0.81', 6: 'ff02::81'}


class Lab:
    def __init__(self, family, ports, hosts=('server2',), group=None, start=True, **daemon):
        """The ports of the services begin above `ports`, as connections may outlive services."""
        self.family, self.ports, self.sport, self.markers = family, ports, 1000, 30000
        self.ends, self.ipvs, self.mesh = Ends(family), Ipvs(), Mesh()
        self.at, self.four = self.ends.at, Addresses(4)
        self.names, self.table = syncwire.Names(self.at), ProcFile('ip_vs_conn_sync')
        self.ipvs.flush()
        self.group = group
        self.daemon = {**dict(maxlen=SMALL), **daemon}
        self.peers = [Peer(family, host, group, keys=self.daemon.get('keys'),
                           syncid=self.daemon.get('syncid') or 0) for host in hosts]
        self.peer = self.peers[0] if self.peers else None
        self.addresses = [self.at.real[HOSTS[host]] for host in hosts]
        self.marker_service = Service(self, 'nat', UDP)
        if start:
            self.start()

    def start(self, **options):
        """The daemon, with peers or with a group."""
        options = {**self.daemon, **options}
        if self.group:
            self.mesh.must_start(group=self.group, interface='back', **options)
        else:
            self.mesh.must_start(self.addresses, **options)

    def close(self):
        self.mesh.stop()
        for peer in self.peers:
            peer.close()
        with Knobs(expire_nodest_conn=1):
            self.ipvs.flush()
            wait_until(lambda: not self.rows(), 10)
        self.ends.close()

    # --- waiting -------------------------------------------------------------------------------

    def wait(self, condition, seconds=5.0):
        return wait_all(self.peers, condition, seconds) if self.peers else \
            wait_until(condition, seconds)

    def must(self, condition, what, seconds=5.0):
        """Waits, and fails the test if the condition does not come true. A failure shows the peers
        and the daemon."""
        if self.wait(condition, seconds):
            return True
        for peer in self.peers:
            tap.note('peer %s: %s' % (peer.address, peer.describe()))
        tap.note('daemon: %r' % self.mesh.get())
        tap.fail(what)
        return False

    def meet(self):
        """All sessions are established, and all sides are in sync."""
        for peer in self.peers:
            self.must(lambda: peer.in_sync and peer.asked, 'no session with ' + peer.address, 10)
        self.until(IN_SYNC)

    def until(self, state, seconds=10):
        got = self.mesh.until(state, self.wait, seconds)
        return tap.equal(got, state, 'state of the daemon: %r' % self.mesh.get())

    def seen_by(self, peer=None):
        """What the director says of a peer."""
        return self.mesh.get().peer((peer or self.peer).address)

    # --- the director's connections ------------------------------------------------------------

    def rows(self):
        return [SyncConn(line) for line in self.table.text().splitlines()[1:]]

    def row(self, cport, vport):
        return next((r for r in self.rows() if (r.cport, r.vport) == (cport, vport) and
                     r.client == self.at.phantom_client), None)

    def state_of(self, entry):
        """State and destination of a connection that a peer has told, or None."""
        row = self.row(entry.cport, entry.vport)
        return row and '%s %s' % (row.state, row.dest)

    def becomes(self, entry, wanted, what, seconds=5.0):
        """Waits until a connection has this state and destination."""
        self.wait(lambda: self.state_of(entry) == wanted, seconds)
        return tap.equal(self.state_of(entry), wanted, what)

    def stays(self, entry, wanted, what, peer=None):
        """After another message of the peer is effective, the connection has this state."""
        self.told_marker(peer)
        return tap.equal(self.state_of(entry), wanted, what)

    def told_marker(self, peer=None):
        """A connection that a peer tells is in the table: all that it sent before is processed."""
        self.markers += 1
        entry = self.entry(self.marker_service, cport=self.markers)
        (peer or self.peer).tell(entry)
        return self.must(lambda: self.row(entry.cport, entry.vport),
                         'the marker %d of the peer does not come' % self.markers)

    # --- packets -------------------------------------------------------------------------------

    def play(self, service, steps, sport=None, payload=b''):
        """Sends the packets of one connection; returns the client's port."""
        if sport is None:
            self.sport += 1
            sport = self.sport
        for step in steps:
            service.send(sport, step, payload)
        return sport

    def open(self, service):
        return self.play(service, ('>data', '>data') if service.proto == UDP else
                         OPENING[service.method])

    def marker(self, *peers):
        """All that was told before is with the peers (or has been lost)."""
        self.markers += 1
        self.play(self.marker_service, ('>data', '>data'), self.markers)
        for peer in peers or self.peers:
            self.must(lambda: peer.entries(self.markers, self.marker_service.port),
                      'the entry of the marker %d does not come' % self.markers)

    def told(self, sport, service, peer=None):
        """The entries about a connection since the last call with these arguments; waits for a
        marker."""
        self.marker()
        peer = peer or self.peer
        found = [e for _, e in peer.told if (e.cport, e.vport) == (sport, service.port) and
                 not e.flags & TEMPLATE]
        peer.told = [(t, e) for t, e in peer.told if e not in found]
        return found

    # --- entries -------------------------------------------------------------------------------

    def entry(self, service, **fields):
        """An established connection of a service, as a peer would tell it, with other fields
        replaced."""
        given = {**dict(family=self.family, proto=service.proto, cport=1001, vport=service.port,
                        state=ESTABLISHED if service.proto == TCP else 0, dport=service.dport,
                        timeout=500, flags=method_of(service),
                        caddr=self.at.phantom_client, vaddr=self.at.vip,
                        daddr=service.server), **fields}
        return Entry(**given)

    def template(self, service, **fields):
        return self.entry(service, **{**dict(cport=0, state=0, flags=TEMPLATE | method_of(service),
                                             timeout=300), **fields})

    def another(self, service, **fields):
        """Likewise, of a client port that was not used yet."""
        self.sport += 1
        return self.entry(service, **{'cport': self.sport, **fields})

    def shown(self, entry):
        """An entry as text without timeout, and with those flags only that all directors agree
        on."""
        return '%s %s:%d > %s:%d > %s:%d state %d %s%s%s%s' % (
            syncwire.PROTOS.get(entry.proto, entry.proto), self.names.address(entry.caddr),
            entry.cport, self.names.address(entry.vaddr), entry.vport,
            self.names.address(entry.daddr), entry.dport, entry.state,
            syncwire.METHODS[entry.flags & 7] if entry.flags & 7 < 5 else '?',
            ' template' if entry.flags & TEMPLATE else '',
            ' removed' if entry.flags & REMOVED else '',
            ' hearsay' if entry.flags & HEARSAY else '')


def method_of(service):
    """The flags of its method."""
    return syncwire.METHODS.index(service.method.upper())


def mark_address(family, mark):
    """A mark in the place of a virtual address."""
    return struct.pack('!I', mark).ljust(16 if family == 6 else 4, b'\0')


@contextlib.contextmanager
def lab_of(family, ports, meet=True, **options):
    """meet: the daemon and its peers know each other."""
    lab = Lab(family, ports, **options)
    try:
        if meet:
            lab.meet()
        yield lab
    finally:
        lab.close()


def key_set(*ids):
    return {n: KEYS[n] for n in ids}
