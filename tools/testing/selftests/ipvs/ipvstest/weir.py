# SPDX-License-Identifier: GPL-2.0
"""What Weir adds: its counters, as text and by its netlink family."""

from .netns import namespace

STATS = '/proc/thread-self/net/weir_stats'


def text_counters(ns='director'):
    """{name: value} in the file's order."""
    with namespace(ns), open(STATS) as file:
        return {name: int(value) for name, value in (line.split() for line in file)}


class Moves:
    """How the counters moved since this was made, but for those that others move, too."""

    def __init__(self, ns='director', but=()):
        self.ns, self.but, self.before = ns, but, text_counters(ns)

    def now(self):
        after = text_counters(self.ns)
        return {name: value - self.before[name] for name, value in after.items()
                if value != self.before[name] and name not in self.but}
