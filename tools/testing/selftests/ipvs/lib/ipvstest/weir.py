# SPDX-License-Identifier: GPL-2.0
"""Weir's additions: its counters, as text and by its netlink family."""

import struct

from .genl import F_ACK, F_DUMP, Genl, attrs_of, text
from .namespaces import namespace

STATS = '/proc/thread-self/net/weir_stats'


def text_counters(ns='director'):
    """{name: value} in the order of the file."""
    with namespace(ns), open(STATS) as file:
        return {name: int(value) for name, value in (line.split() for line in file)}


class Weir(Genl):
    """The generic netlink family "weir"."""

    GET_COUNTERS = 1
    COUNTER, NAME, VALUE, TEXT = 1, 1, 2, 3

    def __init__(self, ns='director'):
        super().__init__(ns)
        reply = self.request(16, 3, [text(2, 'weir')])
        if reply.error:
            raise OSError('no generic netlink family weir: ' + str(reply.error))
        self.info = dict(reply.messages[0][1])
        self.family = struct.unpack('H', self.info[1][:2])[0]

    def dump(self, cmd, *attrs, **header):
        return self.request(self.family, cmd, attrs, F_ACK | F_DUMP, **header)

    def counters(self):
        """{name: (value, text)}; each message has one nested attribute."""
        found = {}
        for _, attrs in self.dump(self.GET_COUNTERS).messages:
            fields = dict(attrs_of(dict(attrs)[self.COUNTER]))
            found[fields[self.NAME].rstrip(b'\0').decode()] = (
                int.from_bytes(fields[self.VALUE], 'little'),
                fields[self.TEXT].rstrip(b'\0').decode())
        return found


class Moves:
    """The changes of the counters since its creation, without those that other traffic moves."""

    def __init__(self, ns='director', but=()):
        self.ns, self.but, self.before = ns, but, text_counters(ns)

    def now(self):
        after = text_counters(self.ns)
        return {name: value - self.before[name] for name, value in after.items()
                if value != self.before[name] and name not in self.but}
