# SPDX-License-Identifier: GPL-2.0
"""One process in many namespaces: packets are sent and captured at the ends of the topology.

Packets to a phantom (see topology.sh) cross the director like any other and can be captured at the
client's or server1's interface, but no TCP stack answers them: the test acts as both ends.
"""

import os
import select
import socket
import struct
import subprocess
import time

from . import pkt
from .namespaces import namespace

PACKET_OUTGOING = 4
SOL_PACKET, PACKET_AUXDATA = 263, 8
CSUM_NOT_READY, CSUM_VALID = 8, 128        # bits of tp_status

MAC = {('client', 'front'): '02:00:00:00:0a:02', ('director', 'front'): '02:00:00:00:0a:01',
       ('director', 'back'): '02:00:00:00:0b:01'}
for _n in (1, 2, 3):
    MAC['server%d' % _n, 'front'] = '02:00:00:00:0a:%02x' % (10 + _n)
    MAC['server%d' % _n, 'back'] = '02:00:00:00:0b:%02x' % (10 + _n)


class Addresses:
    """The addresses of one family in the network of topology.sh."""

    def __init__(self, family):
        self.family = family
        if family == 4:
            front, back, self.vip = '192.0.2.', '198.51.100.', '203.0.113.10'
        else:
            front, back, self.vip = '2001:db8:a::', '2001:db8:b::', '2001:db8:f::10'
        self.client, self.director, self.director_back = front + '2', front + '1', back + '1'
        self.phantom_client = front + '77'
        self.real = [back + '%d' % (10 + n) for n in (1, 2, 3)]
        self.phantoms = [back + '%d' % (100 + n) for n in range(1, 9)]


def ip_command(ns, *args):
    subprocess.run(('ip', '-n', ns) + args, check=True)


def capture(ns, dev=None):
    """A capture on one interface or on all."""
    with namespace(ns):
        sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    if dev:
        sock.bind((dev, 3))
    sock.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
    return sock


def about(cmsgs):
    """(status, length) of a captured packet."""
    return struct.unpack('II', cmsgs[0][2][:8]) if cmsgs else (0, 0)


class Tap:
    """An AF_PACKET socket on one interface: sends to a MAC address, captures incoming packets."""

    def __init__(self, ns, dev, to):
        self.sock = capture(ns, dev)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self.sock.setblocking(False)
        self.eth = bytes.fromhex((to + MAC[ns, dev]).replace(':', ''))

    def send(self, raw):
        kind = b'\x86\xdd' if raw[0] >> 4 == 6 else b'\x08\x00'
        self.sock.send(self.eth + kind + raw)

    def heard(self):
        """The next captured IP packet, or None if there is none yet."""
        while True:
            try:
                frame, cmsgs, _, where = self.sock.recvmsg(70000, 64)
            except BlockingIOError:
                return None
            if where[2] != PACKET_OUTGOING and where[1] in (0x0800, 0x86dd):
                return pkt.Parsed(frame[14:],
                                     unfinished=bool(about(cmsgs)[0] & CSUM_NOT_READY))

    def drain(self):
        while self.heard():
            pass

    def expect(self, match, seconds=3.0):
        """The first packet for which match(packet) holds, or None after the timeout."""
        end = time.monotonic() + seconds
        while True:
            got = self.heard()
            if got is None:
                left = end - time.monotonic()
                if left <= 0:
                    return None
                select.select([self.sock], [], [], left)
            elif match(got):
                return got

    def close(self):
        self.sock.close()


class Ends:
    """The client's and server1's side of the director, with the addresses of one family."""

    def __init__(self, family):
        os.sched_setaffinity(0, {0})
        self.at = Addresses(family)
        self.client = Tap('client', 'front', MAC['director', 'front'])
        self.server = Tap('server1', 'back', MAC['director', 'back'])

    def drain(self):
        self.client.drain()
        self.server.drain()

    def close(self):
        self.client.close()
        self.server.close()


def wait_until(condition, seconds=3.0):
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value or time.monotonic() > end:
            return value
        select.select([], [], [], 0.01)
