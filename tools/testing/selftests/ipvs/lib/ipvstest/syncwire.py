# SPDX-License-Identifier: GPL-2.0
"""The messages by which directors tell each other about connections: encoder and strict decoder.

A message has a header and entries, one per connection. Version 1 has entries of both families, with
options; version 0 knows IPv4 only. decode() accepts only what encode() makes of the same fields.
"""

import socket
import struct

from . import pkt
from .pkt import SCTP, TCP, UDP

(SYNC, HASHED, NOOUTPUT, INACTIVE, OUT_SEQ, IN_SEQ, NO_CPORT, TEMPLATE, ONE_PACKET, NFCT) = (
    0x20, 0x40, 0x80, 0x100, 0x200, 0x400, 0x800, 0x1000, 0x2000, 0x10000)
FLAG_NAMES = {SYNC: 'SYNC', HASHED: 'HASHED', NOOUTPUT: 'NOOUTPUT', INACTIVE: 'INACTIVE',
              OUT_SEQ: 'OUT_SEQ', IN_SEQ: 'IN_SEQ', NO_CPORT: 'NO_CPORT', TEMPLATE: 'TEMPLATE',
              ONE_PACKET: 'ONE_PACKET', NFCT: 'NFCT'}
METHODS = ('NAT', 'LOCAL', 'TUN', 'DR', 'BYPASS')
SEQ_DATA, PE_DATA, PE_NAME, OPTIONAL = 1, 2, 3, 0x40
PROTOS = {0: 'IP', TCP: 'TCP', UDP: 'UDP', SCTP: 'SCTP'}
V1, V0 = '!BBHIHHHHII', '!BBHHH4s4s4sHH'
# what may be set in the fields of an entry; addresses are bytes, an option is (type, bytes)
FIELDS = dict(family=4, proto=TCP, flags=0, state=0, cport=0, vport=0, dport=0, fwmark=0, timeout=0,
              caddr=b'', vaddr=b'', daddr=b'', options=())


class Entry:
    """One connection."""

    def __init__(self, **fields):
        vars(self).update(FIELDS)
        for name, value in fields.items():
            if name not in FIELDS:
                raise TypeError('an entry has no ' + name)
            setattr(self, name, pkt.packed(value) if isinstance(value, str) else value)

    def v1(self, kind=None, version=0, size=None):
        """The bytes of a version 1 entry; arguments replace its type, version and size."""
        body = self.caddr + self.vaddr + self.daddr
        body += b''.join(bytes([t, len(data)]) + data for t, data in self.options)
        size = 24 + len(body) if size is None else size
        return struct.pack(V1, int(self.family == 6) if kind is None else kind, self.proto,
                           version << 12 | size, self.flags, self.state, self.cport, self.vport,
                           self.dport, self.fwmark, self.timeout) + body

    def v0(self):
        head = struct.pack(V0, 0, self.proto, self.cport, self.vport, self.dport, self.caddr,
                           self.vaddr, self.daddr, self.flags & 0xffff, self.state)
        return head + b''.join(data for _, data in self.options)

    def method(self):
        return METHODS[self.flags & 7]

    def names(self):
        """The flags as text."""
        return '+'.join([self.method()] +
                        [name for bit, name in FLAG_NAMES.items() if self.flags & bit])


def message(entries, syncid=0, count=None, size=None, reserved=0, version=1, spare=0):
    """A version 1 message of encoded entries; the other arguments replace fields of its header."""
    body = b''
    for entry in entries:
        body += bytes(-len(body) % 4) + entry
    return struct.pack('!BBHBbH', reserved, syncid, 8 + len(body) if size is None else size,
                       len(entries) if count is None else count, version, spare) + body


def message_v0(entries, syncid=0, count=None, size=None):
    body = b''.join(entries)
    return struct.pack('!BBH', len(entries) if count is None else count, syncid,
                       4 + len(body) if size is None else size) + body


class Message:
    """A decoded message: `version`, `syncid`, `entries`."""

    def __init__(self, data):
        self.entries = []
        first, self.syncid, size = struct.unpack('!BBH', data[:4])
        if size != len(data):
            raise ValueError('a message of %d bytes says %d' % (len(data), size))
        self.version = int(not first)
        if self.version:
            self._v1(data)
        else:
            self._v0(data, first)
        if self.encode() != data:
            raise ValueError('not canonical, begins ' + data[:40].hex())

    def encode(self):
        if self.version:
            return message([entry.v1() for entry in self.entries], self.syncid)
        return message_v0([entry.v0() for entry in self.entries], self.syncid)

    def _v1(self, data):
        at = 8
        for _ in range(data[4]):
            entry, at = entry_at(data, at + -at % 4)
            self.entries.append(entry)

    def _v0(self, data, count):
        at = 4
        for _ in range(count):
            _, proto, cport, vport, dport, caddr, vaddr, daddr, flags, state = struct.unpack(
                V0, data[at:at + 24])
            at += 24
            options = []
            if flags & (IN_SEQ | OUT_SEQ):
                options = [(SEQ_DATA, data[at:at + 24])]
                at += 24
            self.entries.append(Entry(proto=proto, flags=flags, state=state, cport=cport,
                                      vport=vport, dport=dport, caddr=caddr, vaddr=vaddr,
                                      daddr=daddr, options=options))


def entry_at(data, at):
    """The version 1 entry that begins there, and where it ends."""
    kind, proto, size, flags, state, cport, vport, dport, fwmark, timeout = struct.unpack(
        V1, data[at:at + 24])
    length = 16 if kind else 4
    raw, end = data[at + 24:at + size], at + size
    addresses = [raw[n * length:n * length + length] for n in range(3)]
    return Entry(family=6 if kind else 4, proto=proto, flags=flags, state=state, cport=cport,
                 vport=vport, dport=dport, fwmark=fwmark, timeout=timeout, caddr=addresses[0],
                 vaddr=addresses[1], daddr=addresses[2], options=options_of(raw[3 * length:])), end


def options_of(raw):
    found = []
    while raw:
        size = 2 + raw[1]
        found.append((raw[0], raw[2:size]))
        raw = raw[size:]
    return found


def sequence(numbers, order='!'):
    """The data of a SEQ_DATA option: initial number, offset and previous offset of the sequence
    numbers towards the server, and the same towards the client. Version 0 has the byte order of its
    sender."""
    return struct.pack(order + '6I', *numbers)


class Names:
    """Entries as text that does not depend on family and addresses."""

    def __init__(self, at):
        self.at = at
        client, bits = pkt.packed(at.phantom_client), 64 if at.family == 6 else 24
        self.known = {pkt.packed(at.vip): 'vip', client: 'c',
                      client[:bits // 8].ljust(len(client), b'\0'): 'net'}
        for kind, addresses in (('s', at.phantoms), ('real', at.real)):
            for number, address in enumerate(addresses, 1):
                self.known[pkt.packed(address)] = '%s%d' % (kind, number)

    def address(self, raw):
        if raw in self.known:
            return self.known[raw]
        if not any(raw[4:] if len(raw) == 16 else raw[:3]):
            return 'mark%d' % struct.unpack('!I', raw[:4])
        return socket.inet_ntop(socket.AF_INET6 if len(raw) == 16 else socket.AF_INET, raw)

    def option(self, kind, data):
        if kind == SEQ_DATA:
            return ' in %d:%d:%d out %d:%d:%d' % struct.unpack('!6I', data)
        if kind == PE_NAME:
            return ' engine ' + data.decode('latin-1')
        return ' data ' + data.decode('latin-1') if kind == PE_DATA else ' option %d' % kind

    def entry(self, e):
        text = '%s %s:%d > %s:%d > %s:%d state %d flags %#x %s, %d s' % (
            PROTOS.get(e.proto, e.proto), self.address(e.caddr), e.cport, self.address(e.vaddr),
            e.vport, self.address(e.daddr), e.dport, e.state, e.flags, e.names(), e.timeout)
        return text + (' mark %d' % e.fwmark if e.fwmark else '') + \
            ''.join(self.option(*option) for option in e.options)
