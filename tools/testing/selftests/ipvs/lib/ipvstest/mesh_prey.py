# SPDX-License-Identifier: GPL-2.0
"""A mesh daemon under attack: what must not change, and the counters that must."""

import contextlib

from . import meshwire, tap
from .mesh import IN_SYNC
from .mesh_lab import lab_of
from .pkt import UDP
from .sync_lab import Service
from .weir import Moves, text_counters

# The counters that move by each cause, and no other of BAD does.
COUNTERS = {
    'ignored': (), 'unused': (), 'challenge': (),
    'magic': ('bad_size',), 'version': ('bad_size',),
    'sync id': ('other_id',), 'key': ('bad_key',), 'forged': ('forged',),
    'size': ('bad_size',), 'truncated': ('bad_size', 'forged'),
    'any header': ('bad_size', 'other_id', 'bad_key', 'forged'),
    'type': ('bad_type',), 'lane': ('bad_type',), 'resync': ('bad_type',), 'status': ('bad_status',),
    'replayed': ('replayed',), 'stranger': ('stranger',), 'recording': ('stranger',),
    'outsider': ('forged', 'stranger'),
    'length': ('bad_type', 'bad_truncated'),
    'protocol': ('bad_proto',), 'flags': ('bad_flags',), 'option': ('bad_option',),
    'unknown option': ('bad_unknown',), 'engine': ('bad_pe',), 'entry': ('bad_truncated',),
    'form': ('bad_type',)}
BAD = {'sync_' + name for name in (
    'bad_flags', 'bad_key', 'bad_option', 'bad_pe', 'bad_proto', 'bad_size', 'bad_status',
    'bad_truncated', 'bad_type', 'bad_unknown', 'conn_stale', 'forged', 'limit', 'other_id', 'replayed',
    'stranger')}


class Prey:
    """A lab with a good peer; what it sends on behalf of an attacker, and what that changed."""

    def __init__(self, lab):
        self.lab, self.peer, self.service = lab, lab.peer, Service(lab)
        self.udp = Service(lab, 'nat', UDP)
        lab.told_marker()
        tap.equal(BAD - set(text_counters()), set(), 'counters that there are not')

    def bait(self, **fields):
        """An entry that must never be in the table."""
        return self.lab.another(self.service, **fields)

    def changes(self, *entries):
        """The payload of changes that would make connections."""
        return meshwire.changes(self.peer.stamped(entries or [self.bait()]))

    def ports(self):
        return {(r.cport, r.vport) for r in self.lab.rows()
                if r.vport in (self.service.port, self.udp.port)}

    @contextlib.contextmanager
    def attack(self, cause, what):
        before, moves = self.ports(), Moves()
        yield
        self.lab.told_marker()
        tap.equal(self.ports() - before, set(), what + ': connections that appeared')
        tap.equal(before - self.ports(), set(), what + ': connections that went')
        wanted = {'sync_' + name for name in COUNTERS[cause]}
        self.lab.wait(lambda: wanted <= set(moves.now()), 3)
        tap.equal(BAD & set(moves.now()), wanted, '%s: counters that have moved' % what)

    def still(self, what):
        """The session is as it was."""
        self.lab.must(lambda: self.peer.in_sync, what + ': not in sync')
        self.lab.until(IN_SYNC)

    def anew(self, what):
        """The peer begins a new session, as what it sent may have left gaps in its lanes."""
        self.peer.restart()
        self.lab.meet()
        self.still(what)


@contextlib.contextmanager
def prey_of(family, ports, **options):
    with lab_of(family, ports, **options) as lab:
        yield Prey(lab)
