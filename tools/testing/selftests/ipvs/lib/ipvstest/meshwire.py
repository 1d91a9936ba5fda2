# SPDX-License-Identifier: GPL-2.0
"""Datagrams of the sync protocol's version 2, the mesh: encoder and strict decoder.

A datagram has a header in the clear, a payload that is encrypted, and a tag that authenticates both.
Addresses in entries are bytes, sessions too; times, numbers and challenges are int.
"""

import collections
import struct
import sys

from . import syncwire
from .syncwire import Entry

# tests run by python3 -S, which does not look there
DEBIAN = '/usr/lib/python3/dist-packages'
if DEBIAN not in sys.path:
    sys.path.append(DEBIAN)
from nacl.bindings import (  # noqa: E402
    crypto_aead_xchacha20poly1305_ietf_decrypt as decrypt,
    crypto_aead_xchacha20poly1305_ietf_encrypt as encrypt)
from nacl.exceptions import CryptoError  # noqa: E402

MAGIC, VERSION = 0x57, 2
HEAD, TAG, KEY_LEN, SESSION_LEN = 28, 16, 32, 16
STATUS, CHANGES, RESYNC = 1, 2, 3
STATUS_LANE, CHANGES_LANE, RESYNC_LANE, LAST_LANE = 0, 1, 2, 17
REMOVED, HEARSAY = 0x01000000, 0x02000000
LEAVES, IN_SYNC, COMPLETE, NO_ROOM = 1, 2, 4, 8
MAX_RANGES, WINDOW, KEPT = 32, 2048, 512
NO_SESSION = bytes(SESSION_LEN)
STATUS_FORM, RANGE_FORM = '!16sQQQQQIIQIQII', '!B3sIQ'
STATUS_FIELDS = ('peer', 'echo', 'challenge', 'last', 'oldest', 'received', 'given_up', 'wants',
                 'resync_received', 'gives', 'gives_last', 'conns', 'time')


class Forged(Exception):
    """The tag does not belong to the datagram and key."""


class Range(collections.namedtuple('Range', 'lane first count')):
    """Missing messages, as a status names them: lane 1 or 2."""

    def pack(self):
        return struct.pack(RANGE_FORM, self.lane, bytes(3), self.count, self.first)

    def numbers(self):
        return range(self.first, self.first + self.count)


def ranges_of(lane, numbers):
    """The ranges of these numbers, which are in order."""
    found = []
    for number in numbers:
        if found and found[-1].first + found[-1].count == number:
            found[-1] = found[-1]._replace(count=found[-1].count + 1)
        else:
            found.append(Range(lane, number, 1))
    return found


def status(flags=0, ranges=(), count=None, **fields):
    """The payload of a status; fields that are not given are 0."""
    unknown = set(fields) - set(STATUS_FIELDS)
    if unknown:
        raise TypeError('a status has no %r' % unknown)
    values = [fields.get(name, NO_SESSION if name == 'peer' else 0) for name in STATUS_FIELDS]
    return struct.pack('!BBH', STATUS, flags, len(ranges) if count is None else count) + \
        struct.pack(STATUS_FORM, *values) + b''.join(r.pack() for r in ranges)


def entries_body(entries):
    """[(time, entry or its bytes)] as in a message; each begins at a multiple of four bytes."""
    body = b''
    for time, entry in entries:
        raw = entry.v1() if isinstance(entry, Entry) else entry
        body += bytes(-len(body) % 4) + struct.pack('!I', time & 0xffffffff) + raw
    return body


def changes(entries, flags=0, count=None, kind=CHANGES):
    return struct.pack('!BBH', kind, flags, len(entries) if count is None else count) + \
        entries_body(entries)


def resync(peer, resync_id, entries, flags=0, count=None):
    return struct.pack('!BBH16sI', RESYNC, flags, len(entries) if count is None else count, peer,
                       resync_id) + entries_body(entries)


def header(session, lane, number, syncid=0, key_id=1, magic=MAGIC, version=VERSION):
    return struct.pack('!BBBB16sQ', magic, version, syncid, key_id, session,
                       lane << 56 | number)


def seal(head, payload, secret):
    """The datagram of a header and payload."""
    return head + encrypt(payload, head, head[4:28], secret)


class Datagram:
    """A decoded datagram. `keys` is {id: secret}; raises Forged or, if the form is not exactly that
    of the protocol, ValueError."""

    def __init__(self, data, keys):
        self.raw, self.entries, self.status, self.ranges = data, [], None, []
        self.peer = self.resync_id = None
        if len(data) < HEAD + 4 + TAG:
            raise ValueError('a datagram of %d bytes' % len(data))
        magic, version, self.syncid, self.key_id, self.session, word = struct.unpack(
            '!BBBB16sQ', data[:HEAD])
        if (magic, version) != (MAGIC, VERSION):
            raise ValueError('a datagram begins with %#x %#x' % (magic, version))
        self.lane, self.number = word >> 56, word & (1 << 56) - 1
        if self.key_id not in keys:
            raise Forged('key %d is unknown' % self.key_id)
        try:
            self.payload = decrypt(data[HEAD:], data[:HEAD], data[4:HEAD], keys[self.key_id])
        except CryptoError as error:
            raise Forged(str(error)) from error
        self.kind, self.flags, self.count = struct.unpack('!BBH', self.payload[:4])
        {STATUS: self._status, CHANGES: self._changes, RESYNC: self._resync}.get(
            self.kind, self._unknown)()
        if not self.number:
            raise ValueError('the number is 0')

    def _unknown(self):
        raise ValueError('a message of type %d' % self.kind)

    def _is(self, condition, what):
        if not condition:
            raise ValueError('%s: lane %d number %d payload %s' % (
                what, self.lane, self.number, self.payload[:120].hex()))

    def _status(self):
        self._is(self.lane == STATUS_LANE, 'a status in the wrong lane')
        self._is(self.count <= MAX_RANGES, 'too many ranges')
        self._is(len(self.payload) == 96 + 16 * self.count, 'size of a status')
        self._is(not self.flags & ~15, 'unknown flags')
        self.status = collections.namedtuple('Status', STATUS_FIELDS)(*struct.unpack(
            STATUS_FORM, self.payload[4:96]))
        for lane, zeros, count, first in struct.iter_unpack(RANGE_FORM, self.payload[96:]):
            self._is(lane in (CHANGES_LANE, RESYNC_LANE) and zeros == bytes(3) and count and first,
                     'form of a range')
            self.ranges.append(Range(lane, first, count))

    def _changes(self):
        self._is(self.lane == CHANGES_LANE, 'changes in the wrong lane')
        self._entries(4)

    def _resync(self):
        self._is(RESYNC_LANE <= self.lane <= LAST_LANE, 'a resync in the wrong lane')
        self.peer, self.resync_id = struct.unpack('!16sI', self.payload[4:24])
        self._is(self.resync_id, 'a resync with id 0')
        self._entries(24)

    def _entries(self, at):
        self._is(not self.flags, 'unknown flags')
        start = at
        for _ in range(self.count):
            at += -at % 4
            self._is(len(self.payload) >= at + 28, 'an entry beyond the end')
            time = struct.unpack('!I', self.payload[at:at + 4])[0]
            entry, at = syncwire.entry_at(self.payload, at + 4)
            self.entries.append((time, entry))
        body = self.payload[start:]
        canonical = entries_body(self.entries)
        # the last entry may be padded as well
        self._is(body in (canonical, canonical + bytes(-len(canonical) % 4)), 'not canonical')

    def __repr__(self):
        return '%s, lane %d, number %d%s' % (
            {STATUS: 'status', CHANGES: 'changes', RESYNC: 'resync'}[self.kind], self.lane,
            self.number, ', %d entries' % len(self.entries) if self.kind != STATUS else '')
