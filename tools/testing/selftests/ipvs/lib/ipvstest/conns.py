# SPDX-License-Identifier: GPL-2.0
"""Reads and parses /proc/net/ip_vs_conn and ip_vs_stats of the director."""

import os
import socket

from .namespaces import namespace


def address(text):
    """An address in hexadecimal as /proc prints IPv4, or a full IPv6 address."""
    if ':' in text:
        return socket.inet_ntop(socket.AF_INET6, socket.inet_pton(socket.AF_INET6, text))
    return socket.inet_ntoa(bytes.fromhex(text))


class Conn:
    def __init__(self, line):
        f = line.split()
        self.proto, self.state, self.expires = f[0], f[7], int(f[8])
        self.client, self.cport = address(f[1]), int(f[2], 16)
        self.virtual, self.vport = address(f[3]), int(f[4], 16)
        self.dest, self.dport = address(f[5]), int(f[6], 16)
        self.extra = f[9:]

    def __repr__(self):
        return '%s %s:%d %s:%d %s:%d %s %d' % (
            self.proto, self.client, self.cport, self.virtual, self.vport,
            self.dest, self.dport, self.state, self.expires)


class SyncConn:
    """A line of ip_vs_conn_sync."""

    def __init__(self, line):
        f = line.split()
        self.proto, self.state, self.origin, self.expires = f[0], f[7], f[8], int(f[9])
        self.client, self.cport = address(f[1]), int(f[2], 16)
        self.virtual, self.vport = address(f[3]), int(f[4], 16)
        self.dest, self.dport = address(f[5]), int(f[6], 16)


class ProcFile:
    """A file in the director's /proc/net, opened once and read any number of times."""

    def __init__(self, name):
        with namespace('director'):
            self.fd = os.open('/proc/thread-self/net/' + name, os.O_RDONLY)

    def text(self):
        os.lseek(self.fd, 0, os.SEEK_SET)
        parts = []
        while True:
            part = os.read(self.fd, 1 << 20)
            if not part:
                return b''.join(parts).decode('latin-1')
            parts.append(part)


class ConnTable(ProcFile):
    def __init__(self):
        super().__init__('ip_vs_conn')

    def all(self):
        return [Conn(line) for line in self.text().splitlines()[1:]]

    def of(self, proto, cport, vport):
        """The connection with these ports, or None."""
        for conn in self.all():
            if (conn.proto, conn.cport, conn.vport) == (proto, cport, vport):
                return conn
        return None
