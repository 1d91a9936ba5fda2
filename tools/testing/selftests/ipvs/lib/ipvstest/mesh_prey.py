# SPDX-License-Identifier: GPL-2.0
"""A mesh daemon under attack: what must not change, and the counters that must."""

import contextlib

from . import meshwire, tap
from .mesh import IN_SYNC
from .mesh_lab import lab_of
from .pkt import UDP
from .sync_lab import Service
from .weir import Moves

# The counters that must move, by the cause. None: any whose name begins with sync_ and that does not
# move while the peers only keep each other informed.
COUNTERS = dict.fromkeys((
    'forged', 'flipped', 'key', 'truncated', 'oversized', 'magic', 'version', 'sync id', 'lane', 'type',
    'number 0', 'replayed', 'too old', 'session', 'resync', 'entry', 'count', 'range', 'stranger',
    'challenge'))


class Prey:
    """A lab with a good peer; what it sends on behalf of an attacker, and what that changed."""

    def __init__(self, lab):
        self.lab, self.peer, self.service = lab, lab.peer, Service(lab)
        self.udp = Service(lab, 'nat', UDP)
        self.ordinary = self.usual()

    def usual(self):
        """The counters that move while nothing is wrong."""
        moves = Moves()
        self.lab.told_marker()
        self.lab.marker()
        self.peer.pump(1.2)
        return set(moves.now())

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
    def attack(self, cause, what, counted=True):
        before, moves = self.ports(), Moves()
        yield
        self.lab.told_marker()
        tap.equal(self.ports() - before, set(), what + ': connections that appeared')
        tap.equal(before - self.ports(), set(), what + ': connections that went')
        if counted:
            self.counted(cause, what, moves)

    def counted(self, cause, what, moves):
        wanted = COUNTERS[cause]
        wanted = (wanted,) if isinstance(wanted, str) else wanted

        def moved():
            now = moves.now()
            return any(now.get(name) for name in wanted) if wanted else \
                [n for n in now if n.startswith('sync_') and n not in self.ordinary]

        if not self.lab.wait(moved, 3):
            tap.fail('%s: no counter of "%s" has moved, but %r' % (what, cause, moves.now()))

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
